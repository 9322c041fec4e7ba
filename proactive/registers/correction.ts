import { isJsonObject } from "../../protocol/json.ts";
import { type PersonNumber, personIn } from "../exchange/message.ts";
import type { Category } from "./configurations.ts";
import type { Fact } from "./facts.ts";

/** What a register is told to hold of a person from now on. */
export interface Correction {
  readonly subject: PersonNumber;
  readonly category: Category;
  readonly value: Fact;
}

/** The correction in `{"subject": {"scheme", "id"}, "category", "value"}`; undefined when it is none, or in a category that is not held. */
export function correctionIn(value: unknown, holds: readonly Category[]): Correction | undefined {
  if (!isJsonObject(value)) return undefined;
  const subject = personIn(value["subject"]);
  const category = holds.find((each) => each === value["category"]);
  const fact = value["value"];
  return subject && category && isFact(fact) ? { subject, category, value: fact } : undefined;
}

/** Whether a value is plain JSON, as registers hold it. */
export function isFact(value: unknown): value is Fact {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return true;
  if (Array.isArray(value)) return value.every(isFact);
  return isJsonObject(value) && Object.values(value).every(isFact);
}
