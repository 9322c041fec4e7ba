import { expect } from "chai";
import { utf8 } from "../../protocol/bytes.ts";
import {
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  leafHash,
  nodeHash,
  rootHash,
  verifyConsistency,
  verifyInclusion,
} from "../../protocol/merkle.ts";
import { consistencyProofLength, syntheticConsistency } from "../../scripts/gas/synthetic-proof.ts";
import { deployed, ethers, hex, type TestContract, UINT64_MAX } from "./fixture.ts";

/** The specification asks for every pair of sizes up to here. */
const LARGEST = 40;
/** Cases in one call: a call stays well below the block gas limit. */
const BATCH = 400;

interface Consistency {
  readonly oldSize: number;
  readonly newSize: number;
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

interface Inclusion {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

const leaves = Array.from({ length: LARGEST + 1 }, (_, i) => leafHash(utf8(`leaf ${i}`)));
const roots = Array.from({ length: LARGEST + 1 }, (_, size) => rootHash(leaves.slice(0, size)));

describe("MerkleLog", () => {
  let harness: TestContract;

  before(async () => {
    harness = await deployed("MerkleLogHarness");
  });

  async function answers(name: "consistent" | "included", cases: readonly object[]): Promise<unknown[]> {
    const all: unknown[] = [];
    for (let from = 0; from < cases.length; from += BATCH) {
      const batch = await harness.view(name, cases.slice(from, from + BATCH));
      if (!Array.isArray(batch)) throw new TypeError("expected an array");
      all.push(...(batch as unknown[]));
    }
    return all;
  }

  it("hashes a node as RFC 9162 section 2.1.1 says", async () => {
    const [left, right] = [leafHash(utf8("l")), leafHash(utf8("r"))];
    expect(await harness.view("nodeHash", left, right)).to.equal(hex(nodeHash(left, right)));
  });

  it("accepts the consistency proof between any two sizes up to 40", async () => {
    const cases = everyConsistency();
    expect(cases).to.have.length(((LARGEST + 1) * (LARGEST + 2)) / 2);
    expect(await answers("consistent", cases)).to.deep.equal(cases.map(() => true));
  });

  it("refuses every consistency proof with a changed, added, dropped or moved hash or a changed root", async () => {
    const forged = everyConsistency().flatMap(forgedConsistencies);
    expect(forged.length).to.be.greaterThan(15_000);
    expect(forged.map((claim) => verifyConsistency(claim))).to.deep.equal(forged.map(() => false));
    expect(await answers("consistent", forged)).to.deep.equal(forged.map(() => false));
  });

  it("agrees with the TypeScript verifier about proofs shown for other sizes", async () => {
    const cases = everyConsistency().flatMap((claim) =>
      sizesBeside(claim.oldSize, claim.newSize).map(([oldSize, newSize]) => ({ ...claim, oldSize, newSize })),
    );
    const expected = cases.map((claim) => verifyConsistency(claim));
    expect(expected.filter((accepted) => !accepted).length).to.be.greaterThan(cases.length / 2);
    expect(await answers("consistent", cases)).to.deep.equal(expected);
  });

  it("accepts the inclusion proof of every leaf in every tree up to 40", async () => {
    const cases = everyInclusion();
    expect(cases).to.have.length((LARGEST * (LARGEST + 1)) / 2);
    expect(await answers("included", cases)).to.deep.equal(cases.map(() => true));
  });

  it("refuses every inclusion proof with a changed, added, dropped or moved hash, leaf or root", async () => {
    const forged = everyInclusion().flatMap(forgedInclusions);
    expect(forged.length).to.be.greaterThan(15_000);
    expect(forged.map((claim) => verifyInclusion(claim))).to.deep.equal(forged.map(() => false));
    expect(await answers("included", forged)).to.deep.equal(forged.map(() => false));
  });

  it("agrees with the TypeScript verifier about inclusion at other places and in other sizes", async () => {
    const cases = everyInclusion().flatMap((claim) =>
      sizesBeside(claim.index, claim.size).map(([index, size]) => ({ ...claim, index, size })),
    );
    const expected = cases.map((claim) => verifyInclusion(claim));
    expect(await answers("included", cases)).to.deep.equal(expected);
  });

  it("handles the largest numbers without overflow", async () => {
    const sizes = [
      2n ** 32n - 1n,
      2n ** 32n,
      2n ** 63n - 1n,
      2n ** 63n,
      2n ** 63n + 1n,
      UINT64_MAX - 1n,
      UINT64_MAX,
    ];
    const cases = sizes.flatMap((newSize) =>
      [1n, 2n, 3n, ...sizes]
        .filter((oldSize) => oldSize < newSize)
        .map((oldSize) => {
          const { oldRoot, newRoot, proof } = syntheticConsistency(oldSize, newSize, "huge");
          expect(proof).to.have.length(consistencyProofLength(oldSize, newSize));
          return { oldSize, newSize, oldRoot, newRoot, proof };
        }),
    );
    expect(await answers("consistent", cases)).to.deep.equal(cases.map(() => true));
    const cut = cases.map((claim) => ({ ...claim, proof: claim.proof.slice(1) }));
    expect(await answers("consistent", cut)).to.deep.equal(cases.map(() => false));

    const [leaf, root] = [hex(leafHash(utf8("x"))), hex(roots[1] ?? EMPTY_ROOT)];
    const outside = [
      { index: UINT64_MAX, size: UINT64_MAX, leafHash: leaf, root, proof: [] },
      { index: UINT64_MAX, size: 0n, leafHash: leaf, root, proof: [] },
      { index: 0n, size: 0n, leafHash: leaf, root: leaf, proof: [] },
      { index: UINT64_MAX - 1n, size: UINT64_MAX, leafHash: leaf, root, proof: [leaf] },
      { index: 0n, size: UINT64_MAX, leafHash: leaf, root, proof: Array.from({ length: 300 }, () => leaf) },
    ];
    expect(await answers("included", outside)).to.deep.equal(outside.map(() => false));
  });

  it("takes a proof over synthetic subtrees for what it is: the TypeScript verifier accepts it as well", () => {
    for (const [oldSize, newSize] of [
      [1_000, 1_003],
      [2 ** 20, 2 ** 20 + 1],
      [999_999_999, 1_000_000_123],
    ] as const) {
      const made = syntheticConsistency(BigInt(oldSize), BigInt(newSize), "both");
      const bytes = (value: string): Uint8Array => ethers.getBytes(value);
      const claim = {
        oldSize,
        newSize,
        oldRoot: bytes(made.oldRoot),
        newRoot: bytes(made.newRoot),
        proof: made.proof.map(bytes),
      };
      expect(verifyConsistency(claim)).to.be.true;
    }
  });
});

function everyConsistency(): Consistency[] {
  return roots.flatMap((newRoot, newSize) =>
    roots.slice(0, newSize + 1).map((oldRoot, oldSize) => {
      const proof = consistencyProof(leaves.slice(0, newSize), oldSize);
      return { oldSize, newSize, oldRoot, newRoot, proof };
    }),
  );
}

function everyInclusion(): Inclusion[] {
  return roots.flatMap((root, size) =>
    leaves.slice(0, size).map((leaf, index) => {
      const proof = inclusionProof(leaves.slice(0, size), index);
      return { index, size, leafHash: leaf, root, proof };
    }),
  );
}

function forgedConsistencies(claim: Consistency): Consistency[] {
  const { oldRoot, newRoot, oldSize, newSize } = claim;
  const forged: Consistency[] = forgedProofs(claim.proof, oldRoot, newRoot).map((proof) => ({
    ...claim,
    proof,
  }));
  forged.push(
    { ...claim, oldRoot: flipped(oldRoot, oldSize) },
    { ...claim, newRoot: flipped(newRoot, newSize) },
  );
  if (oldSize !== newSize) forged.push({ ...claim, oldRoot: newRoot, newRoot: oldRoot });
  // Any tree continues the empty one: there is no wrong new root from size 0.
  return forged.filter(
    (forgery) => forgery.oldSize !== 0 || forgery.newSize === 0 || forgery.newRoot === newRoot,
  );
}

function forgedInclusions(claim: Inclusion): Inclusion[] {
  const { leafHash: leaf, root, index, size } = claim;
  const forged: Inclusion[] = forgedProofs(claim.proof, leaf, root).map((proof) => ({ ...claim, proof }));
  forged.push({ ...claim, leafHash: flipped(leaf, index) }, { ...claim, root: flipped(root, size) });
  const other = leaves[index + 1];
  if (other !== undefined) forged.push({ ...claim, leafHash: other });
  return forged;
}

/**
 * Proofs that differ from the given one in one place: at every place two bits, an element more, one fewer,
 * two exchanged.
 */
function forgedProofs(proof: readonly Uint8Array[], ...tempting: readonly Uint8Array[]): Uint8Array[][] {
  const forged: Uint8Array[][] = [];
  for (let at = 0; at <= proof.length; at++) {
    const element = proof[at];
    const next = proof[at + 1];
    const added = [element, ...tempting, new Uint8Array(32)][at % 4] ?? new Uint8Array(32);
    forged.push([...proof.slice(0, at), added, ...proof.slice(at)]);
    if (element === undefined) continue;
    for (const bit of [at, 255 - 31 * at]) {
      forged.push(proof.map((hash, i) => (i === at ? flipped(hash, bit) : hash)));
    }
    forged.push(proof.filter((_, i) => i !== at));
    if (next !== undefined) forged.push([...proof.slice(0, at), next, element, ...proof.slice(at + 2)]);
  }
  return forged;
}

function flipped(hash: Uint8Array, bit: number): Uint8Array {
  const copy = hash.slice();
  const byte = (bit >> 3) % copy.length;
  copy[byte] = (copy[byte] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** Pairs of numbers near the given ones, and extreme ones. */
function sizesBeside(first: number, second: number): [number, number][] {
  const pairs: [number, number][] = [];
  for (const a of [first - 1, first, first + 1, Number.MAX_SAFE_INTEGER]) {
    for (const b of [second - 1, second, second + 1, second * 2, Number.MAX_SAFE_INTEGER]) {
      if (a >= 0 && b >= 0 && (a !== first || b !== second)) pairs.push([a, b]);
    }
  }
  return pairs;
}
