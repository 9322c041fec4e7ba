import type { Bytes } from "../../protocol/bytes.ts";
import { emptyFrontier, type Frontier } from "../../protocol/frontier.ts";
import { parseSource, type Source } from "../../protocol/source.ts";
import { TAG_BYTES } from "../../protocol/tag-kinds.ts";
import type { EventKey, Head, IndexKeyRow, SourceState, StoredAnchor, StoredSubmission } from "./store.ts";

/*
 * What the values of LevelDB's rows hold; level-keys.ts has their keys. A change of any of this is a new format version
 * (see level-store.ts).
 */

/** A number as 8 big-endian bytes, so that keys sort as numbers do. */
export function u64(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function numberOf(bytes: Buffer): number {
  return Number(bytes.readBigUInt64BE(0));
}

const INDEX_BYTES = 8;
const HASH_BYTES = 32;

export function headRow(head: Head): Buffer {
  return Buffer.concat([u64(head.size), u64(head.commits), ...head.frontier.nodes]);
}

/** The head of a row, or the empty log's when there is no row yet. */
export function headOf(row: Buffer | undefined): Head {
  if (row === undefined) return { size: 0, commits: 0, frontier: emptyFrontier() };
  const size = numberOf(row);
  return { size, commits: Number(row.readBigUInt64BE(8)), frontier: frontierOf(size, row.subarray(16)) };
}

/** The frontier of a log of this size from its nodes, one after the other. */
export function frontierOf(size: number, hashes: Bytes): Frontier {
  const nodes: Bytes[] = [];
  for (let at = 0; at < hashes.length; at += HASH_BYTES)
    nodes.push(new Uint8Array(hashes.subarray(at, at + HASH_BYTES)));
  return { size, nodes };
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

/** Whether a row holds a submission, and not the index at which the submission of its events begins. */
export function isSubmissionRow(row: Buffer): boolean {
  return row.length > INDEX_BYTES;
}

export function sourceRow(state: SourceState): Buffer {
  return Buffer.concat([u64(state.next), u64(state.lastTime)]);
}

export function sourceOf(source: Source, row: Buffer): SourceState {
  return { source, next: numberOf(row), lastTime: Number(row.readBigUInt64BE(8)) };
}

/** Whether an entry of the key rows begins with the event's key: 32 + 33n bytes. An erased one has its tags alone: 33n bytes. */
function hasEventKey(entry: Bytes): boolean {
  return entry.length % TAG_BYTES === HASH_BYTES;
}

/** The tags of an entry, 33 bytes each, one after the other. */
export function indexTagsOf(entry: Bytes): Bytes {
  return hasEventKey(entry) ? entry.subarray(HASH_BYTES) : entry;
}

/** The secrets of an entry; none when there is no entry, or when its key was erased. */
export function eventKeyOf(entry: Bytes | undefined): EventKey | undefined {
  if (entry === undefined || !hasEventKey(entry)) return undefined;
  const tags: { kind: number; tag: Bytes }[] = [];
  for (let at = HASH_BYTES; at < entry.length; at += TAG_BYTES) {
    tags.push({ kind: entry[at] ?? 0, tag: entry.subarray(at + 1, at + TAG_BYTES) });
  }
  return { key: entry.subarray(0, HASH_BYTES), tags };
}

/** The tag, then the tree's key. */
export function indexKeyRow({ tag, key }: IndexKeyRow): Buffer {
  if (tag.length !== TAG_BYTES || key.length !== HASH_BYTES)
    throw new RangeError(`an index key row has a tag of ${TAG_BYTES} bytes and a key of ${HASH_BYTES}`);
  return Buffer.concat([tag, key]);
}

export function indexKeyOf(row: Buffer): IndexKeyRow {
  return { tag: row.subarray(0, TAG_BYTES), key: row.subarray(TAG_BYTES) };
}

/** What is kept whole beside an event: its name, then the sealed body. */
export function attachmentRow(name: Bytes, sealed: Bytes): Buffer {
  return Buffer.concat([name, sealed]);
}

export function attachmentOf(row: Buffer): { name: Bytes; sealed: Bytes } {
  return { name: row.subarray(0, HASH_BYTES), sealed: row.subarray(HASH_BYTES) };
}

/** The checkpoint has several lines and comes last. */
export function anchorRow(a: StoredAnchor): Buffer {
  const numbers = [a.number, a.size, a.indexSize, a.block, a.time];
  const hashes = [Buffer.from(a.root).toString("hex"), Buffer.from(a.indexRoot).toString("hex")];
  return Buffer.from([...numbers, ...hashes, a.blockHash, a.transaction, a.checkpoint].join("\n"), "utf8");
}

/** What an anchor's key is made of: size and index size. */
export function anchorPlace({ size, indexSize }: Pick<StoredAnchor, "size" | "indexSize">): Buffer {
  return Buffer.concat([u64(size), u64(indexSize)]);
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
