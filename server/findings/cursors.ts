import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/**
 * Where a page of findings ends, for whoever sees only some of them: a place among all names the finding before it, and that may be another agency's.
 * Made with the operator's secret, so that every process reads what any of them wrote.
 */
export interface HiddenCursors {
  readonly hide: (cursor: string) => string;
  /** Undefined for what was not hidden here. */
  readonly reveal: (hidden: string) => string | undefined;
}

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEX = /^(?:[0-9a-f]{2})+$/;

export function hiddenCursors(secret: Uint8Array): HiddenCursors {
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "minhbach/findings/cursor/v1", KEY_BYTES));
  return {
    hide: (cursor) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce);
      const text = Buffer.concat([cipher.update(cursor, "latin1"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString("hex");
    },
    reveal: (hidden) => {
      const bytes = Buffer.from(HEX.test(hidden) ? hidden : "", "hex");
      if (bytes.length <= NONCE_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const text = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
      try {
        decipher.final();
      } catch {
        return undefined;
      }
      return text.toString("latin1");
    },
  };
}
