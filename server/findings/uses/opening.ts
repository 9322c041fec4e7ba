import { createDecipheriv, createSecretKey } from "node:crypto";
import { textFromBase64url } from "../../../protocol/bytes.ts";
import type { OpenedFacets } from "../../../protocol/facet-values.ts";
import { isFacetName } from "../../../protocol/facets.ts";
import type { SealedEvents } from "../../store/store.ts";

/* The opening of events in the thread that reads them, as the store does it (store/sealing.ts): AES-256-GCM under the event's own key, nonce zero. */

const NONCE = Buffer.alloc(12);
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** The facets of each event in log order; undefined where the key was erased. Throws when a key is another's or a byte was changed. */
export function* openedFacets({
  count,
  keys,
  sealed,
  sealedLengths,
}: SealedEvents): Generator<OpenedFacets | undefined> {
  for (let at = 0, begin = 0; at < count; at++) {
    const end = begin + (sealedLengths[at] ?? 0);
    const key = keys.subarray(at * KEY_BYTES, (at + 1) * KEY_BYTES);
    yield begin === end ? undefined : facetsOf(openDisclosures(key, sealed.subarray(begin, end)));
    begin = end;
  }
}

/** The facets in disclosures that were checked when they were received: their digests and salts are not looked at again. */
export function facetsOf(disclosures: string): OpenedFacets {
  const facets: Record<string, unknown> = {};
  for (const text of disclosures.split("~")) {
    if (text === "") continue;
    const [, name, value] = JSON.parse(textFromBase64url(text)) as readonly unknown[];
    if (isFacetName(name)) facets[name] = value;
  }
  return facets;
}

function openDisclosures(key: Uint8Array, sealed: Uint8Array): string {
  const decipher = createDecipheriv("aes-256-gcm", createSecretKey(key), NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const opened = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  decipher.final();
  return opened.toString("latin1");
}
