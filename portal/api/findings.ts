import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import * as v from "valibot";

import { ask } from "./request.ts";

const STATE = v.picklist(["open", "settled", "explained", "confirmed", "dismissed"]);

const FINDING = v.object({
  id: v.string(),
  kind: v.string(),
  state: STATE,
  /** Since when it holds, Unix seconds. */
  since: v.number(),
  /** Who answers for it, where it is an agency as a whole. */
  agency: v.optional(v.string()),
  /** Who answers for it, where it is a source. */
  source: v.optional(v.string()),
  /** Members depend on the kind; nothing in them is about a person. */
  evidence: v.record(v.string(), v.unknown()),
  notifyBy: v.optional(v.number()),
  notifiedAt: v.optional(v.number()),
});

/** A breach or an oddity that follows from the records. */
export type Finding = v.InferOutput<typeof FINDING>;
export type FindingState = v.InferOutput<typeof STATE>;

const PAGE = v.object({ findings: v.array(FINDING), next: v.optional(v.string()) });

const STEP = v.object({
  index: v.number(),
  time: v.number(),
  state: v.optional(STATE),
  notified: v.optional(v.boolean()),
  authority: v.optional(v.string()),
  note: v.optional(v.string()),
});
const WHOLE = v.object({ finding: FINDING, history: v.array(STEP) });
export type WholeFinding = v.InferOutput<typeof WHOLE>;

const KEY = ["findings"];
const PAGE_SIZE = 1000;
/** Pages looked through for the overview: an overview is no archive. */
const MAX_PAGES = 5;

/** All findings, the oldest first, up to a bound. */
export interface ManyFindings {
  readonly findings: readonly Finding[];
  /** Whether there are more than these. */
  readonly more: boolean;
}

export function useFindings() {
  return useQuery({
    queryKey: [...KEY, "all"],
    queryFn: async ({ signal }): Promise<ManyFindings> => {
      const findings: Finding[] = [];
      let after: string | undefined;
      for (let pages = 0; pages < MAX_PAGES; pages++) {
        const query = new URLSearchParams({
          limit: String(PAGE_SIZE),
          ...(after !== undefined && { after }),
        });
        const page = await ask(PAGE, `/v1/findings?${query.toString()}`, { signal });
        findings.push(...page.findings);
        after = page.next;
        if (after === undefined) break;
      }
      return { findings, more: after !== undefined };
    },
  });
}

const LISTED_AT_ONCE = 50;

/** The findings of a kind and in a state, where one is chosen, the oldest first. */
export function useFindingList({ kind, state }: { readonly kind?: string; readonly state?: FindingState }) {
  return useInfiniteQuery({
    queryKey: [...KEY, "list", kind, state],
    queryFn: async ({ pageParam, signal }) => {
      const query = new URLSearchParams({
        limit: String(LISTED_AT_ONCE),
        ...(kind !== undefined && { kind }),
        ...(state !== undefined && { state }),
        ...(pageParam !== "" && { after: pageParam }),
      });
      return await ask(PAGE, `/v1/findings?${query.toString()}`, { signal });
    },
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
    select: ({ pages }) => pages.flatMap(({ findings }) => findings),
  });
}

const NOTIFICATION = v.object({
  under: v.array(v.object({ law: v.string(), article: v.string() })),
  finding: FINDING,
  confirmedAt: v.optional(v.number()),
  notifyBy: v.optional(v.number()),
  notifiedAt: v.optional(v.number()),
  agency: v.optional(v.string()),
  provider: v.optional(v.string()),
  procedure: v.optional(v.string()),
  catalogue: v.optional(v.string()),
  data: v.object({ people: v.number(), personalData: v.array(v.string()) }),
  occurred: v.optional(v.string()),
  received: v.number(),
  evidence: v.object({ index: v.number(), leaf: v.string() }),
});

/** What the law wants to be told of a breach, as far as the ledger knows it. It names nobody. */
export type Notification = v.InferOutput<typeof NOTIFICATION>;

export function useNotification(id: string) {
  return useQuery({
    queryKey: [...KEY, "notification", id],
    queryFn: async ({ signal }) =>
      await ask(NOTIFICATION, `/v1/findings/${encodeURIComponent(id)}/notification`, { signal }),
  });
}

export function useFinding(id: string) {
  return useQuery({
    queryKey: [...KEY, "one", id],
    queryFn: async ({ signal }) => await ask(WHOLE, `/v1/findings/${encodeURIComponent(id)}`, { signal }),
  });
}

/** What is said of a finding: a step to another state, whether an emergency was one, or that it was notified. */
export type FindingAct =
  | { readonly kind: "states"; readonly state: Exclude<FindingState, "settled">; readonly note?: string }
  | { readonly kind: "review"; readonly outcome: "justified" | "unjustified"; readonly note?: string }
  | {
      readonly kind: "notification";
      readonly recipient: string;
      readonly reference?: string;
      readonly note?: string;
    };

export function useFindingAct(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ kind, ...body }: FindingAct) =>
      await ask(
        v.object({ index: v.number(), time: v.number() }),
        `/v1/findings/${encodeURIComponent(id)}/${kind}`,
        {
          method: "POST",
          body,
        },
      ),
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: KEY });
      await queries.invalidateQueries({ queryKey: ["queues"] });
    },
  });
}
