/**
 * RFC 6962 / RFC 9162 section 2.1 Merkle trees over SHA-256. The submission's tree, the log and the tree of a
 * person's events are all this one. Trees are given by their leaf hashes; sizes and indexes are safe integers.
 */
import { sha256 } from "#sha256";
import { equal } from "./bytes.ts";
import { FormatError } from "./errors.ts";

/** Length of every hash in bytes. */
export const HASH_BYTES = 32;

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** The root of the tree without leaves: SHA-256 of the empty string (RFC 9162 section 2.1.1). */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));

/** One buffer for the prefixed input of most leaves: allocating and concatenating costs more than hashing. */
const leafScratch = new Uint8Array(8192);
const nodeScratch = new Uint8Array(1 + 2 * HASH_BYTES);
nodeScratch[0] = NODE_PREFIX;

/** `SHA-256(0x00 || payload)` (RFC 9162 section 2.1.1). */
export function leafHash(payload: Uint8Array): Uint8Array {
  const length = payload.length + 1;
  const input = length <= leafScratch.length ? leafScratch.subarray(0, length) : new Uint8Array(length);
  input[0] = LEAF_PREFIX;
  input.set(payload, 1);
  return sha256(input);
}

/** `SHA-256(0x01 || left || right)` of two 32-byte hashes (RFC 9162 section 2.1.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) {
    throw new RangeError("a node is made of two hashes of 32 bytes");
  }
  nodeScratch.set(left, 1);
  nodeScratch.set(right, 1 + HASH_BYTES);
  return sha256(nodeScratch);
}

/** The Merkle tree hash of the leaf hashes in order; `EMPTY_ROOT` when there are none (RFC 9162 section 2.1.1). */
export function rootHash(leafHashes: readonly Uint8Array[]): Uint8Array {
  return subtreeRoot(leafHashes, 0, leafHashes.length);
}

/** The inclusion path of leaf `index`, lowest sibling first (RFC 9162 section 2.1.3.1). Throws FormatError `tree-size`. */
export function inclusionProof(leafHashes: readonly Uint8Array[], index: number): Uint8Array[] {
  if (!isSize(index) || index >= leafHashes.length) {
    throw new FormatError("tree-size", `a tree of ${leafHashes.length} leaves has no leaf ${index}`);
  }
  const proof: Uint8Array[] = [];
  let begin = 0;
  let end = leafHashes.length;
  while (end - begin > 1) {
    const middle = begin + largestPowerOfTwoBelow(end - begin);
    if (index < middle) {
      proof.push(subtreeRoot(leafHashes, middle, end));
      end = middle;
    } else {
      proof.push(subtreeRoot(leafHashes, begin, middle));
      begin = middle;
    }
  }
  return proof.reverse();
}

/**
 * The proof that the tree of the first `oldSize` leaves is a prefix of the whole one (RFC 9162 section 2.1.4.1).
 * Empty when `oldSize` is 0 or the whole size. Throws FormatError `tree-size`.
 */
export function consistencyProof(leafHashes: readonly Uint8Array[], oldSize: number): Uint8Array[] {
  if (!isSize(oldSize) || oldSize > leafHashes.length) {
    throw new FormatError("tree-size", `a tree of ${leafHashes.length} leaves never had ${oldSize} leaves`);
  }
  if (oldSize === 0) return [];
  const proof: Uint8Array[] = [];
  let begin = 0;
  let end = leafHashes.length;
  while (end > oldSize) {
    const middle = begin + largestPowerOfTwoBelow(end - begin);
    if (oldSize <= middle) {
      proof.push(subtreeRoot(leafHashes, middle, end));
      end = middle;
    } else {
      proof.push(subtreeRoot(leafHashes, begin, middle));
      begin = middle;
    }
  }
  if (begin > 0) proof.push(subtreeRoot(leafHashes, begin, end));
  return proof.reverse();
}

export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/**
 * Whether `leafHash` is leaf `index` of the tree of exactly `size` leaves with this root (RFC 9162 section 2.1.3.2).
 * Never throws: false for numbers that are no index or size, hashes of a wrong length, or a proof of a wrong length.
 */
export function verifyInclusion(claim: InclusionClaim): boolean {
  const { index, size, leafHash, proof, root } = claim;
  if (!isSize(index) || !isSize(size) || index >= size) return false;
  if (!isHash(leafHash) || !isHash(root) || !areHashes(proof)) return false;
  let position = index;
  let last = size - 1;
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      hash = nodeHash(sibling, hash);
      while (position % 2 === 0 && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && equal(hash, root);
}

export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * Whether the tree (oldSize, oldRoot) is a prefix of (newSize, newRoot) (RFC 9162 section 2.1.4.2).
 * RFC 9162 leaves out two cases, decided here: equal sizes need an empty proof and equal roots; from size 0, of which
 * every tree is a continuation, an empty proof is accepted, and the old root must be the empty tree's root.
 * Never throws: false for hostile numbers and wrong lengths.
 */
export function verifyConsistency(claim: ConsistencyClaim): boolean {
  const { oldSize, newSize, oldRoot, newRoot, proof } = claim;
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) return false;
  if (!isHash(oldRoot) || !isHash(newRoot) || !areHashes(proof)) return false;
  if (oldSize === 0 && !equal(oldRoot, EMPTY_ROOT)) return false;
  if (oldSize === newSize) return proof.length === 0 && equal(oldRoot, newRoot);
  if (oldSize === 0) return proof.length === 0;
  return foldConsistency(claim);
}

function foldConsistency({ oldSize, newSize, oldRoot, newRoot, proof }: ConsistencyClaim): boolean {
  let position = oldSize - 1;
  let last = newSize - 1;
  while (position % 2 === 1) {
    position = half(position);
    last = half(last);
  }
  // When oldSize is a power of two, the old root itself is the first node and is not sent.
  const path = position === 0 ? [oldRoot, ...proof] : proof;
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let oldHash = first;
  let newHash = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      oldHash = nodeHash(sibling, oldHash);
      newHash = nodeHash(sibling, newHash);
      while (position % 2 === 0 && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      newHash = nodeHash(newHash, sibling);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && equal(oldHash, oldRoot) && equal(newHash, newRoot);
}

/** Root of leaves [begin, end), level by level: an odd node out moves up unchanged, which is RFC 9162's split. */
function subtreeRoot(leafHashes: readonly Uint8Array[], begin: number, end: number): Uint8Array {
  let level = leafHashes.slice(begin, end);
  if (level.length === 0) return EMPTY_ROOT;
  for (;;) {
    const [only] = level;
    if (only !== undefined && level.length === 1) return only;
    const parents: Uint8Array[] = [];
    for (let at = 0; at < level.length; at += 2) {
      const left = level[at];
      const right = level[at + 1];
      if (left !== undefined) parents.push(right === undefined ? left : nodeHash(left, right));
    }
    level = parents;
  }
}

/** The largest power of two strictly below `size`, which is at least 2. */
export function largestPowerOfTwoBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/** Whether a value can be a tree size or an index: a safe integer from 0. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isHash(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === HASH_BYTES;
}

function areHashes(values: unknown): boolean {
  return Array.isArray(values) && values.every(isHash);
}
