import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import * as v from "valibot";

import { ApiError } from "./error.ts";
import { ask } from "./request.ts";

const BASIS = v.object({ law: v.string(), article: v.optional(v.string()) });

const SEAL = v.object({
  id: v.string(),
  /** Whose recorder or desk recorded it. */
  agency: v.string(),
  /** Who ordered it. */
  authority: v.optional(v.string()),
  state: v.picklist(["placed", "lifted", "ended"]),
  /** RFC 3339. */
  until: v.nullable(v.string()),
  legalBasis: v.nullable(BASIS),
  /** How many it closes; which ones nobody is told. */
  events: v.number(),
  placed: v.object({ index: v.number(), time: v.nullable(v.number()) }),
});
export type Seal = v.InferOutput<typeof SEAL>;

const KEY = ["seals"];
const AT_ONCE = 200;
const MAX_PAGES = 5;

/** The seals there ever were, up to a bound. */
export function useSeals() {
  return useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => {
      const seals: Seal[] = [];
      let from: number | undefined = 0;
      for (let pages = 0; pages < MAX_PAGES && from !== undefined; pages++) {
        const page: { seals: Seal[]; next?: number | undefined } = await ask(
          v.object({ seals: v.array(SEAL), next: v.optional(v.number()) }),
          `/v1/seals?limit=${AT_ONCE}&from=${from}`,
          { signal },
        );
        seals.push(...page.seals);
        from = page.next;
      }
      return { seals, more: from !== undefined };
    },
  });
}

const ONE = v.object({ seal: SEAL, mayChange: v.boolean() });

/** A seal by its agency and id, and whether the reader may extend or lift it; null where there is none. */
export function useSeal(agency: string, id: string) {
  return useQuery({
    queryKey: [...KEY, agency, id],
    queryFn: async ({ signal }) => {
      const path = `/v1/agencies/${encodeURIComponent(agency)}/seals/${encodeURIComponent(id)}`;
      try {
        return await ask(ONE, path, { signal });
      } catch (error) {
        if (error instanceof ApiError && error.code === "unknown-seal") return null;
        throw error;
      }
    },
  });
}

/** By which law. */
export interface LegalBasis {
  readonly law: string;
  readonly article: string;
}

/** Until when (RFC 3339), and by which law. */
export interface SealTerms {
  readonly until: string;
  readonly legalBasis: LegalBasis;
}

const PLACED = v.object({ seal: SEAL, sealed: v.array(v.number()), waiting: v.array(v.number()) });

/** Closes events, with what the other side recorded of the same exchanges. */
export function useSealing() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (body: SealTerms & { readonly events: readonly number[] }) =>
      await ask(PLACED, "/v1/seals", { method: "POST", body }),
    onSettled: async () => await queries.invalidateQueries({ queryKey: KEY }),
  });
}

export type SealAct =
  ({ readonly kind: "extension" } & SealTerms) | { readonly kind: "lift"; readonly legalBasis: LegalBasis };

/** Extends a seal, or opens at once what it closed. */
export function useSealAct(id: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async ({ kind, ...body }: SealAct) =>
      (
        await ask(v.object({ seal: SEAL }), `/v1/seals/${encodeURIComponent(id)}/${kind}`, {
          method: "POST",
          body,
        })
      ).seal,
    onSettled: async () => await queries.invalidateQueries({ queryKey: KEY }),
  });
}
