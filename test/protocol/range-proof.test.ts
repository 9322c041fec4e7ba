import { expect } from "chai";
import { utf8 } from "../../protocol/bytes.ts";
import { inclusionProof, leafHash, rootHash } from "../../protocol/merkle.ts";
import type { TreeNode } from "../../protocol/proof-nodes.ts";
import { MAX_RANGE_PROOF, proveRange, rangeProofNodes, verifyRange } from "../../protocol/range-proof.ts";
import { codeOf } from "./expect-code.ts";

const MAX_SIZE = 20;
const leaves = Array.from({ length: MAX_SIZE }, (_, at) => leafHash(utf8(`leaf ${at}`)));
const OTHER = leafHash(utf8("another leaf"));

function readNodes(nodes: readonly TreeNode[]): Promise<Uint8Array[]> {
  return Promise.resolve(
    nodes.map(({ level, index }) => rootHash(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))),
  );
}

describe("range proofs", () => {
  it("prove every range of every tree, and nothing else", async () => {
    for (let size = 1; size <= MAX_SIZE; size++) {
      const root = rootHash(leaves.slice(0, size));
      for (let begin = 0; begin < size; begin++) {
        for (let end = begin + 1; end <= size; end++) {
          const proof = await proveRange({ begin, end }, size, readNodes);
          const leafHashes = leaves.slice(begin, end);
          const claim = { begin, leafHashes, size, proof, root };
          const name = `${begin} to ${end} of ${size}`;
          expect(verifyRange(claim), name).to.be.true;
          expect(verifyRange({ ...claim, leafHashes: leafHashes.with(-1, OTHER) }), name).to.be.false;
          expect(verifyRange({ ...claim, proof: [...proof, OTHER] }), name).to.be.false;
          expect(verifyRange({ ...claim, root: OTHER }), name).to.be.false;
          // Another size may need the same hashes in the same places only when the tree has the same shape over them.
          expect(verifyRange({ ...claim, begin: begin + 1 }), name).to.be.false;
          expect(verifyRange({ ...claim, leafHashes: leafHashes.slice(1) }), name).to.be.false;
          expect(verifyRange({ ...claim, leafHashes: [...leafHashes, OTHER] }), name).to.be.false;
          if (proof.length > 0) {
            expect(verifyRange({ ...claim, proof: proof.slice(1) }), name).to.be.false;
            expect(verifyRange({ ...claim, proof: proof.with(0, OTHER) }), name).to.be.false;
          }
        }
      }
    }
  });

  it("of one leaf have the hashes of its inclusion proof", async () => {
    for (let index = 0; index < MAX_SIZE; index++) {
      const proof = await proveRange({ begin: index, end: index + 1 }, MAX_SIZE, readNodes);
      expect(proof.map(String).toSorted()).to.deep.equal(
        inclusionProof(leaves, index).map(String).toSorted(),
      );
    }
  });

  it("are never longer than the bound, nor wide ones slow, in the largest tree", () => {
    const size = Number.MAX_SAFE_INTEGER;
    for (const begin of [0, 1, 2 ** 26 - 1, 2 ** 52 - 500, size - 1000]) {
      const ranges = rangeProofNodes({ begin, end: begin + 1000 }, size);
      expect(ranges.length).to.be.at.most(MAX_RANGE_PROOF);
    }
  });

  const claim = { begin: 3, leafHashes: leaves.slice(3, 5), size: 9, proof: [], root: OTHER };
  const hostile: readonly [name: string, change: object][] = [
    ["no leaves", { leafHashes: [] }],
    ["a negative begin", { begin: -1 }],
    ["a fractional begin", { begin: 0.5 }],
    ["a range beyond the tree", { begin: 8 }],
    ["a size beyond 2^53", { size: 2 ** 60 }],
    ["a short leaf hash", { leafHashes: [new Uint8Array(31)] }],
    ["a short hash in the proof", { proof: [new Uint8Array(31)] }],
    ["a proof without end", { proof: new Array(MAX_RANGE_PROOF + 1).fill(OTHER) }],
  ];
  for (const [name, change] of hostile) {
    it(`refuse ${name} without throwing`, () => {
      expect(verifyRange({ ...claim, ...change })).to.be.false;
    });
  }

  it("cannot be asked for leaves that are not there", () => {
    expect(codeOf(() => rangeProofNodes({ begin: 3, end: 10 }, 9))).to.equal("tree-size");
    expect(codeOf(() => rangeProofNodes({ begin: 3, end: 3 }, 9))).to.equal("tree-size");
    expect(codeOf(() => rangeProofNodes({ begin: -1, end: 3 }, 9))).to.equal("tree-size");
  });
});
