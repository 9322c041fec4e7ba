import { useQueries } from "@tanstack/react-query";
import * as v from "valibot";

import { ask } from "./request.ts";

const FINDING = v.object({
  id: v.string(),
  kind: v.string(),
  state: v.picklist(["open", "settled", "explained", "confirmed", "dismissed"]),
  since: v.number(),
});

const USE = v.object({
  index: v.number(),
  answer: v.picklist(["allowed", "finding", "not-judged"]),
  basis: v.optional(
    v.object({
      law: v.optional(v.string()),
      article: v.optional(v.string()),
      consent: v.optional(v.string()),
      ledger: v.optional(v.string()),
    }),
  ),
  byDecision: v.optional(v.boolean()),
  reason: v.optional(v.string()),
  findings: v.array(FINDING),
});

/** Whether an event was allowed, and on which basis. */
export type UseAnswer = v.InferOutput<typeof USE>;

const ANSWERS = v.object({ answers: v.array(USE) });

/** How many events the ledger answers about at once. */
const AT_ONCE = 100;

export interface Uses {
  readonly answers: ReadonlyMap<number, UseAnswer>;
  readonly isPending: boolean;
  readonly hasFailed: boolean;
}

/** Whether the events at these log indexes were allowed, as far as it is known by now. */
export function useUses(indexes: readonly number[]): Uses {
  const pages = Array.from({ length: Math.ceil(indexes.length / AT_ONCE) }, (_, page) =>
    indexes.slice(page * AT_ONCE, (page + 1) * AT_ONCE),
  );
  return useQueries({
    queries: pages.map((page) => ({
      queryKey: ["uses", page],
      queryFn: async ({ signal }: { readonly signal: AbortSignal }) =>
        await ask(ANSWERS, "/v1/events/findings", { method: "POST", body: { indexes: page }, signal }),
    })),
    combine: (results) => ({
      answers: new Map(results.flatMap(({ data }) => data?.answers ?? []).map((use) => [use.index, use])),
      isPending: results.some(({ isPending }) => isPending),
      hasFailed: results.some(({ isError }) => isError),
    }),
  });
}
