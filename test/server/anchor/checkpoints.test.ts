import { expect } from "chai";
import { utf8 } from "../../../protocol/bytes.ts";
import { consistencyProof, EMPTY_ROOT, leafHash, rootHash } from "../../../protocol/merkle.ts";
import { checkpointsOf, indexSizesInUse } from "../../../server/anchor/checkpoints.ts";
import { withNoOlderIndex } from "../../../server/anchor/content.ts";
import { encodeIntent } from "../../../server/anchor/intent.ts";
import { EMPTY_EDGE } from "../../../server/integrate/edge.ts";
import type { Checkpoint } from "../../../server/integrate/integrator.ts";
import type { Tree } from "../../../server/integrate/tree.ts";
import type { StoredAnchor } from "../../../server/store/store.ts";

const LEAVES = Array.from({ length: 70 }, (_, i) => leafHash(utf8(`event ${i}`)));
const PATIENCE_MS = 10_000;

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

/** A log of 70 events whose checkpoints and index versions come when a test says so. */
function world() {
  let now = 0;
  let published: Checkpoint | undefined;
  let version: { size: number; root: Uint8Array } | undefined;
  let onCheckpoint = (_checkpoint: Checkpoint): void => undefined;
  const onVersion = new Set<(version: { size: number; root: Uint8Array }) => void>();
  const kept: number[] = [];
  return {
    kept,
    wait: (ms: number) => void (now += ms),
    publish: (size: number) => {
      published = { size, root: rootHash(LEAVES.slice(0, size)), note: "" };
      onCheckpoint(published);
    },
    index: (size: number) => {
      version = { size, root: new Uint8Array(32).fill(size) };
      for (const listener of onVersion) listener(version);
    },
    loseIndex: () => (version = undefined),
    checkpoints: () =>
      checkpointsOf({
        integrator: {
          checkpoint: () => published,
          tree: () => treeOf(70),
          onCheckpoint: (listener) => {
            onCheckpoint = listener;
            return () => true;
          },
        },
        index: {
          newest: () => version,
          keep: (size) => void kept.push(size),
          onVersion: (listener) => {
            onVersion.add(listener);
            return () => onVersion.delete(listener);
          },
        },
        sign: (size) => `note of ${size}`,
        clock: { now: () => now },
        indexPatienceMs: PATIENCE_MS,
      }),
  };
}

function content(size: number, indexSize: number) {
  const indexRoot = new Uint8Array(32).fill(indexSize);
  return { size, root: rootHash(LEAVES.slice(0, size)), indexSize, indexRoot };
}

describe("server/anchor/checkpoints", () => {
  it("knows the index roots it has seen, of before too, but none of the empty index", () => {
    const log = world();
    log.index(7);
    const { indexRootAt } = log.checkpoints();
    log.index(0);
    log.index(9);
    expect([0, 7, 8, 9].map((size) => indexRootAt(size)?.[0])).to.deep.equal([undefined, 7, undefined, 9]);
  });

  it("offers a checkpoint once its index is done, and nothing before", () => {
    const { checkpoints, publish, index, wait, kept } = world();
    const { latest } = checkpoints();
    expect(latest()).to.equal(undefined);
    publish(20);
    wait(PATIENCE_MS - 1);
    expect(latest()).to.equal(undefined);
    index(20);
    expect(latest()).to.deep.equal(content(20, 20));
    publish(30);
    publish(40);
    expect(latest()).to.deep.equal(content(20, 20));
    index(40);
    expect(latest()).to.deep.equal(content(40, 40));
    expect(kept).to.deep.equal([20, 20, 40]);
  });

  it("offers what was published before it was made", () => {
    const { checkpoints, publish, index } = world();
    publish(20);
    index(20);
    expect(checkpoints().latest()).to.deep.equal(content(20, 20));
  });

  it("lets a checkpoint go alone when its index takes too long, and the index follow with the same size", () => {
    const { checkpoints, publish, index, wait } = world();
    const { latest } = checkpoints();
    publish(10);
    index(10);
    publish(20);
    wait(PATIENCE_MS / 2);
    publish(30);
    expect(latest()).to.deep.equal(content(10, 10));
    wait(PATIENCE_MS / 2);
    expect(latest()).to.deep.equal(content(20, 10));
    // The index is between two checkpoints while it catches up.
    index(15);
    expect(latest()).to.deep.equal(content(20, 10));
    wait(PATIENCE_MS / 2);
    expect(latest()).to.deep.equal(content(30, 15));
    index(30);
    expect(latest()).to.deep.equal(content(30, 30));
  });

  it("never offers an older index than before, though the index is built again", () => {
    const { checkpoints, publish, index, wait, loseIndex } = world();
    const { latest } = checkpoints();
    publish(20);
    index(20);
    loseIndex();
    publish(30);
    wait(PATIENCE_MS);
    expect(latest()).to.deep.equal(content(30, 20));
    index(5);
    publish(40);
    wait(PATIENCE_MS);
    expect(latest()).to.deep.equal(content(40, 20));
    index(40);
    expect(latest()).to.deep.equal(content(40, 40));
  });

  it("goes with the contract's index where that is newer, as after a start without an index", () => {
    const head = content(30, 25);
    expect(withNoOlderIndex(content(40, 0), head)).to.deep.equal({ ...content(40, 25) });
    expect(withNoOlderIndex(content(40, 26), head)).to.deep.equal(content(40, 26));
  });

  it("names the index sizes that stand in anchors still needed", async () => {
    const transaction = { hash: `0x${"ab".repeat(32)}`, nonce: 1, raw: "0x02" };
    const intent = encodeIntent({ expectedSize: 1, content: content(30, 25), transaction });
    const last: StoredAnchor = {
      ...content(20, 15),
      ...{ number: 0, checkpoint: "", block: 1, blockHash: "", transaction: "", time: 1 },
    };
    const store = { anchorIntent: () => Promise.resolve(intent), lastAnchor: () => Promise.resolve(last) };
    expect(await indexSizesInUse(store)).to.deep.equal([25, 15]);
    const none = {
      anchorIntent: () => Promise.resolve(undefined),
      lastAnchor: () => Promise.resolve(undefined),
    };
    expect(await indexSizesInUse(none)).to.deep.equal([]);
  });

  it("knows every root up to the size of the tree", async () => {
    const checkpoints = world().checkpoints();
    expect(await checkpoints.rootAt(0)).to.deep.equal(EMPTY_ROOT);
    for (const size of [1, 2, 3, 33, 64, 70])
      expect(await checkpoints.rootAt(size)).to.deep.equal(rootHash(LEAVES.slice(0, size)));
    expect(await checkpoints.rootAt(71)).to.equal(undefined);
  });

  it("proves that a size extends another; empty from nothing and between equals", async () => {
    const checkpoints = world().checkpoints();
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
