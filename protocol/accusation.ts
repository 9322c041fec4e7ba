/**
 * An accusation: one file that proves that a log's index left out an event of somebody. It holds the evidence of the event and the
 * statement that should list it, both whole, so that whoever reads it checks both.
 */
import { FormatError } from "./errors.ts";
import { type EvidenceFile, evidenceFileOf, formatEvidence } from "./evidence.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";
import { formatStatement, MAX_STATEMENT_BYTES, parseStatement, type Statement } from "./statement.ts";

export const ACCUSATION_TYPE = "minhbach/accusation";
export const ACCUSATION_VERSION = 1;

/** An accusation with its parts parsed, and none of their claims checked. */
export interface Accusation {
  readonly evidence: EvidenceFile;
  readonly statement: Statement;
}

/** Longest accusation, in characters: a statement is nearly all of it. */
export const MAX_ACCUSATION_LENGTH = MAX_STATEMENT_BYTES;

/** The statement's own depth, and the accusation around it. */
const MAX_DEPTH = 8;

/** The file's text; it has passed `parseAccusation`. Throws FormatError. */
export function formatAccusation({ evidence, statement }: Accusation): string {
  const shown: unknown = JSON.parse(formatEvidence(evidence));
  const stated: unknown = JSON.parse(formatStatement(statement));
  const file = { type: ACCUSATION_TYPE, version: ACCUSATION_VERSION, evidence: shown, statement: stated };
  const text = `${JSON.stringify(file, undefined, 2)}\n`;
  parseAccusation(text);
  return text;
}

/** Parses an accusation with its evidence and its statement. Unknown members are refused at every level. Throws FormatError. */
export function parseAccusation(text: string): Accusation {
  if (text.length > MAX_ACCUSATION_LENGTH) throw badAccusation(`at most ${MAX_ACCUSATION_LENGTH} characters`);
  const value = parseStrictJson(text, { maxDepth: MAX_DEPTH });
  const { type, version, evidence, statement } = isJsonObject(value) ? value : {};
  if (type !== ACCUSATION_TYPE) throw badAccusation(`"type":"${ACCUSATION_TYPE}"`);
  if (version !== ACCUSATION_VERSION)
    throw badAccusation(`"version":${ACCUSATION_VERSION}; a newer verifier may know this one`);
  if (!isJsonObject(value) || Object.keys(value).length !== 4 || !isJsonObject(statement))
    throw badAccusation("exactly {type, version, evidence, statement}");
  return { evidence: evidenceFileOf(evidence), statement: parseStatement(JSON.stringify(statement)) };
}

function badAccusation(expected: string): FormatError {
  return new FormatError("accusation", `not an accusation of this version: expected ${expected}`);
}
