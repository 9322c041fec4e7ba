import { isJsonObject } from "../../protocol/json.ts";
import { ask, demand } from "./calls.ts";
import type { Province } from "./province.ts";

/** What an officer sees of a case in the list of their desk. */
interface Listed {
  readonly id: string;
  readonly why: string;
  readonly decided: number;
}

const OFFICER = "officer-1";
/** Asked once more where it may help; then it is settled with the person, on paper. */
const WORTH_A_RETRY = [
  "data-disputed",
  "step-refused",
  "step-unreachable",
  "register-unreachable",
  "not-reached",
];

/** The agencies' officers go through what lies on their desks: once more where that may help, and by themselves where it did not. Resolves with how many. */
export async function officersDecide(province: Province): Promise<number> {
  let count = 0;
  for (const { code, url } of province.agencies.values()) {
    const token = province.staffTokens.get(code) ?? "";
    const { cases } = await demand(`${url}/cases?at=officer&limit=100`, token);
    for (const { id, why, decided } of (Array.isArray(cases) ? cases : []).flatMap(listed)) {
      const isOnceMore = decided === 0 && WORTH_A_RETRY.includes(why);
      const decision = isOnceMore
        ? { decide: "retry" }
        : { decide: "close", reason: "Đã làm việc trực tiếp với gia đình." };
      const { status } = await ask(`${url}/cases/${id}/decision`, token, { official: OFFICER, ...decision });
      if (status === 200) count += 1;
    }
  }
  return count;
}

function listed(value: unknown): Listed[] {
  if (!isJsonObject(value) || !isJsonObject(value["stage"])) return [];
  const { id, decisions } = value;
  const why = value["stage"]["why"];
  if (typeof id !== "string" || typeof why !== "string") return [];
  return [{ id, why, decided: Array.isArray(decisions) ? decisions.length : 0 }];
}
