import { FormatError } from "./errors.ts";

export interface StrictJsonOptions {
  /** How deeply arrays and objects may be nested; a scalar has depth 0, `[1]` has depth 1. */
  readonly maxDepth: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Parses JSON (RFC 8259) so that two readers cannot see different things: refuses duplicate keys, nesting beyond
 * `maxDepth`, lone surrogates (written raw or by \u escapes) and numbers that overflow. Whitespace and key order
 * are free. Throws FormatError `json`, `json-duplicate-key`, `json-depth`, `json-lone-surrogate`, `json-number`.
 */
export function parseStrictJson(text: string, options: StrictJsonOptions): unknown {
  if (!text.isWellFormed()) throw loneSurrogate();
  const colons = scan(text, options.maxDepth);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // V8 quotes the text in its message, and the text may be personal: it goes neither into ours nor into `cause`.
    throw new FormatError("json", "the text is not valid JSON");
  }
  // In valid JSON every colon outside a string follows a key, so a duplicate shows as a missing property.
  const checkStrings = /\\u[dD]/.test(text);
  if (countKeys(value, checkStrings) !== colons) {
    throw new FormatError("json-duplicate-key", "an object has the same key twice; send each key once");
  }
  return value;
}

/** A JSON object: neither null nor an array. */
export function isJsonObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Counts the colons outside strings, and refuses nesting that is too deep before anything is built from it. */
function scan(text: string, maxDepth: number): number {
  let colons = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case 0x3a: // :
        colons++;
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > maxDepth) {
          throw new FormatError("json-depth", `the JSON is nested deeper than ${maxDepth} levels`);
        }
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
    }
  }
  return colons;
}

/** The position of the quote that closes the string opened at `start`, or the end of an unfinished text. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

function countKeys(value: unknown, checkStrings: boolean): number {
  if (typeof value === "string") {
    if (checkStrings && !value.isWellFormed()) throw loneSurrogate();
    return 0;
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new FormatError("json-number", "a number is too large");
    return 0;
  }
  if (Array.isArray(value)) {
    let keys = 0;
    for (const item of value) keys += countKeys(item, checkStrings);
    return keys;
  }
  if (!isJsonObject(value)) return 0;
  let keys = 0;
  for (const key of Object.keys(value)) {
    keys += 1 + countKeys(value[key], checkStrings);
    if (checkStrings && !key.isWellFormed()) throw loneSurrogate();
  }
  return keys;
}

function loneSurrogate(): FormatError {
  return new FormatError(
    "json-lone-surrogate",
    "a string holds half a surrogate pair; send well-formed Unicode",
  );
}
