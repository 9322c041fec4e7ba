import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import * as v from "valibot";

import { ask } from "./request.ts";

const LENGTH = v.object({
  name: v.string(),
  waiting: v.number(),
  /** Whether there are more than were counted. */
  more: v.boolean(),
  /** Unix seconds. */
  oldest: v.optional(v.number()),
  firstDue: v.optional(v.number()),
});
const ITEM = v.object({
  id: v.string(),
  state: v.string(),
  since: v.number(),
  kind: v.optional(v.string()),
  agency: v.optional(v.string()),
  due: v.optional(v.number()),
  /** Log index of the event that it is about. */
  index: v.optional(v.number()),
});

/** Something that somebody has to deal with. */
export type QueueItem = v.InferOutput<typeof ITEM>;

const KEY = ["queues"];
const PAGE_SIZE = 50;

/** Every queue with its length. */
export function useQueues() {
  return useQuery({
    queryKey: [...KEY, "lengths"],
    queryFn: async ({ signal }) =>
      (await ask(v.object({ queues: v.array(LENGTH) }), "/v1/queues", { signal })).queues,
  });
}

/** What waits in a queue, the oldest first. */
export function useQueue(name: string) {
  return useInfiniteQuery({
    queryKey: [...KEY, "one", name],
    queryFn: async ({ pageParam, signal }) => {
      const query = new URLSearchParams({
        limit: String(PAGE_SIZE),
        ...(pageParam !== "" && { after: pageParam }),
      });
      const page = v.object({ items: v.array(ITEM), next: v.optional(v.string()) });
      return await ask(page, `/v1/queues/${encodeURIComponent(name)}?${query.toString()}`, { signal });
    },
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
    select: ({ pages }) => pages.flatMap(({ items }) => items),
  });
}
