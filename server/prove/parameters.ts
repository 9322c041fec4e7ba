import { fromHex } from "../../protocol/bytes.ts";
import { parseDecimal } from "../../protocol/checkpoint.ts";
import { HASH_BYTES } from "../../protocol/merkle.ts";
import { parseSource, type Source } from "../../protocol/source.ts";
import { LedgerError } from "../errors.ts";
import type { RouteRequest } from "../route.ts";

/** A whole number from 0 in decimal. @throws LedgerError `bad-request` naming the parameter. */
export function wholeNumber(name: string, value: string | undefined): number {
  const number = value === undefined ? undefined : parseDecimal(value);
  if (number === undefined) throw badParameter(name, "a whole number in decimal, such as 1042");
  return number;
}

/** A 32-byte hash. @throws LedgerError `bad-request` naming the parameter. */
export function hashInHex(name: string, value: string | undefined): Uint8Array {
  if (value?.length !== 2 * HASH_BYTES || !/^[0-9a-f]*$/.test(value)) {
    throw badParameter(name, `a hash: ${2 * HASH_BYTES} lowercase hexadecimal digits`);
  }
  return fromHex(value);
}

/** The source of the path `.../:agency/:recorder`. @throws FormatError `source`. */
export function sourceOf(request: RouteRequest): Source {
  return parseSource(`${request.parameter("agency")}/${request.parameter("recorder")}`);
}

export interface PageBounds {
  readonly fallback: number;
  readonly max: number;
}

/** How many items a page may have. @throws LedgerError `bad-request`. */
export function pageLimit(value: string | undefined, { fallback, max }: PageBounds): number {
  if (value === undefined) return fallback;
  const limit = wholeNumber("limit", value);
  if (limit < 1 || limit > max) throw badParameter("limit", `a number from 1 to ${max}`);
  return limit;
}

function badParameter(name: string, expected: string): LedgerError {
  return new LedgerError("bad-request", `The parameter ${name} must be ${expected}.`);
}
