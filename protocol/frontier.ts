import { EMPTY_ROOT, HASH_BYTES, nodeHash } from "./merkle.ts";

/**
 * What a growing tree must remember: the roots of its perfect subtrees, largest first, one per bit set in `size`.
 * A value: `append` returns a new one, so a writer can drop a group that failed to commit.
 */
export interface Frontier {
  readonly size: number;
  readonly nodes: readonly Uint8Array[];
}

/** The frontier of the tree without leaves. */
export function emptyFrontier(): Frontier {
  return { size: 0, nodes: [] };
}

/** The frontier after one more leaf. */
export function append(frontier: Frontier, leafHash: Uint8Array): Frontier {
  return appendAll(frontier, [leafHash]);
}

/** The frontier after these leaves, in order; two hashes per leaf at most on average. */
export function appendAll(frontier: Frontier, leafHashes: Iterable<Uint8Array>): Frontier {
  const nodes = [...frontier.nodes];
  let size = frontier.size;
  for (const leafHash of leafHashes) {
    if (leafHash.length !== HASH_BYTES) throw new RangeError(`a leaf hash has ${HASH_BYTES} bytes`);
    let node = leafHash;
    for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = nodes.pop();
      if (left === undefined) throw new RangeError("the frontier has fewer nodes than its size needs");
      node = nodeHash(left, node);
    }
    nodes.push(node);
    size++;
  }
  return { size, nodes };
}

/** The root of the tree: the perfect subtrees folded from the right. */
export function frontierRoot(frontier: Frontier): Uint8Array {
  return (
    frontier.nodes.reduceRight<Uint8Array | undefined>(
      (right, left) => (right === undefined ? left : nodeHash(left, right)),
      undefined,
    ) ?? EMPTY_ROOT
  );
}
