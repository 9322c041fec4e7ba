/**
 * A breach: one file that proves that the log broke a promise of a receipt, to anybody who reads the chain. It says nothing about
 * what to trust; that comes from the verifier's user.
 */
import { fromBase64, toBase64 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";
import { HASH_BYTES } from "./merkle.ts";
import { MAX_RANGE_PROOF } from "./range-proof.ts";
import { parseReceipt, type ParsedReceipt } from "./receipt.ts";
import { MAX_SUBMISSION_EVENTS } from "./submission.ts";

export const BREACH_TYPE = "minhbach/breach";
export const BREACH_VERSION = 1;

/** What the log holds where the receipted events should be, proven against the first anchor that covers them. */
export interface ContentProof {
  /** The leaf hashes at `index .. index + count - 1` of the receipt, 32 bytes each. */
  readonly leafHashes: readonly Uint8Array[];
  /** Range proof (`verifyRange`) to the anchored root. */
  readonly path: readonly Uint8Array[];
}

/**
 * Which promise was broken. `anchorBy`, `indexBy`: no anchor, no index root covered the events in time, which the chain itself shows.
 * `content`: the log holds other events at these indexes.
 */
export type BrokenPromise =
  | { readonly promise: "anchorBy" | "indexBy"; readonly proof: null }
  | { readonly promise: "content"; readonly proof: ContentProof };

/** A breach with all its parts parsed, and none of its claims checked. */
export type Breach = BrokenPromise & { readonly receipt: ParsedReceipt };

/** Longest breach file, in characters: a receipt and the hashes of 1,000 events, indented. */
export const MAX_BREACH_LENGTH = 128 * 1024;

const MAX_DEPTH = 3;

/** The file's text; it has passed `parseBreach`. Throws FormatError on a receipt or a proof that is none. */
export function formatBreach(receipt: string, { promise, proof }: BrokenPromise): string {
  const file = {
    type: BREACH_TYPE,
    version: BREACH_VERSION,
    receipt,
    promise,
    proof:
      proof === null ? null : { leafHashes: proof.leafHashes.map(toBase64), path: proof.path.map(toBase64) },
  };
  const text = `${JSON.stringify(file, undefined, 2)}\n`;
  parseBreach(text);
  return text;
}

/** Parses a breach file with everything in it; no signature is checked. Unknown members are refused. Throws FormatError. */
export function parseBreach(text: string): Breach {
  if (text.length > MAX_BREACH_LENGTH) throw badBreach(`at most ${MAX_BREACH_LENGTH} characters`);
  const value = parseStrictJson(text, { maxDepth: MAX_DEPTH });
  const { type, version, receipt, promise, proof } = members(value, 5);
  if (type !== BREACH_TYPE) throw badBreach(`"type":"${BREACH_TYPE}"`);
  if (version !== BREACH_VERSION)
    throw badBreach(`"version":${BREACH_VERSION}; a newer verifier may know this one`);
  if (typeof receipt !== "string") throw badBreach("receipt as a string");
  return { receipt: parseReceipt(receipt), ...parseBrokenPromise(promise, proof) };
}

function parseBrokenPromise(promise: unknown, proof: unknown): BrokenPromise {
  if (promise === "content") return { promise, proof: parseContentProof(proof) };
  if (promise !== "anchorBy" && promise !== "indexBy")
    throw badBreach('promise "anchorBy", "indexBy" or "content"');
  if (proof !== null) throw badBreach(`"proof":null: the chain itself shows a broken ${promise}`);
  return { promise, proof };
}

function parseContentProof(value: unknown): ContentProof {
  const { leafHashes, path } = members(value, 2);
  return { leafHashes: hashes(leafHashes, MAX_SUBMISSION_EVENTS), path: hashes(path, MAX_RANGE_PROOF) };
}

function hashes(value: unknown, maxLength: number): Uint8Array[] {
  if (!Array.isArray(value) || value.length > maxLength)
    throw badBreach(`a list of at most ${maxLength} hashes`);
  return value.map(parseHash);
}

function parseHash(value: unknown): Uint8Array {
  const hash = typeof value === "string" ? fromBase64(value) : new Uint8Array(0);
  if (hash.length !== HASH_BYTES) throw badBreach(`base64 hashes of ${HASH_BYTES} bytes`);
  return hash;
}

function members(value: unknown, count: number): { readonly [name: string]: unknown } {
  if (!isJsonObject(value) || Object.keys(value).length !== count) {
    throw badBreach("exactly {type, version, receipt, promise, proof: null or {leafHashes, path}}");
  }
  return value;
}

function badBreach(expected: string): FormatError {
  return new FormatError("breach", `not a breach file of this version: expected ${expected}`);
}
