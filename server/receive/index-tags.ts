import { hash } from "node:crypto";
import type { IndexKey, IndexKind } from "../../protocol/index-keys.ts";

/** How a kind is written before a tag and inside it. */
export const KIND_BYTES: Readonly<Record<IndexKind, number>> = { person: 1, official: 2, consent: 3 };

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
/** Two names of 256 and 128 characters, percent-encoded at up to 12 bytes a character, and some. */
const MAX_ID_BYTES = 8192;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * The function from an index key to its tag, 32 bytes as a string of as many characters: HMAC-SHA256 (RFC 2104) under the operator's pepper over
 * `u8 kind || UTF-8 of "scheme:id"`. Without the pepper nobody can tell which number a tag stands for.
 *
 * Written as two plain hashes over prepared pads: `createHmac` for every event would cost three times as much.
 */
export function indexTags(pepper: Uint8Array): (key: IndexKey) => string {
  const key = Buffer.alloc(BLOCK_BYTES);
  key.set(pepper.length > BLOCK_BYTES ? hash("sha256", pepper, "buffer") : pepper);
  const inner = Buffer.alloc(BLOCK_BYTES + 1 + MAX_ID_BYTES);
  const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES);
  for (const [at, byte] of key.entries()) {
    inner[at] = byte ^ INNER_PAD;
    outer[at] = byte ^ OUTER_PAD;
  }
  return ({ kind, id }) => {
    if (Buffer.byteLength(id) > MAX_ID_BYTES)
      throw new RangeError("an index key is longer than any schema allows");
    inner[BLOCK_BYTES] = KIND_BYTES[kind];
    const end = BLOCK_BYTES + 1 + inner.write(id, BLOCK_BYTES + 1, "utf8");
    outer.write(hash("sha256", inner.subarray(0, end), "binary"), BLOCK_BYTES, "latin1");
    return hash("sha256", outer, "binary");
  };
}
