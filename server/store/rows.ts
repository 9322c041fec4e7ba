import type { Bytes } from "../../protocol/bytes.ts";
import { parseSource, type Source } from "../../protocol/source.ts";
import type { Bundle, EventKey, Head, SourceState, StoredAnchor, StoredSubmission } from "./store.ts";

/*
 * How LevelDB's rows look: a table's letter, then numbers as 8 big-endian bytes, so that keys sort as the log runs.
 * Nothing here does input or output. A change of any of this is a new format version (see level-store.ts).
 */

const TABLES = {
  format: "F",
  head: "H",
  anchorIntent: "I",
  anchors: "a",
  conflicts: "c",
  attachments: "e",
  submissions: "i",
  sources: "n",
  sequences: "s",
  // The three tables that events fill: secrets, sealed disclosures, payloads.
  eventKeys: "k",
  disclosures: "d",
  payloads: "p",
} as const;

export type Table = keyof typeof TABLES;

/** Tables keyed by one number: the index of an event, or of the first event of a row. */
export type IndexedTable = "attachments" | "submissions" | "eventKeys" | "disclosures" | "payloads";

/** The key of a table's row with these parts; without parts, the table's only row or its lower bound. */
export function rowKey(table: Table, ...parts: readonly (number | Uint8Array | string)[]): Buffer {
  return Buffer.concat([Buffer.from(TABLES[table]), ...parts.map(keyPart)]);
}

/** The upper bound of a table's keys (exclusive): no letter is followed directly by another table's. */
export function tableEnd(table: Table): Buffer {
  const end = Buffer.from(TABLES[table]);
  end[0] = (end[0] ?? 0) + 1;
  return end;
}

function keyPart(part: number | Uint8Array | string): Uint8Array {
  if (typeof part === "number") return u64(part);
  // A source's key part ends with a byte no source contains, so that none is another's prefix.
  return typeof part === "string" ? Buffer.from(`${part}\0`, "latin1") : part;
}

export function u64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** The number in a value or at the end of a key. */
export function lastU64(bytes: Buffer): number {
  return Number(bytes.readBigUInt64BE(bytes.length - 8));
}

const HASH_BYTES = 32;

export function headRow(head: Head): Buffer {
  return Buffer.concat([u64(head.size), u64(head.commits), ...head.frontier.nodes]);
}

export function headOf(row: Buffer): Head {
  const size = Number(row.readBigUInt64BE(0));
  const nodes: Bytes[] = [];
  for (let at = 16; at < row.length; at += HASH_BYTES)
    nodes.push(new Uint8Array(row.subarray(at, at + HASH_BYTES)));
  return { size, commits: Number(row.readBigUInt64BE(8)), frontier: { size, nodes } };
}

/** One field a line: none of them can hold a line break, and the order never changes. */
export function submissionRow(s: StoredSubmission): Buffer {
  return Buffer.from([s.source, s.first, s.count, s.index, s.time, s.jws, s.receipt].join("\n"), "latin1");
}

export function submissionOf(row: Buffer): StoredSubmission {
  const [source = "", first, count, index, time, jws = "", receipt = ""] = row.toString("latin1").split("\n");
  return {
    source: parseSource(source),
    first: Number(first),
    count: Number(count),
    index: Number(index),
    time: Number(time),
    jws,
    receipt,
  };
}

export function sourceRow(state: SourceState): Buffer {
  return Buffer.concat([u64(state.next), u64(state.lastTime)]);
}

export function sourceOf(source: Source, row: Buffer): SourceState {
  return { source, next: Number(row.readBigUInt64BE(0)), lastTime: Number(row.readBigUInt64BE(8)) };
}

/** The source of a `sources` key. */
export function sourceOfKey(key: Buffer): Source {
  return parseSource(key.subarray(1, -1).toString("latin1"));
}

const TAG_BYTES = 33;

export function eventKeyOf(entry: Bytes): EventKey {
  const tags: { kind: number; tag: Bytes }[] = [];
  for (let at = HASH_BYTES; at < entry.length; at += TAG_BYTES) {
    tags.push({ kind: entry[at] ?? 0, tag: entry.subarray(at + 1, at + TAG_BYTES) });
  }
  return { key: entry.subarray(0, HASH_BYTES), tags };
}

/** The checkpoint has several lines and comes last. */
export function anchorRow(a: StoredAnchor): Buffer {
  const numbers = [a.number, a.size, a.indexSize, a.block, a.time];
  const hashes = [Buffer.from(a.root).toString("hex"), Buffer.from(a.indexRoot).toString("hex")];
  return Buffer.from([...numbers, ...hashes, a.blockHash, a.transaction, a.checkpoint].join("\n"), "utf8");
}

export function anchorOf(row: Buffer): StoredAnchor {
  const [
    number,
    size,
    indexSize,
    block,
    time,
    root = "",
    indexRoot = "",
    blockHash = "",
    transaction = "",
    ...checkpoint
  ] = row.toString("utf8").split("\n");
  return {
    number: Number(number),
    size: Number(size),
    indexSize: Number(indexSize),
    block: Number(block),
    time: Number(time),
    root: new Uint8Array(Buffer.from(root, "hex")),
    indexRoot: new Uint8Array(Buffer.from(indexRoot, "hex")),
    blockHash,
    transaction,
    checkpoint: checkpoint.join("\n"),
  };
}

/**
 * Events a row holds at most. A row per event would cost the writer 75,000 puts a second; a row per submission would make
 * the reader of one event fetch a thousand.
 */
const ROW_EVENTS = 64;

/** Cuts a bundle into rows of at most ROW_EVENTS entries: [offset of the row's first entry, the row]. */
export function* bundleRows(bundle: Bundle): Generator<readonly [number, Bytes]> {
  let rowStart = 0;
  let entry = 0;
  for (let at = 0; at < bundle.length;) {
    at += 2 + lengthAt(bundle, at);
    entry++;
    if (entry % ROW_EVENTS === 0 || at >= bundle.length) {
      yield [Math.floor((entry - 1) / ROW_EVENTS) * ROW_EVENTS, bundle.subarray(rowStart, at)];
      rowStart = at;
    }
  }
}

/** The entries `from .. to - 1` of a bundle, as views; fewer when it ends before. */
export function bundleEntries(bundle: Bundle, from: number, to: number): Bytes[] {
  const entries: Bytes[] = [];
  let entry = 0;
  for (let at = 0; at < bundle.length && entry < to; entry++) {
    const length = lengthAt(bundle, at);
    if (entry >= from) entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

function lengthAt(bundle: Bundle, at: number): number {
  return ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0);
}
