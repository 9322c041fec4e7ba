/** The index tree written down as its definition, with Node's hash: the second opinion, and a way to build broken trees. */
import { createHash } from "node:crypto";
import type { IndexProof } from "../../protocol/index-tree.ts";

/** A leaf, or a node that branches on a bit; nothing says that the bits or the places are right. */
export type IndexNode =
  | { readonly key: Uint8Array; readonly commitment: Uint8Array }
  | { readonly bit: number; readonly children: readonly [IndexNode, IndexNode] };

export interface IndexRow {
  readonly key: Uint8Array;
  readonly commitment: Uint8Array;
}

/** The tree of these rows, whose keys differ; undefined when there are none. */
export function buildIndex(rows: readonly IndexRow[], from = 0): IndexNode | undefined {
  const [first] = rows;
  if (first === undefined || rows.length === 1) return first;
  let bit = from;
  while (rows.every(({ key }) => bitOf(key, bit) === bitOf(first.key, bit))) bit++;
  const left = buildIndex(
    rows.filter(({ key }) => bitOf(key, bit) === 0),
    bit + 1,
  );
  const right = buildIndex(
    rows.filter(({ key }) => bitOf(key, bit) === 1),
    bit + 1,
  );
  if (left === undefined || right === undefined) throw new Error("the rows differ in this bit");
  return { bit, children: [left, right] };
}

export function rootOf(node: IndexNode | undefined): Uint8Array {
  if (node === undefined) return new Uint8Array(32);
  if ("key" in node) return hash(Uint8Array.of(2), node.key, node.commitment);
  return hash(Uint8Array.of(3, node.bit >> 8, node.bit & 255), ...node.children.map(rootOf));
}

/** The walk by the key's own bits. */
export function proveKey(node: IndexNode | undefined, key: Uint8Array): IndexProof {
  const steps: { bit: number; sibling: Uint8Array }[] = [];
  let at = node;
  while (at !== undefined && "bit" in at) {
    const side = bitOf(key, at.bit);
    steps.push({ bit: at.bit, sibling: rootOf(at.children[side === 0 ? 1 : 0]) });
    at = at.children[side];
  }
  return { steps, leaf: at };
}

/** The walks to all leaves, whether or not any key leads there. */
export function allWalks(node: IndexNode | undefined): IndexProof[] {
  if (node === undefined) return [{ steps: [], leaf: undefined }];
  if ("key" in node) return [{ steps: [], leaf: node }];
  const { bit, children } = node;
  return ([0, 1] as const).flatMap((side) => {
    const step = { bit, sibling: rootOf(children[side === 0 ? 1 : 0]) };
    return allWalks(children[side]).map(({ steps, leaf }) => ({ steps: [step, ...steps], leaf }));
  });
}

/** The bit of a key, from the most significant of the first byte. */
export function bitOf(key: Uint8Array, bit: number): 0 | 1 {
  const digits = [...key].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return digits[bit] === "1" ? 1 : 0;
}

function hash(...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash("sha256");
  for (const part of parts) state.update(part);
  return new Uint8Array(state.digest());
}
