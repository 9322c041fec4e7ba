import { sha256 } from "#sha256";
import { toBase64, toHex, utf8 } from "../../../protocol/bytes.ts";
import type { IndexProof } from "../../../protocol/index-tree.ts";
import {
  buildIndex,
  type IndexNode,
  type IndexRow,
  proveKey,
  rootOf,
} from "../../protocol/naive-index-tree.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("index-proofs", "json");

/** Ten keys, and two that differ in their last bit alone. */
const ROWS: readonly IndexRow[] = [
  ...Array.from({ length: 10 }, (_, at) => row(sha256(utf8(`key ${at}`)), at)),
  row(new Uint8Array(32).fill(0xaa), 10),
  row(new Uint8Array(32).fill(0xaa).with(31, 0xab), 11),
];
const TREE = buildIndex(ROWS);
const KEY = ROWS[0]?.key ?? new Uint8Array(32);
const LAST = ROWS[11]?.key ?? new Uint8Array(32);
const STRANGER = sha256(utf8("stranger"));
const PROOF = proveKey(TREE, KEY);
const ABSENCE = proveKey(TREE, STRANGER);

function row(key: Uint8Array, at: number): IndexRow {
  return { key, commitment: sha256(utf8(`commitment ${at}`)) };
}

function vector(root: Uint8Array, key: Uint8Array, { steps, leaf }: IndexProof): string {
  const isPresent = leaf !== undefined && toHex(leaf.key) === toHex(key);
  const value = {
    root: toHex(root),
    key: toHex(key),
    proof: {
      steps: steps.map(({ bit, sibling }) => [bit, toBase64(sibling)]),
      leaf: leaf === undefined ? null : { key: toBase64(leaf.key), commitment: toBase64(leaf.commitment) },
    },
    commitment: isPresent ? toHex(leaf.commitment) : null,
  };
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

const honest = (key: Uint8Array) => vector(rootOf(TREE), key, proveKey(TREE, key));
const forged = (change: Partial<IndexProof>) => vector(rootOf(TREE), KEY, { ...PROOF, ...change });
const withFirstBit = (bit: number) =>
  forged({ steps: PROOF.steps.map((step, at) => (at === 0 ? { ...step, bit } : step)) });

/** A node whose children stand on the wrong sides, one that branches twice on a bit, and a key with two leaves. */
const [ZEROS, ONES] = [row(new Uint8Array(32), 0), row(new Uint8Array(32).fill(0xff), 1)];
const MIRRORED: IndexNode = { bit: 0, children: [ONES, ZEROS] };
const REPEATED: IndexNode = { bit: 3, children: [{ bit: 3, children: [ZEROS, ONES] }, ONES] };
const TWICE: IndexNode = { bit: 0, children: [ZEROS, { ...ZEROS, commitment: STRANGER }] };

export const INDEX_PROOFS: readonly Vector[] = [
  valid("a key that is there", honest(KEY)),
  valid("a key that branches at the last bit", honest(LAST)),
  valid("a key that is not there", honest(STRANGER)),
  valid("a key in the tree of nothing", vector(new Uint8Array(32), KEY, { steps: [], leaf: undefined })),
  valid("the only key", vector(rootOf(ZEROS), ZEROS.key, proveKey(ZEROS, ZEROS.key))),
  valid("another key than the only one", vector(rootOf(ZEROS), KEY, proveKey(ZEROS, KEY))),
  valid(
    "the leaf on the right side of a key that has two",
    vector(rootOf(TWICE), ZEROS.key, proveKey(TWICE, ZEROS.key)),
  ),

  invalid("index-proof", "another root", vector(STRANGER, KEY, PROOF)),
  invalid("index-proof", "no leaf in a tree that has some", forged({ steps: [], leaf: undefined })),
  invalid(
    "index-proof",
    "steps in the tree of nothing",
    vector(new Uint8Array(32), KEY, { ...PROOF, leaf: undefined }),
  ),
  invalid("index-proof", "a step left out", forged({ steps: PROOF.steps.slice(1) })),
  invalid("index-proof", "steps from the leaf up", forged({ steps: PROOF.steps.toReversed() })),
  invalid("index-proof", "another bit", withFirstBit((PROOF.steps[0]?.bit ?? 0) + 1)),
  invalid("index-proof", "bit 256", withFirstBit(256)),
  invalid("index-proof", "a bit that is no whole number", withFirstBit(0.5)),
  invalid("index-proof", "the absence of another key", vector(rootOf(TREE), KEY, ABSENCE)),
  invalid("index-proof", "the leaf of another key", vector(rootOf(TREE), STRANGER, PROOF)),
  invalid("index-proof", "another commitment", forged({ leaf: { key: KEY, commitment: STRANGER } })),
  invalid(
    "index-proof",
    "a short sibling",
    forged({ steps: PROOF.steps.map((step) => ({ ...step, sibling: step.sibling.subarray(1) })) }),
  ),
  invalid("index-proof", "a leaf on the wrong side", vector(rootOf(MIRRORED), ZEROS.key, rightOf(MIRRORED))),
  invalid(
    "index-proof",
    "a bit that is branched on twice",
    vector(rootOf(REPEATED), ZEROS.key, proveKey(REPEATED, ZEROS.key)),
  ),
  invalid(
    "index-proof",
    "the leaf on the wrong side of a key that has two",
    vector(rootOf(TWICE), ZEROS.key, rightOf(TWICE)),
  ),
];

/** The walk to the right child of the root, whichever way the key goes. */
function rightOf(node: IndexNode): IndexProof {
  if (!("children" in node)) throw new Error("the node has no children");
  const { bit, children } = node;
  const [left, right] = children;
  if (!("key" in right)) throw new Error("the right child is no leaf");
  return { steps: [{ bit, sibling: rootOf(left) }], leaf: right };
}
