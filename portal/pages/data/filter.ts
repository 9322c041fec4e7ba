/** Which items somebody wants to see. Pure. */
import type { UseAnswer } from "../../api/uses.ts";
import type { Item, ItemKind } from "./items.ts";

export interface Filter {
  /** Words that must all be found. */
  readonly words: string;
  readonly kind: ItemKind | "all";
  readonly agency: string;
  readonly procedure: string;
  /** A year, or all. */
  readonly year: number | "all";
  readonly onlyFindings: boolean;
}

export const EVERYTHING: Filter = {
  ...{ words: "", kind: "all", agency: "all", procedure: "all", year: "all", onlyFindings: false },
};

/** Whether the filter leaves anything out. */
export function isNarrow(filter: Filter): boolean {
  return (Object.keys(EVERYTHING) as (keyof Filter)[]).some((name) => filter[name] !== EVERYTHING[name]);
}

export interface Known {
  /** The texts of an item that words are looked for in. */
  readonly textOf: (item: Item) => string;
  readonly answers: ReadonlyMap<number, UseAnswer>;
}

/** The items that the filter leaves, in their order. */
export function filtered(items: readonly Item[], filter: Filter, { textOf, answers }: Known): readonly Item[] {
  const words = plain(filter.words).split(/\s+/).filter((word) => word !== "");
  return items.filter((item) => {
    if (filter.kind !== "all" && item.kind !== filter.kind) return false;
    if (filter.agency !== "all" && item.agency !== filter.agency) return false;
    if (filter.procedure !== "all" && item.procedure !== filter.procedure) return false;
    if (filter.year !== "all" && yearOf(item) !== filter.year) return false;
    if (filter.onlyFindings && !hasFinding(item, answers)) return false;
    if (words.length === 0) return true;
    const text = plain(textOf(item));
    return words.every((word) => text.includes(word));
  });
}

/** Without case, accents and tone marks: people type without them. */
function plain(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").replaceAll(/[đĐ]/g, "d").toLowerCase();
}

/** The year by the reader's own clock. */
export function yearOf({ when }: Item): number {
  return new Date(when * 1000).getFullYear();
}

function hasFinding({ entries }: Item, answers: ReadonlyMap<number, UseAnswer>): boolean {
  return entries.some(({ index }) => answers.get(index)?.answer === "finding");
}

/** Items under headings, each heading at the place of its first item. */
export function grouped(items: readonly Item[], headingOf: (item: Item) => string): readonly (readonly [string, readonly Item[]])[] {
  return [...Map.groupBy(items, headingOf)];
}

/** How often each agency used data in each month of a year; agencies by how often, most first. */
export interface YearAtAGlance {
  readonly year: number;
  readonly rows: readonly { readonly agency: string; readonly months: readonly number[]; readonly sum: number }[];
  /** The highest number of a month. */
  readonly most: number;
}

export function yearAtAGlance(items: readonly Item[], year: number): YearAtAGlance {
  const rows = new Map<string, number[]>();
  for (const item of items) {
    if ((item.kind !== "use" && item.kind !== "act") || yearOf(item) !== year) continue;
    const months = rows.get(item.agency) ?? Array.from({ length: 12 }, () => 0);
    const month = new Date(item.when * 1000).getMonth();
    months[month] = (months[month] ?? 0) + 1;
    rows.set(item.agency, months);
  }
  const counted = [...rows].map(([agency, months]) => ({
    agency,
    months,
    sum: months.reduce((sum, count) => sum + count, 0),
  }));
  return {
    year,
    rows: counted.sort((a, b) => b.sum - a.sum),
    most: Math.max(0, ...counted.flatMap(({ months }) => months)),
  };
}
