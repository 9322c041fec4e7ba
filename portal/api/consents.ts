import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import * as v from "valibot";

import { ask } from "./request.ts";

const STATES = [
  "ConsentRequested",
  "ConsentRequestDeferred",
  "ConsentGiven",
  "RenewedConsentGiven",
  "ConsentRefused",
  "ConsentWithdrawn",
  "ConsentRevoked",
  "ConsentExpired",
  "ConsentInvalidated",
] as const;

const CONSENT = v.object({
  id: v.string(),
  person: v.object({ scheme: v.string(), id: v.string() }),
  state: v.nullable(v.picklist(STATES)),
  permits: v.boolean(),
  erased: v.optional(v.boolean()),
  terms: v.optional(
    v.object({
      procedures: v.array(v.string()),
      recipients: v.array(v.string()),
      personalData: v.array(v.string()),
      controller: v.optional(v.string()),
      validFrom: v.optional(v.string()),
      validUntil: v.optional(v.string()),
    }),
  ),
  history: v.array(
    v.object({
      state: v.picklist(STATES),
      counts: v.boolean(),
      fault: v.optional(v.string()),
      indicatedBy: v.optional(v.string()),
      source: v.string(),
      index: v.number(),
      time: v.number(),
    }),
  ),
});

/** A consent, or a request for one, with everything that was said about it. */
export type Consent = v.InferOutput<typeof CONSENT>;

const PAGE = v.object({ consents: v.array(CONSENT), next: v.optional(v.string()) });
const KEY = ["consents"];

/** All consents of the person and of those whom they represent, page by page. */
export function useConsents() {
  return useInfiniteQuery({
    queryKey: KEY,
    queryFn: async ({ pageParam, signal }) =>
      await ask(PAGE, `/v1/consents?limit=100${pageParam === "" ? "" : `&after=${pageParam}`}`, { signal }),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
    select: ({ pages }) => pages.flatMap(({ consents }) => consents),
  });
}

/** How the person made it known, as the record has it. */
const METHOD = "portal";

/** What the person agrees to, under the notice that this page shows. */
export interface Giving {
  readonly person?: Consent["person"];
  readonly procedure: string;
  readonly recipients: readonly string[];
  readonly personalData: readonly string[];
  readonly controller: string;
  readonly language: "vi" | "en";
  readonly catalogue: string;
  /** RFC 3339. */
  readonly validUntil: string;
}

/** Names the text of `pages/consents/notice.tsx`; another text has another name. */
const NOTICE = "portal-consent-1";

export type ConsentAct =
  | { readonly kind: "give"; readonly giving: Giving }
  | {
      readonly kind: "accept";
      readonly id: string;
      readonly language: "vi" | "en";
      readonly catalogue: string;
      readonly validUntil: string;
    }
  | { readonly kind: "refuse" | "defer" | "withdraw"; readonly id: string };

async function act(step: ConsentAct): Promise<Consent> {
  switch (step.kind) {
    case "give":
      return await post("/v1/consents", {
        ...step.giving,
        state: "ConsentGiven",
        notice: NOTICE,
        method: METHOD,
      });
    case "accept": {
      const { kind: _, ...answer } = step;
      return await post("/v1/consents", { ...answer, state: "ConsentGiven", notice: NOTICE, method: METHOD });
    }
    case "refuse":
      return await post("/v1/consents", { state: "ConsentRefused", id: step.id, method: METHOD });
    case "defer":
      return await post("/v1/consents", { state: "ConsentRequestDeferred", id: step.id, method: METHOD });
    default:
      return await post(`/v1/consents/${encodeURIComponent(step.id)}/withdrawal`, { method: METHOD });
  }
}

async function post(path: string, body: object): Promise<Consent> {
  return await ask(CONSENT, path, { method: "POST", body });
}

/** Gives, answers or withdraws; then the list is asked for anew. */
export function useConsentAct() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSettled: async () => await queries.invalidateQueries({ queryKey: KEY }),
  });
}
