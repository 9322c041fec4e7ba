import {
  statementClosureLine,
  statementEndLine,
  statementEventLine,
  statementHeadLine,
} from "../../protocol/statement-lines.ts";
import { headMembers } from "../../protocol/statement-members.ts";
import type { MadeStatement } from "./statement.ts";

/** Characters sent at once, more or less. */
const CHUNK_LENGTH = 64 * 1024;

/** The statement in lines (NDJSON). */
export function statementNdjson(made: MadeStatement): AsyncIterable<string> {
  return chunked(lines(made));
}

/** The statement as one JSON document, an event a line. Of what was written nothing is kept but the closures. */
export function statementDocument(made: MadeStatement): AsyncIterable<string> {
  return chunked(document(made));
}

async function* lines({ head, parts }: MadeStatement): AsyncGenerator<string> {
  yield statementHeadLine(head);
  let events = 0;
  for await (const part of parts) {
    if ("closure" in part) {
      yield statementClosureLine(part.closure);
    } else {
      yield statementEventLine(part.list, part.entry);
      events++;
    }
  }
  yield statementEndLine(events);
}

async function* document({ head, parts }: MadeStatement): AsyncGenerator<string> {
  const { lists, ...about } = headMembers(head);
  const closures: string[] = [];
  let open = -1;
  let isFirst = true;

  /** Ends the list that is open and begins those up to this one. */
  function* upTo(list: number): Generator<string> {
    for (; open < list; open++) {
      const next = lists[open + 1];
      const begin = next === undefined ? "" : `${JSON.stringify(next).slice(0, -1)},"events":[`;
      yield `${open === -1 ? "" : "]}"}${open >= 0 && next !== undefined ? ",\n" : ""}${begin}`;
      isFirst = true;
    }
  }

  yield `${JSON.stringify(about).slice(0, -1)},\n"lists":[`;
  for await (const part of parts) {
    if ("closure" in part) {
      closures.push(JSON.stringify(part.closure));
      continue;
    }
    yield* upTo(part.list);
    yield `${isFirst ? "" : ","}\n${JSON.stringify(part.entry)}`;
    isFirst = false;
  }
  yield* upTo(lists.length);
  yield `],\n"closures":[${closures.map((closure) => `\n${closure}`).join(",")}]}\n`;
}

/** Joins small parts: each costs the connection a packet. */
async function* chunked(parts: AsyncIterable<string>): AsyncGenerator<string> {
  let waiting: string[] = [];
  let length = 0;
  for await (const part of parts) {
    waiting.push(part);
    length += part.length;
    if (length < CHUNK_LENGTH) continue;
    yield waiting.join("");
    waiting = [];
    length = 0;
  }
  yield waiting.join("");
}
