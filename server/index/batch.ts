import { TAG_BYTES } from "../../protocol/tag-kinds.ts";
import type { Tree } from "../integrate/tree.ts";
import type { StoreReader } from "../store/store.ts";
import type { EventBatch } from "./builder.ts";
import { isTreeKind } from "./enrolment.ts";

/** Events read from the store at once: a few milliseconds of the main thread. */
const EVENTS_AT_ONCE = 1024;
const HASH_BYTES = 32;

export interface BatchSources {
  readonly store: Pick<StoreReader, "indexTags">;
  readonly tree: Pick<Tree, "leafHashes">;
}

/** The events `from .. to - 1` as the index takes them. */
export async function readBatch(
  from: number,
  to: number,
  { store, tree }: BatchSources,
): Promise<EventBatch> {
  const tagCounts = new Uint16Array(to - from);
  const leafHashes = new Uint8Array((to - from) * HASH_BYTES);
  const tags: Uint8Array[] = [];
  for (let begin = from; begin < to; begin += EVENTS_AT_ONCE) {
    const end = Math.min(begin + EVENTS_AT_ONCE, to);
    const stored = await store.indexTags(begin, end);
    const hashes = await tree.leafHashes(begin, end);
    if (stored.length !== end - begin) throw new Error(`the records lack events between ${begin} and ${end}`);
    for (const [at, list] of stored.entries()) {
      const own = treeTags(list);
      tags.push(own);
      tagCounts[begin - from + at] = own.length / TAG_BYTES;
    }
    for (const [at, hash] of hashes.entries()) leafHashes.set(hash, (begin - from + at) * HASH_BYTES);
  }
  return { from, to, tagCounts, tags: Buffer.concat(tags), leafHashes };
}

/** The tags of an event that name keys of the tree. */
function treeTags(list: Uint8Array): Uint8Array {
  const own: Uint8Array[] = [];
  for (let at = 0; at < list.length; at += TAG_BYTES) {
    if (isTreeKind(list[at])) own.push(list.subarray(at, at + TAG_BYTES));
  }
  return own.length * TAG_BYTES === list.length ? list : Buffer.concat(own);
}
