import { fromUtf8 } from "../../protocol/bytes.ts";
import { parseDecimal } from "../../protocol/checkpoint.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { isAgencyCode } from "../../protocol/source.ts";
import { LedgerError } from "../errors.ts";
import type { RouteRequest } from "../route.ts";

/* What requests of this folder ask for. Values may be personal, so no message repeats one. */

/** A member of an object, read once. */
export interface AskedMembers {
  readonly text: (name: string, max: number) => string | undefined;
  readonly number: (name: string, bounds: Bounds) => number | undefined;
  readonly oneOf: <T extends string>(name: string, values: readonly T[]) => T | undefined;
  readonly agency: (name: string) => string | undefined;
  readonly object: (name: string) => AskedMembers | undefined;
  readonly value: (name: string) => unknown;
  /** Refuses what was not asked for. */
  readonly end: () => void;
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** Log indexes and Unix seconds lie within. */
export const WHOLE_NUMBERS: Bounds = { min: 0, max: Number.MAX_SAFE_INTEGER };

const MAX_DEPTH = 4;

/** The members of a body, and no parameters beside them. @throws LedgerError `bad-request`; FormatError of a body that is not strict JSON. */
export function askedInBody({ body, queryNames }: RouteRequest): AskedMembers {
  const value = parseStrictJson(fromUtf8(body), { maxDepth: MAX_DEPTH });
  if (!isJsonObject(value) || queryNames.length > 0)
    throw bad("Send a JSON object, and no parameters in the URL.");
  return membersOf(value);
}

function membersOf(object: { readonly [name: string]: unknown }): AskedMembers {
  const asked = new Set<string>();
  const value = (name: string): unknown => {
    asked.add(name);
    return Object.hasOwn(object, name) ? object[name] : undefined;
  };
  const text = (name: string, max: number): string | undefined => {
    const found = value(name);
    if (found === undefined) return undefined;
    if (typeof found === "string" && found !== "" && found.length <= max) return found;
    throw bad(`${name} is a text of 1 to ${max} characters.`);
  };
  return {
    value,
    text,
    number: (name, bounds) => {
      const found = value(name);
      if (found === undefined) return undefined;
      return within(name, typeof found === "number" ? found : undefined, bounds);
    },
    oneOf: (name, values) => {
      const found = value(name);
      if (found === undefined) return undefined;
      const known = values.find((each) => each === found);
      if (known === undefined) throw bad(`${name} is one of ${values.join(", ")}.`);
      return known;
    },
    agency: (name) => {
      const found = text(name, 31);
      if (found !== undefined && !isAgencyCode(found)) throw bad(`${name} is the code of an agency.`);
      return found;
    },
    object: (name) => {
      const found = value(name);
      if (found === undefined) return undefined;
      if (!isJsonObject(found)) throw bad(`${name} is an object.`);
      return membersOf(found);
    },
    end: () => {
      if (!Object.keys(object).every((name) => asked.has(name)))
        throw bad(`The members here are ${[...asked].join(", ")}, and no others.`);
    },
  };
}

/** A parameter that is a whole number within bounds. */
export function numberInQuery(
  { query }: RouteRequest,
  name: string,
  { fallback, ...bounds }: Bounds & { readonly fallback: number },
): number {
  const text = query(name);
  return text === undefined ? fallback : within(name, parseDecimal(text), bounds);
}

/** The log index that stands in the path. */
export function indexInPath({ parameter }: RouteRequest): number {
  return within("index", parseDecimal(parameter("index")), WHOLE_NUMBERS);
}

/** A parameter that is an agency's code. */
export function agencyInQuery({ query }: RouteRequest): string | undefined {
  const agency = query("agency");
  if (agency !== undefined && !isAgencyCode(agency)) throw bad("The parameter agency is an agency's code.");
  return agency;
}

/** A misspelt or repeated parameter would ask for something else than was meant. */
export function requireParameters({ queryNames }: RouteRequest, names: readonly string[]): void {
  if (queryNames.every((name) => names.includes(name)) && new Set(queryNames).size === queryNames.length)
    return;
  throw bad(
    names.length === 0
      ? "There are no parameters here."
      : `The parameters are ${names.join(", ")}, each at most once.`,
  );
}

function within(name: string, value: number | undefined, { min, max }: Bounds): number {
  if (value !== undefined && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw bad(`${name} is a whole number from ${min} to ${max}.`);
}

export function bad(message: string): LedgerError {
  return new LedgerError("bad-request", message);
}
