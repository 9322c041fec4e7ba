import { type CountRow, middleOf, STEP } from "./counts.ts";
import { type Estimate, estimate, ROUNDING_VARIANCE } from "./estimate.ts";
import type { Month } from "./month.ts";
import { type Kind, nameOf, type Past } from "./past.ts";
import { seasonal } from "./seasonal.ts";

/** What a forecast rests on: `due` occasions that are known in advance, or the months of the past. */
export type Basis = "due" | "seasonal";

export interface BasedEstimate extends Estimate {
  readonly basis: Basis;
}

/** The forecast of a kind from its past; undefined where there is none. A month of which nothing is known has none. */
export function modelOf(
  past: Past,
  kind: Kind,
): ((month: Month) => (Estimate & { readonly basis: Basis }) | undefined) | undefined {
  const counts = past.due.get(nameOf(kind));
  if (counts !== undefined) {
    const ratio = past.ratio.get(kind.procedure);
    const until = past.dueUntil.get(kind.procedure) ?? 0;
    return (month) => {
      const count = counts.get(month);
      if (count !== undefined) return { ...ofDue(count, ratio), basis: "due" };
      // Where nothing is due there is no row.
      return month <= until ? { expected: 0, low: 0, high: 0, basis: "due" } : undefined;
    };
  }
  const series = past.served.get(nameOf(kind));
  const model = series && seasonal(series);
  return model && ((month) => ({ ...model(month), basis: "seasonal" }));
}

/** How many are due is known but for the rounding; how many of them come is not. */
function ofDue(count: CountRow["count"], ratio: number | undefined): Estimate {
  const due = middleOf(count);
  if (ratio !== undefined) return estimate(due * ratio, due * ratio + ROUNDING_VARIANCE * ratio ** 2);
  return typeof count === "number"
    ? { expected: due, low: count, high: count + STEP - 1 }
    : { expected: due, low: 1, high: STEP - 1 };
}
