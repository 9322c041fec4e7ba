import { createHmac } from "node:crypto";
import { utf8, toHex } from "../../../protocol/bytes.ts";
import { appendAll, emptyFrontier, frontierRoot } from "../../../protocol/frontier.ts";
import type { IndexKind } from "../../../protocol/index-keys.ts";
import { entryCommitment, indexKey } from "../../../protocol/index-tree.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { TAG_BYTES, TAG_KINDS } from "../../../protocol/tag-kinds.ts";
import { expandVrfSecretKey, proveVrf, vrfOutput } from "../../../protocol/vrf.ts";
import type { IndexReader, Posting } from "../../../server/index/reader.ts";
import { pepperedTags } from "../../../server/receive/index-tags.ts";
import { buildIndex, type IndexNode, proveKey, rootOf } from "../../protocol/naive-index-tree.ts";
import { PEPPER, type RecordedLog } from "./recorded-log.ts";

const SECRET = expandVrfSecretKey(new Uint8Array(32).fill(3));

/** An index of a recorded log as its definition says, built anew whenever it is asked for. */
export interface MemoryIndex extends IndexReader {
  /** Takes in the log as it is now: a new version. Returns its size and root, for an anchor. */
  readonly build: () => Promise<{ readonly indexSize: number; readonly indexRoot: Uint8Array }>;
}

interface Version {
  readonly tree: IndexNode | undefined;
  readonly postings: ReadonlyMap<string, readonly Posting[]>;
}

/** `ids`: everybody who may be in the log, as the VRF cannot be computed from a tag. */
export function memoryIndex(log: RecordedLog, ids: readonly (readonly [IndexKind, string])[]): MemoryIndex {
  const tagOf = pepperedTags(PEPPER);
  const versions = new Map<number, Version>();
  const keysByTag = new Map(
    ids.map(([kind, id]) => [nameOf(TAG_KINDS[kind], tagOf(TAG_KINDS[kind], id)), keyOf(kind, id).key]),
  );

  const newest = (): Version => [...versions.values()].at(-1) ?? { tree: undefined, postings: new Map() };

  return {
    build: async () => {
      const payloads = await log.store.payloads(0, Infinity);
      const tags = await log.store.indexTags(0, Infinity);
      const postings = new Map<string, Posting[]>();
      for (const [index, list] of tags.entries()) {
        for (let at = 0; at < list.length; at += TAG_BYTES) {
          const key = keysByTag.get(
            nameOf(list[at] ?? 0, Buffer.from(list.subarray(at + 1, at + TAG_BYTES)).toString("latin1")),
          );
          if (key === undefined) continue;
          const posting = { index, leafHash: leafHash(payloads[index] ?? new Uint8Array()) };
          postings.set(toHex(key), [...(postings.get(toHex(key)) ?? []), posting]);
        }
      }
      const rows = [...postings].map(([hex, list]) => {
        const treeRoot = frontierRoot(
          appendAll(
            emptyFrontier(),
            list.map((posting) => posting.leafHash),
          ),
        );
        const key = new Uint8Array(Buffer.from(hex, "hex"));
        return {
          key,
          commitment: entryCommitment({
            count: list.length,
            treeRoot,
            blinding: blindingOf(key, list.length),
          }),
        };
      });
      const tree = buildIndex(rows);
      versions.set(payloads.length, { tree, postings });
      return { indexSize: payloads.length, indexRoot: rootOf(tree) };
    },
    keyOf: (kind, id) => Promise.resolve(keyOf(kind, id)),
    prove: async (key, size) => {
      const version = versions.get(size);
      if (version === undefined) return await Promise.resolve(undefined);
      const count = version.postings.get(toHex(key))?.length;
      const entry = count === undefined ? undefined : { count, blinding: blindingOf(key, count) };
      return { proof: proveKey(version.tree, key), entry };
    },
    postings: (key, from, to) => Promise.resolve(newest().postings.get(toHex(key))?.slice(from, to) ?? []),
    newest: () => {
      const size = [...versions.keys()].at(-1);
      return size === undefined ? undefined : { size, root: rootOf(newest().tree) };
    },
  };
}

function keyOf(kind: IndexKind, id: string): { key: Uint8Array; vrf: Uint8Array | undefined } {
  if (kind === "consent") return { key: indexKey(kind, utf8(id)), vrf: undefined };
  const vrf = proveVrf(SECRET, utf8(id));
  return { key: indexKey(kind, vrfOutput(vrf)), vrf };
}

function blindingOf(key: Uint8Array, count: number): Uint8Array {
  return new Uint8Array(createHmac("sha256", "blinding").update(key).update(String(count)).digest());
}

function nameOf(kind: number, tag: string): string {
  return `${kind} ${tag}`;
}
