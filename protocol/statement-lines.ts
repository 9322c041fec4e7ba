/**
 * A statement in lines (NDJSON, `application/x-ndjson`), each one JSON text and a newline:
 * 1. the head: the document without `closures`, its lists without `events`;
 * 2. each event, list by list, as `{"list", "index", "event", "closedBy"?}`, and before the first event that names it each closure, as
 *    `{"closure": evidence}`;
 * 3. `{"end": {"events": how many}}`, without which the statement was cut off.
 */
import { FormatError } from "./errors.ts";
import { type EvidenceFile, evidenceFileOf } from "./evidence.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";
import { isSize } from "./merkle.ts";
import {
  entryOf,
  headMembers,
  headOf,
  listOf,
  members,
  type Statement,
  STATEMENT_DEPTH,
  type StatementEntry,
  type StatementHead,
  type StatementList,
  type StatementListHead,
} from "./statement-members.ts";

/** The first line of a statement. */
export function statementHeadLine(head: StatementHead): string {
  return line(headMembers(head));
}

/** The line of an event of the list at a place. */
export function statementEventLine(list: number, { index, event, closedBy }: StatementEntry): string {
  return line({ list, index, event, ...(closedBy === undefined ? {} : { closedBy }) });
}

/** The line of the next closure; the first one is number 0. */
export function statementClosureLine(closure: EvidenceFile): string {
  return line({ closure });
}

/** The last line of a statement, after this many events. */
export function statementEndLine(events: number): string {
  return line({ end: { events } });
}

/** All lines of a statement. */
export function statementLines(statement: Statement): string {
  let text = statementHeadLine(statement);
  let closed = 0;
  let events = 0;
  for (const [at, list] of statement.lists.entries()) {
    for (const entry of list.events) {
      const named = entry.closedBy === undefined ? 0 : entry.closedBy + 1;
      for (const closure of statement.closures.slice(closed, named)) text += statementClosureLine(closure);
      closed = Math.max(closed, named);
      text += statementEventLine(at, entry);
      events++;
    }
  }
  for (const closure of statement.closures.slice(closed)) text += statementClosureLine(closure);
  return text + statementEndLine(events);
}

/** Parses the lines of a statement; undefined when the text does not begin with a head line. Throws FormatError. */
export function parseStatementLines(text: string): Statement | undefined {
  const end = text.indexOf("\n");
  const first = end === -1 ? text : text.slice(0, end);
  const head = headLineOf(first);
  if (head === undefined) return undefined;
  const lines = new LineReader(head);
  for (let at = first.length + 1, number = 2; at < text.length; number++) {
    const newline = text.indexOf("\n", at);
    const stop = newline === -1 ? text.length : newline;
    lines.read(valueOf(text.slice(at, stop), number, newline === -1));
    at = stop + 1;
  }
  return lines.finish();
}

/** The head, when the line is whole and has no closures: the same members over several lines are a document. */
function headLineOf(text: string): StatementHead | undefined {
  if (!/^\s*\{.*\}\s*$/.test(text)) return undefined;
  let value: unknown;
  try {
    value = parseStrictJson(text, { maxDepth: STATEMENT_DEPTH });
  } catch (error) {
    // Whatever it is, it is no head; the document's parser says what is wrong with it.
    if (error instanceof FormatError) return undefined;
    throw error;
  }
  return isJsonObject(value) && "lists" in value && !("closures" in value)
    ? headOf(value, listOf)
    : undefined;
}

function valueOf(text: string, number: number, isLast: boolean): unknown {
  try {
    return parseStrictJson(text, { maxDepth: STATEMENT_DEPTH });
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    if (isLast && cause.code === "json") throw truncated();
    throw new FormatError(cause.code, `line ${number}: ${cause.message}`, { cause });
  }
}

/** Puts the lines behind the head together. */
class LineReader {
  readonly #head: StatementHead;
  readonly #lists: (StatementListHead & { readonly events: StatementEntry[] })[];
  readonly #closures: EvidenceFile[] = [];
  #list = 0;
  #events = 0;
  #ended = false;

  constructor(head: StatementHead) {
    this.#head = head;
    this.#lists = head.lists.map((list) => ({ ...list, events: [] }));
  }

  read(value: unknown): void {
    if (this.#ended) throw bad("nothing behind the end line");
    const row = members(value, "a line");
    if ("end" in row) this.#end(members(row, "the end line", 1)["end"]);
    else if ("closure" in row) this.#closures.push(evidenceFileOf(members(row, "a closure", 1)["closure"]));
    else this.#addEvent(row);
  }

  finish(): Statement {
    if (!this.#ended) throw truncated();
    const lists: readonly StatementList[] = this.#lists;
    return { ...this.#head, lists, closures: this.#closures };
  }

  #addEvent({ list, ...row }: { readonly [name: string]: unknown }): void {
    const target = isSize(list) && list >= this.#list ? this.#lists[list] : undefined;
    if (target === undefined || !isSize(list)) throw bad("events list by list, each naming its list");
    const entry = entryOf(row);
    if ((entry.closedBy ?? -1) >= this.#closures.length)
      throw bad("a closure before the first event that names it");
    target.events.push(entry);
    this.#list = list;
    this.#events++;
  }

  #end(value: unknown): void {
    const { events } = members(value, "the end", 1);
    if (events !== this.#events) {
      throw new FormatError(
        "statement-truncated",
        `the end line does not count ${this.#events} events; lines are missing`,
      );
    }
    this.#ended = true;
  }
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function truncated(): FormatError {
  return new FormatError(
    "statement-truncated",
    "the statement was cut off before its end line; fetch it again",
  );
}

function bad(expected: string): FormatError {
  return new FormatError("statement", `not the lines of a statement: expected ${expected}`);
}
