import { createDecipheriv, createSecretKey } from "node:crypto";
import { parseDisclosure } from "../../../protocol/disclosure.ts";
import type { OpenedFacets } from "../../../protocol/facet-values.ts";
import { DECOY } from "../../../protocol/facets.ts";

/* The opening of events in the search thread, as the store does it (store/sealing.ts): AES-256-GCM under the event's own key, nonce zero. */

const NONCE = Buffer.alloc(12);
const TAG_BYTES = 16;

/** The facets of an event that search or statistics ask for. Nobody's number is among them, so none is taken apart here. */
const WANTED = new Set(["type", "exchange", "purpose", "case", "outcome", "handling"]);
/** A disclosure that names one of them begins so: base64url of `["` and 22 characters of salt, then what is compared when decoded. */
const HEAD_CHARACTERS = 64;

/** The facets that search is about, from the sealed disclosures of an event. Throws when the key is another's or a byte was changed. */
export function openSearched(key: Uint8Array, sealed: Uint8Array): OpenedFacets {
  const facets: Record<string, unknown> = {};
  for (const text of openDisclosures(key, sealed).split("~")) {
    if (text === "" || !isWanted(text)) continue;
    const { name, value } = parseDisclosure(text);
    if (name !== DECOY) facets[name] = value;
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

/** Whether a disclosure may be one of those, by its first characters: parsing is what takes the time, and decoys and people are most of an event. */
function isWanted(text: string): boolean {
  const head = Buffer.from(text.slice(0, HEAD_CHARACTERS), "base64url").toString("latin1");
  const name = /^\["[A-Za-z0-9_-]*","([A-Za-z0-9.]+)",/.exec(head)?.[1];
  // A longer salt or white space hides the name: then the parser finds it.
  return name === undefined || WANTED.has(name);
}
