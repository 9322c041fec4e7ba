import type { CountRow } from "./counts.ts";
import { errorsOf, type HeldBackError } from "./held-back.ts";
import { type BasedEstimate, modelOf } from "./model.ts";
import type { Month } from "./month.ts";
import { pastOf } from "./past.ts";

/** What is expected of a procedure in a commune and a month; of births where the procedure is empty. */
export interface ForecastRow extends BasedEstimate {
  readonly commune: string;
  readonly procedure: string;
  readonly month: Month;
}

export interface Forecast {
  /** In the order of commune, procedure, month. */
  readonly rows: readonly ForecastRow[];
  /** One for each procedure whose past is long enough; none of the others is known to be any good. */
  readonly errors: readonly HeldBackError[];
}

export interface ForecastOptions {
  /** The first month that is forecast: everything before it is the past. */
  readonly from: Month;
  readonly months: number;
  /** How many of the last past months the error is measured on, all of them from what came before the first. */
  readonly heldBack: number;
}

/** Demand per commune and procedure, from counts alone. */
export function forecast(rows: readonly CountRow[], { from, months, heldBack }: ForecastOptions): Forecast {
  const past = pastOf(rows, from);
  const ahead = Array.from({ length: months }, (_, at) => from + at);
  return {
    rows: past.kinds.flatMap((kind) => {
      const model = modelOf(past, kind);
      return ahead.flatMap((month) => {
        const made = model?.(month);
        // As in the counts: where nothing is due there is no row.
        return made === undefined || made.high === 0
          ? []
          : [{ commune: kind.commune, procedure: kind.procedure, month, ...made }];
      });
    }),
    errors: errorsOf(rows, { from, heldBack }),
  };
}
