/**
 * Which nodes of the tree a proof is made of, so that a server reads just these from its tiles instead of hashing leaves.
 * A node (level, index) is the root of the perfect subtree over leaves [index * 2^level, (index + 1) * 2^level).
 */
import { FormatError } from "./errors.ts";
import { isSize, largestPowerOfTwoBelow, nodeHash } from "./merkle.ts";

export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

/** One element of a proof: the root over leaves [begin, end), whose perfect subtrees are folded from the right. */
export interface LeafRange {
  readonly begin: number;
  readonly end: number;
}

/** Reads the hashes of nodes that are complete in the tree, in the order asked for. */
export type ReadNodes = (nodes: readonly TreeNode[]) => Promise<readonly Uint8Array[]>;

/** The elements of the inclusion proof of leaf `index` in a tree of `size`, lowest first. Throws FormatError `tree-size`. */
export function inclusionProofNodes(index: number, size: number): LeafRange[] {
  if (!isSize(index) || !isSize(size) || index >= size)
    throw badSize(`a tree of ${size} leaves has no leaf ${index}`);
  const ranges: LeafRange[] = [];
  let [begin, end] = [0, size];
  while (end - begin > 1) {
    const middle = begin + largestPowerOfTwoBelow(end - begin);
    if (index < middle) {
      ranges.push({ begin: middle, end });
      end = middle;
    } else {
      ranges.push({ begin, end: middle });
      begin = middle;
    }
  }
  return ranges.reverse();
}

/** The elements of the consistency proof between two sizes; none from size 0 and between equal sizes. Throws FormatError `tree-size`. */
export function consistencyProofNodes(oldSize: number, newSize: number): LeafRange[] {
  if (!isSize(oldSize) || !isSize(newSize) || oldSize > newSize) {
    throw badSize(`a tree of ${newSize} leaves never had ${oldSize} leaves`);
  }
  if (oldSize === 0) return [];
  const ranges: LeafRange[] = [];
  let [begin, end] = [0, newSize];
  while (end > oldSize) {
    const middle = begin + largestPowerOfTwoBelow(end - begin);
    if (oldSize <= middle) {
      ranges.push({ begin: middle, end });
      end = middle;
    } else {
      ranges.push({ begin, end: middle });
      begin = middle;
    }
  }
  if (begin > 0) ranges.push({ begin, end });
  return ranges.reverse();
}

/** The perfect subtrees a range of a proof consists of, from left to right. */
export function rangeNodes({ begin, end }: LeafRange): TreeNode[] {
  const nodes: TreeNode[] = [];
  let at = begin;
  while (at < end) {
    let [level, width] = [0, 1];
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      level++;
      width *= 2;
    }
    nodes.push({ level, index: at / width });
    at += width;
  }
  return nodes;
}

/** The root of a range, folded from the hashes of its nodes. */
export function rangeRoot(hashes: readonly Uint8Array[]): Uint8Array {
  const root = hashes.reduceRight<Uint8Array | undefined>(
    (right, left) => (right === undefined ? left : nodeHash(left, right)),
    undefined,
  );
  if (root === undefined) throw new RangeError("an empty range has no root here");
  return root;
}

/** The inclusion proof of leaf `index` in a tree of `size`, with one call of `readNodes`. */
export function proveInclusion(index: number, size: number, readNodes: ReadNodes): Promise<Uint8Array[]> {
  return readProof(inclusionProofNodes(index, size), readNodes);
}

/** The consistency proof between two sizes, with one call of `readNodes`. */
export function proveConsistency(
  oldSize: number,
  newSize: number,
  readNodes: ReadNodes,
): Promise<Uint8Array[]> {
  return readProof(consistencyProofNodes(oldSize, newSize), readNodes);
}

/** The root of the tree of the first `size` leaves, which is at least 1. */
export async function readRoot(size: number, readNodes: ReadNodes): Promise<Uint8Array> {
  return rangeRoot(await readNodes(rangeNodes({ begin: 0, end: size })));
}

/** The elements of a proof, with one call of `readNodes`. */
export async function readProof(ranges: readonly LeafRange[], readNodes: ReadNodes): Promise<Uint8Array[]> {
  const parts = ranges.map(rangeNodes);
  const hashes = await readNodes(parts.flat());
  let at = 0;
  return parts.map((nodes) => rangeRoot(hashes.slice(at, (at += nodes.length))));
}

function badSize(message: string): FormatError {
  return new FormatError("tree-size", message);
}
