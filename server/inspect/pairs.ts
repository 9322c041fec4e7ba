import type { ExchangeSide } from "../../protocol/exchange.ts";

/** One record of an exchange. */
export interface Half {
  readonly side: ExchangeSide;
  /** Its log index. */
  readonly index: number;
  /** When its submission was received, Unix seconds. */
  readonly time: number;
}

/** What the log holds of one exchange: its first half in log order, and the first half of the other side once there is one. */
export interface Pair {
  readonly first: Half;
  readonly other?: Half;
}

/**
 * The pair after another half of its exchange, the halves being given in log order. A side that records an exchange twice (its
 * application at once, its gateway's log at night) has recorded it: further halves change nothing.
 */
export function pairWith(pair: Pair | undefined, half: Half): Pair {
  if (pair === undefined) return { first: half };
  if (pair.other !== undefined || pair.first.side === half.side) return pair;
  return { first: pair.first, other: half };
}
