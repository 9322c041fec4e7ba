import { equal } from "../../protocol/bytes.ts";
import { leafHash } from "../../protocol/merkle.ts";
import type { StoreReader, StoredSubmission } from "../store/store.ts";
import type { VerifiedSubmission } from "./verified.ts";

/** How a submission whose first number is already taken compares with what the store holds under its numbers. */
export type Comparison =
  /** Every number it shares with the store has the same leaf; these are the receipts for them, in order. */
  | { readonly kind: "same"; readonly receipts: string[] }
  /** This number has another leaf, at this index of the log. */
  | { readonly kind: "different"; readonly seq: number; readonly storedIndex: number };

const HASH_BYTES = 32;

/**
 * Compares the leaves `first .. next - 1` of a submission, `next` being the source's next number in the store (or the end of the
 * submission, if that comes before). How the events were batched does not matter.
 */
export async function compareWithStore(
  store: StoreReader,
  submission: VerifiedSubmission,
  next: number,
): Promise<Comparison> {
  const end = Math.min(submission.first + submission.count, next);
  const receipts: string[] = [];
  for (let seq = submission.first; seq < end;) {
    const stored = await store.submissionHolding(submission.source, seq);
    if (stored === undefined) throw new Error(`the store lacks ${submission.source} ${seq}, which it counts`);
    const storedEnd = Math.min(end, stored.first + stored.count);
    // The very same signed bytes need no second look: the usual case of an answer that was lost.
    if (stored.jws !== submission.jws) {
      const different = await firstDifference(store, submission, stored, seq, storedEnd);
      if (different !== undefined) return { kind: "different", ...different };
    }
    receipts.push(stored.receipt);
    seq = storedEnd;
  }
  return { kind: "same", receipts };
}

async function firstDifference(
  store: StoreReader,
  submission: VerifiedSubmission,
  stored: StoredSubmission,
  from: number,
  to: number,
): Promise<{ seq: number; storedIndex: number } | undefined> {
  const index = stored.index + from - stored.first;
  const payloads = await store.payloads(index, index + to - from);
  const at = payloads.findIndex(
    (payload, n) => !equal(leafHash(payload), leafAt(submission, from - submission.first + n)),
  );
  return at === -1 ? undefined : { seq: from + at, storedIndex: index + at };
}

/** Leaf hash of the n-th event of a submission. */
export function leafAt(submission: VerifiedSubmission, n: number): Uint8Array {
  return submission.leafHashes.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES);
}
