import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import { toBase64url, utf8 } from "./bytes.ts";

/** SHA-256 (FIPS 180-4): 32 bytes. This is the portable version; Node gets `sha256.node.ts` by `#sha256`. */
export function sha256(data: Uint8Array): Uint8Array {
  return nobleSha256(data);
}

/** base64url of the SHA-256 of an ASCII text: the digest of a disclosure (RFC 9901 section 4.2.3). */
export function sha256Base64url(ascii: string): string {
  return toBase64url(nobleSha256(utf8(ascii)));
}
