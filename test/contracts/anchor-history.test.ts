import { expect } from "chai";
import {
  bytes32,
  deployWithLog,
  ethers,
  inOneBlock,
  keysOf,
  networkHelpers,
  type Registries,
  TestTree,
  UINT64_MAX,
  ZERO_HASH,
} from "./fixture.ts";

const LOG = 1;
const tree = new TestTree(20);
const NO_ANCHOR = {
  size: 0n,
  indexSize: 0n,
  blockNumber: 0n,
  time: 0n,
  root: ZERO_HASH,
  indexRoot: ZERO_HASH,
};

describe("AnchorRegistry's history", () => {
  let r: Registries;

  beforeEach(async () => {
    r = await networkHelpers.loadFixture(deployWithLog);
  });

  async function anchorSizes(...sizes: readonly number[]): Promise<void> {
    let from = 0;
    for (const to of sizes) {
      const proof = from === 0 ? [] : tree.consistency(from, to);
      await r.anchors.as(r.anchorer).send("anchor", LOG, from, to, tree.root(to), 0, ZERO_HASH, proof);
      from = to;
    }
  }

  async function blockNow(): Promise<number> {
    return ethers.provider.getBlockNumber();
  }

  it("is empty at first", async () => {
    expect(await r.anchors.view("head", LOG)).to.deep.equal(NO_ANCHOR);
    expect(await r.anchors.view("anchorCount", LOG)).to.equal(0n);
    expect(await r.anchors.view("anchorOfSize", LOG, 0)).to.deep.equal([false, NO_ANCHOR]);
    expect(await r.anchors.view("anchorOfSize", LOG, 1)).to.deep.equal([false, NO_ANCHOR]);
    expect(await r.anchors.view("anchorCovering", LOG, 0)).to.deep.equal([false, NO_ANCHOR]);
    expect(await r.anchors.view("anchorIndexing", LOG, 0)).to.deep.equal([false, NO_ANCHOR]);
  });

  for (const count of [1, 2, 3, 4, 5, 6]) {
    it(`finds each of ${count} anchors by its size and by the leaves it covers first`, async () => {
      const sizes = [2, 3, 7, 8, 15, 20].slice(0, count);
      await anchorSizes(...sizes);
      for (let size = 0; size <= 21; size++) {
        const expected = sizes.includes(size) ? { size: BigInt(size), root: tree.root(size) } : NO_ANCHOR;
        const [found, anchor] = pair(await r.anchors.view("anchorOfSize", LOG, size));
        expect(found).to.equal(sizes.includes(size));
        expect(anchor).to.include(expected);
      }
      for (let index = 0; index <= 21; index++) {
        const covering = sizes.find((size) => size > index);
        const [found, anchor] = pair(await r.anchors.view("anchorCovering", LOG, index));
        expect(found).to.equal(covering !== undefined);
        expect(anchor).to.include(covering === undefined ? NO_ANCHOR : { size: BigInt(covering) });
      }
    });
  }

  it("answers with the first of several anchors of one size", async () => {
    await anchorSizes(3, 5);
    const first = await r.anchors.view("anchorAt", LOG, 1);
    for (const indexSize of [2, 5]) {
      const args = [LOG, 5, 5, tree.root(5), indexSize, bytes32(indexSize), []];
      await r.anchors.as(r.anchorer).send("anchor", ...args);
    }
    expect(await r.anchors.view("anchorOfSize", LOG, 5)).to.deep.equal([true, first]);
    expect(await r.anchors.view("anchorCovering", LOG, 4)).to.deep.equal([true, first]);
  });

  it("finds the first anchor whose index covers a leaf, however far the log is ahead", async () => {
    // Log size and index size of each anchor: the index stays away, catches up, lags and grows alone.
    const history = [
      [2, 0],
      [5, 3],
      [9, 3],
      [12, 9],
      [12, 12],
      [20, 13],
    ] as const;
    let from = 0;
    for (const [size, indexSize] of history) {
      const root = indexSize === 0 ? ZERO_HASH : bytes32(indexSize);
      const proof = from === 0 || from === size ? [] : tree.consistency(from, size);
      const args = [LOG, from, size, tree.root(size), indexSize, root, proof];
      await r.anchors.as(r.anchorer).send("anchor", ...args);
      from = size;
    }
    for (let index = 0; index <= 14; index++) {
      const position = history.findIndex(([, indexSize]) => indexSize > index);
      const expected = position === -1 ? NO_ANCHOR : await r.anchors.view("anchorAt", LOG, position);
      expect(await r.anchors.view("anchorIndexing", LOG, index)).to.deep.equal([position !== -1, expected]);
    }
  });

  it("does not overflow at the largest numbers", async () => {
    await anchorSizes(3);
    expect(await r.anchors.view("anchorOfSize", LOG, UINT64_MAX)).to.deep.equal([false, NO_ANCHOR]);
    expect(await r.anchors.view("anchorCovering", LOG, UINT64_MAX)).to.deep.equal([false, NO_ANCHOR]);
    expect(await r.anchors.view("anchorIndexing", LOG, UINT64_MAX)).to.deep.equal([false, NO_ANCHOR]);
    await expect(r.anchors.view("anchorAt", LOG, 2n ** 256n - 1n))
      .to.be.revertedWithCustomError(r.anchors.contract, "UnknownAnchor")
      .withArgs(LOG, 2n ** 256n - 1n);
  });

  it("refuses positions without an anchor by name", async () => {
    await anchorSizes(3, 5);
    for (const call of [
      () => r.anchors.view("anchorAt", LOG, 2),
      () => r.anchors.view("verifyInclusion", LOG, 2, ZERO_HASH, 0, []),
      () => r.anchors.send("createSuccessor", LOG, 2, r.anchorer.address, keysOf(2), 10),
    ]) {
      await expect(call())
        .to.be.revertedWithCustomError(r.anchors.contract, "UnknownAnchor")
        .withArgs(LOG, 2);
    }
  });

  it("refuses unknown logs by name, whatever is asked", async () => {
    const questions: [string, ...unknown[]][] = [
      ["head"],
      ["logState"],
      ["anchorCount"],
      ["anchorAt", 0],
      ["anchorOfSize", 0],
      ["anchorCovering", 0],
      ["anchorIndexing", 0],
      ["logKeysAt", 0],
      ["keyVersions"],
      ["verifyInclusion", 0, ZERO_HASH, 0, []],
    ];
    for (const [name, ...args] of questions) {
      for (const logId of [0, 2, UINT64_MAX]) {
        await expect(r.anchors.view(name, logId, ...args), name)
          .to.be.revertedWithCustomError(r.anchors.contract, "UnknownLog")
          .withArgs(logId);
      }
    }
  });

  describe("of keys", () => {
    const [first, second, third] = [keysOf(1), keysOf(2), keysOf(3)];

    it("answers with the keys in force at the end of every block", async () => {
      const created = await blockNow();
      await networkHelpers.mine(2);
      await r.anchors.send("rotateKeys", LOG, second.checkpoint, second.receipt);
      const rotated = await blockNow();
      await networkHelpers.mine(2);
      await r.anchors.send("rotateKeys", LOG, second.checkpoint, third.receipt);
      const rotatedAgain = await blockNow();
      await networkHelpers.mine(2);

      const secondKeys = { ...second, vrf: first.vrf };
      const thirdKeys = { ...secondKeys, receipt: third.receipt };
      const expected: [number, object][] = [
        [created, first],
        [rotated - 1, first],
        [rotated, secondKeys],
        [rotatedAgain - 1, secondKeys],
        [rotatedAgain, thirdKeys],
        [await blockNow(), thirdKeys],
      ];
      for (const [block, keys] of expected) {
        expect(await r.anchors.view("logKeysAt", LOG, block), `block ${block}`).to.deep.equal(keys);
      }
      expect(await r.anchors.view("keyVersions", LOG)).to.deep.equal([
        { fromBlock: BigInt(created), checkpoint: first.checkpoint, receipt: first.receipt },
        { fromBlock: BigInt(rotated), checkpoint: second.checkpoint, receipt: second.receipt },
        { fromBlock: BigInt(rotatedAgain), checkpoint: second.checkpoint, receipt: third.receipt },
      ]);
    });

    it("gives the last word of a block with two rotations", async () => {
      await networkHelpers.mine();
      const before = await blockNow();
      await inOneBlock(
        () => r.anchors.send("rotateKeys", LOG, second.checkpoint, second.receipt),
        () => r.anchors.send("rotateKeys", LOG, third.checkpoint, third.receipt),
      );
      expect(await blockNow()).to.equal(before + 1);
      expect(await r.anchors.view("logKeysAt", LOG, before)).to.deep.equal(first);
      expect(await r.anchors.view("logKeysAt", LOG, before + 1)).to.deep.equal({ ...third, vrf: first.vrf });
    });

    it("cannot be buried under so many rotations that the answer no longer fits into a call", async () => {
      const created = await blockNow();
      for (let rotation = 1; rotation <= 100; rotation++) {
        await r.anchors.send("rotateKeys", LOG, bytes32(1000 + rotation), bytes32(2000 + rotation));
      }
      const view = r.anchors.contract.getFunction("logKeysAt");
      const keys: unknown = await view.staticCall(LOG, created, { gasLimit: 100_000 });
      expect([...(keys as string[])]).to.deep.equal([first.checkpoint, first.receipt, first.vrf]);
    });

    it("refuses blocks before the log and blocks to come", async () => {
      const created = await blockNow();
      await expect(r.anchors.view("logKeysAt", LOG, created - 1))
        .to.be.revertedWithCustomError(r.anchors.contract, "NoKeysYet")
        .withArgs(LOG, created - 1);
      await expect(r.anchors.view("logKeysAt", LOG, UINT64_MAX))
        .to.be.revertedWithCustomError(r.anchors.contract, "FutureBlock")
        .withArgs(UINT64_MAX);
    });
  });
});

function pair(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError("expected several results");
  return value;
}
