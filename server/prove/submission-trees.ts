import { HASH_BYTES, inclusionProof, rootHash } from "../../protocol/merkle.ts";
import { parseCompactJws } from "../../protocol/jws.ts";
import { parseSubmissionPayload } from "../../protocol/submission.ts";
import type { Tree } from "../integrate/tree.ts";
import type { StoredSubmission } from "../store/store.ts";

/** The submissions' own trees. They are not stored: their leaves are those of the log. */
export interface SubmissionTrees {
  /** The root that the source signed, and the path to it from the submission's event `place` (from 0). */
  pathTo: (
    submission: StoredSubmission,
    place: number,
  ) => Promise<{ readonly path: Uint8Array[]; readonly root: Uint8Array }>;
}

/**
 * Leaves under one kept node. RFC 6962 splits at powers of two, so a submission's tree is the tree over the roots of such groups: a
 * path through 1,000 events takes 60 hashes with the groups' roots and 990 without. Square root of the largest submission.
 */
const GROUP_LEAVES = 32;
/** Group roots kept, those used last. Ten million events in submissions of 1,000 fit in three quarters of it. */
const KEPT_BYTES = 16 * 1024 * 1024;
/** What an entry takes beside its hashes. */
const ENTRY_BYTES = 250;

interface GroupRoots {
  /** 32 bytes each. */
  readonly roots: Uint8Array;
  readonly signedRoot: Uint8Array;
}

/** Paths in the submissions of the log that `tree` reads. */
export function submissionTrees(tree: () => Tree, keptBytes = KEPT_BYTES): SubmissionTrees {
  const kept = new Map<number, GroupRoots>();
  let bytes = 0;

  async function groupRoots(submission: StoredSubmission): Promise<GroupRoots> {
    const { index } = submission;
    const known = kept.get(index);
    if (known !== undefined) {
      // A Map keeps its keys in the order they came: the first is the one used longest ago.
      kept.delete(index);
      kept.set(index, known);
      return known;
    }
    const made = await makeGroupRoots(submission);
    if (!kept.has(index)) bytes += sizeOf(made);
    kept.set(index, made);
    for (const [oldest, entry] of kept) {
      if (bytes <= keptBytes) break;
      kept.delete(oldest);
      bytes -= sizeOf(entry);
    }
    return made;
  }

  async function makeGroupRoots({ index, count, jws }: StoredSubmission): Promise<GroupRoots> {
    const leafHashes = await tree().leafHashes(index, index + count);
    const roots = new Uint8Array(Math.ceil(count / GROUP_LEAVES) * HASH_BYTES);
    for (let at = 0; at < roots.length; at += HASH_BYTES) {
      const begin = (at / HASH_BYTES) * GROUP_LEAVES;
      roots.set(rootHash(leafHashes.slice(begin, begin + GROUP_LEAVES)), at);
    }
    return { roots, signedRoot: signedRootOf(jws) };
  }

  return {
    pathTo: async (submission, place) => {
      const { index, count, jws } = submission;
      const group = Math.floor(place / GROUP_LEAVES);
      const begin = group * GROUP_LEAVES;
      const leafHashes = await tree().leafHashes(
        index + begin,
        index + Math.min(begin + GROUP_LEAVES, count),
      );
      const path = inclusionProof(leafHashes, place - begin);
      if (count <= GROUP_LEAVES) return { path, root: signedRootOf(jws) };
      const { roots, signedRoot } = await groupRoots(submission);
      return { path: [...path, ...inclusionProof(hashesIn(roots), group)], root: signedRoot };
    },
  };
}

function signedRootOf(jws: string): Uint8Array {
  return parseSubmissionPayload(parseCompactJws(jws, "submission+jws").payload).root;
}

function hashesIn(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, at) =>
    bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
}

function sizeOf({ roots, signedRoot }: GroupRoots): number {
  return roots.length + signedRoot.length + ENTRY_BYTES;
}
