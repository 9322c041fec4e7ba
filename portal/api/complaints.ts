import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import * as v from "valibot";

import { ask } from "./request.ts";

const STATE = v.picklist(["filed", "answered", "decided", "withdrawn"]);

const OUTCOME = v.picklist(["upheld", "partly-upheld", "rejected"]);

const TERM = v.object({
  /** Unix seconds. */
  by: v.number(),
  days: v.number(),
  unit: v.picklist(["working", "calendar"]),
  law: v.string(),
  article: v.string(),
  verified: v.boolean(),
  state: v.optional(v.picklist(["pending", "overdue", "met", "late", "lapsed"])),
});

const members = {
  id: v.string(),
  state: STATE,
  /** Whom it is about. */
  agency: v.string(),
  outcome: v.optional(OUTCOME),
  event: v.object({ leaf: v.string(), index: v.nullable(v.number()) }),
  filed: v.number(),
  due: v.nullable(v.object({ answer: TERM, remedy: TERM, decision: TERM })),
};

const COMPLAINT = v.object(members);

const STEP = v.object({
  index: v.number(),
  time: v.number(),
  state: STATE,
  facets: v.object({
    complaint: v.optional(v.object({ text: v.optional(v.string()), outcome: v.optional(OUTCOME) })),
  }),
  erased: v.boolean(),
});

const WHOLE = v.object({ ...members, history: v.array(STEP) });

/** A complaint, with what the law gives whom to do about it until when. */
export type Complaint = v.InferOutput<typeof COMPLAINT>;
/** A complaint with everything that was said. */
export type WholeComplaint = v.InferOutput<typeof WHOLE>;
export type LegalTerm = v.InferOutput<typeof TERM>;

const PAGE = v.object({ complaints: v.array(COMPLAINT), next: v.optional(v.number()) });
const RECORDED = v.object({ recorded: v.number(), complaint: COMPLAINT });
const KEY = ["complaints"];

/** The person's complaints, newest first. */
export function useComplaints() {
  return useInfiniteQuery({
    queryKey: [...KEY, "list"],
    queryFn: async ({ pageParam, signal }) =>
      await ask(PAGE, `/v1/complaints?limit=200&from=${pageParam}`, { signal }),
    initialPageParam: 0,
    getNextPageParam: ({ next }) => next,
    select: ({ pages }) => pages.flatMap(({ complaints }) => complaints).toReversed(),
  });
}

/** What the ledger lists complaints by; `all` for no choice. */
export type ComplaintChoice = Complaint["state"] | "open" | "answerOverdue" | "decisionOverdue" | "all";

const RECEIVED_AT_ONCE = 50;

/** The complaints that somebody deals with: an officer's agency's, for an inspector all. The oldest first, which are due first. */
export function useReceived(choice: ComplaintChoice) {
  return useInfiniteQuery({
    queryKey: [...KEY, "received", choice],
    queryFn: async ({ pageParam, signal }) => {
      const query = new URLSearchParams({
        ...{ limit: String(RECEIVED_AT_ONCE), from: String(pageParam) },
        ...(choice !== "all" && { state: choice }),
      });
      return await ask(PAGE, `/v1/complaints?${query.toString()}`, { signal });
    },
    initialPageParam: 0,
    getNextPageParam: ({ next }) => next,
    select: ({ pages }) => pages.flatMap(({ complaints }) => complaints),
  });
}

/** Open complaints, the oldest first, up to a bound. */
export interface OpenComplaints {
  readonly complaints: readonly Complaint[];
  /** Whether there are more than these. */
  readonly more: boolean;
}

const OPEN_AT_ONCE = 200;
/** Pages looked through for the overview: an overview is no archive. */
const MAX_PAGES = 5;

/** What nobody has decided yet or taken back, of those whom an officer or inspector deals with. */
export function useOpenComplaints() {
  return useQuery({
    queryKey: [...KEY, "open"],
    queryFn: async ({ signal }): Promise<OpenComplaints> => {
      const complaints: Complaint[] = [];
      let from: number | undefined = 0;
      for (let pages = 0; pages < MAX_PAGES && from !== undefined; pages++) {
        const page: v.InferOutput<typeof PAGE> = await ask(
          PAGE,
          `/v1/complaints?state=open&limit=${OPEN_AT_ONCE}&from=${from}`,
          { signal },
        );
        complaints.push(...page.complaints);
        from = page.next;
      }
      return { complaints, more: from !== undefined };
    },
  });
}

export function useComplaint(id: string) {
  return useQuery({
    queryKey: [...KEY, "one", id],
    queryFn: async ({ signal }) => await ask(WHOLE, `/v1/complaints/${encodeURIComponent(id)}`, { signal }),
    // That an official looks is recorded: not each time they come back to the window.
    refetchOnWindowFocus: false,
  });
}

export type ComplaintAct =
  | { readonly kind: "file"; readonly index: number; readonly agency?: string; readonly text: string }
  | { readonly kind: "withdraw"; readonly id: string };

export type ComplaintOutcome = NonNullable<Complaint["outcome"]>;

/** What an officer and an inspector do about a complaint. */
export type ComplaintReply =
  | { readonly kind: "answer"; readonly text: string }
  | { readonly kind: "decision"; readonly outcome: ComplaintOutcome; readonly text: string };

/** Answers a complaint, or decides it. @returns where that stands in the log, and the complaint after it */
export function useComplaintReply(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ kind, ...body }: ComplaintReply) =>
      await ask(RECORDED, `/v1/complaints/${encodeURIComponent(id)}/${kind}`, { method: "POST", body }),
    onSettled: async () => {
      await queries.invalidateQueries({ queryKey: KEY });
      await queries.invalidateQueries({ queryKey: ["queues"] });
    },
  });
}

/** Files a complaint, or takes one back. @returns the complaint's id */
export function useComplaintAct() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (step: ComplaintAct) => {
      const path =
        step.kind === "file" ? "/v1/complaints" : `/v1/complaints/${encodeURIComponent(step.id)}/withdrawal`;
      const { kind: _, ...filing } = step;
      const body = step.kind === "file" ? filing : {};
      return (await ask(RECORDED, path, { method: "POST", body })).complaint;
    },
    onSettled: async () => await queries.invalidateQueries({ queryKey: KEY }),
  });
}
