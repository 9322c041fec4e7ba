import type { DocumentKind } from "../population/documents.ts";
import { COMMUNES } from "../population/places.ts";
import type { Book } from "../registers/book.ts";
import type { Occasion } from "../rules/rule.ts";
import { type Counted, type CountRow, rounded } from "./counts.ts";
import { type Month, monthOf, monthText } from "./month.ts";

export interface RegisterCountsOptions {
  /** Counted by its own knowledge alone, addresses too. */
  readonly register: Pick<Book, "ending" | "happened" | "bornIn" | "read" | "knowsGone">;
  /** From this month on, and before the other one. */
  readonly from: Month;
  readonly to: Month;
  /** The procedure by which each kind of document is renewed. */
  readonly renewals?: Readonly<Partial<Record<DocumentKind, string>>>;
  /** The procedure of children who reach school: their age in the year, and the month of the year in which they do (1 to 12). */
  readonly school?: { readonly procedure: string; readonly age: number; readonly month: number };
}

/** Where a register knows no commune. */
const NO_COMMUNE = "unknown";

/**
 * What leaves a register for planners: how many documents end, how many children reach school age and how many were born, per commune and month, rounded. Nobody's
 * number, day or document is in it. In the order of kind, commune, procedure, month.
 */
export function registerCounts(options: RegisterCountsOptions): CountRow[] {
  const { register, from, to, renewals = {}, school } = options;
  const tally = newTally();
  const add = (counted: Counted, person: string, procedure: string, month: Month): void => {
    if (register.knowsGone(person)) return;
    tally.add({ counted, commune: communeOf(person, register), procedure, month });
  };
  const [first, end] = [`${monthText(from)}-01`, `${monthText(to)}-01`];
  for (const { kind, holder, expires } of register.ending(first, end)) {
    const procedure = renewals[kind];
    if (procedure !== undefined) add("due", holder, procedure, monthOfDay(expires));
  }
  for (const { mother, on } of register.happened("birth", first, end))
    add("born", mother, "", monthOfDay(on));
  if (school !== undefined) {
    for (let year = 1970 + Math.floor(from / 12); (year - 1970) * 12 < to; year++) {
      const month = (year - 1970) * 12 + school.month - 1;
      if (month < from || month >= to) continue;
      for (const child of register.bornIn(year - school.age)) add("due", child, school.procedure, month);
    }
  }
  return tally.rows();
}

/** What leaves an agency of its cases: how many of each procedure were begun, per commune and month, rounded; as `registerCounts`. */
export function servedCounts(
  cases: Iterable<{ readonly procedure: string; readonly occasion: Pick<Occasion, "subject" | "on"> }>,
  register: Pick<Book, "read">,
): CountRow[] {
  const tally = newTally();
  for (const { procedure, occasion } of cases) {
    const commune = communeOf(occasion.subject, register);
    tally.add({ counted: "served", commune, procedure, month: monthOfDay(occasion.on) });
  }
  return tally.rows();
}

interface Tally {
  readonly add: (row: Omit<CountRow, "count">) => void;
  readonly rows: () => CountRow[];
}

function newTally(): Tally {
  const sums = new Map<string, { readonly row: Omit<CountRow, "count">; count: number }>();
  return {
    add: (row) => {
      const name = [row.counted, row.commune, row.procedure, monthText(row.month)].join();
      const sum = sums.get(name);
      if (sum === undefined) sums.set(name, { row, count: 1 });
      else sum.count++;
    },
    rows: () =>
      [...sums]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { row, count }]) => ({ ...row, count: rounded(count) })),
  };
}

/** The commune of the address that the register itself holds. */
function communeOf(person: string, { read }: Pick<Book, "read">): string {
  const facts = read(person, ["pd:PhysicalAddress", "pd:Residency"]);
  const line = facts?.["pd:PhysicalAddress"] ?? facts?.["pd:Residency"];
  const [, name] = typeof line === "string" ? line.split(", ").toReversed() : [];
  return COMMUNES.find((commune) => commune.name === name)?.code ?? NO_COMMUNE;
}

function monthOfDay(day: string): Month {
  const month = monthOf(day.slice(0, 7));
  if (month === undefined) throw new RangeError("a register holds a day that is none");
  return month;
}
