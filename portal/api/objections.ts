import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import * as v from "valibot";

import { ask } from "./request.ts";

const OBJECTION = v.object({
  id: v.string(),
  person: v.object({ scheme: v.string(), id: v.string() }),
  objecting: v.boolean(),
  procedure: v.optional(v.string()),
  history: v.array(v.object({ state: v.picklist(["made", "withdrawn"]), time: v.number() })),
});

/** What a person says about machines that act of their own accord in one procedure. */
export type Objection = v.InferOutput<typeof OBJECTION>;

const PAGE = v.object({ objections: v.array(OBJECTION), next: v.optional(v.string()) });
const KEY = ["objections"];
const METHOD = "portal";

/** All objections of the person and of those whom they represent. */
export function useObjections() {
  return useInfiniteQuery({
    queryKey: KEY,
    queryFn: async ({ pageParam, signal }) =>
      await ask(PAGE, `/v1/objections?limit=200${pageParam === "" ? "" : `&after=${pageParam}`}`, { signal }),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
    select: ({ pages }) => pages.flatMap(({ objections }) => objections),
  });
}

export type ObjectionAct =
  { readonly kind: "object"; readonly procedure: string } | { readonly kind: "lift"; readonly id: string };

/** Objects, or takes an objection back. */
export function useObjectionAct() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (step: ObjectionAct) =>
      step.kind === "object"
        ? await ask(OBJECTION, "/v1/objections", {
            method: "POST",
            body: { procedure: step.procedure, method: METHOD },
          })
        : await ask(OBJECTION, `/v1/objections/${encodeURIComponent(step.id)}/withdrawal`, {
            method: "POST",
            body: { method: METHOD },
          }),
    onSettled: async () => await queries.invalidateQueries({ queryKey: KEY }),
  });
}
