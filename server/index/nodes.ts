import { PagedBytes, PagedNumbers } from "./paged.ts";

/** A node of the tree: twice its number, plus one for a leaf. */
export type NodeRef = number;

/** No node: the root of the empty tree. */
export const NO_NODE: NodeRef = 0xffffffff;

const HASH_BYTES = 32;

/** The numbers of one kind of node that are in use or free again. */
class Numbers {
  /** Of a free node: the next free one, plus 1. */
  readonly next: PagedNumbers;
  #firstFree = 0;
  #end = 0;
  #free = 0;

  constructor(next: PagedNumbers) {
    this.next = next;
  }

  get used(): number {
    return this.#end - this.#free;
  }

  /** A number; one that was never used before is shown to `grow` first. */
  take(grow: (number: number) => void): number {
    if (this.#firstFree === 0) {
      grow(this.#end);
      return this.#end++;
    }
    const number = this.#firstFree - 1;
    this.#firstFree = this.next.get(number);
    this.#free--;
    return number;
  }

  give(number: number): void {
    this.next.set(number, this.#firstFree);
    this.#firstFree = number + 1;
    this.#free++;
  }
}

/**
 * The nodes of all versions, as columns: an inner node has 48 bytes (hash, the bit it branches on, two children, the version it was
 * made in), a leaf 76 (hash, commitment, slot, count, version).
 */
export class Nodes {
  readonly innerHashes = new PagedBytes(HASH_BYTES);
  readonly leafHashes = new PagedBytes(HASH_BYTES);
  readonly commitments = new PagedBytes(HASH_BYTES);
  readonly #left = new PagedNumbers();
  readonly #right = new PagedNumbers();
  readonly #bits = new PagedNumbers();
  readonly #innerBirths = new PagedNumbers();
  readonly #slots = new PagedNumbers();
  readonly #counts = new PagedNumbers();
  readonly #leafBirths = new PagedNumbers();
  readonly #inner = new Numbers(this.#left);
  readonly #leaves = new Numbers(this.#slots);

  /** Nodes in use, those of older versions included. */
  get used(): number {
    return this.#inner.used + this.#leaves.used;
  }

  isLeaf(ref: NodeRef): boolean {
    return (ref & 1) === 1;
  }

  newInner(birth: number, bit: number, left: NodeRef, right: NodeRef): NodeRef {
    const number = this.#inner.take((record) => {
      for (const column of [this.innerHashes, this.#left, this.#right, this.#bits, this.#innerBirths])
        column.grow(record);
    });
    this.#bits.set(number, bit);
    this.#left.set(number, left);
    this.#right.set(number, right);
    this.#innerBirths.set(number, birth);
    return number * 2;
  }

  newLeaf(birth: number, slot: number, count: number): NodeRef {
    const number = this.#leaves.take((record) => {
      for (const column of [this.leafHashes, this.commitments, this.#slots, this.#counts, this.#leafBirths])
        column.grow(record);
    });
    this.#slots.set(number, slot);
    this.#counts.set(number, count);
    this.#leafBirths.set(number, birth);
    return number * 2 + 1;
  }

  free(ref: NodeRef): void {
    (this.isLeaf(ref) ? this.#leaves : this.#inner).give(ref >>> 1);
  }

  birth(ref: NodeRef): number {
    return (this.isLeaf(ref) ? this.#leafBirths : this.#innerBirths).get(ref >>> 1);
  }

  bit(inner: NodeRef): number {
    return this.#bits.get(inner >>> 1);
  }

  child(inner: NodeRef, side: 0 | 1): NodeRef {
    return (side === 0 ? this.#left : this.#right).get(inner >>> 1);
  }

  setChild(inner: NodeRef, side: 0 | 1, child: NodeRef): void {
    (side === 0 ? this.#left : this.#right).set(inner >>> 1, child);
  }

  slot(leaf: NodeRef): number {
    return this.#slots.get(leaf >>> 1);
  }

  count(leaf: NodeRef): number {
    return this.#counts.get(leaf >>> 1);
  }

  copyHash(ref: NodeRef, target: Uint8Array, to: number): void {
    (this.isLeaf(ref) ? this.leafHashes : this.innerHashes).copyTo(ref >>> 1, target, to);
  }

  hash(ref: NodeRef): Uint8Array {
    return (this.isLeaf(ref) ? this.leafHashes : this.innerHashes).read(ref >>> 1);
  }
}
