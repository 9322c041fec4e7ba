import { expect } from "chai";
import fc from "fast-check";
import { utf8 } from "../../protocol/bytes.ts";
import { consistencyProof, inclusionProof, leafHash, rootHash } from "../../protocol/merkle.ts";
import {
  consistencyProofNodes,
  inclusionProofNodes,
  proveConsistency,
  proveInclusion,
  rangeNodes,
  readRoot,
  type ReadNodes,
} from "../../protocol/proof-nodes.ts";
import { expectCode } from "./expect-code.ts";

const leaves = Array.from({ length: 300 }, (_, at) => leafHash(utf8(`leaf ${at}`)));

/** Reads nodes of the tree of `size`, and complains about one that is not complete in it. */
function readerOf(size: number): ReadNodes {
  return (nodes) =>
    Promise.resolve(
      nodes.map(({ level, index }) => {
        const [begin, end] = [index * 2 ** level, (index + 1) * 2 ** level];
        if (end > size) throw new Error(`node ${level}/${index} is not complete at ${size}`);
        return rootHash(leaves.slice(begin, end));
      }),
    );
}

describe("proof nodes", () => {
  it("make the same inclusion proofs as all the leaves do", async () => {
    for (let size = 1; size <= 70; size++) {
      for (let index = 0; index < size; index++) {
        const proof = await proveInclusion(index, size, readerOf(size));
        expect(proof).to.deep.equal(inclusionProof(leaves.slice(0, size), index));
      }
    }
  });

  it("make the same consistency proofs as all the leaves do", async () => {
    for (let newSize = 0; newSize <= 70; newSize++) {
      for (let oldSize = 0; oldSize <= newSize; oldSize++) {
        const proof = await proveConsistency(oldSize, newSize, readerOf(newSize));
        expect(proof).to.deep.equal(consistencyProof(leaves.slice(0, newSize), oldSize));
      }
    }
  });

  it("make the root", async () => {
    for (let size = 1; size <= leaves.length; size += 7) {
      expect(await readRoot(size, readerOf(size))).to.deep.equal(rootHash(leaves.slice(0, size)));
    }
  });

  it("are a handful even in the largest tree", () => {
    const size = Number.MAX_SAFE_INTEGER;
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        const inclusion = inclusionProofNodes(a % size, size);
        expect(inclusion.length).to.be.at.most(53);
        const nodes = inclusion.flatMap(rangeNodes);
        expect(nodes.length).to.be.at.most(110);
        const consistency = consistencyProofNodes(Math.min(a, b), Math.max(a, b));
        expect(consistency.length).to.be.at.most(54);
      }),
    );
  });

  it("do not exist for an index or a size that is not there", () => {
    for (const index of [-1, 5, 0.5, Number.NaN])
      expectCode("tree-size", () => inclusionProofNodes(index, 5));
    for (const oldSize of [-1, 6, 0.5, Number.NaN]) {
      expectCode("tree-size", () => consistencyProofNodes(oldSize, 5));
    }
    expectCode("tree-size", () => inclusionProofNodes(0, 2 ** 53));
  });
});
