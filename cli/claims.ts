/** What verified files prove, for a person to read. */
import type { AccusationClaim } from "../verifier/accusation.ts";
import type { BreachClaim } from "../verifier/breach.ts";
import type { EvidenceClaim } from "../verifier/evidence.ts";
import { renderRows } from "./report.ts";
import { coloured, type Terminal } from "./terminal.ts";

export function renderEvidenceClaim(claim: EvidenceClaim, terminal: Terminal): readonly string[] {
  const proven = renderRows(
    [
      ["event", `number ${claim.seq} of ${claim.source}`],
      ["in the log", `entry ${claim.index} of ${claim.log}`],
      [
        "anchored",
        `${utc(claim.anchor.time)}, block ${claim.anchor.block}, with ${claim.anchor.size} entries`,
      ],
      ["signed", `${utc(claim.signedAt)}, by the agency's clock`],
      ["leaf hash", claim.leafHash],
    ],
    terminal,
  );
  const facets = Object.entries(claim.facets).map(
    ([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)] as const,
  );
  const closed = `${claim.closedDigests} more ${claim.closedDigests === 1 ? "digest stays" : "digests stay"} closed`;
  return [
    `${coloured(terminal, "bold", "Proven")}\n${proven}`,
    facets.length === 0
      ? `Nothing of what the agency recorded is shown; ${closed}.`
      : `${coloured(terminal, "bold", "Recorded by the agency")} (${closed})\n${renderRows(facets, terminal)}`,
  ];
}

export function renderBreachClaim(claim: BreachClaim, terminal: Terminal): readonly string[] {
  const { anchor, due, first, count, index } = claim;
  const came =
    anchor === null
      ? "nothing, up to the newest final block"
      : `${utc(anchor.time)}, block ${anchor.block}, with ${anchor.size} entries`;
  const rows = renderRows(
    [
      ["log", claim.log],
      ["promised to", `${claim.source}, for its numbers ${first} to ${first + count - 1}`],
      ["promised", PROMISES[claim.promise]],
      ["entries", `${index} to ${index + count - 1}`],
      ["given", `${utc(claim.receivedAt)}, by the log's clock`],
      ...(due === null ? [] : ([["due", utc(due)]] as const)),
      [due === null ? "anchored" : "came", came],
    ],
    terminal,
  );
  return [`${coloured(terminal, "bold", "Proven: the log broke its promise")}\n${rows}`];
}

const PROMISES: Readonly<Record<BreachClaim["promise"], string>> = {
  anchorBy: "to have the events anchored in time",
  indexBy: "to have the events in the index tree in time",
  content: "to hold these events; it holds others in their place",
};

export function renderAccusationClaim(claim: AccusationClaim, terminal: Terminal): readonly string[] {
  const { event, anchor } = claim;
  const rows = renderRows(
    [
      ["log", claim.log],
      ["left out", `number ${event.seq} of ${event.source}, entry ${event.index} of the log`],
      ["leaf hash", event.leafHash],
      ["of the list of", `${claim.kind} ${claim.id}`],
      ["which holds", `${claim.listed} ${claim.listed === 1 ? "event" : "events"}, and not this one`],
      ["and covers", `the entries below ${claim.horizon}`],
      ["anchored", `${utc(anchor.time)}, block ${anchor.block}`],
    ],
    terminal,
  );
  return [`${coloured(terminal, "bold", "Proven: the log's index left out an event")}\n${rows}`];
}

/** A time in Unix seconds; beyond the year 9999 it stays a number. */
export function utc(seconds: number): string {
  return seconds < 253_402_300_800
    ? new Date(seconds * 1000).toISOString().replace(".000", "")
    : String(seconds);
}
