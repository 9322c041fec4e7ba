import { isJsonObject } from "../../../protocol/json.ts";
import { cursorOf, type UseFinding, USE_FINDING_KINDS } from "../finding.ts";

/*
 * The derived table of what is found about uses (server/integrate/derived.ts), by the letter behind the table's:
 *
 *   f || cursor                     a finding
 *   e || tag                        what is known of an exchange
 *   w || u48 time || u48 index      a provider's record that waits for the reader's: its exchange's tag
 *   c || person's tag || u48 index  a consent act of this person that can be read no more: its index
 *   p || person's tag || cursor     a finding about this person's consent: its cursor
 *
 * Nobody is named: tags are keyed hashes, of which the first half is stored.
 */

const USES_TABLE = 0x6b;
/** Tells how far the log was read. */
export const USES_PROGRESS_KEY = Buffer.of(0x4b);
const NUMBER_BYTES = 6;
const TAG_BYTES = 16;

/** Everything in the table. */
export const USES_RANGE = { gte: Buffer.of(USES_TABLE), lt: Buffer.of(USES_TABLE + 1) };

/** Half a tag: 2^64 of them before two are likely to be the same. */
export type ShortTag = Buffer;

export function shortTag(tag: Uint8Array): ShortTag {
  return Buffer.from(tag.subarray(0, TAG_BYTES));
}

function key(row: "f" | "e" | "w" | "c" | "p", ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(USES_TABLE), Buffer.from(row), ...parts]);
}

export function findingKey(cursor: string): Buffer {
  return key("f", Buffer.from(cursor));
}

/** The keys of findings after this cursor, or all. */
export function findingsAfter(after: string | undefined): { readonly gt: Buffer; readonly lt: Buffer } {
  return { gt: findingKey(after ?? ""), lt: key("f", Buffer.of(0xff)) };
}

export function findingRow(finding: UseFinding): Buffer {
  return Buffer.from(JSON.stringify(finding));
}

export function findingOf(row: Buffer): UseFinding {
  const value: unknown = JSON.parse(row.toString());
  if (!isUseFinding(value)) throw new Error("the derived database holds a finding of no known kind");
  return value;
}

/** Where a finding of this kind about an event would stand. `since` is when the event was received. */
export function cursorsOf(index: number, since: number): string[] {
  return USE_FINDING_KINDS.map((kind) => cursorOf({ id: `${kind}:${index}`, since }));
}

/** What is known of an exchange between two agencies. */
export interface ExchangeRow {
  /** Index of the reader's first record. */
  readonly reader?: number;
  /** Whether that one cannot be read any more. */
  readonly erased?: true;
  /** Whether the order to erase it was read: what comes after that is judged by what it says alone. */
  readonly ordered?: true;
  /** Index of the answering side's first record. */
  readonly provider?: number;
  /** Indexes of the other records that wait for the reader's, or in which something is wrong (it may be what was found about the reader's already). */
  readonly others?: readonly number[];
}

export function exchangeKey(tag: ShortTag): Buffer {
  return key("e", tag);
}

/** Undefined when nothing is known, so that nothing is kept. */
export function exchangeRow({ others = [], ...row }: ExchangeRow): Buffer | undefined {
  if (row.reader === undefined && row.provider === undefined && others.length === 0) return undefined;
  return Buffer.from(JSON.stringify({ ...row, ...(others.length > 0 && { others }) }));
}

export function exchangeOf(row: Buffer | undefined): ExchangeRow {
  const value: unknown = row === undefined ? {} : JSON.parse(row.toString());
  if (!isExchange(value)) throw new Error("the derived database holds an exchange in no known form");
  return value;
}

/** A provider's record that waits for the reader's. */
export interface WaitingRecord {
  /** When it was received, Unix seconds. */
  readonly time: number;
  readonly index: number;
  readonly tag: ShortTag;
}

export function waitingKey({ time, index }: Pick<WaitingRecord, "time" | "index">): Buffer {
  return key("w", number(time), number(index));
}

export function waitingRow({ time, index, tag }: WaitingRecord): Buffer {
  return Buffer.concat([number(time), number(index), tag]);
}

export function waitingOf(row: Buffer): WaitingRecord {
  return {
    time: row.readUIntBE(0, NUMBER_BYTES),
    index: row.readUIntBE(NUMBER_BYTES, NUMBER_BYTES),
    tag: row.subarray(2 * NUMBER_BYTES),
  };
}

/** The keys of the records that waited already before `time`. */
export function waitingBefore(time: number): { readonly gte: Buffer; readonly lt: Buffer } {
  return { gte: key("w"), lt: waitingKey({ time: Math.max(0, time), index: 0 }) };
}

export function actsPrefix(person: ShortTag): Buffer {
  return key("c", person);
}

export function actKey(person: ShortTag, index: number): Buffer {
  return Buffer.concat([actsPrefix(person), number(index)]);
}

export function actRow(index: number): Buffer {
  return number(index);
}

export function actOf(row: Buffer): number {
  return row.readUIntBE(0, NUMBER_BYTES);
}

export function personPrefix(person: ShortTag): Buffer {
  return key("p", person);
}

export function personKey(person: ShortTag, cursor: string): Buffer {
  return Buffer.concat([personPrefix(person), Buffer.from(cursor)]);
}

function number(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(NUMBER_BYTES);
  bytes.writeUIntBE(value, 0, NUMBER_BYTES);
  return bytes;
}

/** The format of the derived database vouches for the rest. */
function isUseFinding(value: unknown): value is UseFinding {
  return isJsonObject(value) && USE_FINDING_KINDS.some((kind) => kind === value["kind"]);
}

function isExchange(value: unknown): value is ExchangeRow {
  return isJsonObject(value);
}
