import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import { consistencyProof, EMPTY_ROOT, leafHash, rootHash } from "../../../protocol/merkle.ts";
import { checkpointsOf } from "../../../server/anchor/checkpoints.ts";
import { EMPTY_EDGE } from "../../../server/integrate/edge.ts";
import type { Tree } from "../../../server/integrate/tree.ts";

const LEAVES = Array.from({ length: 70 }, (_, i) => leafHash(utf8(`event ${i}`)));

/** The tree of the first `size` leaves, without tiles. */
function treeOf(size: number): Tree {
  return {
    edge: { ...EMPTY_EDGE, size },
    readNodes: (nodes) =>
      Promise.resolve(
        nodes.map(({ level, index }) => rootHash(LEAVES.slice(index * 2 ** level, (index + 1) * 2 ** level))),
      ),
    leafHashes: () => Promise.reject(new Error("not asked for")),
    tileHashes: () => Promise.reject(new Error("not asked for")),
    leafIndex: () => Promise.resolve(undefined),
  };
}

describe("server/anchor/checkpoints", () => {
  const published = { size: 60, root: rootHash(LEAVES.slice(0, 60)), note: "" };
  const checkpoints = checkpointsOf(
    { checkpoint: () => published, tree: () => treeOf(70) },
    (size) => `note of ${size}`,
  );

  it("offers what was published, and nothing while the log catches up", () => {
    expect(checkpoints.latest()).to.deep.equal({
      size: 60,
      root: published.root,
      indexSize: 0,
      indexRoot: new Uint8Array(32),
    });
    const starting = checkpointsOf({ checkpoint: () => undefined, tree: () => treeOf(0) }, () => "");
    expect(starting.latest()).to.equal(undefined);
  });

  it("knows every root up to the size of the tree", async () => {
    expect(await checkpoints.rootAt(0)).to.deep.equal(EMPTY_ROOT);
    for (const size of [1, 2, 3, 33, 64, 70])
      expect(await checkpoints.rootAt(size)).to.deep.equal(rootHash(LEAVES.slice(0, size)));
    expect(await checkpoints.rootAt(71)).to.equal(undefined);
  });

  it("proves that a size extends another; empty from nothing and between equals", async () => {
    for (const [oldSize, newSize] of [
      [1, 70],
      [33, 60],
      [64, 70],
    ] as const) {
      const proof = consistencyProof(LEAVES.slice(0, newSize), oldSize);
      expect(await checkpoints.consistencyProof(oldSize, newSize)).to.deep.equal(proof);
    }
    expect(await checkpoints.consistencyProof(0, 70)).to.deep.equal([]);
    expect(await checkpoints.consistencyProof(60, 60)).to.deep.equal([]);
  });
});
