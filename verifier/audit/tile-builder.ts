import { equal } from "../../protocol/bytes.ts";
import { HASH_BYTES, rootHash } from "../../protocol/merkle.ts";
import { type Tile, TILE_WIDTH } from "../../protocol/tile.ts";
import { AuditFault } from "./fault.ts";

/** A tile as it has to be. */
export interface BuiltTile extends Tile {
  /** `width` hashes of 32 bytes each. */
  readonly hashes: readonly Uint8Array[];
}

/** Builds the tiles of a growing log (C2SP tlog-tiles), keeping only those that are not full yet: one a level. */
export class TileBuilder {
  readonly #open: Uint8Array[][];
  #size: number;

  /** Goes on from the unfinished tiles of a log of `size` entries. */
  constructor(size: number, open: readonly (readonly Uint8Array[])[]) {
    this.#size = size;
    this.#open = open.map((hashes) => [...hashes]);
  }

  /** The hashes of the unfinished tile of each level. */
  get open(): readonly (readonly Uint8Array[])[] {
    return this.#open;
  }

  /** Adds a leaf and returns the tiles it completes, the lowest first. */
  append(leafHash: Uint8Array): BuiltTile[] {
    this.#size++;
    const full: BuiltTile[] = [];
    let hash = leafHash;
    for (let level = 0; ; level++) {
      const hashes = (this.#open[level] ??= []);
      hashes.push(hash);
      if (hashes.length < TILE_WIDTH) return full;
      full.push({ level, index: this.#size / TILE_WIDTH ** (level + 1) - 1, width: TILE_WIDTH, hashes });
      this.#open[level] = [];
      hash = rootHash(hashes);
    }
  }

  /** The unfinished tiles. */
  partial(): BuiltTile[] {
    return this.#open.flatMap((hashes, level) => {
      const index = Math.floor(this.#size / TILE_WIDTH ** (level + 1));
      return hashes.length === 0 ? [] : [{ level, index, width: hashes.length, hashes }];
    });
  }
}

/** Compares a tile as it is given with what it has to be. @throws AuditFault naming the first entry under the first wrong hash. */
export function requireSameTile(tile: BuiltTile, given: Uint8Array | undefined): void {
  const { level, index, width } = tile;
  const name = `tile ${index} of level ${level}`;
  const wrong = (place: number, message: string): AuditFault =>
    new AuditFault("tiles", (index * TILE_WIDTH + place) * TILE_WIDTH ** level, message);
  if (given === undefined) throw wrong(0, `there is no ${name} with ${width} hashes`);
  const place = tile.hashes.findIndex(
    (hash, at) => !equal(hash, given.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES)),
  );
  if (place !== -1) throw wrong(place, `${name} has a wrong hash for it`);
  if (given.length > width * HASH_BYTES) throw wrong(width - 1, `${name} is longer than ${width} hashes`);
}
