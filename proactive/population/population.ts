import type { Day } from "./calendar.ts";
import { type Document, documents } from "./documents.ts";
import { type Household, people, type Person } from "./people.ts";
import { random } from "./random.ts";
import { type Occurrence, timeline } from "./timeline.ts";

/** People who do not exist, with what the registers know of them and what will happen to them. The same for the same options, always. */
export interface Population {
  readonly persons: readonly Person[];
  readonly households: readonly Household[];
  readonly documents: readonly Document[];
  /** In the order of their days. */
  readonly timeline: readonly Occurrence[];
}

export interface PopulationOptions {
  readonly seed: number;
  /** At least so many; the last family is whole. */
  readonly persons: number;
  /** The day on which everything is as described. */
  readonly asOf: Day;
  /** Days that the timeline covers, from `asOf` on. */
  readonly days: number;
  /** Registers that may be the only one to hear of a move. */
  readonly registers: readonly string[];
}

/** A commune or more of families. @throws RangeError for fewer than 200 persons or more than 400,000 */
export function population({ seed, persons: count, asOf, days, registers }: PopulationOptions): Population {
  if (!(count >= 200 && count <= 400_000)) throw new RangeError("a population has 200 to 400,000 persons");
  const born = people(random(seed, "people"), { count, asOf });
  return {
    ...born,
    documents: documents(random(seed, "documents"), born, { asOf, days }),
    timeline: timeline(random(seed, "timeline"), born, { from: asOf, days, registers }),
  };
}
