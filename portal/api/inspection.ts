/** What inspectors and officers ask for: events by what they say, samples, what was found in them, and how the log is anchored. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import * as v from "valibot";

import { ask } from "./request.ts";

const FOUND = v.object({
  index: v.number(),
  /** When the ledger received it, Unix seconds. */
  time: v.number(),
  /** `agency/recorder`. */
  source: v.string(),
  seq: v.number(),
  leaf: v.string(),
  facets: v.record(v.string(), v.unknown()),
  erased: v.boolean(),
  closure: v.nullable(v.record(v.string(), v.unknown())),
  findings: v.array(v.object({ id: v.string(), kind: v.string(), state: v.string() })),
});
const FOUND_PAGE = v.object({ size: v.number(), events: v.array(FOUND), next: v.optional(v.number()) });

/** An event that was searched for, as the caller may see it. */
export type FoundEvent = v.InferOutput<typeof FOUND>;

/** What is searched for: all of it must hold. */
export interface SearchFilter {
  readonly agency?: string;
  /** `agent:<agency>/<id>`. */
  readonly official?: string;
  readonly procedure?: string;
  readonly case?: string;
  readonly type?: string;
  readonly outcome?: "success" | "refused" | "failure";
  readonly emergency?: true;
  /** Unix seconds. */
  readonly from?: number;
  readonly to?: number;
  readonly finding?: { readonly kind?: string; readonly state?: string };
}

const FOUND_AT_ONCE = 25;

/** The events of a search, the newest first, page by page. That it was asked for is recorded; so it is asked once each `turn`, and not again by itself. */
export function useSearch(filter: SearchFilter, turn: number) {
  return useInfiniteQuery({
    queryKey: ["search", filter, turn],
    queryFn: async ({ pageParam, signal }) =>
      await ask(FOUND_PAGE, "/v1/inspection/search", {
        method: "POST",
        body: { ...filter, limit: FOUND_AT_ONCE, ...(pageParam !== null && { start: pageParam }) },
        signal,
      }),
    initialPageParam: null as number | null,
    getNextPageParam: ({ next }) => next,
    select: ({ pages }) => ({ size: pages[0]?.size ?? 0, events: pages.flatMap(({ events }) => events) }),
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
}

const RANGE = v.object({ from: v.number(), to: v.number(), count: v.number() });

/** How many are drawn of what was received in a time (Unix seconds). */
export interface SampleRequest {
  readonly count: number;
  readonly receivedFrom: number;
  readonly receivedBefore: number;
}

/** Has the log record what is to be drawn. @returns where: the sample's number */
export function useSampleRequest() {
  return useMutation({
    mutationFn: async (body: SampleRequest) =>
      await ask(v.object({ index: v.number(), sample: RANGE }), "/v1/samples", { method: "POST", body }),
  });
}

const shares = {
  inspected: v.number(),
  notInOrder: v.number(),
  /** 0 to 1, with the bounds of its 95 % Wilson score interval. */
  rate: v.number(),
  low: v.number(),
  high: v.number(),
};
const RATE = v.object({
  agency: v.string(),
  ...shares,
  procedures: v.array(v.object({ procedure: v.string(), ...shares })),
});
const OUTCOME = v.picklist(["in-order", "not-in-order"]);
const RESULTS = v.object({
  granted: v.number(),
  passedOver: v.array(v.number()),
  results: v.array(v.object({ event: v.number(), outcome: OUTCOME, index: v.number(), time: v.number() })),
  agencies: v.array(RATE),
});

export type AgencyRate = v.InferOutput<typeof RATE>;

/** What was found out about the grants of a sample. */
export function useSampleResults(sample: number) {
  return useQuery({
    queryKey: ["samples", sample, "results"],
    queryFn: async ({ signal }) => await ask(RESULTS, `/v1/samples/${sample}/results`, { signal }),
  });
}

/** Records what was found out about a drawn grant. */
export function useSampleResult(sample: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: {
      readonly event: number;
      readonly outcome: v.InferOutput<typeof OUTCOME>;
      readonly note?: string;
    }) =>
      await ask(v.object({ index: v.number() }), `/v1/samples/${sample}/results`, { method: "POST", body }),
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: ["samples", sample] });
      await queries.invalidateQueries({ queryKey: ["rates"] });
    },
  });
}

/** How much of what was granted and inspected was not in order. */
export function useRates() {
  return useQuery({
    queryKey: ["rates"],
    queryFn: async ({ signal }) =>
      (await ask(v.object({ agencies: v.array(RATE) }), "/v1/inspection/rates", { signal })).agencies,
  });
}

const HEALTH = v.object({
  events: v.object({ recorded: v.number(), anchored: v.number() }),
  anchoring: v.object({
    condition: v.string(),
    lagSeconds: v.number(),
    lastAnchor: v.optional(v.object({ size: v.number(), time: v.number(), ageSeconds: v.number() })),
  }),
});
const ANCHOR = v.object({ number: v.number(), size: v.number(), time: v.number() });
const ANCHORS = v.object({ anchors: v.array(ANCHOR), next: v.optional(v.number()) });
const ANCHORS_SHOWN = 40;

export type Anchor = v.InferOutput<typeof ANCHOR>;

/** How far the chain is behind, and the newest anchors, oldest first. */
export function useAnchoring() {
  return useQuery({
    queryKey: ["anchoring"],
    queryFn: async ({ signal }) => {
      const health = await ask(HEALTH, "/health", { signal });
      const { lastAnchor } = health.anchoring;
      if (lastAnchor === undefined) return { health, anchors: [] };
      const { anchors } = await ask(
        ANCHORS,
        `/v1/anchors?limit=1&after=${Math.max(0, lastAnchor.size - 1)}`,
        { signal },
      );
      const from = Math.max(0, (anchors[0]?.number ?? 0) - ANCHORS_SHOWN);
      return {
        health,
        anchors: (await ask(ANCHORS, `/v1/anchors?limit=100&from=${from}`, { signal })).anchors,
      };
    },
  });
}
