import type { Check, CheckStatus } from "../verifier/checks.ts";
import type { EvidenceClaim, EvidenceReport, Verdict } from "../verifier/evidence.ts";
import { type Colour, coloured, printable, type Terminal, wrap } from "./terminal.ts";

const MARKS: Readonly<Record<CheckStatus, readonly [mark: string, colour: Colour]>> = {
  passed: ["✓", "green"],
  warning: ["!", "yellow"],
  failed: ["✗", "red"],
  "not-checked": ["–", "yellow"],
};

const VERDICTS: Readonly<Record<Verdict, readonly [word: string, colour: Colour, meaning: string]>> = {
  valid: ["VALID", "green", "every check passed."],
  development: [
    "DEVELOPMENT",
    "yellow",
    "every check passed, but on an embedded chain, which proves nothing to anyone else.",
  ],
  invalid: ["INVALID", "red", "a check failed. Do not rely on this file."],
  incomplete: ["INCOMPLETE", "yellow", "nothing was found wrong, but not everything could be checked."],
};

/** A report for a person: the checks from top to bottom, the verdict, and what is proven. */
export function renderReport(report: EvidenceReport, terminal: Terminal): string {
  const [word, colour, meaning] = VERDICTS[report.verdict];
  const verdict = wrap(`${word}: ${meaning}`, terminal.columns).join("\n");
  const parts = [
    report.checks.map((check, at) => renderCheck(check, report.checks.slice(0, at), terminal)).join("\n"),
    verdict.replace(word, coloured(terminal, colour, word)),
    ...(report.claim === null ? [] : renderClaim(report.claim, terminal)),
  ];
  return `${parts.join("\n\n")}\n`;
}

/** Labelled lines with the texts in one column. */
export function renderRows(
  rows: readonly (readonly [label: string, text: string])[],
  terminal: Terminal,
): string {
  const width = Math.max(...rows.map(([label]) => label.length)) + 2;
  return rows
    .map(([label, text]) => {
      const lines = wrap(printable(text), terminal.columns - width - 2);
      return `  ${label.padEnd(width)}${lines.join(`\n${" ".repeat(width + 2)}`)}`;
    })
    .join("\n");
}

/** A check, with its detail unless that repeats why an earlier check could not be made either. */
function renderCheck(check: Check, earlier: readonly Check[], terminal: Terminal): string {
  const { title, status, detail } = check;
  const [mark, colour] = MARKS[status];
  const isRepeated = status === "not-checked" && earlier.some((other) => other.detail === detail);
  const lines = isRepeated ? [] : wrap(printable(detail), terminal.columns - 4);
  return [
    `${coloured(terminal, colour, mark)} ${title}`,
    ...lines.map((line) => coloured(terminal, "dim", `    ${line}`)),
  ].join("\n");
}

function renderClaim(claim: EvidenceClaim, terminal: Terminal): readonly string[] {
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

/** A time in Unix seconds; beyond the year 9999 it stays a number. */
function utc(seconds: number): string {
  return seconds < 253_402_300_800
    ? new Date(seconds * 1000).toISOString().replace(".000", "")
    : String(seconds);
}
