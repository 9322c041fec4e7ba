import { parseSource, type Source } from "../../protocol/source.ts";
import { numberOf, u64 } from "./rows.ts";

/*
 * The keys of LevelDB's rows, in two databases.
 *
 * `log` is written in the order of the log and never behind it: an index, then the letter of a row. So LevelDB writes
 * every byte twice (its journal and a table) at any size, where keys that begin with a table's letter would make it merge the
 * tables' ends with their beginnings for ever: measured at 800,000 events, three times the CPU and half the speed.
 *
 * `register` holds what cannot be in that order: small rows that find submissions by source, and the anchors.
 */

/** Rows of the log. The first four begin at every row start (see bundle.ts), the attachment at its event. */
export const LOG_ROWS = {
  disclosures: "d",
  /** The submission; at its later row starts, the index where it is. */
  submission: "i",
  eventKeys: "k",
  payloads: "p",
  attachment: "x",
  /** The head after a group, at the group's last index: the last row of the database. */
  head: "z",
} as const;

export type LogRow = keyof typeof LOG_ROWS;

const INDEX_BYTES = 8;

/** The key of a row of the log; without a row, the bound below all rows of the index. */
export function logKey(index: number, row?: LogRow): Buffer {
  const key = Buffer.allocUnsafe(row === undefined ? INDEX_BYTES : INDEX_BYTES + 1);
  key.writeBigUInt64BE(BigInt(index));
  if (row !== undefined) key.write(LOG_ROWS[row], INDEX_BYTES, "latin1");
  return key;
}

/** The index in a key of the log. */
export const indexOfKey = numberOf;

/** Whether a key of the log is of this kind of row. */
export function isLogRow(key: Buffer, row: LogRow): boolean {
  return key[INDEX_BYTES] === LOG_ROWS[row].charCodeAt(0);
}

const REGISTER_ROWS = {
  /** Why the records are behind what was promised (see Store.setBehind). */
  behind: "B",
  format: "F",
  /** The head the register has followed the log to. */
  head: "H",
  anchorIntent: "I",
  /** How far a migration under way has come. */
  migrated: "M",
  /** By size and index size, in the order of the contract's history. */
  anchors: "a",
  attachments: "c",
  /** By number: size and index size of the anchor. */
  anchorNumbers: "e",
  /** By ordinal, without gaps. */
  indexKeys: "k",
  sources: "n",
  /** By name: what these records belong to (see Store.bind). */
  bindings: "p",
  /** By source and first number: the index of the submission. */
  sequences: "s",
} as const;

export type RegisterRow = keyof typeof REGISTER_ROWS;

/** The key of a register row with these parts; without parts, the only row of its kind or their lower bound. */
export function registerKey(row: RegisterRow, ...parts: readonly (number | Uint8Array | string)[]): Buffer {
  return Buffer.concat([Buffer.from(REGISTER_ROWS[row]), ...parts.map(keyPart)]);
}

/** The upper bound of the keys of a kind of register row (exclusive): no letter directly follows another. */
export function registerEnd(row: RegisterRow): Buffer {
  return Buffer.of(REGISTER_ROWS[row].charCodeAt(0) + 1);
}

function keyPart(part: number | Uint8Array | string): Uint8Array {
  if (typeof part === "number") return u64(part);
  // A source's key part ends with a byte no source contains, so that none is another's prefix.
  return typeof part === "string" ? Buffer.from(`${part}\0`, "latin1") : part;
}

/** The key of the anchor that an `anchorNumbers` row points to. */
export function anchorKeyAt(place: Uint8Array): Buffer {
  return registerKey("anchors", place);
}

/** The number that a `indexKeys` key ends with. */
export function ordinalOfKey(key: Buffer): number {
  return numberOf(key.subarray(1));
}

/** The name of a `bindings` key. */
export function nameOfKey(key: Buffer): string {
  return key.subarray(1, -1).toString("latin1");
}

/** The source of a `sources` key. */
export function sourceOfKey(key: Buffer): Source {
  return parseSource(key.subarray(1, -1).toString("latin1"));
}
