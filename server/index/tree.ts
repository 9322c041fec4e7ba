import { EMPTY_INDEX_ROOT, type IndexProof, type IndexProofStep, keyBit } from "../../protocol/index-tree.ts";
import { hashInto } from "./hashing.ts";
import { NO_NODE, Nodes, type NodeRef } from "./nodes.ts";
import type { Slots } from "./slots.ts";
import type { Turns } from "./turns.ts";

/** The tree as it was at one index size. */
interface Version {
  /** Grows by one from version to version. */
  readonly serial: number;
  readonly size: number;
  readonly root: NodeRef;
  /** Nodes of the version kept before it that are not in this one. */
  dead: NodeRef[];
}

export interface TreeAnswer {
  readonly proof: IndexProof;
  /** Of the key, when it is in the tree. */
  readonly count: number | undefined;
}

const LEAF_PREFIX = 0x02;
const INNER_PREFIX = 0x03;
const HASH_BYTES = 32;
const KEY_TAKEN =
  "The index cannot go on: two tags stand for one key, so one person's events were recorded with two PEPPERs. Nothing was replaced. Stop the ledger, restore " +
  "the first PEPPER and the records of before the change; receipts given since then tell what was recorded with the other one.";
/** Nodes hashed between two looks at the clock. */
const NODES_A_LOOK = 32;

/**
 * The index tree (protocol/index-tree.ts) in several versions that share what they have in common. A version, once committed, is never
 * changed: what a later one changes is copied first, from the root down to it. Each node knows the version it was made in, so within a
 * version nothing is copied twice, and nothing is hashed before all its changes are in.
 *
 * What becomes free when a version is let go: of the nodes that the next kept version no longer has, those made after the version
 * kept before. The others are still in that one.
 */
export class VersionedTree {
  readonly #slots: Slots;
  readonly #nodes = new Nodes();
  #versions: Version[] = [];
  /** Of the version being built. */
  #serial = 0;
  #root: NodeRef = NO_NODE;
  #dead: NodeRef[] = [];
  readonly #innerInput = Buffer.alloc(3 + 2 * HASH_BYTES);
  readonly #leafInput = Buffer.alloc(1 + 2 * HASH_BYTES);
  readonly #key = Buffer.alloc(HASH_BYTES);
  readonly #path: NodeRef[] = [];

  constructor(slots: Slots) {
    this.#slots = slots;
    this.#innerInput[0] = INNER_PREFIX;
    this.#leafInput[0] = LEAF_PREFIX;
  }

  /** Nodes in use by all versions. */
  get nodesUsed(): number {
    return this.#nodes.used;
  }

  /** Index sizes of the versions that can be proven from, oldest first. */
  get sizes(): number[] {
    return this.#versions.map(({ size }) => size);
  }

  /** Begins the version after the newest. */
  begin(): void {
    const newest = this.#versions.at(-1);
    this.#serial = (newest?.serial ?? 0) + 1;
    this.#root = newest?.root ?? NO_NODE;
    this.#dead = [];
  }

  /**
   * Sets what the key of this slot has in the version being built; the commitment stands in `source` at `at`.
   * @throws Error when another slot has the key: its leaf would be replaced, and a person's list with it.
   */
  set(slot: number, count: number, source: Uint8Array, at: number): void {
    const nodes = this.#nodes;
    this.#slots.copyKey(slot, this.#key, 0);
    const reached = this.#walk();
    if (reached === NO_NODE) {
      this.#root = this.#newLeaf(slot, count, source, at);
      return;
    }
    const difference =
      nodes.slot(reached) === slot ? -1 : this.#slots.firstDifference(nodes.slot(reached), this.#key);
    if (difference < 0 && nodes.slot(reached) !== slot) throw new Error(KEY_TAKEN);
    // Where the walk leaves the tree that stays: at the leaf itself, or above the first node that branches on a later bit.
    const depth = difference < 0 ? this.#path.length : this.#depthOf(difference);
    const parent = this.#ownPath(depth);
    const displaced = this.#path[depth] ?? reached;
    const leaf = this.#newLeaf(slot, count, source, at);
    if (difference < 0) {
      this.#discard(reached);
      this.#link(parent, leaf);
    } else {
      const side = keyBit(this.#key, difference);
      const [left, right] = side === 0 ? [leaf, displaced] : [displaced, leaf];
      this.#link(parent, nodes.newInner(this.#serial, difference, left, right));
    }
  }

  /** Hashes what was changed, children before parents, and returns the root. */
  async hash(turns: Turns): Promise<Uint8Array> {
    const nodes = this.#nodes;
    const waiting: number[] = [this.#root];
    let looks = 0;
    for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
      // -ref - 1: its children are hashed.
      if (entry < 0) this.#hashInner(-entry - 1);
      else if (entry !== NO_NODE && !nodes.isLeaf(entry) && nodes.birth(entry) === this.#serial) {
        waiting.push(-entry - 1, nodes.child(entry, 0), nodes.child(entry, 1));
      }
      if (++looks % NODES_A_LOOK === 0 && turns.isOver()) await turns.next();
    }
    return this.#root === NO_NODE ? EMPTY_INDEX_ROOT : nodes.hash(this.#root);
  }

  /** Makes the version that was built, and hashed, the newest. */
  commit(size: number): void {
    this.#versions.push({ serial: this.#serial, size, root: this.#root, dead: this.#dead });
    this.#dead = [];
  }

  /** Lets go of all versions but the newest and those of these sizes. */
  keep(sizes: ReadonlySet<number>): void {
    const kept: Version[] = [];
    for (const [at, version] of this.#versions.entries()) {
      const next = this.#versions[at + 1];
      if (next === undefined || sizes.has(version.size)) kept.push(version);
      else this.#release(kept.at(-1)?.serial ?? 0, version, next);
    }
    this.#versions = kept;
  }

  /** The proof for a 32-byte key under the root of this index size; undefined when that version is not held. */
  prove(key: Uint8Array, size: number): TreeAnswer | undefined {
    const version = this.#versions.find((each) => each.size === size);
    if (version === undefined) return undefined;
    const nodes = this.#nodes;
    const steps: IndexProofStep[] = [];
    let ref = version.root;
    if (ref === NO_NODE) return { proof: { steps, leaf: undefined }, count: undefined };
    while (!nodes.isLeaf(ref)) {
      const bit = nodes.bit(ref);
      const side = keyBit(key, bit);
      steps.push({ bit, sibling: nodes.hash(nodes.child(ref, side === 0 ? 1 : 0)) });
      ref = nodes.child(ref, side);
    }
    const slot = nodes.slot(ref);
    const leaf = { key: this.#slots.key(slot), commitment: nodes.commitment(ref) };
    const isPresent = this.#slots.isKey(slot, key);
    return { proof: { steps, leaf }, count: isPresent ? nodes.count(ref) : undefined };
  }

  /** The slot of a key that the newest version has. */
  slotOf(key: Uint8Array): number | undefined {
    const nodes = this.#nodes;
    let ref = this.#versions.at(-1)?.root ?? NO_NODE;
    if (ref === NO_NODE) return undefined;
    while (!nodes.isLeaf(ref)) ref = nodes.child(ref, keyBit(key, nodes.bit(ref)));
    const slot = nodes.slot(ref);
    return this.#slots.isKey(slot, key) ? slot : undefined;
  }

  /** Walks by the bits of `#key`; fills `#path` with the inner nodes and returns the leaf. */
  #walk(): NodeRef {
    const nodes = this.#nodes;
    this.#path.length = 0;
    let ref = this.#root;
    if (ref === NO_NODE) return ref;
    while (!nodes.isLeaf(ref)) {
      this.#path.push(ref);
      ref = nodes.child(ref, keyBit(this.#key, nodes.bit(ref)));
    }
    return ref;
  }

  /** How many nodes of the path branch on a bit before this one. */
  #depthOf(bit: number): number {
    const depth = this.#path.findIndex((inner) => this.#nodes.bit(inner) > bit);
    return depth < 0 ? this.#path.length : depth;
  }

  /** Makes the first `depth` nodes of the path ones of this version, and returns the last of them. */
  #ownPath(depth: number): NodeRef {
    const nodes = this.#nodes;
    let parent = NO_NODE;
    for (let at = 0; at < depth; at++) {
      const ref = this.#path[at] ?? NO_NODE;
      if (nodes.birth(ref) === this.#serial) {
        parent = ref;
        continue;
      }
      const copy = nodes.newInner(this.#serial, nodes.bit(ref), nodes.child(ref, 0), nodes.child(ref, 1));
      this.#link(parent, copy);
      this.#discard(ref);
      parent = copy;
    }
    return parent;
  }

  /** Puts a child under a node of this version, on the side of `#key`; without a parent it is the root. */
  #link(parent: NodeRef, child: NodeRef): void {
    if (parent === NO_NODE) this.#root = child;
    else this.#nodes.setChild(parent, keyBit(this.#key, this.#nodes.bit(parent)), child);
  }

  /** What no later version needs: at once when it is of this version, else with the last version that has it. */
  #discard(ref: NodeRef): void {
    if (this.#nodes.birth(ref) === this.#serial) this.#nodes.free(ref);
    else this.#dead.push(ref);
  }

  #release(serialKeptBefore: number, version: Version, next: Version): void {
    const stillHeld = version.dead;
    for (const ref of next.dead) {
      if (this.#nodes.birth(ref) > serialKeptBefore) this.#nodes.free(ref);
      else stillHeld.push(ref);
    }
    next.dead = stillHeld;
  }

  /** A leaf of this version with the key in `#key`. */
  #newLeaf(slot: number, count: number, source: Uint8Array, at: number): NodeRef {
    const nodes = this.#nodes;
    const leaf = nodes.newLeaf(this.#serial, slot, count);
    nodes.setCommitment(leaf, source, at);
    this.#key.copy(this.#leafInput, 1);
    for (let byte = 0; byte < HASH_BYTES; byte++)
      this.#leafInput[1 + HASH_BYTES + byte] = source[at + byte] ?? 0;
    hashInto(this.#leafInput, nodes.hashBytes(leaf), nodes.hashOffset(leaf));
    return leaf;
  }

  #hashInner(ref: NodeRef): void {
    const nodes = this.#nodes;
    this.#innerInput.writeUInt16BE(nodes.bit(ref), 1);
    nodes.copyHash(nodes.child(ref, 0), this.#innerInput, 3);
    nodes.copyHash(nodes.child(ref, 1), this.#innerInput, 3 + HASH_BYTES);
    hashInto(this.#innerInput, nodes.hashBytes(ref), nodes.hashOffset(ref));
  }
}
