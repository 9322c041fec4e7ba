import { sum } from "simple-statistics";
import type { CountRow } from "./counts.ts";
import { type Basis, modelOf } from "./model.ts";
import type { Month } from "./month.ts";
import { nameOf, pastOf } from "./past.ts";
import { naive } from "./seasonal.ts";

/** How wrong forecasts were about months that were held back from them. */
export interface HeldBackError {
  readonly procedure: string;
  readonly basis: Basis;
  /** Communes times months that were compared. */
  readonly compared: number;
  /** Mean absolute error, in occasions a month and commune; and that of taking the same month of the year before. */
  readonly meanAbsoluteError: number;
  readonly naiveError: number;
  /** How much of what happened lay within the interval, which is made for CONFIDENCE of it. */
  readonly coverage: number;
}

/** The error of forecasts of the last `heldBack` months before `from`, all made from what came before the first of them. */
export function errorsOf(
  rows: readonly CountRow[],
  { from, heldBack }: { readonly from: Month; readonly heldBack: number },
): HeldBackError[] {
  const begin = from - heldBack;
  const before = pastOf(rows, begin);
  const whole = pastOf(rows, from);
  const compared = before.kinds.flatMap((kind) => {
    const series = before.served.get(nameOf(kind));
    const happened = whole.served.get(nameOf(kind));
    const [model, byLooking] = [modelOf(before, kind), series && naive(series)];
    if (happened === undefined || model === undefined || byLooking === undefined) return [];
    return Array.from({ length: heldBack }, (_, at) => begin + at).flatMap((month) => {
      const made = model(month);
      const value = happened.values[month - happened.from] ?? 0;
      if (made === undefined) return [];
      return [
        {
          ...{ procedure: kind.procedure, basis: made.basis, error: Math.abs(made.expected - value) },
          naiveError: Math.abs(byLooking(month) - value),
          isWithin: made.low <= value && value <= made.high,
        },
      ];
    });
  });
  return [...Map.groupBy(compared, ({ procedure, basis }) => `${procedure},${basis}`)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, list]) => {
      const [first] = list;
      if (first === undefined) return [];
      const meanOf = (of: (each: (typeof list)[number]) => number): number => sum(list.map(of)) / list.length;
      return [
        {
          ...{ procedure: first.procedure, basis: first.basis, compared: list.length },
          meanAbsoluteError: meanOf(({ error }) => error),
          naiveError: meanOf((each) => each.naiveError),
          coverage: meanOf(({ isWithin }) => (isWithin ? 1 : 0)),
        },
      ];
    });
}
