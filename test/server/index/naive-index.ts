import { createHash, createHmac } from "node:crypto";
import { utf8 } from "../../../protocol/bytes.ts";
import {
  EMPTY_INDEX_ROOT,
  entryCommitment,
  indexLeafHash,
  indexNodeHash,
  keyBit,
} from "../../../protocol/index-tree.ts";
import { rootHash } from "../../../protocol/merkle.ts";
import type { EventBatch } from "../../../server/index/builder.ts";
import type { Posting } from "../../../server/index/reader.ts";

export const SECRET = new Uint8Array(32).fill(9);

/** A made-up person, official or consent: its tag as stored, and its key in the tree. */
export interface MadeKey {
  readonly tag: Uint8Array;
  readonly key: Uint8Array;
}

export function madeKey(n: number, kind = 1): MadeKey {
  const digest = (what: string): Buffer => createHash("sha256").update(`${what} ${kind} ${n}`).digest();
  return { tag: Buffer.concat([Buffer.of(kind), digest("tag")]), key: new Uint8Array(digest("key")) };
}

/** An event with these keys, in this order, repetitions and all. */
export interface MadeEvent {
  readonly keys: readonly MadeKey[];
  readonly leafHash: Uint8Array;
}

export function madeEvent(n: number, keys: readonly MadeKey[]): MadeEvent {
  return { keys, leafHash: new Uint8Array(createHash("sha256").update(`event ${n}`).digest()) };
}

/** The events `from .. to - 1` as the builder takes them. */
export function batchOf(events: readonly MadeEvent[], from: number, to: number): EventBatch {
  const part = events.slice(from, to);
  return {
    from,
    to,
    tagCounts: Uint16Array.from(part, ({ keys }) => keys.length),
    tags: Buffer.concat(part.flatMap(({ keys }) => keys.map(({ tag }) => tag))),
    leafHashes: Buffer.concat(part.map(({ leafHash }) => leafHash)),
  };
}

/** The events of a key among the first `size`. */
export function postingsOf(events: readonly MadeEvent[], size: number, key: MadeKey): Posting[] {
  return events
    .slice(0, size)
    .flatMap(({ keys, leafHash }, index) => (keys.includes(key) ? [{ index, leafHash }] : []));
}

export function blindingOf(key: Uint8Array, count: number, secret: Uint8Array = SECRET): Uint8Array {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(count));
  return new Uint8Array(createHmac("sha256", secret).update(key).update(number).digest());
}

/** What the leaf of a key with these events commits to. */
export function commitmentOf(
  { key }: MadeKey,
  postings: readonly Posting[],
  secret: Uint8Array = SECRET,
): Uint8Array {
  return entryCommitment({
    count: postings.length,
    treeRoot: rootHash(postings.map(({ leafHash }) => leafHash)),
    blinding: blindingOf(key, postings.length, secret),
  });
}

/** The root of the index of the first `size` events, built from nothing by the definition. */
export function naiveRoot(
  events: readonly MadeEvent[],
  size: number,
  secret: Uint8Array = SECRET,
): Uint8Array {
  const used = new Map(
    events
      .slice(0, size)
      .flatMap(({ keys }) => keys.map((key) => [Buffer.from(key.key).toString("hex"), key])),
  );
  return rootOver(
    [...used.values()].map((key) => ({
      key: key.key,
      commitment: commitmentOf(key, postingsOf(events, size, key), secret),
    })),
    0,
  );
}

function rootOver(leaves: readonly { key: Uint8Array; commitment: Uint8Array }[], bit: number): Uint8Array {
  const [first, second] = leaves;
  if (first === undefined) return EMPTY_INDEX_ROOT;
  if (second === undefined) return indexLeafHash(first.key, first.commitment);
  const [left, right] = [0, 1].map((side) => leaves.filter(({ key }) => keyBit(key, bit) === side));
  if (left === undefined || right === undefined) throw new Error("a bit is 0 or 1");
  if (left.length === 0 || right.length === 0) return rootOver(leaves, bit + 1);
  return indexNodeHash(bit, rootOver(left, bit + 1), rootOver(right, bit + 1));
}

/** Keys whose tree is deep: they share `bits` leading bits. */
export function similarKeys(count: number, bits: number): MadeKey[] {
  return Array.from({ length: count }, (_, n) => {
    const { tag, key } = madeKey(n, 2);
    const start = utf8("the same beginning of all of them");
    for (let bit = 0; bit < bits; bit++) {
      const mask = 0x80 >> (bit & 7);
      const at = bit >> 3;
      key[at] = ((key[at] ?? 0) & ~mask) | ((start[at] ?? 0) & mask);
    }
    return { tag, key };
  });
}
