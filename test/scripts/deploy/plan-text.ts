import { toHex } from "../../../protocol/bytes.ts";
import type { AgencyPlan } from "../../../scripts/deploy/plan.ts";
import { PLAN } from "./fixture.ts";

/** The text of PLAN.json that says the same as `PLAN`. */
export function planFile(): string {
  const { checkpoint, receipt, vrf } = PLAN.log.keys;
  return JSON.stringify({
    log: {
      anchorer: PLAN.log.anchorer,
      checkpoint: toHex(checkpoint),
      receipt: toHex(receipt),
      vrf: toHex(vrf),
    },
    operator: agencyText(PLAN.operator, ["record", "erase"]),
    agencies: PLAN.agencies.map((agency) => agencyText(agency, ["record", "seal", "mandate"])),
    trustProfile: { name: "Tỉnh thử nghiệm", finalityDepth: 1, rpc: ["http://127.0.0.1:8545"] },
  });
}

function agencyText({ code, name, recorders = [] }: AgencyPlan, entitlements: readonly string[]): object {
  return {
    code,
    name,
    entitlements,
    account: { env: `${code.toUpperCase()}_ACCOUNT_KEY` },
    recorders: recorders.map((recorder) => ({ ...recorder, key: toHex(recorder.key) })),
  };
}
