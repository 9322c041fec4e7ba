import { createHash } from "node:crypto";

/** A consistency claim about two trees nobody has to have built; hashes are 0x hex. */
export interface SyntheticConsistency {
  readonly oldRoot: string;
  readonly newRoot: string;
  /** RFC 9162 section 2.1.4.1. */
  readonly proof: readonly string[];
}

/**
 * A valid consistency proof between trees of any size below 2^64. Only the O(log n) nodes the proof touches
 * exist: every perfect subtree of the old tree, and every subtree of new leaves, is given a hash at will,
 * which is as good as any for the arithmetic above it. `seed` chooses the hashes.
 */
export function syntheticConsistency(oldSize: bigint, newSize: bigint, seed: string): SyntheticConsistency {
  const chosen = (begin: bigint, end: bigint): Buffer => sha256(Buffer.from(`${seed}:${begin}:${end}`));

  const oldTree = (begin: bigint, end: bigint): Buffer => {
    if (isPowerOfTwo(end - begin)) return chosen(begin, end);
    const middle = begin + split(end - begin);
    return nodeHash(oldTree(begin, middle), oldTree(middle, end));
  };

  const newTree = (begin: bigint, end: bigint): Buffer => {
    if (end <= oldSize) return oldTree(begin, end);
    if (begin >= oldSize) return chosen(begin, end);
    const middle = begin + split(end - begin);
    return nodeHash(newTree(begin, middle), newTree(middle, end));
  };

  const proof = (begin: bigint, end: bigint): Buffer[] => {
    if (end === oldSize) return begin === 0n ? [] : [oldTree(begin, end)];
    const middle = begin + split(end - begin);
    return oldSize <= middle
      ? [...proof(begin, middle), newTree(middle, end)]
      : [...proof(middle, end), newTree(begin, middle)];
  };

  return {
    oldRoot: hex(oldTree(0n, oldSize)),
    newRoot: hex(newTree(0n, newSize)),
    proof: oldSize === newSize ? [] : proof(0n, newSize).map(hex),
  };
}

/** Number of nodes in the consistency proof between two sizes, without making it. */
export function consistencyProofLength(oldSize: bigint, newSize: bigint): number {
  let [begin, end, length] = [0n, newSize, 0];
  while (end > oldSize) {
    const middle = begin + split(end - begin);
    if (oldSize <= middle) end = middle;
    else begin = middle;
    length += 1;
  }
  return begin === 0n ? length : length + 1;
}

/** The largest power of two strictly below `size` (RFC 9162 section 2.1.1), which is at least 2. */
function split(size: bigint): bigint {
  return 1n << BigInt((size - 1n).toString(2).length - 1);
}

function isPowerOfTwo(size: bigint): boolean {
  return (size & (size - 1n)) === 0n;
}

function nodeHash(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.concat([Buffer.of(1), left, right]));
}

function sha256(data: Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

function hex(hash: Buffer): string {
  return `0x${hash.toString("hex")}`;
}
