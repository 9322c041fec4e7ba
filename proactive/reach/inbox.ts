import { isJsonObject } from "../../protocol/json.ts";
import { jsonAnswer } from "../exchange/bounded-answer.ts";
import type { PersonNumber } from "../exchange/message.ts";
import type { CaseProgress, NewMessage, ReceivedAnswer, Wishes } from "../inbox/message.ts";
import { receivedAnswersIn, wishesIn } from "../inbox/answer-form.ts";
import { type Channel, NotSentError } from "./channel.ts";

export interface InboxClientOptions {
  /** Base URL of the province's inbox service. */
  readonly url: string;
  /** A bearer token of this agency that is good now. */
  readonly token: () => Promise<string>;
  readonly timeoutMs?: number;
}

/** An agency's side of the inbox service. Everything here can be done again without doing it twice. */
export interface InboxClient {
  /** The inbox as a channel: it wakes nobody, and the same key is one message. */
  readonly channel: Channel;
  /** Shows the person how a case stands; false when nobody was written to about it yet, and so nobody sees it. @throws InboxError */
  readonly putCase: (caseId: string, progress: CaseProgress) => Promise<boolean>;
  /**
   * People's answers to this agency's messages after a number, in order; waits for the first one as long as it is told. From a service that was restored
   * from a backup and does not know that number they come from the first: go on after the last that came.
   * @throws InboxError
   */
  readonly answers: (after: number, options?: AnswersOptions) => Promise<readonly ReceivedAnswer[]>;
  /** How a person wants to be told about a procedure. @throws InboxError: then nobody may be rung up, for they may not want it. */
  readonly wishesOf: (person: PersonNumber, procedure: string) => Promise<Wishes>;
}

export interface AnswersOptions {
  /** At most 100, which is the default. */
  readonly limit?: number;
  /** At most 50; not at all by default. */
  readonly waitSeconds?: number;
  /** Ends the waiting: rejects with its reason. */
  readonly signal?: AbortSignal;
}

export type InboxCode =
  /** It did not answer, or not now; the same again later. */
  | "unreachable"
  /** It said no, and will again; the message says why. */
  | "refused";

export class InboxError extends Error {
  override readonly name = "InboxError";
  readonly code: InboxCode;
  /** The service's own code, where it answered with one. */
  readonly reason: string | undefined;

  constructor(code: InboxCode, message: string, options?: ErrorOptions & { readonly reason?: string }) {
    super(message, options);
    this.code = code;
    this.reason = options?.reason;
  }
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_ANSWERS = 100;
/** A hundred answers with what people wrote. */
const MAX_REPLY_BYTES = 1024 * 1024;

export function inboxClient(options: InboxClientOptions): InboxClient {
  async function send(message: NewMessage): Promise<"delivered" | "failed"> {
    try {
      await done(options, { method: "POST", path: "/v1/messages", body: message });
      return "delivered";
    } catch (error) {
      if (!(error instanceof InboxError)) throw error;
      if (error.code === "refused") return "failed";
      // The service is asked again with the same key, whatever became of it: once it answers, the message is there once.
      throw new NotSentError("the inbox service does not take the message now", { cause: error });
    }
  }

  return {
    channel: {
      ...{ name: "inbox", disturbs: false, isIdempotent: true, reaches: () => true },
      send: async ({ inbox }, { key, caseId, procedure, text, answers = [], until }) =>
        await send({
          ...{ key, person: { scheme: inbox.scheme, id: inbox.id }, caseId, procedure },
          ...{ text: { vi: text.vi, en: text.en }, answers, ...(until !== undefined && { until }) },
        }),
    },
    putCase: async (caseId, { state, steps, at }) => {
      const path = `/v1/cases/${encodeURIComponent(caseId)}`;
      try {
        await done(options, { method: "PUT", path, body: { state, steps, at } });
        return true;
      } catch (error) {
        if (error instanceof InboxError && error.reason === "unknown-case") return false;
        throw error;
      }
    },
    answers: async (after, asked) => await answersAfter(options, after, asked),
    wishesOf: async ({ scheme, id }, procedure) => {
      const body = { person: { scheme, id }, procedure };
      const wishes = wishesIn(await done(options, { method: "POST", path: "/v1/wishes", body }));
      if (wishes === undefined) throw new InboxError("unreachable", "this is no inbox service's answer");
      return wishes;
    },
  };
}

async function answersAfter(
  options: InboxClientOptions,
  after: number,
  asked: AnswersOptions = {},
): Promise<readonly ReceivedAnswer[]> {
  const { limit = MAX_ANSWERS, waitSeconds = 0, signal } = asked;
  const query = new URLSearchParams({ after: `${after}`, limit: `${limit}`, wait: `${waitSeconds}` });
  try {
    const path = `/v1/answers?${query.toString()}`;
    const answers = receivedAnswersIn(await done(options, { method: "GET", path, waitSeconds, signal }));
    if (answers === undefined) throw new InboxError("unreachable", "this is no inbox service's answer");
    return answers;
  } catch (error) {
    const isBehind = error instanceof InboxError && error.reason === "behind" && after > 0;
    if (isBehind) return await answersAfter(options, 0, asked);
    throw error;
  }
}

interface Asked {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly body?: object;
  readonly waitSeconds?: number;
  readonly signal?: AbortSignal | undefined;
}

/** What the service answers. @throws InboxError */
async function done(options: InboxClientOptions, asked: Asked): Promise<unknown> {
  const { status, body } = await replyTo(options, asked);
  if (status >= 200 && status < 300) return body;
  const reason = isJsonObject(body) && typeof body["code"] === "string" ? body["code"] : "no reason";
  const message = `the inbox service answered ${status} (${reason})`;
  throw new InboxError(isFinal(status) ? "refused" : "unreachable", message, { reason });
}

/** A word about what was sent. A token or a role that is not taken, and too many requests, are none: once that is set right, the same is sent again. */
function isFinal(status: number): boolean {
  return [400, 404, 409, 413, 415].includes(status);
}

async function replyTo(options: InboxClientOptions, asked: Asked): Promise<Reply> {
  const { url, token, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const { method, path, body, waitSeconds = 0, signal } = asked;
  const timeout = AbortSignal.timeout(timeoutMs + waitSeconds * 1000);
  try {
    const response = await fetch(new URL(path, url), {
      ...{ method, redirect: "error" },
      headers: {
        authorization: `Bearer ${await token()}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    return { status: response.status, body: await jsonAnswer(response, MAX_REPLY_BYTES) };
  } catch (cause) {
    if (signal?.aborted === true) throw signal.reason;
    throw new InboxError("unreachable", "the inbox service cannot be reached; try again", { cause });
  }
}
