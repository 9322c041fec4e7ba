/** C2SP tlog-tiles (c2sp.org/tlog-tiles): where in the tree a tile stands, its path, and entry bundles. No I/O. */
import { FormatError } from "./errors.ts";
import { isSize } from "./merkle.ts";
import type { TreeNode } from "./proof-nodes.ts";

/** Hashes of a full tile, and entries of a full bundle. */
export const TILE_WIDTH = 256;
/** Levels of the tree one tile spans. */
export const TILE_HEIGHT = 8;

const MAX_LEVEL = 63;
const MAX_ENTRY_BYTES = 0xffff;

/** A tile of hashes: the nodes of tree level `8 * level` from `256 * index` on, `width` of them. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  /** 1 to 256; less than 256 is a partial tile. */
  readonly width: number;
}

/** A bundle of the entries from `256 * index` on, `width` of them. */
export type EntryBundle = Omit<Tile, "level">;

export type TilePath = ({ readonly kind: "tile" } & Tile) | ({ readonly kind: "entries" } & EntryBundle);

/** `tile/<L>/<N>[.p/<W>]`. Throws FormatError `tile-path`. */
export function tilePath(tile: Tile): string {
  if (!isSize(tile.level) || tile.level > MAX_LEVEL) throw badPath();
  return `tile/${tile.level}/${indexPath(tile)}`;
}

/** `tile/entries/<N>[.p/<W>]`. Throws FormatError `tile-path`. */
export function entriesPath(bundle: EntryBundle): string {
  return `tile/entries/${indexPath(bundle)}`;
}

/** Parses a path without a leading slash; each tile has one path. Throws FormatError `tile-path`. */
export function parseTilePath(path: string): TilePath {
  const [, kind, groups, last, partial] =
    /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/)*)([0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path) ??
    [];
  if (kind === undefined || groups === undefined || last === undefined) throw badPath();
  const index = Number(groups.replace(/[x/]/g, "") + last);
  const width = partial === undefined ? TILE_WIDTH : Number(partial);
  const parsed: TilePath =
    kind === "entries"
      ? { kind: "entries", index, width }
      : { kind: "tile", level: Number(kind), index, width };
  // Refuses superfluous leading groups (x000/), widths of 256 and more, and numbers beyond the safe ones.
  if ((parsed.kind === "tile" ? tilePath(parsed) : entriesPath(parsed)) !== path) throw badPath();
  return parsed;
}

function indexPath({ index, width }: EntryBundle): string {
  if (!isSize(index) || !isSize(width) || width < 1 || width > TILE_WIDTH) throw badPath();
  let path = String(index % 1000).padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
  }
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}

/** The tiles, full and partial, that a tree has at `newSize` and had not at `oldSize`: what a writer has to write. */
export function newTiles(oldSize: number, newSize: number): Tile[] {
  const tiles: Tile[] = [];
  let [before, after] = [oldSize, newSize];
  for (let level = 0; after > 0; level++) {
    if (after > before) {
      const first = Math.floor(before / TILE_WIDTH);
      for (let index = first; index * TILE_WIDTH < after; index++) {
        tiles.push({ level, index, width: Math.min(TILE_WIDTH, after - index * TILE_WIDTH) });
      }
    }
    before = Math.floor(before / TILE_WIDTH);
    after = Math.floor(after / TILE_WIDTH);
  }
  return tiles;
}

/** Where a node's hash comes from: the root over hashes [begin, end) of a tile of a tree of `size` leaves. */
export interface NodeInTile {
  readonly tile: Tile;
  readonly begin: number;
  readonly end: number;
}

/** The tile that holds a complete node. Throws FormatError `tree-size` when the tree of `size` leaves lacks the node. */
export function tileOfNode(node: TreeNode, size: number): NodeInTile {
  const level = Math.floor(node.level / TILE_HEIGHT);
  const width = 2 ** (node.level % TILE_HEIGHT);
  const first = node.index * width;
  const index = Math.floor(first / TILE_WIDTH);
  const complete = Math.floor(size / 2 ** (level * TILE_HEIGHT));
  if (first + width > complete) {
    throw new FormatError(
      "tree-size",
      `a tree of ${size} leaves has no node ${node.index} at level ${node.level}`,
    );
  }
  const begin = first - index * TILE_WIDTH;
  const tile = { level, index, width: Math.min(TILE_WIDTH, complete - index * TILE_WIDTH) };
  return { tile, begin, end: begin + width };
}

/** Entries one after the other, each behind its length as two big-endian bytes. Throws FormatError `entry-bundle`. */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0 || entries.length > TILE_WIDTH) throw badBundle();
  const bundle = new Uint8Array(entries.reduce((length, entry) => length + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) throw badBundle();
    bundle[at++] = entry.length >> 8;
    bundle[at++] = entry.length & 0xff;
    bundle.set(entry, at);
    at += entry.length;
  }
  return bundle;
}

/** The entries of a bundle. Throws FormatError `entry-bundle` when it ends early or holds none or more than 256. */
export function parseEntryBundle(bundle: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length) {
    const [high, low] = [bundle[at], bundle[at + 1]];
    if (high === undefined || low === undefined) throw badBundle();
    const end = at + 2 + high * 256 + low;
    if (end > bundle.length) throw badBundle();
    entries.push(bundle.slice(at + 2, end));
    at = end;
  }
  if (entries.length === 0 || entries.length > TILE_WIDTH) throw badBundle();
  return entries;
}

function badPath(): FormatError {
  return new FormatError(
    "tile-path",
    "expected tile/<level or entries>/<number in groups of three digits>[.p/<width>]",
  );
}

function badBundle(): FormatError {
  return new FormatError(
    "entry-bundle",
    "expected 1 to 256 entries, each behind its length as two big-endian bytes",
  );
}
