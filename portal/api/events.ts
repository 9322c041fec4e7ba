import { useQuery } from "@tanstack/react-query";
import * as v from "valibot";

import { ask } from "./request.ts";

const EVENT = v.object({
  index: v.number(),
  source: v.string(),
  leaf: v.string(),
  facets: v.record(v.string(), v.unknown()),
  erased: v.boolean(),
  closure: v.nullable(v.record(v.string(), v.unknown())),
  submission: v.optional(v.object({ time: v.number() })),
});

/** An event of the log, as the reader may see it. */
export type ShownEvent = v.InferOutput<typeof EVENT>;

/** An event by its log index. That an official looks at it is recorded, so it is asked for once. */
export function useEvent(index: number) {
  return useQuery({
    queryKey: ["events", index],
    queryFn: async ({ signal }) => await ask(EVENT, `/v1/events/${index}`, { signal }),
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });
}
