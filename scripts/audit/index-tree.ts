import {
  EMPTY_INDEX_ROOT,
  INDEX_KEY_BYTES,
  indexLeafHash,
  indexNodeHash,
  keyBit,
} from "../../protocol/index-tree.ts";

interface Leaf {
  readonly key: Uint8Array;
  hash: Uint8Array;
}

interface Inner {
  readonly bit: number;
  readonly children: [Node, Node];
  /** Undefined while something below has changed. */
  hash: Uint8Array | undefined;
}

type Node = Leaf | Inner;

/** The index tree built in the plainest way, in memory: half a kilobyte a key. */
export class AuditIndexTree {
  #root: Node | undefined;

  /** Sets the commitment of a key, new or not. */
  set(key: Uint8Array, commitment: Uint8Array): void {
    const leaf = { key, hash: indexLeafHash(key, commitment) };
    const bit = this.#root === undefined ? undefined : firstDifference(key, nearest(this.#root, key).key);
    this.#root = this.#root === undefined ? leaf : put(this.#root, leaf, bit);
  }

  root(): Uint8Array {
    return this.#root === undefined ? EMPTY_INDEX_ROOT : hashOf(this.#root);
  }
}

/** The leaf that agrees longest with a key, or one of them. */
function nearest(node: Node, key: Uint8Array): Leaf {
  let at = node;
  while ("bit" in at) at = at.children[keyBit(key, at.bit)];
  return at;
}

/** The node with the leaf in it. `bit` is where the leaf parts from its nearest; undefined where that has the same key. */
function put(node: Node, leaf: Leaf, bit: number | undefined): Node {
  if ("bit" in node && (bit === undefined || node.bit < bit)) {
    const side = keyBit(leaf.key, node.bit);
    node.children[side] = put(node.children[side], leaf, bit);
    node.hash = undefined;
    return node;
  }
  if (bit === undefined) return leaf;
  return { bit, children: keyBit(leaf.key, bit) === 0 ? [leaf, node] : [node, leaf], hash: undefined };
}

function hashOf(node: Node): Uint8Array {
  if (!("bit" in node)) return node.hash;
  const [left, right] = node.children;
  return (node.hash ??= indexNodeHash(node.bit, hashOf(left), hashOf(right)));
}

function firstDifference(a: Uint8Array, b: Uint8Array): number | undefined {
  for (let bit = 0; bit < 8 * INDEX_KEY_BYTES; bit++) if (keyBit(a, bit) !== keyBit(b, bit)) return bit;
  return undefined;
}
