/**
 * Gathered statements: what several logs of one registry hold about one person, in one file. Each part is the statement of one log, kept as that
 * log's ledger wrote it. The file says nothing about what to trust, nor which logs there are: the reader's chain does.
 */
import { fromUtf8 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";
import { formatLogId, type LogId, parseLogId } from "./log-id.ts";
import { MAX_STATEMENT_BYTES } from "./statement.ts";

export const GATHERED_TYPE = "minhbach/gathered-statement";
export const GATHERED_VERSION = 1;

/** Parts at most: several times the provinces and ministries of a country. */
export const MAX_GATHERED_PARTS = 256;
/** Longest gathered statement: as long as one statement may be, so that whoever reads the one can read the other. */
export const MAX_GATHERED_BYTES = MAX_STATEMENT_BYTES;
/** The file, its list, a part. */
const DEPTH = 3;

/** What one log holds. */
export interface GatheredPart {
  /** The log that was asked. */
  readonly log: LogId;
  /** Its statement in either spelling, as it came; nothing of it is checked. */
  readonly statement: string;
}

/** The file of these parts; it has passed `parseGathered`. Throws FormatError. */
export function formatGathered(parts: readonly GatheredPart[]): string {
  const written = parts.map(({ log, statement }) => ({ log: formatLogId(log), statement }));
  const file = { type: GATHERED_TYPE, version: GATHERED_VERSION, parts: written };
  const text = `${JSON.stringify(file, undefined, 2)}\n`;
  parseGathered(text);
  return text;
}

/**
 * Parses a gathered statement: UTF-8 or text. Unknown members are refused; the statements in it are not parsed. Throws FormatError
 * `gathered`, `log-id` or one of `parseStrictJson`'s.
 */
export function parseGathered(input: Uint8Array | string): readonly GatheredPart[] {
  if (input.length > MAX_GATHERED_BYTES) throw bad(`it has at most ${MAX_GATHERED_BYTES} bytes`);
  const text = typeof input === "string" ? input : fromUtf8(input);
  const { type, version, parts } = members(parseStrictJson(text, { maxDepth: DEPTH }), [
    "type",
    "version",
    "parts",
  ]);
  if (type !== GATHERED_TYPE) throw bad(`its type is ${GATHERED_TYPE}`);
  if (version !== GATHERED_VERSION) throw bad("its version is 1, the only one this program knows");
  if (!Array.isArray(parts) || parts.length === 0) throw bad("it has at least one part");
  if (parts.length > MAX_GATHERED_PARTS) throw bad(`it has at most ${MAX_GATHERED_PARTS} parts`);
  return parts.map(partOf);
}

function partOf(value: unknown): GatheredPart {
  const { log, statement } = members(value, ["log", "statement"]);
  if (typeof log !== "string" || typeof statement !== "string")
    throw bad("a part has a log and a statement, both texts");
  return { log: parseLogId(log), statement };
}

function members(value: unknown, names: readonly string[]): { readonly [name: string]: unknown } {
  const keys = isJsonObject(value) ? Object.keys(value) : [];
  if (!isJsonObject(value) || keys.length !== names.length || !keys.every((key) => names.includes(key)))
    throw bad(`exactly the members ${names.join(", ")} are expected`);
  return value;
}

function bad(what: string): FormatError {
  return new FormatError("gathered", `a gathered statement is not as expected: ${what}`);
}
