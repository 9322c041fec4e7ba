/** What became of each part of a gathered statement, and what it proves, for a person to read. */
import type { GatheredReport, PartReport } from "../verifier/gathered.ts";
import { renderChecks, renderVerdict, VERDICTS } from "./report.ts";
import { renderStatementClaim } from "./statement-claim.ts";
import { coloured, type Terminal } from "./terminal.ts";

/** Every part with its own verdict: a bad one is shown with what is wrong, a good one with what it proves. */
export function renderGathered({ parts }: GatheredReport, terminal: Terminal): readonly string[] {
  return parts.flatMap((part) => renderPart(part, terminal));
}

function renderPart({ log, verdict, checks, claim }: PartReport, terminal: Terminal): readonly string[] {
  const heading = coloured(terminal, "bold", `Part of the log ${log}`);
  const told = checks.filter(({ status }) => status !== "passed");
  const lines = told.length === 0 ? [] : [renderChecks(told, terminal)];
  return [
    [heading, ...lines, renderVerdict(VERDICTS[verdict], terminal)].join("\n"),
    ...(claim === null ? [] : renderStatementClaim(claim, terminal)),
  ];
}
