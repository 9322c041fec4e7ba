import { hash } from "node:crypto";

const HASH_BYTES = 32;

/**
 * SHA-256 (FIPS 180-4): 32 bytes. One-shot: `createHash` costs three times as much on inputs this small. Asked for as
 * text: the Buffer Node would allocate for so few bytes costs three times as much again.
 */
export function sha256(data: Uint8Array): Uint8Array {
  const digest = hash("sha256", data, "binary");
  const bytes = new Uint8Array(HASH_BYTES);
  for (let at = 0; at < HASH_BYTES; at++) bytes[at] = digest.charCodeAt(at);
  return bytes;
}

/** base64url of the SHA-256 of an ASCII text: the digest of a disclosure (RFC 9901 section 4.2.3). */
export function sha256Base64url(ascii: string): string {
  return hash("sha256", ascii, "base64url");
}
