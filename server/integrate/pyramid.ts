import { HASH_BYTES, nodeHash } from "../../protocol/merkle.ts";
import { TILE_HEIGHT, TILE_WIDTH } from "../../protocol/tile.ts";

/** Nodes in a full tile, its root included. */
const NODES = 2 * TILE_WIDTH - 1;
/** The row that is stored beside the hashes, see `stored`. */
const STORED_HEIGHT = 4;
const STORED_ROW_NODES = TILE_WIDTH >> STORED_HEIGHT;

/**
 * A tile with the nodes above its hashes, up to its own root. Row by row in one flat array: 256 hashes, then 128 nodes, ..., then
 * the root. A node of a row is there when both its children are.
 */
export class Pyramid {
  readonly #bytes: Uint8Array;
  readonly #known: Uint8Array;
  #width: number;

  private constructor(bytes: Uint8Array, known: Uint8Array, width: number) {
    this.#bytes = bytes;
    this.#known = known;
    this.#width = width;
  }

  static empty(): Pyramid {
    return new Pyramid(new Uint8Array(NODES * HASH_BYTES), new Uint8Array(NODES), 0);
  }

  /** The tile of these hashes (at most 256, 32 bytes each); the nodes above are computed when asked for. */
  static ofHashes(hashes: Uint8Array): Pyramid {
    const pyramid = Pyramid.empty();
    const width = hashes.length / HASH_BYTES;
    if (!Number.isInteger(width) || width > TILE_WIDTH)
      throw new RangeError("a tile has at most 256 hashes of 32 bytes");
    pyramid.#bytes.set(hashes);
    pyramid.#known.fill(1, 0, width);
    pyramid.#width = width;
    return pyramid;
  }

  /** What `stored` gave. */
  static ofStored(stored: Uint8Array): Pyramid {
    if (stored.length <= TILE_WIDTH * HASH_BYTES) return Pyramid.ofHashes(stored);
    const pyramid = Pyramid.ofHashes(stored.subarray(0, TILE_WIDTH * HASH_BYTES));
    const row = rowStart(STORED_HEIGHT);
    pyramid.#bytes.set(stored.subarray(TILE_WIDTH * HASH_BYTES), row * HASH_BYTES);
    pyramid.#known.fill(1, row, row + STORED_ROW_NODES);
    return pyramid;
  }

  clone(): Pyramid {
    return new Pyramid(this.#bytes.slice(), this.#known.slice(), this.#width);
  }

  /** How many hashes the tile has: 256 when it is full. */
  get width(): number {
    return this.#width;
  }

  /** Adds a hash, and the nodes it completes: one more hash a leaf on average. */
  push(hash: Uint8Array): void {
    if (this.#width === TILE_WIDTH) throw new RangeError("the tile is full");
    this.#put(this.#width, hash);
    this.#width++;
    for (let height = 1; this.#width % 2 ** height === 0 && height <= TILE_HEIGHT; height++) {
      this.node(height, this.#width / 2 ** height - 1);
    }
  }

  /** The root of the perfect subtree of this height (0: a hash of the tile, 8: the root of a full tile). Computed once. */
  node(height: number, index: number): Uint8Array {
    if ((index + 1) * 2 ** height > this.#width)
      throw new RangeError("the tile does not reach this node yet");
    const at = rowStart(height) + index;
    if (this.#known[at] !== 1)
      this.#put(at, nodeHash(this.node(height - 1, 2 * index), this.node(height - 1, 2 * index + 1)));
    return this.#bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES);
  }

  /** The tile as it is published: its first `width` hashes. */
  hashes(width: number): Uint8Array {
    if (width > this.#width) throw new RangeError("the tile is not that wide yet");
    return this.#bytes.subarray(0, width * HASH_BYTES);
  }

  /**
   * The tile as it is kept: a full one with the 16 nodes of its middle row. Six per cent more on the disk, and a proof from a
   * cold tile takes 22 hashes instead of 247.
   */
  stored(): Uint8Array {
    if (this.#width < TILE_WIDTH) return this.hashes(this.#width);
    this.node(TILE_HEIGHT, 0);
    const row = rowStart(STORED_HEIGHT) * HASH_BYTES;
    const stored = new Uint8Array((TILE_WIDTH + STORED_ROW_NODES) * HASH_BYTES);
    stored.set(this.hashes(TILE_WIDTH));
    stored.set(this.#bytes.subarray(row, row + STORED_ROW_NODES * HASH_BYTES), TILE_WIDTH * HASH_BYTES);
    return stored;
  }

  #put(at: number, hash: Uint8Array): void {
    this.#bytes.set(hash, at * HASH_BYTES);
    this.#known[at] = 1;
  }
}

/** Place of the first node of a row: 0, 256, 384, 448, ... */
function rowStart(height: number): number {
  return 2 * TILE_WIDTH - 2 ** (TILE_HEIGHT + 1 - height);
}
