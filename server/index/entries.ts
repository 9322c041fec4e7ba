import { hkdfSync } from "node:crypto";
import { hashInto, writeU64 } from "./hashing.ts";

const HASH_BYTES = 32;
const BLOCK_BYTES = 64;
const KEY_BYTES = 32;
const COUNT_BYTES = 8;
/** More subtrees than any count below 2^53 has. */
const MAX_NODES = 56;
const BLINDING_INFO = "minhbach/index/blinding/v1";

/** The secret of the blindings: HKDF-SHA256 (RFC 5869) of the VRF's seed, fixed like it for the life of the log. */
export function blindingSecret(vrfSeed: Uint8Array): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", vrfSeed, new Uint8Array(), BLINDING_INFO, HASH_BYTES));
}

/**
 * `HMAC-SHA256(secret, key || u64 count)` (RFC 2104), as two plain hashes over prepared pads: `createHmac` costs several times as much.
 */
export class Blindings {
  readonly #inner = Buffer.alloc(BLOCK_BYTES + KEY_BYTES + COUNT_BYTES);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES);

  /** `secret`: at most 64 bytes. */
  constructor(secret: Uint8Array) {
    for (let at = 0; at < BLOCK_BYTES; at++) {
      this.#inner[at] = (secret[at] ?? 0) ^ 0x36;
      this.#outer[at] = (secret[at] ?? 0) ^ 0x5c;
    }
  }

  /** Writes the 32 bytes of a key and a count to `target` at `to`. */
  write(key: Uint8Array, count: number, target: Buffer, to: number): void {
    this.#inner.set(key, BLOCK_BYTES);
    writeU64(this.#inner, count, BLOCK_BYTES + KEY_BYTES);
    hashInto(this.#inner, this.#outer, BLOCK_BYTES);
    hashInto(this.#outer, target, to);
  }

  of(key: Uint8Array, count: number): Uint8Array {
    const blinding = Buffer.alloc(HASH_BYTES);
    this.write(key, count, blinding, 0);
    return new Uint8Array(blinding);
  }
}

/**
 * What an entry is computed from: the perfect subtrees of the key's events (a frontier, RFC 6962 hashes as in protocol/frontier.ts), in one
 * buffer that is used again for each key. `load`, `append` per event, then `commit`.
 */
export class EntryMaker {
  readonly #blindings: Blindings;
  readonly #nodes = Buffer.alloc(MAX_NODES * HASH_BYTES);
  readonly #pair = Buffer.alloc(1 + 2 * HASH_BYTES);
  readonly #opened = Buffer.alloc(1 + HASH_BYTES + COUNT_BYTES + HASH_BYTES);
  #count = 0;
  #length = 0;

  constructor(blindings: Blindings) {
    this.#blindings = blindings;
    this.#pair[0] = 0x01;
    this.#opened[0] = 0x04;
  }

  get count(): number {
    return this.#count;
  }

  /** The frontier as it stands: its nodes, largest first, as a view that the next `load` changes. */
  get frontier(): Buffer {
    return this.#nodes.subarray(0, this.#length);
  }

  /** Begins with the frontier of `count` events. */
  load(count: number, frontier: Uint8Array): void {
    this.#count = count;
    this.#length = frontier.length;
    this.#nodes.set(frontier);
  }

  /** Adds the leaf hash that stands in `source` at `at`. */
  append(source: Uint8Array, at: number): void {
    for (let byte = 0; byte < HASH_BYTES; byte++) this.#nodes[this.#length + byte] = source[at + byte] ?? 0;
    this.#length += HASH_BYTES;
    for (let rest = this.#count; rest % 2 === 1; rest = (rest - 1) / 2) {
      this.#length -= HASH_BYTES;
      const left = this.#length - HASH_BYTES;
      this.#fillPair(this.#nodes, left, this.#nodes, this.#length);
      hashInto(this.#pair, this.#nodes, left);
    }
    this.#count++;
  }

  /** Writes the commitment of the entry, for this key, to `target` at `to`. */
  commit(key: Uint8Array, target: Buffer, to: number): void {
    const root = 1 + HASH_BYTES + COUNT_BYTES;
    const last = this.#length - HASH_BYTES;
    this.#nodes.copy(this.#opened, root, last, this.#length);
    for (let at = last - HASH_BYTES; at >= 0; at -= HASH_BYTES) {
      this.#fillPair(this.#nodes, at, this.#opened, root);
      hashInto(this.#pair, this.#opened, root);
    }
    this.#blindings.write(key, this.#count, this.#opened, 1);
    writeU64(this.#opened, this.#count, 1 + HASH_BYTES);
    hashInto(this.#opened, target, to);
  }

  #fillPair(left: Uint8Array, leftAt: number, right: Uint8Array, rightAt: number): void {
    for (let byte = 0; byte < HASH_BYTES; byte++) {
      this.#pair[1 + byte] = left[leftAt + byte] ?? 0;
      this.#pair[1 + HASH_BYTES + byte] = right[rightAt + byte] ?? 0;
    }
  }
}
