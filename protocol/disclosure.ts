import { sha256Base64url } from "#sha256";
import { base64urlByteLength, textFromBase64url, toBase64url, utf8 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { DECOY, type FacetName, isFacetName } from "./facets.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";

/** Random bytes in the salts we make: 128 bits, the least that is accepted. */
export const SALT_BYTES = 16;

const MAX_SALT_BYTES = 64;
const MAX_DEPTH = 8;

/** One openable part of an event (RFC 9901 section 4.2.1). */
export interface Disclosure {
  /** As sent: base64url of the JSON `[salt, name, value]`. */
  readonly text: string;
  /** base64url of SHA-256 over the ASCII of `text`, which stands in the payload's `_sd`. */
  readonly digest: string;
  readonly salt: string;
  readonly name: FacetName | typeof DECOY;
  readonly value: unknown;
}

/**
 * Parses one disclosure: strict encodings, a salt of 16 to 64 bytes, a known name, no nested digests in the value, null for
 * a decoy. Throws FormatError `disclosure`, `salt`, `decoy`, `facet-unknown`, `facet-nested` or one of the encodings'.
 */
export function parseDisclosure(text: string): Disclosure {
  const parsed = parseStrictJson(textFromBase64url(text), { maxDepth: MAX_DEPTH });
  if (!Array.isArray(parsed) || parsed.length !== 3) {
    throw new FormatError("disclosure", "a disclosure must be the JSON array [salt, name, value]");
  }
  const items: readonly unknown[] = parsed;
  const [salt, name, value] = items;
  if (!isSalt(salt)) {
    throw new FormatError(
      "salt",
      `a salt must be the base64url of ${SALT_BYTES} to ${MAX_SALT_BYTES} random bytes`,
    );
  }
  return { text, digest: sha256Base64url(text), salt, name: parseName(name, value), value };
}

/** The text of a disclosure. The salt must come from a cryptographically secure source. */
export function formatDisclosure(salt: Uint8Array, name: string, value: unknown): string {
  return toBase64url(utf8(JSON.stringify([toBase64url(salt), name, value])));
}

function isSalt(salt: unknown): salt is string {
  const bytes = typeof salt === "string" ? base64urlByteLength(salt) : undefined;
  return bytes !== undefined && bytes >= SALT_BYTES && bytes <= MAX_SALT_BYTES;
}

function parseName(name: unknown, value: unknown): FacetName | typeof DECOY {
  if (name === DECOY) {
    if (value !== null) throw new FormatError("decoy", 'a decoy must be [salt, "decoy", null]');
    return DECOY;
  }
  if (!isFacetName(name))
    throw new FormatError("facet-unknown", "a disclosure has a name that is no facet's");
  refuseNesting(value);
  return name;
}

/** RFC 9901 lets values hold digests of further disclosures; ours are flat, and no reader may be led to think otherwise. */
function refuseNesting(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    value.forEach(refuseNesting);
  } else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      if (key === "_sd" || key === "_sd_alg" || key === "...") {
        throw new FormatError(
          "facet-nested",
          "the value of a facet must not hold digests of further disclosures",
        );
      }
      refuseNesting(value[key]);
    }
  }
}
