/** What a verified statement proves, for a person to read: each list from the first event to the last. */
import { isJsonObject } from "../protocol/json.ts";
import type { ListClaim, StatedEvent, StatementClaim } from "../verifier/statement.ts";
import { utc } from "./claims.ts";
import { renderRows } from "./report.ts";
import { coloured, printable, type Terminal } from "./terminal.ts";

export function renderStatementClaim(claim: StatementClaim, terminal: Terminal): readonly string[] {
  const { log, horizon, anchor, lists } = claim;
  const rows = renderRows(
    [
      ["log", log],
      ["covers", `its first ${horizon} entries`],
      ["anchored", `${utc(anchor.time)}, block ${anchor.block}`],
    ],
    terminal,
  );
  return [
    `${coloured(terminal, "bold", "Proven: this is all that the log's index holds")}\n${rows}`,
    ...lists.map((list) => renderList(list, terminal)),
  ];
}

function renderList({ kind, id, count, since, events }: ListClaim, terminal: Terminal): string {
  const heading = coloured(terminal, "bold", `${kind} ${printable(id)}`);
  if (count === 0) return `${heading}: nothing is recorded`;
  const earlier = since === 0 ? "" : `, ${since} of them in the earlier statement`;
  const title = `${heading}: ${count} ${count === 1 ? "event" : "events"}${earlier}`;
  if (events.length === 0) return title;
  const rows = events.map((event, at) => [String(since + at + 1), describe(event)] as const);
  return `${title}\n${renderRows(rows, terminal)}`;
}

/** One event in one sentence: when, what, by whom, and of what is shown the parts that a person looks for first. */
function describe(event: StatedEvent): string {
  const { source, seq, facets, closed, indexHint } = event;
  const { type, exchange, data, purpose, outcome } = facets;
  const shown = [
    memberOf(facets.time, "occurred"),
    typeof type === "string" ? type : "an event",
    `by ${source} (number ${seq}, said to be entry ${indexHint})`,
    prefixed("asked by", memberOf(exchange, "client")),
    prefixed("of", memberOf(exchange, "service")),
    prefixed("for", memberOf(purpose, "procedure")),
    prefixed("data:", categoriesOf(data)),
    prefixed("outcome:", memberOf(outcome, "code")),
  ];
  const line = shown.filter((part) => part !== undefined).join(", ");
  if (closed === null) return line;
  const until = closed.until === null ? "" : ` until ${closed.until}`;
  return `${line}; ${closed.type === "seal" ? "sealed" : "erased"} by order of ${closed.authority}${until}`;
}

function categoriesOf(data: unknown): string | undefined {
  const action = memberOf(data, "action");
  const categories = isJsonObject(data) ? data["personalData"] : undefined;
  if (action === undefined || !Array.isArray(categories)) return undefined;
  return `${categories.filter((category) => typeof category === "string").join(" and ")} (${action})`;
}

function memberOf(value: unknown, name: string): string | undefined {
  const member = isJsonObject(value) ? value[name] : undefined;
  return typeof member === "string" ? member : undefined;
}

function prefixed(words: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : `${words} ${text}`;
}
