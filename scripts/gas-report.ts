/**
 * Measures what `AnchorRegistry.anchor` costs and writes docs/gas.md. Nobody can hash 1e9 leaves for a
 * report, and nobody needs to: see `gas/synthetic-proof.ts`.
 *
 *     node scripts/gas-report.ts
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type AnchorGas, measureAnchorGas, SAMPLED_GROWTHS } from "./gas/measure.ts";
import { isMain } from "./is-main.ts";

const REPORT = fileURLToPath(new URL("../docs/gas.md", import.meta.url));
const SIZES = [1_000n, 1_000_000n, 1_000_000_000n];

/** What an anchor at 1e9 leaves may cost while it carries no index. */
export const GAS_GOAL = 127_000;

/** The report in Markdown; the same on every run. */
export function gasReport({ first, indexOnly, growths }: AnchorGas): string {
  const rows = growths.map(({ size, elements, withoutIndex, withIndex, extent }) =>
    row([`${size.toExponential(0).replace("+", "")}, ${extent}`, elements, withoutIndex, withIndex]),
  );
  const worst = Math.max(...growths.map(({ withoutIndex }) => withoutIndex));
  return `# Gas of anchoring

Written by \`node scripts/gas-report.ts\` (solc 0.8.37, optimizer on, evmVersion paris). Gas used by whole transactions of
\`AnchorRegistry.anchor\`, which checks the RFC 9162 consistency proof on the chain and keeps the full history.

${row(["log before", "proof elements", "gas, index 0", "gas, with index"])}
${row(["---", "---:", "---:", "---:"])}
${rows.join("\n")}

${row(["other cases", "gas"])}
${row(["---", "---:"])}
${row(["a log's first anchor", first])}
${row(["index catches up, log unchanged", indexOnly])}

How long the proof is depends on the two sizes. For each size, ${SAMPLED_GROWTHS} growths by 1 to 10,000 leaves from sizes near it were
looked at: the table has the shortest, a median and the longest proof among them. "Worst" is the step to the next power of
two from the leaf before it, where the proof is as long as it gets and nearly all of it is hashed twice. The goal for index
fields of 0 was at most ${GAS_GOAL.toLocaleString("en")}; the most measured is ${worst.toLocaleString("en")}. "With index" stores a third word, the index root.
`;
}

/** Measures at the sizes of the report. */
export function measureReportedGas(): Promise<AnchorGas> {
  return measureAnchorGas(SIZES);
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.map((cell) => (typeof cell === "number" ? cell.toLocaleString("en") : cell)).join(" | ")} |`;
}

if (isMain(import.meta)) {
  const report = gasReport(await measureReportedGas());
  await writeFile(REPORT, report);
  console.log(report);
}
