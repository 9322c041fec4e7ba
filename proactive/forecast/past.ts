import { sum } from "simple-statistics";
import { type CountRow, middleOf } from "./counts.ts";
import type { Month } from "./month.ts";
import type { Series } from "./seasonal.ts";

/** Ratios of served to due occasions are learned from so many due ones at least. */
const LEAST_DUE = 30;

/** A row of forecasts: a procedure in a commune; births where the procedure is empty. */
export interface Kind {
  readonly commune: string;
  readonly procedure: string;
}

/** What is known before a month. */
export interface Past {
  readonly kinds: readonly Kind[];
  /** By name of the kind: what was served (or born) in the months before. */
  readonly served: ReadonlyMap<string, Series>;
  /** Occasions by name of the kind and by month, of any month. */
  readonly due: ReadonlyMap<string, ReadonlyMap<Month, CountRow["count"]>>;
  /** By procedure: the last month of which it is known what is due. */
  readonly dueUntil: ReadonlyMap<string, Month>;
  /** By procedure: how many were served for each that was due; undefined where that is not known. */
  readonly ratio: ReadonlyMap<string, number>;
}

export function nameOf({ commune, procedure }: Kind): string {
  return `${commune},${procedure}`;
}

/** Counted months begin with the first row about them and end before `from`: a month without a row in between had nothing. */
export function pastOf(rows: readonly CountRow[], from: Month): Past {
  const kinds = new Map<string, Kind>();
  const served = new Map<string, Series>();
  const due = new Map<string, Map<Month, CountRow["count"]>>();
  const dueUntil = new Map<string, Month>();
  for (const [name, list] of Map.groupBy(rows, nameOf)) {
    const [{ commune, procedure } = { commune: "", procedure: "" }] = list;
    kinds.set(name, { commune, procedure });
    const counts = list.filter(({ counted, month }) => counted !== "due" && month < from);
    const series = seriesOf(counts, from);
    if (series !== undefined) served.set(name, series);
    const known = list.filter(({ counted }) => counted === "due");
    if (known.length > 0) due.set(name, new Map(known.map(({ month, count }) => [month, count])));
    for (const { month } of known) dueUntil.set(procedure, Math.max(month, dueUntil.get(procedure) ?? month));
  }
  const sorted = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
  const past = { kinds: sorted, served, due, dueUntil, ratio: new Map<string, number>() };
  return { ...past, ratio: ratiosOf(past) };
}

function seriesOf(counts: readonly CountRow[], from: Month): Series | undefined {
  if (counts.length === 0) return undefined;
  const first = counts.reduce((least, { month }) => Math.min(least, month), from);
  const values = Array.from({ length: from - first }, () => 0);
  for (const { month, count } of counts) values[month - first] = middleOf(count);
  return { from: first, values };
}

function ratiosOf({ kinds, served, due }: Omit<Past, "ratio">): ReadonlyMap<string, number> {
  const ratios = new Map<string, number>();
  for (const [procedure, list] of Map.groupBy(kinds, (kind) => kind.procedure)) {
    const pairs = list.flatMap((kind) => {
      const [series, counts] = [served.get(nameOf(kind)), due.get(nameOf(kind))];
      if (series === undefined || counts === undefined) return [];
      return [...counts].flatMap(([month, count]) => {
        const value = series.values[month - series.from];
        return value === undefined ? [] : [{ served: value, due: middleOf(count) }];
      });
    });
    const all = sum(pairs.map((pair) => pair.due));
    if (all >= LEAST_DUE) ratios.set(procedure, sum(pairs.map((pair) => pair.served)) / all);
  }
  return ratios;
}
