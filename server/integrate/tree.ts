import { equal } from "../../protocol/bytes.ts";
import type { ReadNodes, TreeNode } from "../../protocol/proof-nodes.ts";
import { TILE_HEIGHT, TILE_WIDTH } from "../../protocol/tile.ts";
import { type Edge, EMPTY_EDGE, tileIndexAt, type TilePlace, tileWidthAt } from "./edge.ts";
import { Pyramid } from "./pyramid.ts";
import type { TileStore } from "./tile-store.ts";

/** The log's Merkle tree as read from its tiles: any node, any leaf hash, below the integrated size. */
export interface Tree {
  readonly edge: Edge;
  /** Reads complete nodes, in the order asked for: what protocol/proof-nodes.ts makes proofs of. */
  readNodes: ReadNodes;
  /** The leaf hashes `begin .. end - 1`. */
  leafHashes: (begin: number, end: number) => Promise<Uint8Array[]>;
  /** The first `width` hashes of a tile, one after the other. */
  tileHashes: (place: TilePlace, width: number) => Promise<Uint8Array>;
  /** The index of the leaf with this hash. */
  leafIndex: (leafHash: Uint8Array) => Promise<number | undefined>;
}

/** Tiles of leaf hashes kept in memory, 16.5 KB each: the last half million events are read without the disk. */
const LEAF_TILES_KEPT = 2048;
/** Tiles above, kept apart so that reading all over the log does not drive them out: they are in every proof. */
const UPPER_TILES_KEPT = 1024;

/** The pyramids read last. One for each filling of the database: a full tile never changes, so nothing is ever out of date. */
export interface TileCache {
  get: (place: TilePlace) => Pyramid | undefined;
  put: (place: TilePlace, tile: Pyramid) => void;
}

/** An empty cache. */
export function tileCache(): TileCache {
  const leaves = new Map<number, Pyramid>();
  const upper = new Map<number, Pyramid>();
  const keyOf = ({ level, index }: TilePlace): number => index * 8 + level;
  return {
    get: (place) => {
      const kept = place.level === 0 ? leaves : upper;
      const key = keyOf(place);
      const tile = kept.get(key);
      if (tile !== undefined) {
        // A Map keeps its keys in the order they came: the first is the one used longest ago.
        kept.delete(key);
        kept.set(key, tile);
      }
      return tile;
    },
    put: (place, tile) => {
      const kept = place.level === 0 ? leaves : upper;
      kept.set(keyOf(place), tile);
      if (kept.size <= (place.level === 0 ? LEAF_TILES_KEPT : UPPER_TILES_KEPT)) return;
      const [oldest] = kept.keys();
      if (oldest !== undefined) kept.delete(oldest);
    },
  };
}

/** The tree behind this edge. The store must hold everything the edge no longer does. */
export function treeOf(edge: Edge, store: TileStore, cache: TileCache): Tree {
  async function tileAt(place: TilePlace): Promise<Pyramid> {
    const open = edge.tiles[place.level];
    if (open !== undefined && place.index === tileIndexAt(place.level, edge.size)) return open;
    const cached = cache.get(place);
    if (cached !== undefined) return cached;
    const stored = await store.tile(place);
    if (stored?.width !== TILE_WIDTH)
      throw new Error(`tile ${place.level}/${place.index} is not in the derived database`);
    cache.put(place, stored);
    return stored;
  }

  async function readNode({ level: height, index }: TreeNode): Promise<Uint8Array> {
    const level = Math.floor(height / TILE_HEIGHT);
    const heightInTile = height % TILE_HEIGHT;
    const nodesInRow = TILE_WIDTH / 2 ** heightInTile;
    const tile = await tileAt({ level, index: Math.floor(index / nodesInRow) });
    return tile.node(heightInTile, index % nodesInRow);
  }

  /** One after the other: the nodes of a proof share their tiles, and the first that needs a tile caches it for the rest. */
  async function readNodes(nodes: readonly TreeNode[]): Promise<Uint8Array[]> {
    const hashes: Uint8Array[] = [];
    for (const node of nodes) hashes.push(await readNode(node));
    return hashes;
  }

  async function leafHashes(begin: number, end: number): Promise<Uint8Array[]> {
    const hashes: Uint8Array[] = [];
    for (let at = begin; at < end;) {
      const index = Math.floor(at / TILE_WIDTH);
      const tile = await tileAt({ level: 0, index });
      for (const stop = Math.min(end, (index + 1) * TILE_WIDTH); at < stop; at++)
        hashes.push(tile.node(0, at % TILE_WIDTH));
    }
    return hashes;
  }

  return {
    edge,
    readNodes,
    leafHashes,
    tileHashes: async (place, width) => (await tileAt(place)).hashes(width),
    leafIndex: async (leafHash) => {
      const index = await store.leafIndex(leafHash);
      if (index === undefined || index >= edge.size) return undefined;
      return equal(await readNode({ level: 0, index }), leafHash) ? index : undefined;
    },
  };
}

/**
 * The edge of the tree of `size` leaves, read back: the unfinished tiles above level 0 from the store, the leaf hashes of the last
 * one from `leafHashes`. Undefined when the store does not hold what it must.
 */
export async function loadEdge(
  size: number,
  store: TileStore,
  leafHashes: (begin: number, end: number) => Promise<Uint8Array>,
): Promise<Edge | undefined> {
  if (size === 0) return EMPTY_EDGE;
  const tiles = [Pyramid.ofHashes(await leafHashes(tileIndexAt(0, size) * TILE_WIDTH, size))];
  for (let level = 1; TILE_WIDTH ** level <= size; level++) {
    const width = tileWidthAt(level, size);
    const tile = width === 0 ? Pyramid.empty() : await store.tile({ level, index: tileIndexAt(level, size) });
    if (tile?.width !== width) return undefined;
    tiles.push(tile);
  }
  return { size, tiles };
}
