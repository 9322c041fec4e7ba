import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";

import { ask } from "./request.ts";

const words = v.object({ vi: v.string(), en: v.string() });
const named = v.record(v.string(), words);

const PROCEDURE = v.object({
  code: v.string(),
  name: words,
  purpose: v.optional(words),
  outcome: v.optional(words),
  retention: v.optional(words),
  appeal: v.optional(words),
  leadAgencies: v.array(v.string()),
  providers: v.array(
    v.object({
      agency: v.string(),
      to: v.optional(v.array(v.string())),
      personalData: v.array(v.string()),
      consentNeeded: v.boolean(),
    }),
  ),
  legalBasis: v.array(
    v.object({ law: v.string(), article: v.optional(v.string()), name: words, verified: v.boolean() }),
  ),
});

const CURRENT = v.object({
  version: v.string(),
  catalogue: v.object({
    agencies: named,
    /** Code of each agency of this ledger, and what it is. */
    members: v.record(v.string(), v.array(v.string())),
    categories: named,
    procedures: v.array(PROCEDURE),
  }),
});

export type Procedure = v.InferOutput<typeof PROCEDURE>;

/** The public list of procedures: what each may read, from whom, on which legal basis. */
export type Catalogue = v.InferOutput<typeof CURRENT>["catalogue"] & { readonly version: string };

async function readCatalogue(signal: AbortSignal): Promise<Catalogue> {
  const { version, catalogue } = await ask(CURRENT, "/v1/catalogue", { signal });
  return { ...catalogue, version };
}

/** The catalogue in force. */
export function useCatalogue() {
  return useQuery({
    queryKey: ["catalogue"],
    queryFn: ({ signal }) => readCatalogue(signal),
    staleTime: 10 * 60_000,
  });
}
