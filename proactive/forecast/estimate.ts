import { probit } from "simple-statistics";

/** What is expected of a month, and between what it lies four times of five. */
export interface Estimate {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
}

/** How often what happens is to lie within an estimate. */
export const CONFIDENCE = 0.8;

const DEVIATIONS = probit((1 + CONFIDENCE) / 2);
/** Of a count that is rounded to steps of five, whose middle is taken for it: (5² - 1) / 12. */
export const ROUNDING_VARIANCE = 2;

/** The estimate of a count: nothing happens less than not at all. */
export function estimate(expected: number, variance: number): Estimate {
  const half = DEVIATIONS * Math.sqrt(variance);
  const mean = Math.max(0, expected);
  return { expected: mean, low: Math.max(0, mean - half), high: mean + half };
}
