import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";

import { ask } from "./request.ts";

const MANDATE = v.object({
  id: v.string(),
  agency: v.string(),
  basis: v.optional(v.string()),
  person: v.object({ scheme: v.string(), id: v.string() }),
  everything: v.boolean(),
  from: v.optional(v.string()),
  until: v.optional(v.string()),
});

const MANDATES = v.object({ iRepresent: v.array(MANDATE), representMe: v.array(MANDATE) });

/** Somebody's right to act for another, in force. */
export type Mandate = v.InferOutput<typeof MANDATE>;

/** Whom the citizen represents, and who represents them. */
export function useMandates() {
  return useQuery({
    queryKey: ["mandates"],
    queryFn: ({ signal }) => ask(MANDATES, "/v1/mandates", { signal }),
  });
}
