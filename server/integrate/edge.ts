import { EMPTY_ROOT, HASH_BYTES, nodeHash } from "../../protocol/merkle.ts";
import { TILE_HEIGHT, TILE_WIDTH } from "../../protocol/tile.ts";
import { Pyramid } from "./pyramid.ts";

/** A tile's place: level 0 holds leaf hashes, level L the roots of the tiles of level L - 1. */
export interface TilePlace {
  readonly level: number;
  readonly index: number;
}

/**
 * The unfinished tiles at the right side of the tree, one per level. A value: `extend` returns a new one, so that a failed
 * write leaves the old one standing.
 */
export interface Edge {
  /** Leaves in the tree. */
  readonly size: number;
  /** `tiles[level]` is the tile that the level's next hash goes into; it may be empty, never full. */
  readonly tiles: readonly Pyramid[];
}

export interface Extension {
  readonly edge: Edge;
  /** Tiles to store: those that became full, and the unfinished ones above level 0 that grew. */
  readonly tiles: readonly (TilePlace & { readonly tile: Pyramid })[];
}

export const EMPTY_EDGE: Edge = { size: 0, tiles: [] };

/** The edge after these leaves (32-byte hashes one after the other), and the tiles that changed. */
export function extend(edge: Edge, leafHashes: Uint8Array): Extension {
  const open = edge.tiles.map((tile) => tile.clone());
  const changed = new Map<string, TilePlace & { readonly tile: Pyramid }>();
  let size = edge.size;

  const push = (level: number, hash: Uint8Array): void => {
    const tile = (open[level] ??= Pyramid.empty());
    const index = tileIndexAt(level, size);
    tile.push(hash);
    if (level > 0 || tile.width === TILE_WIDTH) changed.set(`${level}/${index}`, { level, index, tile });
    if (tile.width < TILE_WIDTH) return;
    open[level] = Pyramid.empty();
    push(level + 1, tile.node(TILE_HEIGHT, 0));
  };

  for (let at = 0; at < leafHashes.length; at += HASH_BYTES) {
    push(0, leafHashes.subarray(at, at + HASH_BYTES));
    size++;
  }
  return { edge: { size, tiles: open }, tiles: [...changed.values()] };
}

/** The root of the tree: its perfect subtrees, each in the tile of its level, folded from the right. */
export function edgeRoot(edge: Edge): Uint8Array {
  let root: Uint8Array | undefined;
  for (const tile of edge.tiles) {
    for (let height = 0; height < TILE_HEIGHT; height++) {
      const nodes = tile.width >> height;
      if (nodes % 2 === 0) continue;
      const left = tile.node(height, nodes - 1);
      root = root === undefined ? left : nodeHash(left, root);
    }
  }
  return root ?? EMPTY_ROOT;
}

/** Which tile of the level the next hash goes into while the tree has `size` leaves. */
export function tileIndexAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** (level + 1));
}

/** How many hashes that tile has. */
export function tileWidthAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level) % TILE_WIDTH;
}
