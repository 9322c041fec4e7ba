import type { Check, CheckStatus } from "../verifier/checks.ts";
import type { Verdict } from "../verifier/evidence.ts";
import { type Colour, coloured, printable, type Terminal, wrap } from "./terminal.ts";

const MARKS: Readonly<Record<CheckStatus, readonly [mark: string, colour: Colour]>> = {
  passed: ["✓", "green"],
  warning: ["!", "yellow"],
  failed: ["✗", "red"],
  "not-checked": ["–", "yellow"],
};

/** What each verdict means, in words. */
export const VERDICTS: Readonly<Record<Verdict, VerdictWords>> = {
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
export function renderReport(
  { verdict, checks }: { readonly verdict: Verdict; readonly checks: readonly Check[] },
  claim: readonly string[],
  terminal: Terminal,
): string {
  return renderParts([renderChecks(checks, terminal), renderVerdict(VERDICTS[verdict], terminal), ...claim]);
}

/** What a report comes to: a word, and what it means. */
export type VerdictWords = readonly [word: string, colour: Colour, meaning: string];

export function renderVerdict([word, colour, meaning]: VerdictWords, terminal: Terminal): string {
  const verdict = wrap(`${word}: ${printable(meaning)}`, terminal.columns).join("\n");
  return verdict.replace(word, coloured(terminal, colour, word));
}

/** The checks from top to bottom. */
export function renderChecks(checks: readonly Check[], terminal: Terminal): string {
  return checks.map((check, at) => renderCheck(check, checks.slice(0, at), terminal)).join("\n");
}

/** Parts with a blank line between them. */
export function renderParts(parts: readonly string[]): string {
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
