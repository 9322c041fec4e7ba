import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import * as v from "valibot";

import { ask, send } from "./request.ts";

const words = v.object({ vi: v.string(), en: v.string() });
const ANSWER = v.picklist(["accept", "correct", "decline", "later", "object"]);

const MESSAGE = v.object({
  /** Its place in this person's inbox. */
  number: v.number(),
  agency: v.string(),
  caseId: v.string(),
  procedure: v.string(),
  text: words,
  /** Milliseconds since 1970. */
  at: v.number(),
  /** What can be answered now. */
  answers: v.array(ANSWER),
  until: v.optional(v.number()),
  given: v.optional(
    v.object({
      answer: ANSWER,
      at: v.number(),
      correction: v.optional(
        v.object({ category: v.string(), value: v.optional(v.string()), note: v.optional(v.string()) }),
      ),
    }),
  ),
});

const CASE = v.object({
  agency: v.string(),
  caseId: v.string(),
  procedure: v.string(),
  state: v.string(),
  steps: v.array(v.object({ name: v.string(), state: v.string(), text: v.optional(words) })),
  at: v.number(),
});

const PAGE = v.object({
  messages: v.array(MESSAGE),
  cases: v.array(CASE),
  /** How many changes there were: where the stream of later ones begins. */
  changes: v.number(),
  more: v.boolean(),
});

/** What an agency wrote to the person of its own accord. */
export type Message = v.InferOutput<typeof MESSAGE>;
/** How the matter of a message stands. */
export type Case = v.InferOutput<typeof CASE>;
export type AnswerName = v.InferOutput<typeof ANSWER>;
export type GivenAnswer = {
  readonly answer: AnswerName;
  readonly correction?: { readonly category: string; readonly value?: string; readonly note?: string };
};

const INBOX = "/portal/inbox";
const KEY = ["inbox"];
const PAGE_SIZE = 20;

/** The person's messages, newest first, a page at a time. */
export function useMessages() {
  return useInfiniteQuery({
    queryKey: [...KEY, "messages"],
    queryFn: async ({ pageParam, signal }) => {
      const before = pageParam === null ? "" : `&before=${pageParam}`;
      return await ask(PAGE, `${INBOX}/messages?limit=${PAGE_SIZE}${before}`, { signal });
    },
    initialPageParam: null as number | null,
    getNextPageParam: ({ messages, more }) => (more ? (messages.at(-1)?.number ?? null) : null),
  });
}

/** Answers a message. */
export function useAnswer(number: number) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (given: GivenAnswer) =>
      await ask(MESSAGE, `${INBOX}/messages/${number}/answer`, { method: "POST", body: given }),
    onSettled: async () => await queries.invalidateQueries({ queryKey: KEY }),
  });
}

const PREFERENCES = v.object({
  language: v.picklist(["vi", "en"]),
  sms: v.boolean(),
  email: v.boolean(),
  quiet: v.object({ from: v.string(), until: v.string() }),
  noSms: v.array(v.string()),
});

/** How the person wants to be told. */
export type Preferences = v.InferOutput<typeof PREFERENCES>;

export function usePreferences() {
  return useQuery({
    queryKey: [...KEY, "preferences"],
    queryFn: async ({ signal }) => await ask(PREFERENCES, `${INBOX}/preferences`, { signal }),
  });
}

export function usePreferencesChange() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async (preferences: Preferences) =>
      await ask(PREFERENCES, `${INBOX}/preferences`, { method: "PUT", body: preferences }),
    onSuccess: (preferences) => queries.setQueryData([...KEY, "preferences"], preferences),
  });
}

const PAUSE_MS = 5_000;

/**
 * Asks for the messages anew whenever the inbox says that something changed, from the change `after` on. The stream is read with `fetch`, since
 * an EventSource cannot say that one of our pages asks; when it ends it is asked for again, until nobody is signed on.
 */
export function useInboxChanges(after: number | undefined): void {
  const queries = useQueryClient();
  useEffect(() => {
    if (after === undefined) return;
    const ended = new AbortController();
    void follow(
      after,
      ended.signal,
      () => void queries.invalidateQueries({ queryKey: [...KEY, "messages"] }),
    );
    return () => ended.abort();
  }, [after, queries]);
}

async function follow(after: number, signal: AbortSignal, onChange: () => void): Promise<void> {
  while (!signal.aborted) {
    try {
      const response = await send(`${INBOX}/messages/events?after=${after}`, { signal, background: true });
      if (response.status === 401 || response.status === 403 || response.status === 404) return;
      if (response.ok && (await readUntilChange(response))) {
        // What changed is in the answer that this brings, and the stream goes on behind it.
        onChange();
        return;
      }
    } catch {
      // It broke off, or the page was left: in the first case it is asked for again.
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Reads a stream of events until one comes. @returns whether one came */
async function readUntilChange(response: Response): Promise<boolean> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value = "" } = (await reader?.read()) ?? { done: true, value: "" };
    if (done) return false;
    // Lines that begin with a colon only keep the connection alive.
    text = (text + value)
      .split("\n")
      .filter((line, at, all) => at === all.length - 1 || !line.startsWith(":"))
      .join("\n");
    if (/^(event|data):/m.test(text)) {
      await reader?.cancel();
      return true;
    }
  }
}
