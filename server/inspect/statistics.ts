import type { FindingsBoard, ShownFinding } from "../findings/board.ts";
import { agencyRates } from "./rates.ts";
import type { ResultRegister } from "./result-register.ts";
import type { Count } from "./search/counts.ts";
import { monthOf } from "./search/counts.ts";
import type { SearchIndex } from "./search/search-index.ts";
import type { StoredTerm, Term } from "./search/terms.ts";

export interface StatisticsOptions {
  readonly search: Pick<SearchIndex, "counts" | "status">;
  readonly findings: Pick<FindingsBoard, "list">;
  readonly results: Pick<ResultRegister, "counts">;
  readonly hashOf: (term: Term) => StoredTerm;
  /** Codes of the agencies on the chain, and of the procedures of the catalogue: no other name is published. */
  readonly agencies: () => readonly string[];
  readonly procedures: () => Promise<readonly string[]>;
}

/** How often something was recorded, as it is published: a multiple of STEP, or that it was less often. */
export type PublishedCount = number | `<${number}`;

/** What was recorded in a month of one kind. */
export interface StatisticsRow {
  readonly type: Count["type"];
  /** The agency that asked or acted, and for which procedure; `other` where none that is known is named. */
  readonly agency: string;
  readonly procedure: string;
  readonly outcome: Count["outcome"];
  /** As the agency itself recorded it, and as those recorded it that it asked. Left out where there is nothing. */
  readonly recorded?: PublishedCount;
  readonly answered?: PublishedCount;
}

/** Findings of a month. */
export interface FindingsRow {
  readonly agency: string;
  readonly kind: ShownFinding["kind"];
  readonly state: ShownFinding["state"];
  readonly count: PublishedCount;
}

/** Inspections of what was granted, in a month. */
export interface InspectionsRow {
  readonly agency: string;
  /** How many drawn grants were looked at, and how many of them were not in order; left out where none was. */
  readonly inspected: PublishedCount;
  readonly notInOrder?: PublishedCount;
}

export interface MonthStatistics {
  /** Such as 2026-11, in UTC, by the time of receipt. */
  readonly month: string;
  /** How many events of the log were counted, in all months. */
  readonly size: number;
  readonly rows: readonly StatisticsRow[];
  /** What was found that holds since that month; false for `findingsComplete` when there is more than was counted. */
  readonly findings: readonly FindingsRow[];
  readonly findingsComplete: boolean;
  readonly inspections: readonly InspectionsRow[];
}

/** @throws LedgerError `starting` */
export type Statistics = (month: string) => Promise<MonthStatistics>;

export const MONTH = /^(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])$/;
const OTHER = "other";

/**
 * Counts are published in steps of so many, rounded down, and below the first step only as that: so neither a look at the same month a little later, nor the
 * difference between sums, nor the log's own numbers (how many events each source has is public) tell that one person more was looked at.
 */
const STEP = 5;
/** Findings of a month that are counted at most. */
const MAX_FINDINGS = 20_000;
const FINDINGS_AT_ONCE = 1000;

/** The public statistics: from counts alone. */
export function statistics(options: StatisticsOptions): Statistics {
  const { search, hashOf, agencies, procedures } = options;
  return async (month) => {
    const counts = await search.counts(monthOf(beginOf(month)));
    const agencyOf = namesOf(agencies(), (text) => hashOf({ kind: "agency", text }));
    const procedureOf = namesOf(await procedures(), (text) => hashOf({ kind: "procedure", text }));
    const sums = new Map<
      string,
      { row: Omit<StatisticsRow, "recorded" | "answered">; own: number; others: number }
    >();
    for (const { type, outcome, side, agency, procedure, count } of counts) {
      const row = { type, agency: agencyOf(agency), procedure: procedureOf(procedure), outcome };
      const name = JSON.stringify(Object.values(row));
      const sum = sums.get(name) ?? { row, own: 0, others: 0 };
      sums.set(name, sum);
      if (side === "provider") sum.others += count;
      else sum.own += count;
    }
    const rows = [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
    return {
      month,
      size: search.status().size,
      rows: rows.map(({ row, own, others }) => ({
        ...row,
        ...(own > 0 && { recorded: published(own) }),
        ...(others > 0 && { answered: published(others) }),
      })),
      ...(await findingsOf(month, options)),
      inspections: await inspectionsOf(month, options),
    };
  };
}

async function findingsOf(
  month: string,
  { findings, agencies }: StatisticsOptions,
): Promise<Pick<MonthStatistics, "findings" | "findingsComplete">> {
  const [from, to] = [beginOf(month), beginOf(nextMonth(month))];
  const known = new Set(agencies());
  const sums = new Map<string, { row: Omit<FindingsRow, "count">; count: number }>();
  let after: string | undefined;
  for (let counted = 0; counted < MAX_FINDINGS; counted += FINDINGS_AT_ONCE) {
    const page = await findings.list({
      from,
      to,
      limit: FINDINGS_AT_ONCE,
      ...(after !== undefined && { after }),
    });
    for (const finding of page.findings) {
      const { kind, state } = finding;
      const agency = answeredBy(finding);
      const row = { agency: agency !== undefined && known.has(agency) ? agency : OTHER, kind, state };
      const name = JSON.stringify(Object.values(row));
      sums.set(name, { row, count: (sums.get(name)?.count ?? 0) + 1 });
    }
    after = page.next;
    if (after === undefined) break;
  }
  const rows = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    findings: rows.map(([, { row, count }]) => ({ ...row, count: published(count) })),
    findingsComplete: after === undefined,
  };
}

async function inspectionsOf(
  month: string,
  { results, agencies }: StatisticsOptions,
): Promise<readonly InspectionsRow[]> {
  const known = new Set(agencies());
  const counts = await results.counts(monthOf(beginOf(month)));
  const named = counts.map((count) => ({ ...count, agency: known.has(count.agency) ? count.agency : OTHER }));
  return agencyRates(named).map(({ agency, inspected, notInOrder }) => ({
    ...{ agency, inspected: published(inspected) },
    ...(notInOrder > 0 && { notInOrder: published(notInOrder) }),
  }));
}

/** The agency that answers for a finding, itself or by one of its sources. */
export function answeredBy(finding: ShownFinding): string | undefined {
  const named = "agency" in finding ? finding.agency : "source" in finding ? finding.source : undefined;
  return named?.split("/", 1)[0];
}

/** Unix seconds. */
function beginOf(month: string): number {
  return Date.parse(`${month}-01T00:00:00Z`) / 1000;
}

function nextMonth(month: string): string {
  const [year = 0, number = 0] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7);
}

/** A count as it is published; at least 1. */
export function published(count: number): PublishedCount {
  return count < STEP ? `<${STEP}` : count - (count % STEP);
}

function namesOf(names: readonly string[], hash: (name: string) => StoredTerm): (term: StoredTerm) => string {
  const byTerm = new Map(names.map((name) => [hash(name), name]));
  return (term) => byTerm.get(term) ?? OTHER;
}
