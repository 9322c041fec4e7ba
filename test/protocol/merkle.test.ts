import { expect } from "chai";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { MerkleTree } from "merkletreejs";
import { equal, fromHex, toHex, utf8 } from "../../protocol/bytes.ts";
import {
  type ConsistencyClaim,
  consistencyProof,
  EMPTY_ROOT,
  HASH_BYTES,
  type InclusionClaim,
  inclusionProof,
  isSize,
  leafHash,
  nodeHash,
  rootHash,
  verifyConsistency,
  verifyInclusion,
} from "../../protocol/merkle.ts";
import published from "../vectors/published/rfc6962-8-leaves.json" with { type: "json" };
import { expectCode } from "./expect-code.ts";
import { NaiveTree } from "./naive-tree.ts";

const ALL_SIZES = 200;
const leaves = (count: number) => Array.from({ length: count }, (_, at) => leafHash(utf8(`leaf ${at}`)));

/** merkletreejs with the options that make it RFC 6962: leaves hashed by us, 0x01 before nodes, odd nodes carried up. */
function oracle(leafHashes: readonly Uint8Array[]): MerkleTree {
  const hashNode = (pair: Uint8Array) => createHash("sha256").update(Uint8Array.of(1)).update(pair).digest();
  return new MerkleTree(
    leafHashes.map((hash) => Buffer.from(hash)),
    hashNode,
    {
      hashLeaves: false,
      duplicateOdd: false,
      sort: false,
    },
  );
}

function oracleProof(tree: MerkleTree, leaf: Uint8Array, index: number): Uint8Array[] {
  return tree.getProof(Buffer.from(leaf), index).map(({ data }) => new Uint8Array(data));
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return changed;
}

describe("merkle: published vectors", () => {
  const leafHashes = published.leaf_inputs_hex.map((input) => leafHash(fromHex(input)));

  it("hashes the leaves, the nodes and the roots of all nine sizes", () => {
    expect(leafHashes.map(toHex)).to.deep.equal(published.node_hashes_hex_by_level[0]);
    const roots = published.root_hashes_hex_by_size;
    expect(roots.map((_, size) => toHex(rootHash(leafHashes.slice(0, size))))).to.deep.equal(roots);
    const [level0 = [], level1 = []] = published.node_hashes_hex_by_level.map((level) => level.map(fromHex));
    const [left, right] = level0;
    if (left === undefined || right === undefined) throw new Error("the vectors have leaves");
    expect(nodeHash(left, right)).to.deep.equal(level1[0]);
  });

  it("has the SHA-256 of nothing as the root of nothing", () => {
    expect(toHex(EMPTY_ROOT)).to.equal(published.root_hashes_hex_by_size[0]);
    expect(rootHash([])).to.deep.equal(EMPTY_ROOT);
  });
});

describe("merkle: three implementations agree", function () {
  this.timeout(600_000);
  const all = leaves(ALL_SIZES);
  const naive = new NaiveTree(all);

  it(`on the root and every inclusion proof of every size up to ${ALL_SIZES}`, () => {
    for (let size = 1; size <= ALL_SIZES; size++) {
      const part = all.slice(0, size);
      const tree = oracle(part);
      const root = rootHash(part);
      expect(equal(root, naive.root(0, size)), `root of ${size}`).to.be.true;
      expect(equal(root, new Uint8Array(tree.getRoot())), `oracle's root of ${size}`).to.be.true;
      part.forEach((leaf, index) => {
        const proof = inclusionProof(part, index);
        const name = `${index} of ${size}`;
        expect(sameHashes(proof, naive.path(index, 0, size)), name).to.be.true;
        expect(sameHashes(proof, oracleProof(tree, leaf, index)), `oracle: ${name}`).to.be.true;
        expect(verifyInclusion({ index, size, leafHash: leaf, proof, root }), name).to.be.true;
      });
    }
  });

  it(`on every consistency proof (m, n) up to ${ALL_SIZES}`, () => {
    for (let newSize = 0; newSize <= ALL_SIZES; newSize++) {
      const part = all.slice(0, newSize);
      const newRoot = naive.root(0, newSize);
      for (let oldSize = 0; oldSize <= newSize; oldSize++) {
        const proof = consistencyProof(part, oldSize);
        const name = `${oldSize} to ${newSize}`;
        if (oldSize > 0) expect(sameHashes(proof, naive.consistency(oldSize, newSize)), name).to.be.true;
        const oldRoot = naive.root(0, oldSize);
        expect(verifyConsistency({ oldSize, newSize, oldRoot, newRoot, proof }), name).to.be.true;
      }
    }
  });

  it("on random sizes up to 100,000", () => {
    const many = leaves(100_000);
    const sizes = fc.tuple(fc.integer({ min: 201, max: many.length }), fc.nat(), fc.nat());
    fc.assert(
      fc.property(sizes, ([newSize, pickIndex, pickOld]) => {
        const part = many.slice(0, newSize);
        const tree = oracle(part);
        const big = new NaiveTree(part);
        const newRoot = rootHash(part);
        expect(equal(newRoot, new Uint8Array(tree.getRoot()))).to.be.true;
        expect(equal(newRoot, big.root(0, newSize))).to.be.true;
        const index = pickIndex % newSize;
        const leaf = part[index];
        if (leaf === undefined) throw new Error("the index is inside");
        const path = inclusionProof(part, index);
        expect(sameHashes(path, big.path(index, 0, newSize))).to.be.true;
        expect(sameHashes(path, oracleProof(tree, leaf, index))).to.be.true;
        expect(verifyInclusion({ index, size: newSize, leafHash: leaf, proof: path, root: newRoot })).to.be
          .true;
        const oldSize = 1 + (pickOld % newSize);
        const oldRoot = rootHash(part.slice(0, oldSize));
        const proof = consistencyProof(part, oldSize);
        expect(sameHashes(proof, big.consistency(oldSize, newSize))).to.be.true;
        expect(verifyConsistency({ oldSize, newSize, oldRoot, newRoot, proof })).to.be.true;
      }),
      { numRuns: 4 },
    );
  });
});

describe("merkle: every changed proof is refused", function () {
  this.timeout(600_000);
  const size = 33;
  const all = leaves(size);
  const roots = Array.from({ length: size + 1 }, (_, count) => rootHash(all.slice(0, count)));
  const rootOf = (count: number) => roots[count] ?? EMPTY_ROOT;

  it("when a bit of the leaf, the root or any proof hash is flipped", () => {
    for (let n = 1; n <= size; n++) {
      const part = all.slice(0, n);
      part.forEach((leaf, index) => {
        const claim = { index, size: n, leafHash: leaf, proof: inclusionProof(part, index), root: rootOf(n) };
        const bit = (index * 37 + n) % (HASH_BYTES * 8);
        expect(verifyInclusion({ ...claim, leafHash: flip(leaf, bit) })).to.be.false;
        expect(verifyInclusion({ ...claim, root: flip(claim.root, bit) })).to.be.false;
        claim.proof.forEach((hash, at) => {
          expect(verifyInclusion({ ...claim, proof: claim.proof.with(at, flip(hash, bit)) })).to.be.false;
        });
      });
    }
  });

  it("when it is shortened, lengthened, reordered or taken for another index or size", () => {
    for (let n = 1; n <= size; n++) {
      const part = all.slice(0, n);
      part.forEach((leaf, index) => {
        const proof = inclusionProof(part, index);
        const claim = { index, size: n, leafHash: leaf, proof, root: rootOf(n) };
        for (const changed of misshapen(proof))
          expect(verifyInclusion({ ...claim, proof: changed })).to.be.false;
        for (let other = 0; other <= n; other++) {
          if (other !== index) expect(verifyInclusion({ ...claim, index: other })).to.be.false;
        }
        // A larger or smaller size that happens to give the same path shape is caught by whoever binds (size, root);
        // the path of a different length never passes.
        for (const other of [n - 1, n + 1, 2 * n, n + 2 ** 40]) {
          const passes = verifyInclusion({ ...claim, size: other });
          if (passes) expect(pathLength(index, other)).to.equal(proof.length);
        }
      });
    }
  });

  it("when a consistency proof has a flipped bit, another length or order, other sizes or other roots", () => {
    for (let newSize = 1; newSize <= size; newSize++) {
      for (let oldSize = 1; oldSize < newSize; oldSize++) {
        const proof = consistencyProof(all.slice(0, newSize), oldSize);
        const claim = { oldSize, newSize, oldRoot: rootOf(oldSize), newRoot: rootOf(newSize), proof };
        const bit = (oldSize * 41 + newSize) % (HASH_BYTES * 8);
        expect(verifyConsistency({ ...claim, oldRoot: flip(claim.oldRoot, bit) })).to.be.false;
        expect(verifyConsistency({ ...claim, newRoot: flip(claim.newRoot, bit) })).to.be.false;
        proof.forEach((hash, at) => {
          expect(verifyConsistency({ ...claim, proof: proof.with(at, flip(hash, bit)) })).to.be.false;
        });
        for (const changed of misshapen(proof))
          expect(verifyConsistency({ ...claim, proof: changed })).to.be.false;
        for (let other = 0; other <= newSize; other++) {
          if (other === oldSize) continue;
          expect(verifyConsistency({ ...claim, oldSize: other }), `${other}`).to.be.false;
        }
      }
    }
  });

  it("when an inner node is passed off as a leaf or a leaf as a node", () => {
    const four = all.slice(0, 4);
    const [a, b] = four;
    if (a === undefined || b === undefined) throw new Error("there are four leaves");
    const proof = inclusionProof(four, 0);
    const claim = { index: 0, size: 4, root: rootOf(4) };
    expect(verifyInclusion({ ...claim, leafHash: nodeHash(a, b), proof: proof.slice(1) })).to.be.false;
    // With size 2 the shape fits: that is why a size is only worth something together with its root.
    expect(verifyInclusion({ ...claim, size: 2, leafHash: nodeHash(a, b), proof: proof.slice(1) })).to.be
      .true;
  });
});

describe("merkle: sizes and hostile input", () => {
  const all = leaves(5);
  const [leaf = EMPTY_ROOT] = all;
  const inclusion: InclusionClaim = {
    index: 0,
    size: 5,
    leafHash: leaf,
    proof: inclusionProof(all, 0),
    root: rootHash(all),
  };
  const consistency: ConsistencyClaim = {
    oldSize: 3,
    newSize: 5,
    oldRoot: rootHash(all.slice(0, 3)),
    newRoot: rootHash(all),
    proof: consistencyProof(all, 3),
  };
  const hostile: readonly unknown[] = [
    ...[Number.NaN, -1, -0.5, 0.5, 1.5, 2 ** 53, 2 ** 53 + 2, 1e308, Infinity, -Infinity],
    ...["3", "", null, undefined, true, [], {}, 3n, [3], { valueOf: () => 3 }],
    ...[new Uint8Array(0), new Uint8Array(31), new Uint8Array(33), "x".repeat(32), new Array(32).fill(0)],
  ];

  it("verifies the claims the rest of this table changes", () => {
    expect(verifyInclusion(inclusion)).to.be.true;
    expect(verifyConsistency(consistency)).to.be.true;
  });

  it("answers false, and never throws, whatever stands in a member", () => {
    for (const member of Object.keys(inclusion)) {
      for (const value of [...hostile, [null], [leaf, "x"], [new Uint8Array(31)]]) {
        expect(verifyInclusion({ ...inclusion, [member]: value }), `${member} ${String(value)}`).to.be.false;
      }
    }
    for (const member of Object.keys(consistency)) {
      for (const value of [...hostile, [null], [leaf, "x"], [new Uint8Array(31)]]) {
        expect(verifyConsistency({ ...consistency, [member]: value }), `${member} ${String(value)}`).to.be
          .false;
      }
    }
  });

  it("ends quickly on the largest sizes and the longest proofs", () => {
    const size = Number.MAX_SAFE_INTEGER;
    const proof = new Array<Uint8Array>(100_000).fill(EMPTY_ROOT);
    expect(verifyInclusion({ ...inclusion, size, index: size - 1, proof })).to.be.false;
    expect(verifyConsistency({ ...consistency, newSize: size, proof })).to.be.false;
    expect(verifyInclusion({ ...inclusion, size, index: size - 2, proof: proof.slice(0, 53) })).to.be.false;
  });

  it("verifies a path at the very end of the number range", () => {
    const size = 2 ** 52 + 1;
    const root = nodeHash(EMPTY_ROOT, leaf);
    expect(verifyInclusion({ index: size - 1, size, leafHash: leaf, proof: [EMPTY_ROOT], root })).to.be.true;
    expect(verifyInclusion({ index: size - 2, size, leafHash: leaf, proof: [EMPTY_ROOT], root })).to.be.false;
  });

  it("counts with safe integers only, where every number is itself", () => {
    for (const size of [0, 1, Number.MAX_SAFE_INTEGER]) expect(isSize(size), String(size)).to.be.true;
    for (const value of [-1, 0.5, 2 ** 53, Number.NaN, Infinity, "1", null, undefined]) {
      expect(isSize(value), String(value)).to.be.false;
    }
  });

  it("from size 0: an empty proof, the empty tree's root, and any continuation", () => {
    const fromNothing = { oldSize: 0, newSize: 5, oldRoot: EMPTY_ROOT, newRoot: rootHash(all), proof: [] };
    expect(verifyConsistency(fromNothing)).to.be.true;
    expect(verifyConsistency({ ...fromNothing, proof: [leaf] })).to.be.false;
    expect(verifyConsistency({ ...fromNothing, oldRoot: new Uint8Array(32) })).to.be.false;
    expect(verifyConsistency({ ...fromNothing, newSize: 0, newRoot: EMPTY_ROOT })).to.be.true;
    expect(verifyConsistency({ ...fromNothing, newSize: 0 })).to.be.false;
  });

  it("between equal sizes: an empty proof and equal roots", () => {
    const root = rootHash(all);
    const same = { oldSize: 5, newSize: 5, oldRoot: root, newRoot: root, proof: [] };
    expect(verifyConsistency(same)).to.be.true;
    expect(verifyConsistency({ ...same, proof: [leaf] })).to.be.false;
    expect(verifyConsistency({ ...same, newRoot: leaf })).to.be.false;
  });

  it("makes no proof for a leaf or a size that is not there", () => {
    for (const index of [-1, 5, 0.5, Number.NaN]) expectCode("tree-size", () => inclusionProof(all, index));
    for (const oldSize of [-1, 6, 0.5, Number.NaN])
      expectCode("tree-size", () => consistencyProof(all, oldSize));
    expect(() => nodeHash(leaf, new Uint8Array(31))).to.throw(RangeError);
  });

  it("hashes leaves longer than its scratch buffer, and lets no leaf leak into the next", () => {
    const long = new Uint8Array(20_000).fill(7);
    expect(leafHash(long)).to.deep.equal(
      new Uint8Array(createHash("sha256").update(Uint8Array.of(0)).update(long).digest()),
    );
    const before = leafHash(utf8("a"));
    leafHash(utf8("a much longer leaf"));
    expect(leafHash(utf8("a"))).to.deep.equal(before);
  });
});

function sameHashes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((hash, at) => equal(hash, b[at] ?? new Uint8Array(0)));
}

function misshapen(proof: readonly Uint8Array[]): (readonly Uint8Array[])[] {
  const reversed = [...proof].reverse();
  return [
    [...proof, EMPTY_ROOT],
    [EMPTY_ROOT, ...proof],
    ...(proof.length > 0 ? [proof.slice(1), proof.slice(0, -1)] : []),
    ...(proof.length > 1 && !sameHashes(reversed, proof) ? [reversed] : []),
  ];
}

/** How many hashes the inclusion path of `index` has in a tree of `size` (RFC 9162 section 2.1.3.1). */
function pathLength(index: number, size: number): number {
  let [begin, end, length] = [0, size, 0];
  while (end - begin > 1) {
    let k = 1;
    while (k * 2 < end - begin) k *= 2;
    if (index < begin + k) end = begin + k;
    else begin += k;
    length++;
  }
  return length;
}
