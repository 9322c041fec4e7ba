import type { Conclusion, Rule } from "../rules/rule.ts";
import type { Case, DoneReading, Documents } from "./case.ts";

/**
 * What a person would have been asked for in the usual way: each register that answered stands for the paper of its agency. Counted where something was
 * prepared for the person, or they were told; where nothing is to be done nobody would have been asked.
 */
export function documentsOf(
  { readings }: Rule,
  done: readonly DoneReading[],
  { outcome, asks = [] }: Conclusion,
): Documents {
  if (outcome !== "offer" && outcome !== "notify") return { reused: [], asked: [] };
  const reused = done.flatMap(({ place, facts }) => {
    const reading = readings[place];
    if (reading === undefined || Object.keys(facts).length === 0) return [];
    return [reading.of === undefined ? reading.register : `${reading.register} (${reading.of})`];
  });
  return { reused: [...new Set(reused)], asked: asks };
}

/** Once-only in numbers. */
export interface OnceOnly {
  readonly cases: number;
  /** Documents that nobody had to bring. */
  readonly reused: number;
  /** Documents that somebody had to bring all the same. */
  readonly asked: number;
}

/** Documents reused against documents asked for, per procedure. */
export function onceOnlyOf(
  cases: Iterable<Pick<Case, "procedure" | "documents">>,
): Readonly<Record<string, OnceOnly>> {
  const counts: Record<string, OnceOnly> = {};
  for (const { procedure, documents } of cases) {
    const before = counts[procedure] ?? { cases: 0, reused: 0, asked: 0 };
    counts[procedure] = {
      cases: before.cases + 1,
      reused: before.reused + (documents?.reused.length ?? 0),
      asked: before.asked + (documents?.asked.length ?? 0),
    };
  }
  return counts;
}
