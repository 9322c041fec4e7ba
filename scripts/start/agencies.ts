import path from "node:path";
import type { AgencyPlan } from "../deploy.ts";
import { accountKey, recorderKey } from "./keys.ts";

/** What the registry entitles an agency to, as the contract has the bits. */
const RECORD = 1;
const SEAL = 2;
const ERASE = 4;
const MANDATE = 8;

/** The operator: its recorder `ledger` signs the ledger's own events, `desk` people's acts. */
export const OPERATOR = "qn-operator";
/** The source whose recorder `npm start` runs. */
export const DEMO_SOURCE = "qn-police/r1";

const OPERATOR_NAME = "Trung tâm Chuyển đổi số tỉnh Quảng Nam";

/** An agency of the demo province. */
export interface DemoAgency {
  readonly code: string;
  readonly name: string;
  readonly entitlements: number;
}

/** The police keeps the population registry, justice civil status: they know who is whose child, and whose number was whose. */
const POLICE: DemoAgency = {
  ...{ code: "qn-police", name: "Công an tỉnh Quảng Nam", entitlements: RECORD | SEAL | MANDATE },
};
const HEALTH: DemoAgency = { code: "qn-health", name: "Sở Y tế tỉnh Quảng Nam", entitlements: RECORD };
const JUSTICE: DemoAgency = {
  ...{ code: "qn-justice", name: "Sở Tư pháp tỉnh Quảng Nam", entitlements: RECORD | MANDATE },
};

/** Those of `npm start`. */
const FEW: readonly DemoAgency[] = [POLICE, HEALTH, JUSTICE];

/** All that the catalogue knows, each with a recorder `r1`. */
export const PROVINCE: readonly DemoAgency[] = [
  ...FEW,
  ...[
    ["qn-hospital", "Bệnh viện Đa khoa Quảng Nam"],
    ["qn-education", "Sở Giáo dục và Đào tạo tỉnh Quảng Nam"],
    ["qn-culture", "Sở Văn hóa, Thể thao và Du lịch tỉnh Quảng Nam"],
    ["qn-agriculture", "Sở Nông nghiệp và Môi trường tỉnh Quảng Nam"],
    ["qn-construction", "Sở Xây dựng tỉnh Quảng Nam"],
    ["qn-land", "Văn phòng Đăng ký đất đai tỉnh Quảng Nam"],
    ["qn-social", "Bảo hiểm xã hội và công tác xã hội tỉnh Quảng Nam"],
    ["qn-tax", "Thuế tỉnh Quảng Nam"],
    ["qn-finance", "Sở Tài chính tỉnh Quảng Nam"],
    ["qn-electricity", "Công ty Điện lực Quảng Nam"],
    ["qn-water", "Công ty Cấp thoát nước Quảng Nam"],
  ].map(([code = "", name = ""]) => ({ code, name, entitlements: RECORD })),
];

/** Where the private key of a demo recorder is kept. */
export function recorderKeyFile(keysFolder: string, source: string): string {
  return path.join(keysFolder, `${source.replace("/", "-")}.pem`);
}

/**
 * The operator as the registry shall know it. Its desk records what inspectors and officers order: seals, erasures, mandates.
 * @param keys Ed25519 public keys of the operator's own sources
 */
export async function operatorPlan(
  keysFolder: string,
  keys: Readonly<Record<"ledger" | "desk", Uint8Array>>,
): Promise<AgencyPlan> {
  return {
    code: OPERATOR,
    name: OPERATOR_NAME,
    entitlements: RECORD | SEAL | ERASE | MANDATE,
    // Before it had a desk.
    formerEntitlements: RECORD | ERASE,
    account: { privateKey: await accountKey(path.join(keysFolder, `account-${OPERATOR}`)) },
    recorders: [
      { name: "ledger", alg: "EdDSA", key: keys.ledger, fromSeq: 1 },
      { name: "desk", alg: "EdDSA", key: keys.desk, fromSeq: 1 },
    ],
  };
}

/** The demo agencies, each with one recorder `r1` whose key is kept in the folder. */
export async function demoAgencyPlans(
  keysFolder: string,
  agencies: readonly DemoAgency[] = FEW,
): Promise<AgencyPlan[]> {
  return Promise.all(
    agencies.map(async ({ code, name, entitlements }) => {
      const key = await recorderKey(recorderKeyFile(keysFolder, `${code}/r1`));
      return {
        code,
        name,
        entitlements,
        account: { privateKey: await accountKey(path.join(keysFolder, `account-${code}`)) },
        recorders: [{ name: "r1", alg: key.alg, key: key.publicKey, fromSeq: 1 }],
      };
    }),
  );
}
