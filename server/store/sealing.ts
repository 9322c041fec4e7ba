import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import type { Bytes } from "../../protocol/bytes.ts";

/*
 * Each event has a random AES-256 key of its own, so erasing the key erases what it sealed. The key seals at most two
 * texts, told apart by the nonce: the disclosures (in receive/, nonce 0) and an attachment (nonce 1).
 */

const TAG_BYTES = 16;
const DISCLOSURES_NONCE = Buffer.alloc(12, 0);
const ATTACHMENT_NONCE = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/** The disclosures of an event from their sealed form. Throws when the key is another's or a byte was changed. */
export function openDisclosures(key: Bytes, sealed: Bytes): string {
  return open(key, DISCLOSURES_NONCE, sealed).toString("latin1");
}

/** Ciphertext and 16-byte tag of an attachment under its event's key. */
export function sealAttachment(key: Bytes, body: Bytes): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, ATTACHMENT_NONCE);
  return Buffer.concat([cipher.update(body), cipher.final(), cipher.getAuthTag()]);
}

/** The reverse of `sealAttachment`; throws as `openDisclosures` does. */
export function openAttachment(key: Bytes, sealed: Bytes): Bytes {
  return new Uint8Array(open(key, ATTACHMENT_NONCE, sealed));
}

function open(key: Bytes, nonce: Buffer, sealed: Bytes): Buffer {
  // Given plain bytes, Node first tries them as key objects: two exceptions that cost more than the decryption.
  const decipher = createDecipheriv("aes-256-gcm", createSecretKey(key), nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES)), decipher.final()]);
}
