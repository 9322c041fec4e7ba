import { textFromBase64url } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";
import { isSource, type Source } from "./source.ts";

/** Longest payload, in ASCII characters. */
export const MAX_PAYLOAD_LENGTH = 4096;
/** The first number of every source. */
export const FIRST_SEQ = 1;
/** How many digests a payload may have: few sizes, so that the number of facets stays hidden. */
export const DIGEST_COUNTS = [8, 12, 16] as const;

const MAX_DEPTH = 2;
const MEMBERS = 5;
const SHA256_BASE64URL = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** The public part of an event, which is hashed, signed and published. */
export interface Payload {
  readonly v: 1;
  readonly src: Source;
  readonly seq: number;
  /** base64url digests of the disclosures, strictly ascending by their characters. */
  readonly sd: readonly string[];
}

/**
 * Parses a payload as log entries hold it: base64url of the JSON `{v, src, seq, _sd, _sd_alg}`, in any order and nothing
 * else. Throws FormatError `payload`, `payload-too-large`, one of the `digests` codes or of the encodings'.
 */
export function parsePayload(text: string): Payload {
  if (text.length > MAX_PAYLOAD_LENGTH) {
    throw new FormatError("payload-too-large", `a payload has at most ${MAX_PAYLOAD_LENGTH} characters`);
  }
  const value = parseStrictJson(textFromBase64url(text), { maxDepth: MAX_DEPTH });
  if (!isJsonObject(value) || Object.keys(value).length !== MEMBERS) throw badPayload();
  const { v, src, seq, _sd, _sd_alg } = value;
  if (v !== 1 || _sd_alg !== "sha-256" || !isSource(src) || !isSeq(seq)) throw badPayload();
  return { v, src, seq, sd: parseDigests(_sd) };
}

/** Whether a value can be the number of an event: a safe integer from 1. */
export function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= FIRST_SEQ;
}

/** Whether a value is the base64url of a SHA-256 hash. */
export function isHashText(value: unknown): value is string {
  return typeof value === "string" && SHA256_BASE64URL.test(value);
}

function parseDigests(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw badPayload();
  if (!DIGEST_COUNTS.some((count) => count === value.length)) {
    throw new FormatError("digests-unpadded", `pad _sd with decoys to ${DIGEST_COUNTS.join(", ")} digests`);
  }
  let previous = "";
  const digests: string[] = [];
  for (const digest of value) {
    if (!isHashText(digest)) {
      throw new FormatError("digests", "every digest in _sd must be the base64url of a SHA-256 hash");
    }
    if (digest <= previous) {
      throw new FormatError(
        "digests-unsorted",
        "sort the digests in _sd by their characters, and write each once",
      );
    }
    previous = digest;
    digests.push(digest);
  }
  return digests;
}

function badPayload(): FormatError {
  return new FormatError(
    "payload",
    `a payload must be {"v":1,"src":source,"seq":number from ${FIRST_SEQ},"_sd":[...],"_sd_alg":"sha-256"} and nothing else`,
  );
}
