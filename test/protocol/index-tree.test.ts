import { createHash } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import {
  EMPTY_INDEX_ROOT,
  entryCommitment,
  indexKey,
  indexLeafHash,
  indexNodeHash,
  type IndexProof,
  keyBit,
  verifyIndexProof,
} from "../../protocol/index-tree.ts";
import {
  allWalks,
  bitOf,
  buildIndex,
  type IndexNode,
  type IndexRow,
  proveKey,
  rootOf,
} from "./naive-index-tree.ts";

const sha256 = (...parts: readonly Uint8Array[]) =>
  createHash("sha256").update(Buffer.concat(parts)).digest("hex");
const u64be = (value: number) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};

/** Few distinct bytes, so that keys share long prefixes and deep nodes come to be. */
const keys = fc.uint8Array({ minLength: 32, maxLength: 32, max: 3 });
const anyKey = fc.oneof(keys, fc.uint8Array({ minLength: 32, maxLength: 32 }));
const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 });
const rows = fc.uniqueArray(fc.record({ key: anyKey, commitment: hashes }), {
  selector: ({ key }) => toHex(key),
  maxLength: 24,
});

/** Trees that nobody should build: any bits in any order, leaves anywhere, keys twice. */
function brokenTrees(pool: readonly Uint8Array[]): fc.Arbitrary<IndexNode> {
  const { node } = fc.letrec<{ node: IndexNode; leaf: IndexNode; inner: IndexNode }>((tie) => ({
    leaf: fc.record({ key: fc.constantFrom(...pool), commitment: hashes }),
    inner: fc.record({
      bit: fc.oneof(fc.nat(15), fc.nat(255)),
      children: fc.tuple(tie("node"), tie("node")),
    }),
    node: fc.oneof({ maxDepth: 5, depthIdentifier: "tree" }, tie("leaf"), tie("inner"), tie("inner")),
  }));
  return node;
}

function render(result: ReturnType<typeof verifyIndexProof>): string {
  if (result === undefined) return "nothing";
  return result.present ? toHex(result.commitment) : "absent";
}

/** The distinct answers that any of the proofs gives for the key. */
function answers(root: Uint8Array, key: Uint8Array, proofs: readonly IndexProof[]): Set<string> {
  const given = new Set(proofs.map((proof) => render(verifyIndexProof(root, key, proof))));
  given.delete("nothing");
  return given;
}

describe("index tree", () => {
  it("hashes as the specification writes it", () => {
    const tag = utf8("consent:c-1");
    const [key, blinding, treeRoot] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill));
    if (key === undefined || blinding === undefined || treeRoot === undefined)
      throw new Error("three were made");
    expect(toHex(indexKey("person", tag))).to.equal(sha256(utf8("minhbach/index/v1"), Uint8Array.of(1), tag));
    expect(toHex(indexKey("official", tag))).to.equal(
      sha256(utf8("minhbach/index/v1"), Uint8Array.of(2), tag),
    );
    expect(toHex(indexKey("consent", tag))).to.equal(
      sha256(utf8("minhbach/index/v1"), Uint8Array.of(3), tag),
    );
    const count = 2 ** 53 - 1;
    expect(toHex(entryCommitment({ count, treeRoot, blinding }))).to.equal(
      sha256(Uint8Array.of(4), blinding, u64be(count), treeRoot),
    );
    expect(toHex(indexLeafHash(key, treeRoot))).to.equal(sha256(Uint8Array.of(2), key, treeRoot));
    expect(toHex(indexNodeHash(255, key, treeRoot))).to.equal(
      sha256(Uint8Array.of(3, 0, 255), key, treeRoot),
    );
  });

  it("commits to nothing that could be cut in two ways", () => {
    const [short, whole] = [new Uint8Array(24), new Uint8Array(32)];
    expect(() => entryCommitment({ count: 1, treeRoot: short, blinding: whole })).to.throw(RangeError);
    expect(() => entryCommitment({ count: 1, treeRoot: whole, blinding: short })).to.throw(RangeError);
    for (const count of [-1, 0.5, NaN, 2 ** 53]) {
      expect(() => entryCommitment({ count, treeRoot: whole, blinding: whole })).to.throw(RangeError);
    }
  });

  it("counts bits from the most significant", () => {
    fc.assert(
      fc.property(anyKey, fc.nat(255), (key, bit) => {
        expect(keyBit(key, bit)).to.equal(bitOf(key, bit));
      }),
    );
  });

  it("shows every key that is there with its commitment, and every other as absent", () => {
    fc.assert(
      fc.property(rows, fc.array(anyKey, { maxLength: 8 }), (entries, others) => {
        const tree = buildIndex(entries);
        const root = rootOf(tree);
        for (const { key, commitment } of entries) {
          expect(verifyIndexProof(root, key, proveKey(tree, key))).to.deep.equal({
            present: true,
            commitment,
          });
        }
        const known = new Set(entries.map(({ key }) => toHex(key)));
        for (const key of others.filter((other) => !known.has(toHex(other)))) {
          expect(verifyIndexProof(root, key, proveKey(tree, key))).to.deep.equal({ present: false });
        }
      }),
    );
  });

  it("shows everything as absent from the empty tree, and nothing as absent from another by an empty proof", () => {
    const empty: IndexProof = { steps: [], leaf: undefined };
    const key = new Uint8Array(32).fill(9);
    expect(verifyIndexProof(EMPTY_INDEX_ROOT, key, empty)).to.deep.equal({ present: false });
    expect(verifyIndexProof(new Uint8Array(32).fill(1), key, empty)).to.equal(undefined);
    expect(verifyIndexProof(new Uint8Array(31), key, empty)).to.equal(undefined);
    const step = { bit: 0, sibling: EMPTY_INDEX_ROOT };
    expect(verifyIndexProof(EMPTY_INDEX_ROOT, key, { steps: [step], leaf: undefined })).to.equal(undefined);
  });

  it("accepts no proof of another key, root or tree", () => {
    fc.assert(
      fc.property(rows, anyKey, hashes, (entries, key, root) => {
        const tree = buildIndex(entries);
        const proof = proveKey(tree, key);
        expect(verifyIndexProof(root, key, proof)).to.equal(undefined);
        for (const other of entries) {
          const swapped: IndexProof = { steps: proof.steps, leaf: other };
          if (proof.leaf !== other) expect(verifyIndexProof(rootOf(tree), key, swapped)).to.equal(undefined);
        }
      }),
    );
  });

  it("accepts no proof with any part of it changed", () => {
    const filled = rows.filter((entries) => entries.length >= 2);
    fc.assert(
      fc.property(
        filled,
        anyKey,
        fc.nat(),
        fc.nat(31),
        fc.integer({ min: 1, max: 255 }),
        (entries, key, pick, at, flip) => {
          const tree = buildIndex(entries);
          const root = rootOf(tree);
          const { steps, leaf } = proveKey(tree, key);
          if (leaf === undefined) throw new Error("the tree has leaves");
          const chosen = pick % steps.length;
          const flipped = (bytes: Uint8Array) =>
            bytes.map((byte, index) => (index === at ? byte ^ flip : byte));
          const change = (step: Partial<IndexProof["steps"][number]>): IndexProof => ({
            steps: steps.map((old, index) => (index === chosen ? { ...old, ...step } : old)),
            leaf,
          });
          const [{ bit, sibling } = { bit: 0, sibling: root }] = steps.slice(chosen);
          const hostile: IndexProof[] = [
            { steps, leaf: { ...leaf, key: flipped(leaf.key) } },
            { steps, leaf: { ...leaf, commitment: flipped(leaf.commitment) } },
            { steps, leaf: undefined },
            { steps: steps.filter((_, index) => index !== chosen), leaf },
            { steps: [...steps, { bit: 255, sibling }], leaf },
            { steps: steps.length > 1 ? steps.toReversed() : [], leaf },
            change({ sibling: flipped(sibling) }),
            change({ sibling: sibling.subarray(1) }),
            ...[bit + 1, bit - 1, bit + 256, bit + 0.5, -1, 256, NaN].map((other) => change({ bit: other })),
          ];
          for (const proof of hostile) expect(render(verifyIndexProof(root, key, proof))).to.equal("nothing");
        },
      ),
    );
  });

  it("never gives two answers for one key under one root, however badly the tree is built", () => {
    const pools = fc.uniqueArray(anyKey, { selector: toHex, minLength: 1, maxLength: 6 });
    const built = pools.chain((pool) => fc.tuple(fc.constant(pool), brokenTrees(pool)));
    fc.assert(
      fc.property(built, anyKey, ([pool, tree], stranger) => {
        const root = rootOf(tree);
        const walks = allWalks(tree);
        for (const key of [...pool, stranger]) {
          // Each way through the tree, as it is and with the leaf passed off as the key's own.
          const disguised = walks.map(({ steps, leaf }) => ({
            steps,
            leaf: leaf === undefined ? undefined : { ...leaf, key },
          }));
          expect(answers(root, key, [...walks, ...disguised]).size).to.be.at.most(1);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("hides, but never doubles, a key that stands twice or in the wrong place", () => {
    const [key, other] = [new Uint8Array(32), new Uint8Array(32).fill(255)];
    const row = (owner: Uint8Array, fill: number): IndexRow => ({
      key: owner,
      commitment: new Uint8Array(32).fill(fill),
    });
    const twice: IndexNode = { bit: 0, children: [row(key, 1), row(key, 2)] };
    expect([...answers(rootOf(twice), key, allWalks(twice))]).to.deep.equal(["01".repeat(32)]);
    const misplaced: IndexNode = { bit: 0, children: [row(other, 3), row(key, 1)] };
    expect(answers(rootOf(misplaced), key, allWalks(misplaced)).size).to.equal(0);
    const falling: IndexNode = {
      bit: 7,
      children: [{ bit: 7, children: [row(key, 1), row(key, 2)] }, row(other, 3)],
    };
    expect(answers(rootOf(falling), key, allWalks(falling)).size).to.equal(0);
  });
});
