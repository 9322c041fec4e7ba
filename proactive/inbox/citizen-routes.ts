import type { Request } from "express";
import { givenAnswerIn } from "./answer-form.ts";
import { InboxRefusal } from "./errors.ts";
import { streamChanges } from "./events.ts";
import type { Inboxes } from "./inboxes.ts";
import { preferencesIn } from "./message-form.ts";
import { badRequest, numbersIn, wholeNumberIn } from "./parameters.ts";
import { DEFAULT_PREFERENCES } from "./preferences.ts";
import type { CitizenRoute } from "./route.ts";

export interface CitizenRouteParts {
  readonly inboxes: Inboxes;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Aborted when the service closes. */
  readonly closing: AbortSignal;
  readonly streams: StreamLimits;
}

export interface StreamLimits {
  /** Streams open at a time: of one person, and of all. */
  readonly perPerson: number;
  readonly total: number;
  readonly heartbeatMs: number;
  readonly stallMs: number;
}

/** A correction with its note. */
const MAX_ANSWER_BYTES = 16 * 1024;
/** Every procedure of a catalogue. */
const MAX_PREFERENCES_BYTES = 64 * 1024;
const MAX_NUMBER = 999_999_999_999;
const DEFAULT_PAGE = 20;
const MAX_PAGE = 100;

/** What people ask about their own inbox. */
export function citizenRoutes({
  inboxes,
  now,
  closing,
  streams,
}: CitizenRouteParts): readonly CitizenRoute[] {
  return [
    {
      ...{ name: "getMessages", method: "get", path: "/v1/messages" },
      role: "citizen",
      handle: async (request, response, { person }) => {
        const { before, limit = DEFAULT_PAGE } = numbersIn(request, {
          before: { min: 1, max: MAX_NUMBER },
          limit: { min: 1, max: MAX_PAGE },
        });
        response.json(await inboxes.page(person, { limit, ...(before !== undefined && { before }) }));
      },
    },
    {
      ...{ name: "getEvents", method: "get", path: "/v1/messages/events" },
      role: "citizen",
      handle: async (request, response, { person, expires }) => {
        const after = placeOf(request);
        const { here, all } = inboxes.listening(person);
        if (here >= streams.perPerson || all >= streams.total)
          throw new InboxRefusal(
            "too-many-open",
            "Too many pages with live news are open: close some, or read without.",
          );
        await streamChanges(
          response,
          {
            changes: async (page) => await inboxes.changes(person, page),
            listen: (listener) => inboxes.listen(person, listener),
          },
          { ...streams, after, closing, isOpen: () => now() < expires },
        );
      },
    },
    {
      ...{ name: "postAnswer", method: "post", path: "/v1/messages/:number/answer" },
      role: "citizen",
      maxBodyBytes: MAX_ANSWER_BYTES,
      handle: async ({ params, body }, response, { person }) => {
        const number = wholeNumberIn(params["number"]);
        const given = givenAnswerIn(body);
        if (number === undefined || given === undefined)
          throw badRequest("Send answer; with correct also correction: category, and value or note or both.");
        response.json(await inboxes.answer(person, number, given));
      },
    },
    {
      ...{ name: "getPreferences", method: "get", path: "/v1/preferences" },
      role: "citizen",
      handle: async (_request, response, { person }) => {
        response.json((await inboxes.preferences(person)) ?? DEFAULT_PREFERENCES);
      },
    },
    {
      ...{ name: "putPreferences", method: "put", path: "/v1/preferences" },
      role: "citizen",
      maxBodyBytes: MAX_PREFERENCES_BYTES,
      handle: async ({ body }, response, { person }) => {
        const preferences = preferencesIn(body);
        if (preferences === undefined)
          throw badRequest(
            "Send language (vi, en), sms, email, quiet (from, until as HH:MM) and noSms (procedures).",
          );
        await inboxes.setPreferences(person, preferences);
        response.json(preferences);
      },
    },
  ];
}

/** After which change a stream goes on. A browser that comes again keeps the query and sends what it had last. */
function placeOf(request: Request): number {
  const { after = 0 } = numbersIn(request, { after: { min: 0, max: MAX_NUMBER } });
  const last = request.header("last-event-id");
  if (last === undefined || last === "") return after;
  const place = wholeNumberIn(last);
  if (place === undefined) throw badRequest("Last-Event-ID is the id of an event of this stream.");
  return place;
}
