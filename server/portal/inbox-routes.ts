import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { Answer, HeaderOf, Route, RouteRequest } from "../route.ts";
import type { Session, SessionWatch } from "./sessions.ts";
import { type FindVisit, sessionEnded, type Visit } from "./visitors.ts";

export interface InboxRoutesOptions {
  /** The inbox service, without a slash at the end; undefined where there is none. */
  readonly url: string | undefined;
  readonly visitOf: FindVisit;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a stream may be quiet before something is sent, so that nobody on the way takes it for dead. */
  readonly quietMs?: number;
}

type Method = "GET" | "POST" | "PUT";

/** What a citizen does there; agencies go there themselves. */
const OPEN: Readonly<Record<Method, RegExp>> = {
  GET: /^\/(messages|messages\/events|preferences)$/,
  POST: /^\/messages\/\d{1,15}\/answer$/,
  PUT: /^\/preferences$/,
};

const PREFIX = "/portal/inbox";
const MAX_BODY_BYTES = 16 * 1024;
const MAX_ANSWER_BYTES = 1024 * 1024;
const TIMEOUT_MS = 10_000;
const DEFAULT_QUIET_MS = 20_000;
/** A stream ends and is asked for again, by whoever is still signed on. */
const STREAM_MS = 5 * 60_000;
const COMMENT = ": \n\n";
/** A window each; a person has no use for more. */
const MAX_STREAMS = 6;

/** The way to the inbox service for whoever is signed on: their token stays here, and the pages talk to their own origin alone. */
export function inboxRoutes({
  url,
  visitOf,
  clock,
  log,
  quietMs = DEFAULT_QUIET_MS,
}: InboxRoutesOptions): Route[] {
  /** Open streams by the id of their session. */
  const streams = new Map<string, number>();

  async function relay(method: Method, request: RouteRequest): Promise<Answer> {
    if (url === undefined)
      throw new LedgerError("no-inbox", "There is no inbox here: the operator set no INBOX_URL.");
    const path = request.path.slice(PREFIX.length);
    if (!OPEN[method].test(path))
      throw new LedgerError("not-found", "The inbox has no such page for people.");
    const visit = await visitOf(request.header);
    if (visit === undefined)
      throw new LedgerError(
        "unauthenticated",
        "This way is for who signed on at the portal; programs ask the inbox service itself.",
      );
    const target = new URL(`${url}/v1${path}`);
    for (const name of new Set(request.queryNames)) target.searchParams.set(name, request.query(name) ?? "");
    return path.endsWith("/events")
      ? await stream(target, request.header, visit)
      : await answer({ method, target, body: request.body }, visit);
  }

  async function answer(
    { method, target, body }: { method: Method; target: URL; body: Uint8Array },
    { session }: Visit,
  ): Promise<Answer> {
    const watch = session.watch();
    try {
      const response = await ask(target, watch, {
        method,
        headers: {
          ...(await headersFor(session, method, target)),
          ...(method === "GET" ? {} : { "content-type": "application/json" }),
        },
        ...(method === "GET" ? {} : { body: Buffer.from(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const retryAfter = response.headers.get("retry-after");
      return {
        status: response.status,
        type: jsonTypeOf(response),
        body: await bodyOf(response),
        headers: retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? { "retry-after": retryAfter } : {},
      };
    } finally {
      watch.release();
    }
  }

  async function stream(target: URL, header: HeaderOf, visit: Visit): Promise<Answer> {
    const watch = visit.session.watch();
    let isStreaming = false;
    try {
      const answered = await streamOver(watch, { target, header, visit });
      isStreaming = "chunks" in answered;
      return answered;
    } finally {
      if (!isStreaming) watch.release();
    }
  }

  async function streamOver(
    watch: SessionWatch,
    { target, header, visit: { id, session } }: { target: URL; header: HeaderOf; visit: Visit },
  ): Promise<Answer> {
    const open = streams.get(id) ?? 0;
    if (open >= MAX_STREAMS)
      throw new LedgerError("rate-limited", "The inbox is open in too many windows. Close one of them.");
    const lastSeen = header("last-event-id");
    const closing = new AbortController();
    const late = setTimeout(() => closing.abort(new DOMException("no answer", "TimeoutError")), TIMEOUT_MS);
    let response: Response;
    try {
      response = await ask(target, watch, {
        headers: {
          ...(await headersFor(session, "GET", target)),
          accept: "text/event-stream",
          ...(lastSeen !== undefined && /^[\x21-\x7e]{1,64}$/.test(lastSeen)
            ? { "last-event-id": lastSeen }
            : {}),
        },
        signal: closing.signal,
      });
      if (response.status !== 200 || response.body === null) {
        const body = await bodyOf(response);
        return { status: response.status, type: jsonTypeOf(response), body };
      }
    } finally {
      clearTimeout(late);
    }
    // From the answer on: a session that ends while the inbox is asked is no fault of the inbox.
    const lastsMs = Math.max(1, Math.min(STREAM_MS, session.ends - clock.now()));
    const signal = AbortSignal.any([closing.signal, watch.over, AbortSignal.timeout(lastsMs)]);
    streams.set(id, (streams.get(id) ?? 0) + 1);
    return {
      ...{ type: "text/event-stream", headers: { "x-accel-buffering": "no" } },
      chunks: relayed(response.body, { signal, quietMs }, () => {
        closing.abort();
        watch.release();
        const left = (streams.get(id) ?? 1) - 1;
        if (left === 0) streams.delete(id);
        else streams.set(id, left);
      }),
    };
  }

  /** @throws LedgerError `inbox-unavailable` when there is no answer, or one that is not for the person; `session-ended` when theirs ends meanwhile. */
  async function ask(
    target: URL,
    { over }: SessionWatch,
    init: RequestInit & { readonly signal: AbortSignal },
  ): Promise<Response> {
    let response: Response;
    try {
      const signal = AbortSignal.any([init.signal, over]);
      response = await fetch(target, { ...init, signal, redirect: "error" });
    } catch (error) {
      if (over.aborted) throw sessionEnded();
      log.warn({ kind: error instanceof Error ? error.name : typeof error }, "the inbox does not answer");
      throw unavailable();
    }
    // Its refusal of our token is nothing that the person could mend.
    if (response.status !== 401 && response.status < 500) return response;
    await response.body?.cancel();
    log.warn({ status: response.status }, "the inbox does not answer");
    throw unavailable();
  }

  return (["GET", "POST", "PUT"] as const).map((method): Route => {
    const lower = method.toLowerCase() as Route["method"];
    return {
      name: `${lower}PortalInbox`,
      ...{ method: lower, path: `${PREFIX}/*page` },
      ...(method === "GET" ? {} : { maxBodyBytes: MAX_BODY_BYTES, bodyType: "application/json" }),
      handle: async (request) => await relay(method, request),
    };
  });
}

async function headersFor(
  { credentialsFor }: Session,
  method: Method,
  target: URL,
): Promise<Record<string, string>> {
  return { ...(await credentialsFor({ method, url: target.origin + target.pathname })) };
}

/** @throws LedgerError `inbox-unavailable`: what is no JSON could be anything, and would be answered from our origin. */
function jsonTypeOf({ headers }: Response): string {
  const [type = ""] = (headers.get("content-type") ?? "").split(";", 1);
  if (type === "application/json" || type === "application/problem+json") return type;
  throw unavailable();
}

async function bodyOf({ body }: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > MAX_ANSWER_BYTES) throw new RangeError("the inbox answers too much");
      chunks.push(chunk);
    }
  } catch {
    throw unavailable();
  }
  return Buffer.concat(chunks);
}

/** The stream's text as it comes, with a comment at the start and whenever nothing came for long. It ends when the signal fires. */
async function* relayed(
  body: ReadableStream<Uint8Array>,
  { signal, quietMs }: { readonly signal: AbortSignal; readonly quietMs: number },
  onEnd: () => void,
): AsyncGenerator<string, void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  /** Between two events: a comment inside one would cut it in two. */
  let isBetween = true;
  try {
    yield COMMENT;
    let next: ReturnType<typeof reader.read> | undefined;
    while (!signal.aborted) {
      next ??= reader.read();
      const chunk = await withinTime(next, quietMs, signal);
      if (chunk === undefined) {
        if (isBetween) yield COMMENT;
        continue;
      }
      next = undefined;
      if (chunk.done) return;
      isBetween = /(\n\n|\r\n\r\n)$/.test(chunk.value);
      yield chunk.value;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    onEnd();
    // What is still being read ends by it; nobody waits for that any more.
    await reader.cancel().catch(() => undefined);
  }
}

/** What the promise gives; undefined when it takes longer. @throws when the signal fires */
async function withinTime<T>(promise: Promise<T>, ms: number, signal: AbortSignal): Promise<T | undefined> {
  const done = new AbortController();
  const late = pause(ms, undefined, { signal: AbortSignal.any([signal, done.signal]) });
  return await Promise.race([promise, late]).finally(() => done.abort());
}

function unavailable(): LedgerError {
  return new LedgerError("inbox-unavailable", "The inbox does not answer as it should. Try again later.");
}
