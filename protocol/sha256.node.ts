import { hash } from "node:crypto";

/** SHA-256 (FIPS 180-4): 32 bytes. One-shot: `createHash` costs three times as much on inputs this small. */
export function sha256(data: Uint8Array): Uint8Array {
  const digest = hash("sha256", data, "buffer");
  return new Uint8Array(digest.buffer, digest.byteOffset, digest.byteLength);
}

/** base64url of the SHA-256 of an ASCII text: the digest of a disclosure (RFC 9901 section 4.2.3). */
export function sha256Base64url(ascii: string): string {
  return hash("sha256", ascii, "base64url");
}
