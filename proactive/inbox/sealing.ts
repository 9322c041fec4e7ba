import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from "node:crypto";
import type { PersonNumber } from "../exchange/message.ts";

/** One person's inbox: a keyed hash of their number, base64url. */
export type InboxId = string & { readonly brand: "InboxId" };

/** Keeps who and what from whoever has the folder and not the secret. */
export interface Sealing {
  readonly inboxOf: (person: PersonNumber) => InboxId;
  /** Encrypts JSON for one place in the store: moved to another, it does not open. */
  readonly seal: (place: string, value: object) => Buffer;
  /** @throws Error when it was not sealed with this secret for this place */
  readonly open: (place: string, sealed: Uint8Array) => unknown;
}

const MIN_SECRET_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @throws RangeError for a secret that is too short */
export function sealing(secret: Uint8Array): Sealing {
  if (secret.length < MIN_SECRET_BYTES)
    throw new RangeError(`the inbox's secret needs ${MIN_SECRET_BYTES} random bytes`);
  const personKey = derived(secret, "person");
  const textKey = derived(secret, "text");
  return {
    inboxOf: ({ scheme, id }) =>
      createHmac("sha256", personKey).update(`${scheme}:${id}`).digest("base64url") as InboxId,
    seal: (place, value) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", textKey, nonce).setAAD(Buffer.from(place));
      const text = cipher.update(JSON.stringify(value), "utf8");
      return Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]);
    },
    open: (place, sealed) => {
      const nonce = sealed.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv("aes-256-gcm", textKey, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(place)).setAuthTag(sealed.subarray(-TAG_BYTES));
      const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
      const value: unknown = JSON.parse(Buffer.concat([text, decipher.final()]).toString("utf8"));
      return value;
    },
  };
}

function derived(secret: Uint8Array, use: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", `minhbach/inbox/${use}/v1`, 32));
}
