/**
 * Proofs of consecutive leaves: that leaves `begin .. begin + n - 1` of a tree (RFC 9162 section 2.1) are just these n hashes. The tree is
 * split from the root as RFC 9162 defines it; where a subtree holds none of the leaves, its root is an element of the
 * proof, from left to right. With one leaf this is the inclusion proof in another order.
 */
import { equal } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { HASH_BYTES, isSize, largestPowerOfTwoBelow, nodeHash } from "./merkle.ts";
import { type LeafRange, type ReadNodes, readProof } from "./proof-nodes.ts";

/** Most subtrees that lie beside a range in a tree of 2^53 leaves: one per level on each side. */
export const MAX_RANGE_PROOF = 106;

export interface RangeClaim {
  /** Index of the first leaf. */
  readonly begin: number;
  /** At least one, in the order of the tree. */
  readonly leafHashes: readonly Uint8Array[];
  /** Leaves of the whole tree. */
  readonly size: number;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/**
 * Whether the tree of exactly `size` leaves with this root holds just these leaves from `begin` on. Never throws: false for numbers
 * that are no index or size, hashes of a wrong length, or a proof with an element too many or too few.
 */
export function verifyRange({ begin, leafHashes, size, proof, root }: RangeClaim): boolean {
  const end = begin + leafHashes.length;
  if (!isSize(begin) || !isSize(size) || end <= begin || end > size || proof.length > MAX_RANGE_PROOF)
    return false;
  if (![...leafHashes, ...proof, root].every((hash) => hash.length === HASH_BYTES)) return false;
  const rest = proof.values();

  /** The root over leaves [from, to), or undefined when the proof is too short. */
  function rootOver(from: number, to: number): Uint8Array | undefined {
    if (to <= begin || from >= end) return rest.next().value;
    if (to - from === 1) return leafHashes[from - begin];
    const middle = from + largestPowerOfTwoBelow(to - from);
    const left = rootOver(from, middle);
    const right = rootOver(middle, to);
    return left === undefined || right === undefined ? undefined : nodeHash(left, right);
  }

  const reached = rootOver(0, size);
  return reached !== undefined && rest.next().done === true && equal(reached, root);
}

/** The elements of the proof of leaves [begin, end) in a tree of `size`. Throws FormatError `tree-size`. */
export function rangeProofNodes({ begin, end }: LeafRange, size: number): LeafRange[] {
  if (!isSize(begin) || !isSize(size) || end <= begin || end > size) {
    throw new FormatError("tree-size", `a tree of ${size} leaves has no leaves ${begin} to ${end - 1}`);
  }
  const outside = (from: number, to: number): LeafRange[] => {
    if (to <= begin || from >= end) return [{ begin: from, end: to }];
    if (from >= begin && to <= end) return [];
    const middle = from + largestPowerOfTwoBelow(to - from);
    return [...outside(from, middle), ...outside(middle, to)];
  };
  return outside(0, size);
}

/** The proof of leaves [begin, end) in a tree of `size`, with one call of `readNodes`. Throws FormatError `tree-size`. */
export function proveRange(range: LeafRange, size: number, readNodes: ReadNodes): Promise<Uint8Array[]> {
  return readProof(rangeProofNodes(range, size), readNodes);
}
