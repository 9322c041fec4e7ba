import { isJsonObject } from "../../protocol/json.ts";
import { REGISTERS } from "../registers/configurations.ts";
import { isFact } from "../registers/correction.ts";
import type { OfficerDecision } from "./case.ts";

/** What an officer sends. */
export interface GivenDecision {
  /** The officer's id at the agency. */
  readonly official: string;
  readonly decision: OfficerDecision;
}

const MAX_OFFICIAL = 64;
const MAX_REASON = 500;
/** The shape of a citizen's number: a reason is read by others. */
const HOLDS_NUMBER = /(?<!\d)\d{12}(?!\d)/;
/** Whatever is no visible character or space in one line. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const CATEGORIES = Object.values(REGISTERS).flatMap(({ holds }) => holds);

/** The decision in a request's body; undefined when it is none. */
export function decisionIn(value: unknown): GivenDecision | undefined {
  if (!isJsonObject(value)) return undefined;
  const { official, decide } = value;
  if (!isLine(official, MAX_OFFICIAL)) return undefined;
  switch (decide) {
    case "retry":
      return { official, decision: { decide } };
    case "close": {
      const { reason } = value;
      return isLine(reason, MAX_REASON) ? { official, decision: { decide, reason } } : undefined;
    }
    case "correct": {
      const { value: fact, of } = value;
      const category = CATEGORIES.find((each) => each === value["category"]);
      if (category === undefined || !isFact(fact)) return undefined;
      if (of !== undefined && of !== "mother" && of !== "guardian") return undefined;
      return { official, decision: { decide, category, value: fact, ...(of !== undefined && { of }) } };
    }
    default:
      return undefined;
  }
}

function isLine(value: unknown, maxLength: number): value is string {
  const isText = typeof value === "string" && value.trim() !== "" && value.length <= maxLength;
  return isText && !INVISIBLE.test(value) && !HOLDS_NUMBER.test(value);
}
