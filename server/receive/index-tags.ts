import { hash } from "node:crypto";
import type { IndexKey } from "../../protocol/index-keys.ts";
import { TAG_KINDS } from "../../protocol/tag-kinds.ts";

const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
/** Two names of 256 and 128 characters, percent-encoded at up to 12 bytes a character, and some. */
const MAX_TEXT_BYTES = 8192;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * The function from a kind and a text to 32 bytes, as a string of as many characters: HMAC-SHA256 (RFC 2104) under the operator's
 * pepper over `u8 kind || UTF-8 text`. Without the pepper nobody can tell which number a tag stands for.
 *
 * Written as two plain hashes over prepared pads: `createHmac` for every event would cost three times as much.
 */
export function pepperedTags(pepper: Uint8Array): (kind: number, text: string) => string {
  const key = Buffer.alloc(BLOCK_BYTES);
  key.set(pepper.length > BLOCK_BYTES ? hash("sha256", pepper, "buffer") : pepper);
  const inner = Buffer.alloc(BLOCK_BYTES + 1 + MAX_TEXT_BYTES);
  const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES);
  for (const [at, byte] of key.entries()) {
    inner[at] = byte ^ INNER_PAD;
    outer[at] = byte ^ OUTER_PAD;
  }
  return (kind, text) => {
    if (Buffer.byteLength(text) > MAX_TEXT_BYTES)
      throw new RangeError("a tag's text is longer than any schema allows");
    inner[BLOCK_BYTES] = kind;
    const end = BLOCK_BYTES + 1 + inner.write(text, BLOCK_BYTES + 1, "utf8");
    outer.write(hash("sha256", inner.subarray(0, end), "binary"), BLOCK_BYTES, "latin1");
    return hash("sha256", outer, "binary");
  };
}

/** The function from an index key to the bytes of its tag, `scheme:id` being the text. */
export function indexTags(pepper: Uint8Array): (key: IndexKey) => string {
  const tagOf = pepperedTags(pepper);
  return ({ kind, id }) => tagOf(TAG_KINDS[kind], id);
}
