/**
 * The index tree's hashes and proofs: a binary prefix tree with path compression over 32-byte keys.
 *
 * Whoever built the tree, and however badly, at most one answer can be accepted for a key under one root. An inner node binds the
 * number of the bit it branches on, so which child a proof for the key must follow is a function of the node and the key: bit 0
 * left, bit 1 right. Take two accepted proofs for one key under one root. The hashed input behind the root is the same in both,
 * or there is a collision of SHA-256; leaf, inner node and commitment begin with different bytes and have one length each, so it is
 * the same kind of node with the same members. Of an inner node both proofs follow the same child, and the argument repeats there.
 * Both end at the same leaf, hence at the same key and commitment. The empty tree's root is no hash of anything anyone knows. A leaf
 * in the wrong place, a key that has two leaves, or bits in the wrong order can therefore hide a key, never give it two answers.
 * What the tree hides is found by whoever holds the events, and by the audit, which builds the tree anew.
 */
import { sha256 } from "#sha256";
import { concat, equal, u64, utf8 } from "./bytes.ts";
import type { IndexKind } from "./index-keys.ts";
import { HASH_BYTES } from "./merkle.ts";

export const INDEX_KEY_BYTES = 32;
/** Bytes of the blinding in an entry's commitment. */
export const BLINDING_BYTES = 32;

/** How each kind of key is written into the hash of the key. */
export const INDEX_KINDS = { person: 1, official: 2, consent: 3 } as const satisfies Record<
  IndexKind,
  number
>;

/** The root of an index without keys. */
export const EMPTY_INDEX_ROOT = new Uint8Array(HASH_BYTES);

const KEY_BITS = 8 * INDEX_KEY_BYTES;
const LEAF = Uint8Array.of(0x02);
const INNER = 0x03;
const COMMITMENT = Uint8Array.of(0x04);
const KEY_DOMAIN = utf8("minhbach/index/v1");

/**
 * The tree's key: `SHA-256("minhbach/index/v1" || u8 kind || tag)`, the tag being the 64-byte VRF output of the id of a person or an
 * official, and the UTF-8 of a consent's id.
 */
export function indexKey(kind: IndexKind, tag: Uint8Array): Uint8Array {
  return sha256(concat(KEY_DOMAIN, Uint8Array.of(INDEX_KINDS[kind]), tag));
}

/** What a leaf says of its key. */
export interface IndexEntry {
  /** How many events the key has. */
  readonly count: number;
  /** The RFC 6962 root over their leaf hashes in log order: 32 bytes. */
  readonly treeRoot: Uint8Array;
  /** 32 bytes that keep whoever sees the leaf in another key's proof from guessing the rest. */
  readonly blinding: Uint8Array;
}

/** `SHA-256(0x04 || blinding || u64 count || treeRoot)`. Throws RangeError when a part has another length. */
export function entryCommitment({ count, treeRoot, blinding }: IndexEntry): Uint8Array {
  // Parts of other lengths could be cut in two ways, and one commitment would open to two entries.
  if (blinding.length !== BLINDING_BYTES || treeRoot.length !== HASH_BYTES) {
    throw new RangeError(`blinding and root have ${HASH_BYTES} bytes each`);
  }
  return sha256(concat(COMMITMENT, blinding, u64(count), treeRoot));
}

/** `SHA-256(0x02 || key || commitment)`. */
export function indexLeafHash(key: Uint8Array, commitment: Uint8Array): Uint8Array {
  return sha256(concat(LEAF, key, commitment));
}

/** `SHA-256(0x03 || u16 bit || left || right)`: the node whose subtrees differ first in this bit. */
export function indexNodeHash(bit: number, left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(Uint8Array.of(INNER, bit >> 8, bit & 0xff), left, right));
}

/** The bit of a key, 0 being the most significant of the first byte. */
export function keyBit(key: Uint8Array, bit: number): 0 | 1 {
  return (((key[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1 ? 1 : 0;
}

export interface IndexProofStep {
  /** The bit that this node branches on, 0 to 255. */
  readonly bit: number;
  /** The child on the side that the key does not take. */
  readonly sibling: Uint8Array;
}

/** The walk by a key's bits from the root to the only leaf it can have; no leaf only in the empty tree. */
export interface IndexProof {
  /** From the root down. */
  readonly steps: readonly IndexProofStep[];
  /** Of another key when the key is absent. */
  readonly leaf: { readonly key: Uint8Array; readonly commitment: Uint8Array } | undefined;
}

export type IndexProofResult =
  { readonly present: true; readonly commitment: Uint8Array } | { readonly present: false };

/** What the proof shows of the key under the root, or undefined when it shows nothing. Never throws on hostile members. */
export function verifyIndexProof(
  root: Uint8Array,
  key: Uint8Array,
  proof: IndexProof,
): IndexProofResult | undefined {
  const { steps, leaf } = proof;
  if (key.length !== INDEX_KEY_BYTES || root.length !== HASH_BYTES) return undefined;
  if (leaf === undefined) {
    return steps.length === 0 && equal(root, EMPTY_INDEX_ROOT) ? { present: false } : undefined;
  }
  if (leaf.key.length !== INDEX_KEY_BYTES || leaf.commitment.length !== HASH_BYTES) return undefined;
  let previous = -1;
  for (const { bit, sibling } of steps) {
    if (!Number.isInteger(bit) || bit <= previous || bit >= KEY_BITS) return undefined;
    if (sibling.length !== HASH_BYTES || keyBit(leaf.key, bit) !== keyBit(key, bit)) return undefined;
    previous = bit;
  }
  const reached = steps.reduceRight(
    (hash, { bit, sibling }) =>
      keyBit(key, bit) === 0 ? indexNodeHash(bit, hash, sibling) : indexNodeHash(bit, sibling, hash),
    indexLeafHash(leaf.key, leaf.commitment),
  );
  if (!equal(reached, root)) return undefined;
  return equal(leaf.key, key) ? { present: true, commitment: leaf.commitment } : { present: false };
}
