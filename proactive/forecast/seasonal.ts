import { linearRegression, mean, sum } from "simple-statistics";
import { type Estimate, estimate, ROUNDING_VARIANCE } from "./estimate.ts";
import type { Month } from "./month.ts";

/** Counts of months in a row. */
export interface Series {
  readonly from: Month;
  readonly values: readonly number[];
}

const MONTHS_OF_YEAR = 12;
/** A year's shape needs two of them, or a chance month is taken for a season. */
const SEASONAL_MONTHS = 2 * MONTHS_OF_YEAR;
/** Occasions that are added to each calendar month as if it were an ordinary one: few counted ones make no season. */
const ORDINARY = 10;
/** A trend that may as well be chance (below two standard errors) is not drawn out into the future. */
const SURE_ERRORS = 2;

/**
 * A forecast by the month of the year and the trend: what each calendar month has of an ordinary one (drawn to 1 where few were counted), and a line through what is left
 * where it clearly rises or falls. Its interval is that of a Poisson count, widened where the past was more irregular than that, and by the rounding
 * of the counts. Undefined without any past.
 */
export function seasonal({ from, values }: Series): ((target: Month) => Estimate) | undefined {
  if (values.length === 0) return undefined;
  const shape = shapeOf({ from, values });
  const level = trendOf(values.map((value, at) => value / shapeAt(shape, from + at)));
  const fitted = (month: Month): number => Math.max(0, level(month - from)) * shapeAt(shape, month);
  const irregularity = irregularityOf(
    values,
    values.map((_, at) => fitted(from + at)),
  );
  // The model itself is as uncertain as what it was fitted from.
  const uncertainty = 1 + fittedFrom(values) / values.length;
  return (target) => {
    const expected = fitted(target);
    return estimate(expected, uncertainty * (irregularity * expected + ROUNDING_VARIANCE));
  };
}

/** As last year in the same month; in the first year as in the last month. What any planner can do by looking: a forecast has to be better. */
export function naive({ from, values }: Series): ((target: Month) => number) | undefined {
  const last = values.at(-1);
  if (last === undefined) return undefined;
  return (target) => {
    let at = target - from;
    while (at >= values.length) at -= MONTHS_OF_YEAR;
    return values[at] ?? last;
  };
}

/** For each month of the year what it has of an ordinary month; 1 where too little is known. */
function shapeOf({ from, values }: Series): readonly number[] {
  if (values.length < SEASONAL_MONTHS) return Array.from({ length: MONTHS_OF_YEAR }, () => 1);
  const level = trendOf(values);
  return Array.from({ length: MONTHS_OF_YEAR }, (_, month) => {
    const own = [...values.keys()].filter((at) => (from + at) % MONTHS_OF_YEAR === month);
    const counted = sum(own.map((at) => values[at] ?? 0));
    return (counted + ORDINARY) / (sum(own.map((at) => Math.max(0, level(at)))) + ORDINARY);
  });
}

function shapeAt(shape: readonly number[], month: Month): number {
  return shape[month % MONTHS_OF_YEAR] ?? 1;
}

function trendOf(levels: readonly number[]): (at: number) => number {
  const all = mean([...levels]);
  if (levels.length < SEASONAL_MONTHS) return () => all;
  const { m: slope, b: start } = linearRegression(levels.map((level, at) => [at, level]));
  const middle = (levels.length - 1) / 2;
  const residuals = sum(levels.map((level, at) => (level - start - slope * at) ** 2)) / (levels.length - 2);
  const error = Math.sqrt(residuals / sum(levels.map((_, at) => (at - middle) ** 2)));
  return Math.abs(slope) > SURE_ERRORS * error ? (at) => start + slope * at : () => all;
}

/** How many numbers are fitted: the level and the trend, and the year's shape. */
function fittedFrom({ length }: readonly number[]): number {
  return length < SEASONAL_MONTHS ? 1 : MONTHS_OF_YEAR + 1;
}

/** How many times the variance of a Poisson count the past had, rounding apart; at least 1. */
function irregularityOf(values: readonly number[], fitted: readonly number[]): number {
  const free = values.length - fittedFrom(values);
  const expected = sum([...fitted]);
  if (free < 1 || expected === 0) return 1;
  const squares = sum(values.map((value, at) => (value - (fitted[at] ?? 0)) ** 2)) / free;
  return Math.max(1, (squares - ROUNDING_VARIANCE) / (expected / values.length));
}
