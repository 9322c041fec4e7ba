import { expect } from "chai";
import {
  bytes32,
  deployWithLog,
  ethers,
  keysOf,
  MAX_GROWTH,
  networkHelpers,
  type Registries,
  TestTree,
  UINT64_MAX,
  ZERO_HASH,
} from "./fixture.ts";

const LOG = 1;
const tree = new TestTree(100);
const fork = new TestTree(100, "other leaf");
const INDEX_ROOT = bytes32(0x1d);

/** The arguments of an anchor that is right in every respect, from one size to another. */
function anchorArgs(from: number, to: number, changes: Partial<AnchorArgs> = {}): readonly unknown[] {
  const args: AnchorArgs = {
    logId: LOG,
    expectedSize: from,
    newSize: to,
    newRoot: tree.root(to),
    indexSize: 0,
    indexRoot: ZERO_HASH,
    proof: from < to ? tree.consistency(from, to) : [],
    ...changes,
  };
  return Object.values(args);
}

interface AnchorArgs {
  readonly logId: number | bigint;
  readonly expectedSize: number | bigint;
  readonly newSize: number | bigint;
  readonly newRoot: string;
  readonly indexSize: number | bigint;
  readonly indexRoot: string;
  readonly proof: readonly string[];
}

describe("AnchorRegistry.anchor", () => {
  let r: Registries;

  beforeEach(async () => {
    r = await networkHelpers.loadFixture(deployWithLog);
  });

  async function anchor(from: number, to: number, changes: Partial<AnchorArgs> = {}): Promise<void> {
    await r.anchors.as(r.anchorer).send("anchor", ...anchorArgs(from, to, changes));
  }

  it("starts a log with any checkpoint and no proof", async () => {
    await anchor(0, 7);
    const { blockNumber, time } = await latestBlock();
    expect(await r.anchors.view("head", LOG)).to.deep.equal({
      size: 7n,
      indexSize: 0n,
      blockNumber,
      time,
      root: tree.root(7),
      indexRoot: ZERO_HASH,
    });
  });

  it("extends a log step by step and keeps every checkpoint", async () => {
    const sizes = [1, 2, 3, 4, 8, 9, 31, 32, 64, 100];
    let from = 0;
    for (const to of sizes) {
      await anchor(from, to);
      from = to;
    }
    expect(await r.anchors.view("anchorCount", LOG)).to.equal(BigInt(sizes.length));
    for (const [i, size] of sizes.entries()) {
      expect(await r.anchors.view("anchorAt", LOG, i)).to.include({
        size: BigInt(size),
        root: tree.root(size),
      });
    }
  });

  it("accepts growth between any two sizes up to 16", async () => {
    for (let from = 1; from < 16; from++) {
      for (let to = from + 1; to <= 16; to++) {
        const before = await networkHelpers.takeSnapshot();
        await anchor(0, from);
        await anchor(from, to);
        await before.restore();
      }
    }
  });

  it("tells the size, the root and the index by an event", async () => {
    await anchor(0, 3);
    await expect(
      r.anchors.as(r.anchorer).send("anchor", ...anchorArgs(3, 5, { indexSize: 4, indexRoot: INDEX_ROOT })),
    )
      .to.emit(r.anchors.contract, "Anchored")
      .withArgs(LOG, 5, tree.root(5), 4, INDEX_ROOT);
  });

  it("lets the index catch up at an unchanged log size", async () => {
    await anchor(0, 5);
    await anchor(5, 5, { indexSize: 3, indexRoot: INDEX_ROOT });
    await anchor(5, 5, { indexSize: 5, indexRoot: bytes32(0x1e) });
    expect(await r.anchors.view("head", LOG)).to.include({
      size: 5n,
      indexSize: 5n,
      indexRoot: bytes32(0x1e),
    });
    expect(await r.anchors.view("anchorCount", LOG)).to.equal(3n);
  });

  it("takes an index without persons: a zero root over some leaves", async () => {
    await anchor(0, 5, { indexSize: 5 });
    await anchor(5, 6, { indexSize: 6 });
    expect(await r.anchors.view("head", LOG)).to.include({ indexSize: 6n, indexRoot: ZERO_HASH });
  });

  it("keeps logs apart", async () => {
    await r.anchors.send("createLog", r.stranger.address, keysOf(2), MAX_GROWTH);
    await anchor(0, 5);
    await r.anchors.as(r.stranger).send("anchor", ...anchorArgs(0, 9, { logId: 2, newRoot: fork.root(9) }));
    expect(await r.anchors.view("head", 1)).to.include({ size: 5n, root: tree.root(5) });
    expect(await r.anchors.view("head", 2)).to.include({ size: 9n, root: fork.root(9) });
  });

  it("verifies the inclusion of a leaf under any anchor", async () => {
    await anchor(0, 5);
    await anchor(5, 11);
    for (const [i, size] of [5, 11].entries()) {
      for (let index = 0; index < size; index++) {
        const included = (leaf: Uint8Array | undefined): Promise<unknown> =>
          r.anchors.view("verifyInclusion", LOG, i, leaf, index, tree.inclusion(index, size));
        expect(await included(tree.leaves[index])).to.be.true;
        expect(await included(fork.leaves[index])).to.be.false;
      }
    }
    const outside = r.anchors.view("verifyInclusion", LOG, 0, tree.leaves[5], 5, tree.inclusion(5, 11));
    expect(await outside).to.be.false;
  });

  interface Refusal {
    readonly error: string;
    readonly withArgs?: readonly unknown[];
    readonly when: string;
    readonly call: readonly unknown[];
    readonly sender?: "stranger";
    readonly before?: () => Promise<unknown>;
  }

  const onEmptyLog: Refusal[] = [
    { error: "StaleHead", withArgs: [LOG, 0], when: "it starts elsewhere than at 0", call: anchorArgs(1, 5) },
    { error: "NothingNew", withArgs: [0, 0], when: "it anchors nothing", call: anchorArgs(0, 0) },
    {
      error: "GrowthTooLarge",
      withArgs: [UINT64_MAX, MAX_GROWTH],
      when: "it claims all leaves there can be",
      call: anchorArgs(0, 5, { newSize: UINT64_MAX }),
    },
    {
      error: "IndexRootChanged",
      when: "an index over nothing has a root",
      call: anchorArgs(0, 6, { indexRoot: INDEX_ROOT }),
    },
    { error: "InconsistentRoot", when: "it brings a proof", call: anchorArgs(0, 5, { proof: [bytes32(1)] }) },
  ];

  /** On a log of 5 leaves with an index over 4. */
  const onGrownLog: Refusal[] = [
    { error: "UnknownLog", withArgs: [2], when: "there is no such log", call: grow(6, { logId: 2 }) },
    { error: "UnknownLog", withArgs: [0], when: "the log is number 0", call: grow(6, { logId: 0 }) },
    { error: "NotAnchorer", when: "somebody else sends it", call: grow(6), sender: "stranger" },
    {
      error: "LogIsFrozen",
      withArgs: [LOG],
      when: "the log is frozen",
      call: grow(6),
      before: () => r.anchors.send("freeze", LOG),
    },
    {
      error: "EnforcedPause",
      when: "the registry is paused",
      call: grow(6),
      before: () => r.anchors.send("pause"),
    },
    { error: "StaleHead", withArgs: [LOG, 5], when: "the same anchor comes again", call: anchorArgs(0, 5) },
    { error: "StaleHead", withArgs: [LOG, 5], when: "it starts from a later size", call: anchorArgs(6, 7) },
    { error: "LogShrinks", withArgs: [5, 4], when: "the log shrinks", call: grow(4) },
    { error: "LogShrinks", withArgs: [5, 0], when: "the log is emptied", call: grow(0) },
    {
      error: "GrowthTooLarge",
      withArgs: [MAX_GROWTH + 1, MAX_GROWTH],
      when: "it adds more leaves than the cap",
      call: grow(6, { newSize: 5 + MAX_GROWTH + 1 }),
    },
    { error: "NothingNew", withArgs: [5, 4], when: "nothing grew", call: grow(5) },
    { error: "IndexShrinks", withArgs: [4, 3], when: "the index shrinks", call: grow(6, { indexSize: 3 }) },
    {
      error: "IndexBeyondLog",
      withArgs: [6, 7],
      when: "the index is ahead",
      call: grow(6, { indexSize: 7 }),
    },
    {
      error: "IndexBeyondLog",
      withArgs: [6, UINT64_MAX],
      when: "the index covers all leaves there can be",
      call: grow(6, { indexSize: UINT64_MAX }),
    },
    {
      error: "IndexRootChanged",
      when: "the index changes at an unchanged size",
      call: grow(6, { indexRoot: bytes32(0x1e) }),
    },
    { error: "InconsistentRoot", when: "the new tree is a fork", call: grow(9, { newRoot: fork.root(9) }) },
    {
      error: "InconsistentRoot",
      when: "the new tree is a fork with its own proof",
      call: grow(9, { newRoot: fork.root(9), proof: fork.consistency(5, 9) }),
    },
    { error: "InconsistentRoot", when: "the proof is missing", call: grow(9, { proof: [] }) },
    {
      error: "InconsistentRoot",
      when: "the proof is for another size",
      call: grow(9, { proof: tree.consistency(5, 8) }),
    },
    {
      error: "InconsistentRoot",
      when: "the size is the same and the root is not",
      call: grow(5, { indexSize: 5, newRoot: fork.root(5) }),
    },
    {
      error: "InconsistentRoot",
      when: "the size is the same and there is a proof",
      call: grow(5, { indexSize: 5, proof: [tree.root(5)] }),
    },
  ];

  for (const refusal of onEmptyLog) {
    it(`refuses a first anchor with ${refusal.error} when ${refusal.when}`, async () => {
      await expectRefused(refusal, 0n);
    });
  }

  for (const refusal of onGrownLog) {
    it(`refuses with ${refusal.error} when ${refusal.when}`, async () => {
      await anchor(0, 5, { indexSize: 4, indexRoot: INDEX_ROOT });
      await expectRefused(refusal, 1n);
    });
  }

  async function expectRefused(refusal: Refusal, count: bigint): Promise<void> {
    await refusal.before?.();
    const registry = r.anchors.as(refusal.sender === "stranger" ? r.stranger : r.anchorer);
    const refused = expect(registry.send("anchor", ...refusal.call)).to.be.revertedWithCustomError(
      r.anchors.contract,
      refusal.error,
    );
    await (refusal.withArgs === undefined ? refused : refused.withArgs(...refusal.withArgs));
    expect(await r.anchors.view("anchorCount", LOG)).to.equal(count);
  }
});

/** What extends a log of 5 leaves with an index over 4, and leaves the index alone. */
function grow(to: number, changes: Partial<AnchorArgs> = {}): readonly unknown[] {
  return anchorArgs(5, to, { indexSize: 4, indexRoot: INDEX_ROOT, ...changes });
}

async function latestBlock(): Promise<{ blockNumber: bigint; time: bigint }> {
  const block = await ethers.provider.getBlock("latest");
  return { blockNumber: BigInt(block?.number ?? -1), time: BigInt(block?.timestamp ?? -1) };
}
