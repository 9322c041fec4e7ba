import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { concat, toHex, utf8 } from "../../../protocol/bytes.ts";
import {
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  leafHash,
  rootHash,
} from "../../../protocol/merkle.ts";
import { proveConsistency, proveInclusion, readRoot } from "../../../protocol/proof-nodes.ts";
import { type DerivedDatabase, openDerived } from "../../../server/integrate/derived.ts";
import { type Edge, edgeRoot, EMPTY_EDGE, extend } from "../../../server/integrate/edge.ts";
import { Pyramid } from "../../../server/integrate/pyramid.ts";
import { levelTileStore, type TileStore } from "../../../server/integrate/tile-store.ts";
import { loadEdge, tileCache, treeOf } from "../../../server/integrate/tree.ts";

/** More than 256 * 256, so that the tiles have three levels. */
const LEAVES = 66_000;
const leaves = Array.from({ length: LEAVES }, (_, at) => leafHash(utf8(`leaf ${at}`)));
const range = (begin: number, end: number): Uint8Array => concat(...leaves.slice(begin, end));

describe("server/integrate/tree", () => {
  let folder: string;
  let db: DerivedDatabase;
  let store: TileStore;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-tree-"));
    db = await openDerived(folder, "1:0x00:1");
    store = levelTileStore(db);
  });
  after(async () => {
    await db.close();
    await rm(folder, { recursive: true });
  });

  async function grow(edge: Edge, size: number): Promise<Edge> {
    const added = range(edge.size, size);
    const extension = extend(edge, added);
    await store.save(extension, added);
    return extension.edge;
  }

  /** Proofs, roots and leaf hashes from the tiles, against the whole tree in memory. */
  async function expectTree(edge: Edge, sizes: readonly number[]): Promise<void> {
    const tree = treeOf(edge, store, tileCache());
    for (const size of sizes) {
      const whole = leaves.slice(0, size);
      const index = Math.floor(size * 0.37);
      expect(await readRoot(size, tree.readNodes)).to.deep.equal(rootHash(whole));
      expect(await proveInclusion(index, size, tree.readNodes)).to.deep.equal(inclusionProof(whole, index));
      expect(await proveConsistency(index, size, tree.readNodes)).to.deep.equal(
        consistencyProof(whole, index),
      );
      expect(await tree.leafHashes(index, Math.min(size, index + 300))).to.deep.equal(
        leaves.slice(index, Math.min(size, index + 300)),
      );
    }
  }

  it("gives the root, proofs and leaves of every size it ever had, whatever the steps it grew in", async () => {
    expect(edgeRoot(EMPTY_EDGE)).to.deep.equal(EMPTY_ROOT);
    let edge = EMPTY_EDGE;
    for (const size of [
      1,
      2,
      255,
      256,
      257,
      511,
      512,
      1000,
      1001,
      20_000,
      65_279,
      65_535,
      65_536,
      65_537,
      LEAVES,
    ]) {
      edge = await grow(edge, size);
      expect(edgeRoot(edge), `root at ${size}`).to.deep.equal(rootHash(leaves.slice(0, size)));
      const sizes = [1, 2, 3, 255, 256, 257, 700, 65_535, 65_536, 65_537, size - 1, size];
      await expectTree(edge, sizes.filter((asked) => asked >= 1 && asked <= size).slice(-2));
    }
  });

  it("reads its edge back from the store", async () => {
    const readLeaves = (begin: number, end: number): Promise<Uint8Array> =>
      Promise.resolve(range(begin, end));
    const size = await store.size();
    expect(size).to.equal(LEAVES);
    const edge = await loadEdge(size, store, readLeaves);
    if (edge === undefined) throw new Error("there is no edge");
    expect(edgeRoot(edge)).to.deep.equal(rootHash(leaves));
    await expectTree(edge, [1, 255, 256, 257, 65_535, 65_536, 65_537, LEAVES]);
  });

  it("does not take an edge from a store that lacks a tile", async () => {
    const lacking: TileStore = {
      ...store,
      tile: ({ level, index }) => (level === 1 ? Promise.resolve(undefined) : store.tile({ level, index })),
    };
    expect(await loadEdge(LEAVES, lacking, (begin, end) => Promise.resolve(range(begin, end)))).to.equal(
      undefined,
    );
  });

  it("finds a leaf by its hash, and none by a hash that only begins like one", async () => {
    const edge = await loadEdge(LEAVES, store, (begin, end) => Promise.resolve(range(begin, end)));
    if (edge === undefined) throw new Error("there is no edge");
    const tree = treeOf(edge, store, tileCache());
    for (const index of [0, 255, 256, 65_535, LEAVES - 1]) {
      const hash = leaves[index] ?? EMPTY_ROOT;
      expect(await tree.leafIndex(hash)).to.equal(index);
      const similar = hash.slice();
      similar[31] = (similar[31] ?? 0) ^ 1;
      expect(await tree.leafIndex(similar)).to.equal(undefined);
    }
    expect(await tree.leafIndex(leafHash(utf8("no leaf")))).to.equal(undefined);
  });

  it("publishes the same bytes for a partial tile while it grows and after it is full", async () => {
    let edge = EMPTY_EDGE;
    const tiles = levelTileStore(db);
    await tiles.clear();
    expect(await tiles.size()).to.equal(0);
    edge = await grow(edge, 100);
    const early = toHex(await treeOf(edge, tiles, tileCache()).tileHashes({ level: 0, index: 0 }, 77));
    edge = await grow(edge, 300);
    expect(toHex(await treeOf(edge, tiles, tileCache()).tileHashes({ level: 0, index: 0 }, 77))).to.equal(
      early,
    );
    expect(early).to.equal(toHex(range(0, 77)));
    const upper = await treeOf(edge, tiles, tileCache()).tileHashes({ level: 1, index: 0 }, 1);
    expect(upper).to.deep.equal(rootHash(leaves.slice(0, 256)));
  });

  it("keeps an edge as it was when another one is made of it", () => {
    const { edge } = extend(EMPTY_EDGE, range(0, 300));
    const root = edgeRoot(edge);
    extend(edge, range(300, 1000));
    expect(edgeRoot(edge)).to.deep.equal(root);
    expect(root).to.deep.equal(rootHash(leaves.slice(0, 300)));
  });

  it("refuses nodes that a tile does not have yet", () => {
    const tile = Pyramid.ofHashes(range(0, 5));
    expect(tile.node(2, 0)).to.deep.equal(rootHash(leaves.slice(0, 4)));
    expect(() => tile.node(0, 5)).to.throw(RangeError);
    expect(() => tile.node(1, 2)).to.throw(RangeError);
    expect(() => tile.hashes(6)).to.throw(RangeError);
    expect(() => Pyramid.ofHashes(range(0, 257))).to.throw(RangeError);
  });
});
