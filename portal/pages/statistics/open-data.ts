import type { Statistics } from "../../api/statistics.ts";

/** The tables that can be had as CSV. */
export const TABLES = ["uses", "findings", "inspections"] as const;
export type TableName = (typeof TABLES)[number];

type Cell = string | number | undefined;

const HEADS: Readonly<Record<TableName, readonly string[]>> = {
  uses: ["month", "type", "agency", "procedure", "outcome", "recorded", "answered"],
  findings: ["month", "agency", "kind", "state", "count"],
  inspections: ["month", "agency", "inspected", "not_in_order"],
};

/** A table as RFC 4180 has it, the first line naming the columns. Counts are as they are published: `<5` where there are fewer. */
export function csvOf(table: TableName, statistics: Statistics): string {
  return [HEADS[table], ...rowsOf(table, statistics)]
    .map((row) => `${row.map(field).join(",")}\r\n`)
    .join("");
}

function rowsOf(table: TableName, { month, rows, findings, inspections }: Statistics): readonly Cell[][] {
  switch (table) {
    case "uses":
      return rows.map(({ type, agency, procedure, outcome, recorded, answered }) => [
        ...[month, type, agency, procedure, outcome, recorded, answered],
      ]);
    case "findings":
      return findings.map(({ agency, kind, state, count }) => [month, agency, kind, state, count]);
    case "inspections":
      return inspections.map(({ agency, inspected, notInOrder }) => [month, agency, inspected, notInOrder]);
  }
}

/** Programs that make tables of it take a text that begins so for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function field(cell: Cell): string {
  if (cell === undefined) return "";
  const text = typeof cell === "string" && FORMULA.test(cell) ? `'${cell}` : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Months such as `2026-11` (UTC), the newest first. */
export function monthsBefore(unixSeconds: number, count: number): readonly string[] {
  const now = new Date(unixSeconds * 1000);
  return Array.from({ length: count }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  );
}
