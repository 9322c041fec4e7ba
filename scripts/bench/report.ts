import { cpus, totalmem } from "node:os";

/** One line of the report: what was measured, the goal if there is one, and what came out. */
export interface ReportRow {
  readonly what: string;
  readonly goal: string;
  readonly result: string;
  readonly met?: boolean;
}

export interface Report {
  readonly date: string;
  readonly mode: "full" | "quick";
  /** As it was called, when not with the defaults. */
  readonly options: string;
  readonly machine: string;
  readonly rows: ReportRow[];
  readonly details: Record<string, unknown>;
}

/** `options`: what was said on the command line. */
export function emptyReport(mode: Report["mode"], options: readonly string[]): Report {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    mode,
    options: options.join(" "),
    machine: `${cpus().length} cores (${cpu?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}, ${process.platform} ${process.arch}`,
    rows: [],
    details: {},
  };
}

/** The report as Markdown, with what people have to say about it: why a goal was missed, what a figure does not show. */
export function markdownOf(report: Report, notes = ""): string {
  const rows = report.rows.map(
    ({ what, goal, result, met }) =>
      `| ${what} | ${goal} | ${result} | ${met === undefined ? "" : met ? "yes" : "**no**"} |`,
  );
  return [
    "# Benchmarks",
    "",
    `Made by \`npm run bench${report.options === "" ? "" : ` -- ${report.options}`}\` on ${report.date}: ${report.machine}. The load client, the chain and the server share`,
    "these cores. All figures are of one run; the ratios are what carries over to other machines. The numbers behind the table are in",
    "[bench/results.json](bench/results.json). What each line does is said in `scripts/bench/`.",
    "",
    "| what | goal | result | met |",
    "|---|---|---|---|",
    ...rows,
    "",
    ...(notes === "" ? [] : [notes.trim(), ""]),
  ].join("\n");
}

export function thousands(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

export function milliseconds(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}
