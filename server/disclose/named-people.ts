import { fromBase64url, fromUtf8 } from "../../protocol/bytes.ts";
import type { Disclosure } from "../../protocol/disclosure.ts";
import { FormatError } from "../../protocol/errors.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { isCanonicalSubjectId, isSubjectScheme } from "../../protocol/subject.ts";
import type { PersonId } from "../identity/caller.ts";

/** The people whose numbers these disclosures give away: those in them, and those that the tokens in them name. As often as they are named. */
export function peopleNamedIn(disclosures: readonly Disclosure[]): PersonId[] {
  return disclosures.flatMap(({ value }) => peopleIn(value));
}

function peopleIn(value: unknown): PersonId[] {
  if (typeof value === "string") return peopleInToken(value);
  if (Array.isArray(value)) return value.flatMap(peopleIn);
  if (!isJsonObject(value)) return [];
  const { scheme, id } = value;
  const isPerson = isSubjectScheme(scheme) && typeof id === "string" && isCanonicalSubjectId(scheme, id);
  return [...(isPerson ? [{ scheme, id }] : []), ...Object.values(value).flatMap(peopleIn)];
}

/** A signed token (a decision, a sign-on) can be read by whoever gets it. */
function peopleInToken(text: string): PersonId[] {
  const payload = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/.exec(text)?.[1];
  if (payload === undefined) return [];
  try {
    const value: unknown = JSON.parse(fromUtf8(fromBase64url(payload)));
    return isJsonObject(value) ? peopleIn(value) : [];
  } catch (error) {
    // It only looks like one.
    if (error instanceof FormatError || error instanceof SyntaxError) return [];
    throw error;
  }
}
