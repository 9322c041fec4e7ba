import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";

import { ask } from "./request.ts";

/** Rounded down to a multiple of 5; what is less is `<5`. */
const COUNT = v.union([v.number(), v.literal("<5")]);

const STATISTICS = v.object({
  /** `2026-11`, of UTC. */
  month: v.string(),
  rows: v.array(
    v.object({
      type: v.picklist(["access", "action"]),
      agency: v.string(),
      procedure: v.string(),
      outcome: v.picklist(["none", "success", "refused", "failure"]),
      /** How often the agency recorded that it asked or acted. */
      recorded: v.optional(COUNT),
      /** How often those it asked recorded that they answered. */
      answered: v.optional(COUNT),
    }),
  ),
  /** How many events of the log are counted, in all months. */
  size: v.number(),
  findings: v.array(v.object({ agency: v.string(), kind: v.string(), state: v.string(), count: COUNT })),
  findingsComplete: v.boolean(),
  /** Of drawn grants: how many inspectors looked at, and how many were not in order. */
  inspections: v.array(v.object({ agency: v.string(), inspected: COUNT, notInOrder: v.optional(COUNT) })),
});

/** A count as it is published. */
export type PublishedCount = v.InferOutput<typeof COUNT>;

/** The published counts of a month. */
export type Statistics = v.InferOutput<typeof STATISTICS>;

/** Where the counts of a month are, for programs too. */
export function statisticsAddress(month: string): string {
  return `/v1/statistics?month=${month}`;
}

export function useStatistics(month: string) {
  return useQuery({
    queryKey: ["statistics", month],
    queryFn: async ({ signal }) => await ask(STATISTICS, statisticsAddress(month), { signal }),
  });
}
