import { stripVTControlCharacters } from "node:util";

/** How many tests ended which way. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** The counts in mocha's closing lines ("  12 passing (3s)", "  1 pending", "  2 failing"); undefined if it never closed. */
export function tallyOf(output: string): Tally | undefined {
  const lines = stripVTControlCharacters(output).split("\n");
  const count = (word: string): number | undefined => {
    const line = lines.findLast((candidate) =>
      new RegExp(`^\\s*\\d+ ${word}( \\(.*\\))?\\s*$`).test(candidate),
    );
    return line === undefined ? undefined : Number.parseInt(line, 10);
  };
  const passed = count("passing");
  if (passed === undefined) return undefined;
  return { passed, failed: count("failing") ?? 0, skipped: count("pending") ?? 0 };
}

/** The sum over all runners. */
export function sumOf(tallies: readonly Tally[]): Tally {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const tally of tallies) {
    sum.passed += tally.passed;
    sum.failed += tally.failed;
    sum.skipped += tally.skipped;
  }
  return sum;
}
