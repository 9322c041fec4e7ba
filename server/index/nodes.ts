import { PagedRecords } from "./paged.ts";

/** A node of the tree: twice its number, plus one for a leaf. */
export type NodeRef = number;

/** No node: the root of the empty tree. */
export const NO_NODE: NodeRef = 0xffffffff;

const HASH_WORDS = 8;

/** Words of an inner node: 48 bytes. */
const INNER = { left: 0, right: 1, bit: 2, birth: 3, hash: 4 } as const;
/** Words of a leaf: 76 bytes. */
const LEAF = { slot: 0, count: 1, birth: 2, hash: 3, commitment: 3 + HASH_WORDS } as const;
/** Of a free node: the next free one, plus 1. */
const NEXT_FREE = 0;

/** Nodes of one kind, and which of them are in use. */
class Pool {
  readonly records: PagedRecords;
  #firstFree = 0;
  #end = 0;
  #free = 0;

  constructor(words: number) {
    this.records = new PagedRecords(words);
  }

  get used(): number {
    return this.#end - this.#free;
  }

  /** The number of a node that nobody uses; it holds anything. */
  take(): number {
    if (this.#firstFree === 0) {
      this.records.grow(this.#end);
      return this.#end++;
    }
    const number = this.#firstFree - 1;
    this.#firstFree = this.records.get(number, NEXT_FREE);
    this.#free--;
    return number;
  }

  give(number: number): void {
    this.records.set(number, NEXT_FREE, this.#firstFree);
    this.#firstFree = number + 1;
    this.#free++;
  }
}

/**
 * The nodes of all versions. An inner node: its children, the bit it branches on, the version it was made in, its hash. A leaf: its slot and
 * count, the version, hash and commitment. What belongs together lies together: on the way down a large tree every node is a miss of
 * the processor's cache, and more would be two.
 */
export class Nodes {
  readonly #inner = new Pool(INNER.hash + HASH_WORDS);
  readonly #leaves = new Pool(LEAF.commitment + HASH_WORDS);

  /** Nodes in use, those of older versions included. */
  get used(): number {
    return this.#inner.used + this.#leaves.used;
  }

  isLeaf(ref: NodeRef): boolean {
    return (ref & 1) === 1;
  }

  newInner(birth: number, bit: number, left: NodeRef, right: NodeRef): NodeRef {
    const number = this.#inner.take();
    const { records } = this.#inner;
    records.set(number, INNER.left, left);
    records.set(number, INNER.right, right);
    records.set(number, INNER.bit, bit);
    records.set(number, INNER.birth, birth);
    return number * 2;
  }

  newLeaf(birth: number, slot: number, count: number): NodeRef {
    const number = this.#leaves.take();
    const { records } = this.#leaves;
    records.set(number, LEAF.slot, slot);
    records.set(number, LEAF.count, count);
    records.set(number, LEAF.birth, birth);
    return number * 2 + 1;
  }

  free(ref: NodeRef): void {
    (this.isLeaf(ref) ? this.#leaves : this.#inner).give(ref >>> 1);
  }

  birth(ref: NodeRef): number {
    return this.isLeaf(ref)
      ? this.#leaves.records.get(ref >>> 1, LEAF.birth)
      : this.#inner.records.get(ref >>> 1, INNER.birth);
  }

  bit(inner: NodeRef): number {
    return this.#inner.records.get(inner >>> 1, INNER.bit);
  }

  child(inner: NodeRef, side: 0 | 1): NodeRef {
    return this.#inner.records.get(inner >>> 1, side === 0 ? INNER.left : INNER.right);
  }

  setChild(inner: NodeRef, side: 0 | 1, child: NodeRef): void {
    this.#inner.records.set(inner >>> 1, side === 0 ? INNER.left : INNER.right, child);
  }

  slot(leaf: NodeRef): number {
    return this.#leaves.records.get(leaf >>> 1, LEAF.slot);
  }

  count(leaf: NodeRef): number {
    return this.#leaves.records.get(leaf >>> 1, LEAF.count);
  }

  commitment(leaf: NodeRef): Uint8Array {
    return this.#leaves.records.read(leaf >>> 1, LEAF.commitment, HASH_WORDS);
  }

  /** Copies 32 bytes that stand in `source` at `at`. */
  setCommitment(leaf: NodeRef, source: Uint8Array, at: number): void {
    const page = this.#leaves.records.bytes(leaf >>> 1);
    const offset = this.#leaves.records.offset(leaf >>> 1, LEAF.commitment);
    for (let byte = 0; byte < 4 * HASH_WORDS; byte++) page[offset + byte] = source[at + byte] ?? 0;
  }

  hash(ref: NodeRef): Uint8Array {
    return this.isLeaf(ref)
      ? this.#leaves.records.read(ref >>> 1, LEAF.hash, HASH_WORDS)
      : this.#inner.records.read(ref >>> 1, INNER.hash, HASH_WORDS);
  }

  /** The memory that holds the node's hash, at `hashOffset`. */
  hashBytes(ref: NodeRef): Buffer {
    return (this.isLeaf(ref) ? this.#leaves : this.#inner).records.bytes(ref >>> 1);
  }

  hashOffset(ref: NodeRef): number {
    return this.isLeaf(ref)
      ? this.#leaves.records.offset(ref >>> 1, LEAF.hash)
      : this.#inner.records.offset(ref >>> 1, INNER.hash);
  }

  copyHash(ref: NodeRef, target: Uint8Array, to: number): void {
    const page = this.hashBytes(ref);
    const offset = this.hashOffset(ref);
    for (let byte = 0; byte < 4 * HASH_WORDS; byte++) target[to + byte] = page[offset + byte] ?? 0;
  }
}
