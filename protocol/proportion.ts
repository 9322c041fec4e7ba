/** A share of those looked at, and between what bounds the share of all lies, with 95 % confidence. All from 0 to 1. */
export interface Proportion {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/** The standard normal distribution has 95 % within so many deviations. */
const DEVIATIONS = 1.959963984540054;

/**
 * The share `found / of` with its Wilson score interval (Wilson 1927), which stays within 0 and 1 and says something also of no case or of few. Where the sample is a
 * large part of all there are, the truth lies closer than it says.
 * @throws RangeError unless both are whole numbers with `0 <= found <= of` and `of >= 1`
 */
export function proportion(found: number, of: number): Proportion {
  if (!Number.isSafeInteger(found) || !Number.isSafeInteger(of) || found < 0 || of < 1 || found > of)
    throw new RangeError("a share is of at least one, and of no more than there are");
  const rate = found / of;
  const squared = DEVIATIONS ** 2;
  const middle = (found + squared / 2) / (of + squared);
  const half = (DEVIATIONS / (of + squared)) * Math.sqrt((found * (of - found)) / of + squared / 4);
  // Exact at both ends, where rounding would miss by a little.
  return {
    rate,
    low: found === 0 ? 0 : Math.max(0, middle - half),
    high: found === of ? 1 : Math.min(1, middle + half),
  };
}
