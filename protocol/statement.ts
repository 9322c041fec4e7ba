/**
 * Statements: the events that a log's index holds about somebody, each shown or closed, with the proof that these are all of them. A
 * statement says nothing about what to trust; that comes from its reader.
 *
 * There are two spellings of the same: one JSON document, and lines (NDJSON) for long lists, which can be written and read while
 * they come. Both are parsed here; nothing a statement claims is checked.
 */
import { fromUtf8 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { evidenceFileOf } from "./evidence.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";
import { parseStatementLines, statementLines } from "./statement-lines.ts";
import {
  entryOf,
  headMembers,
  headOf,
  listOf,
  members,
  type Statement,
  STATEMENT_DEPTH,
} from "./statement-members.ts";

export { STATEMENT_TYPE, STATEMENT_VERSION } from "./statement-members.ts";
export type {
  Statement,
  StatementEntry,
  StatementHead,
  StatementList,
  StatementListHead,
} from "./statement-members.ts";

/** Longest statement in either spelling: some hundred thousand events. Longer lists are continued from an earlier statement. */
export const MAX_STATEMENT_BYTES = 256 * 1024 * 1024;

/** The statement as one JSON document; it has passed `parseStatement`. Throws FormatError. */
export function formatStatement(statement: Statement): string {
  const { type, version, log, horizon, anchor, lists } = headMembers(statement);
  const withEvents = lists.map((list, at) => ({ ...list, events: statement.lists[at]?.events ?? [] }));
  const document = { type, version, log, horizon, anchor, lists: withEvents, closures: statement.closures };
  const text = `${JSON.stringify(document, undefined, 2)}\n`;
  parseStatement(text);
  return text;
}

/** The statement in lines; they have passed `parseStatement`. Throws FormatError. */
export function formatStatementLines(statement: Statement): string {
  const text = statementLines(statement);
  parseStatement(text);
  return text;
}

/**
 * Parses a statement in either spelling: UTF-8 or text. Unknown members are refused at every level. Throws FormatError `statement`,
 * `statement-version`, `statement-truncated` (lines that end before their end line), `subject-scheme`, `subject-id`, `index-id`,
 * `log-id`, `base64`, `evidence` or one of `parseStrictJson`'s.
 */
export function parseStatement(input: Uint8Array | string): Statement {
  if (input.length > MAX_STATEMENT_BYTES) {
    throw new FormatError(
      "statement",
      `a statement has at most ${MAX_STATEMENT_BYTES} bytes; ask for its continuation`,
    );
  }
  const text = typeof input === "string" ? input : fromUtf8(input);
  return parseStatementLines(text) ?? parseDocument(text);
}

function parseDocument(text: string): Statement {
  const value = parseStrictJson(text, { maxDepth: STATEMENT_DEPTH });
  const { closures, ...head } = isJsonObject(value) ? value : {};
  const { lists, ...rest } = headOf(head, (list) => {
    const { events, ...listHead } = isJsonObject(list) ? list : {};
    if (!Array.isArray(events))
      throw new FormatError("statement", "every list of a statement has a list of events");
    return { ...listOf(listHead), events: events.map((entry) => entryOf(members(entry, "an event"))) };
  });
  if (!Array.isArray(closures)) throw new FormatError("statement", "a statement has a list of closures");
  return { ...rest, lists, closures: closures.map(evidenceFileOf) };
}
