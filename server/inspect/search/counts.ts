import { exchangeHalf } from "../../../protocol/exchange.ts";
import type { Exchange, OpenedFacets } from "../../../protocol/facet-values.ts";
import { type Source, splitSource } from "../../../protocol/source.ts";
import { NUMBER_BYTES, TABLES } from "./rows.ts";
import { memberOf, sideAgency, type StoredTerm, type Term, TERM_BYTES } from "./terms.ts";

/*
 * The counts that public statistics are made of, in the search database as everything there: agencies and procedures as hashes, since either may
 * be any text that an agency wrote. Whoever reads them knows the names to look for.
 */

export const COUNTED_TYPES = ["access", "action"] as const;
export const COUNTED_OUTCOMES = ["none", "success", "refused", "failure"] as const;
/** Who recorded it: one of both sides of an exchange, or whoever acted without one. */
export const COUNTED_SIDES = ["alone", "client", "provider"] as const;

/** What is counted together. */
export interface CountedAs {
  readonly type: (typeof COUNTED_TYPES)[number];
  readonly outcome: (typeof COUNTED_OUTCOMES)[number];
  readonly side: (typeof COUNTED_SIDES)[number];
  /** Terms of the agency that asked or acted, and of the procedure; an empty one where none is named. */
  readonly agency: StoredTerm;
  readonly procedure: StoredTerm;
}

export interface Count extends CountedAs {
  readonly count: number;
}

const NO_TERM = "\0".repeat(TERM_BYTES);
const KEY_BYTES = 1 + 2 + 2 * TERM_BYTES + 3;

/** How an event counts; undefined when it does not. */
export function countedAs(
  source: Source,
  facets: OpenedFacets,
  hashOf: (term: Term) => StoredTerm,
): CountedAs | undefined {
  const type = COUNTED_TYPES.find((each) => each === facets.type);
  if (type === undefined) return undefined;
  const { exchange, purpose, outcome } = facets;
  const agency = isExchange(exchange) ? sideAgency(exchange, "client") : splitSource(source).agency;
  const procedure = memberOf(purpose, "procedure");
  return {
    type,
    outcome: COUNTED_OUTCOMES.find((each) => each === memberOf(outcome, "code")) ?? "none",
    side: (isExchange(exchange) ? exchangeHalf(source, { exchange })?.side : undefined) ?? "alone",
    agency: agency === undefined ? NO_TERM : hashOf({ kind: "agency", text: agency }),
    procedure: typeof procedure === "string" ? hashOf({ kind: "procedure", text: procedure }) : NO_TERM,
  };
}

/** Months since January 1970, UTC, of a time in Unix seconds. */
export function monthOf(time: number): number {
  const date = new Date(time * 1000);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

/** The key of the row that counts these in a month. */
export function countKey(month: number, { type, outcome, side, agency, procedure }: CountedAs): Buffer {
  const key = Buffer.allocUnsafe(KEY_BYTES);
  key.writeUInt8(TABLES.counts, 0);
  key.writeUInt16BE(month, 1);
  key.write(agency, 3, "latin1");
  key.write(procedure, 3 + TERM_BYTES, "latin1");
  key.writeUInt8(COUNTED_TYPES.indexOf(type), KEY_BYTES - 3);
  key.writeUInt8(COUNTED_OUTCOMES.indexOf(outcome), KEY_BYTES - 2);
  key.writeUInt8(COUNTED_SIDES.indexOf(side), KEY_BYTES - 1);
  return key;
}

/** All keys of a month lie at or above this one, and below that of the next month. */
export function monthKey(month: number): Buffer {
  const key = Buffer.of(TABLES.counts, 0, 0);
  key.writeUInt16BE(month, 1);
  return key;
}

export function countOf(key: Buffer, row: Buffer): Count {
  const named = <T>(names: readonly T[], at: number): T => {
    const name = names[key[at] ?? -1];
    if (name === undefined) throw new Error("the search database holds a count of no known kind");
    return name;
  };
  return {
    type: named(COUNTED_TYPES, KEY_BYTES - 3),
    outcome: named(COUNTED_OUTCOMES, KEY_BYTES - 2),
    side: named(COUNTED_SIDES, KEY_BYTES - 1),
    agency: key.toString("latin1", 3, 3 + TERM_BYTES),
    procedure: key.toString("latin1", 3 + TERM_BYTES, 3 + 2 * TERM_BYTES),
    count: row.readUIntBE(0, NUMBER_BYTES),
  };
}

export function countRow(count: number): Buffer {
  const row = Buffer.allocUnsafe(NUMBER_BYTES);
  row.writeUIntBE(count, 0, NUMBER_BYTES);
  return row;
}

function isExchange(value: unknown): value is Exchange {
  return ["client", "service", "messageId"].every((name) => typeof memberOf(value, name) === "string");
}
