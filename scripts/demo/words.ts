import path from "node:path";
import type { Population } from "../../proactive/population/population.ts";
import type { Province } from "./province.ts";
import type { Summary } from "./summary.ts";

/** What the ledger says about the days that were lived through, as a table and a few lines. */
export function summaryText({ procedures, messages, accesses, findings, evidence, sample }: Summary): string {
  const head = ["procedure", "cases", "offered", "told", "officer", "nothing", "granted", "not asked"];
  const rows = [...procedures].map(([procedure, counts]) => [
    procedure,
    ...[counts.cases, counts.offered, counts.told, counts.officer, counts.nothing, counts.granted].map(
      String,
    ),
    String(counts.notAsked),
  ]);
  const sum = (count: (each: (typeof rows)[number]) => number): string =>
    String(rows.reduce((total, row) => total + count(row), 0));
  const total = ["all", ...head.slice(1).map((_, at) => sum((row) => Number(row[at + 1])))];
  return `
${table([head, ...rows, total])}

  "not asked": documents that other agencies knew, and that nobody had to bring.

  messages that arrived    ${counted(messages)}
  readings recorded        ${accesses.asked} by who asked, ${accesses.answered} by who was asked, ${accesses.refused} of them refused
  findings                 ${counted(findings)}
  evidence                 ${evidence.proven} of ${evidence.actions} actions proven by the chain and nothing else
  sample for inspection    ${sample.drawn} grants drawn by a block's hash, ${sample.examined} examined, ${sample.notInOrder} not in order${sample.faults.size === 0 ? "" : `: ${counted(sample.faults)}`}

Every number was read from the ledger's public API, as an inspector; each look is recorded there as well.`;
}

function counted(counts: ReadonlyMap<string, number>): string {
  return counts.size === 0
    ? "none"
    : [...counts]
        .toSorted()
        .map(([name, count]) => `${count} ${name}`)
        .join(", ");
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join("  "),
    )
    .map((line) => `  ${line}`)
    .join("\n");
}

/** Where everything is, to look around in. */
export function welcomeText(
  { ledgerUrl, inboxUrl, agencies, staffTokens, dataDir, profileFile, clock }: Province,
  { persons }: Population,
): string {
  const services = [...agencies.values()].map(
    ({ code, url }) => `  ${code.padEnd(16)} ${url}  officers' token ${staffTokens.get(code) ?? ""}`,
  );
  const trust = path.relative(process.cwd(), profileFile);
  return `
It is ${new Date(clock.now()).toISOString().slice(0, 10)} there now, and time goes on. Ctrl-C stops it.

  ledger           ${ledgerUrl}  its API: ${ledgerUrl}/docs
  inbox service    ${inboxUrl}
${services.join("\n")}
  trust profile    ${trust}
  tokens           ${path.relative(process.cwd(), path.join(dataDir, "dev-tokens.json"))} (inspector, agencies)
  sign-on          ${ledgerUrl}/oidc as resident-1 to resident-${persons.length}, or whoever its page shows

  # every action of the police in the last page, as an inspector
  TOKEN=$(node -p "require('${path.resolve(dataDir, "dev-tokens.json")}').find(({ caller }) => caller.name === 'inspector').token")
  curl -s ${ledgerUrl}/v1/inspection/search -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{"agency":"qn-police","type":"action"}'
`;
}
