/** What the overview's charts are drawn from. Pure. */
import type { Complaint } from "../../api/complaints.ts";
import type { Finding } from "../../api/findings.ts";
import type { Anchor } from "../../api/inspection.ts";
import type { Statistics } from "../../api/statistics.ts";
import { daysSince } from "./days.ts";

export const AGES = ["day", "week", "month", "older"] as const;
export const DUES = ["overdue", "week", "month", "later"] as const;

/** A number for each of the columns. */
export interface Row {
  readonly key: string;
  readonly values: readonly number[];
}

/** What a rounded count may hide: the next step less one. */
const MAY_HIDE = 4;
const DAY_SECONDS = 86_400;

/** How often data was asked for: at least, and what may be added to that. The most frequent first. */
export function accessesBy({ rows }: Statistics, by: "agency" | "procedure"): readonly Row[] {
  const sums = new Map<string, [number, number]>();
  for (const row of rows) {
    if (row.type !== "access" || row.recorded === undefined) continue;
    const [least, more] = sums.get(row[by]) ?? [0, 0];
    sums.set(row[by], [least + (row.recorded === "<5" ? 0 : row.recorded), more + MAY_HIDE]);
  }
  return [...sums].map(([key, values]) => ({ key, values })).sort((a, b) => sumOf(b) - sumOf(a));
}

/** Open findings of each kind by their age (`AGES`). */
export function openByAge(findings: readonly Finding[], now: number): readonly Row[] {
  return counted(
    findings
      .filter(({ state }) => state === "open")
      .map(({ kind, since }) => [kind, AGES.indexOf(ageOf(daysSince(since, now)))]),
    AGES.length,
  );
}

/** Open findings of unmatched exchanges by who has not recorded them; the empty key is for those that name nobody. */
export function unmatchedByAgency(findings: readonly Finding[]): readonly Row[] {
  return counted(
    findings
      .filter(({ kind, state }) => kind === "unmatched-exchange" && state === "open")
      .map(({ agency = "" }) => [agency, 0]),
    1,
  );
}

/** Emergencies by what was said of them. */
export function emergencies(findings: readonly Finding[]): readonly Row[] {
  return counted(
    findings.filter(({ kind }) => kind === "emergency-unreviewed").map(({ state }) => [state, 0]),
    1,
  );
}

/** How many things have this key. */
export function countsOf(keys: readonly string[]): readonly Row[] {
  return counted(
    keys.map((key) => [key, 0]),
    1,
  );
}

/** What is still to be done about open complaints, by when (`DUES`): the agency's answers and the inspectors' decisions. */
export function complaintsDue(complaints: readonly Complaint[], now: number): readonly Row[] {
  const rows = (["answer", "decision"] as const).map((what) => {
    const values = DUES.map(() => 0);
    for (const { due } of complaints) {
      const term = due?.[what];
      if (term === undefined || (term.state !== "pending" && term.state !== "overdue")) continue;
      const at = DUES.indexOf(term.state === "overdue" ? "overdue" : dueIn(term.by - now));
      values[at] = (values[at] ?? 0) + 1;
    }
    return { key: what, values };
  });
  return rows.filter((row) => sumOf(row) > 0);
}

/** Seconds between an anchor and the one before, by the anchor's time in Unix seconds. */
export function betweenAnchors(anchors: readonly Anchor[]): readonly (Row & { readonly time: number })[] {
  return anchors.flatMap((anchor, at) => {
    const before = anchors[at - 1];
    return before === undefined
      ? []
      : [{ key: String(anchor.number), time: anchor.time, values: [anchor.time - before.time] }];
  });
}

function ageOf(days: number): (typeof AGES)[number] {
  if (days < 1) return "day";
  if (days <= 7) return "week";
  return days <= 30 ? "month" : "older";
}

function dueIn(seconds: number): (typeof DUES)[number] {
  if (seconds < 0) return "overdue";
  if (seconds <= 7 * DAY_SECONDS) return "week";
  return seconds <= 30 * DAY_SECONDS ? "month" : "later";
}

function counted(places: readonly (readonly [string, number])[], columns: number): readonly Row[] {
  const rows = new Map<string, number[]>();
  for (const [key, column] of places) {
    const values = rows.get(key) ?? Array.from({ length: columns }, () => 0);
    values[column] = (values[column] ?? 0) + 1;
    rows.set(key, values);
  }
  return [...rows].map(([key, values]) => ({ key, values })).sort((a, b) => sumOf(b) - sumOf(a));
}

function sumOf({ values }: Row): number {
  return values.reduce((sum, value) => sum + value, 0);
}
