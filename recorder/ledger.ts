import { payloadOf } from "../protocol/event.ts";
import { isJsonObject } from "../protocol/json.ts";
import { type HttpAnswer, ledgerServers } from "./servers.ts";

/** What the ledger answered to a submission. Nothing in here is trusted yet: receipts are verified by their reader. */
export type LedgerAnswer =
  | { kind: "receipts"; receipts: string[] }
  /** Part of the numbers is known there, with the same leaves: its receipts, and the number it wants next. */
  | { kind: "overlap"; receipts: string[]; next: number }
  /** It does not hold the events before this submission. */
  | { kind: "gap"; next: number; detail: string }
  | { kind: "equivocation"; detail: string }
  /** One of the events can't be accepted. */
  | { kind: "poison"; code: string; detail: string }
  | { kind: "too-large" }
  /** The key or its entitlement is refused, or the submission as a whole: a person has to look. */
  | { kind: "blocked"; code: string; detail: string }
  /** Nothing was decided: try the same bytes again. */
  | { kind: "outage"; detail: string; retryAfterSeconds: number };

/** What the ledger says it holds of our source. */
export type HeldAnswer = { kind: "held"; next: number } | { kind: "outage"; detail: string };

/** The ledger's answer to receipts shown to it: whether its store honours them. */
export type ShownAnswer =
  | { kind: "honoured" }
  /** It signed a receipt for what it no longer holds. */
  | { kind: "behind"; detail: string }
  | { kind: "outage"; detail: string };

/** A page of the ledger's list of this source's erased events. */
export interface ErasurePage {
  /** Names the list: numbers count in it alone. */
  list: string;
  events: { number: number; seq: number; leaf: string; order: number }[];
  /** Evidence of the orders that the events name, JSON text. */
  orders: { order: number; evidence: string }[];
  /** After which number there is more. */
  next?: number;
}

/** The recorder's side of the ledger's HTTP interface. Methods never reject: every failure is an answer. */
export interface Ledger {
  submit: (body: string) => Promise<LedgerAnswer>;
  /** The next number the ledger expects of the source. */
  held: () => Promise<HeldAnswer>;
  showReceipt: (receipt: string) => Promise<ShownAnswer>;
  /** Size of a final anchor that covers the index, the newest if there are not too many; undefined when there is none (yet). */
  anchoredSize: (index: number) => Promise<number | undefined>;
  /** Whether the ledger holds this very payload at this number; undefined when that can't be found out now. */
  holds: (seq: number, payload: string) => Promise<boolean | undefined>;
  /** The evidence document of a log index as text; undefined when it can't be had now. */
  evidence: (index: number) => Promise<string | undefined>;
  /** What a signed query of protocol/erasure-query.ts asks for; undefined when it can't be had now. */
  erasures: (query: string) => Promise<ErasurePage | undefined>;
}

/** Base URL, such as `http://127.0.0.1:8080`; or those of several servers of the same ledger, the preferred one first. */
export type LedgerUrl = string | readonly string[];

export interface LedgerOptions {
  url: LedgerUrl;
  source: string;
  /** Gives up on a request to one server after this; 30 s by default, enough for 8 MiB over a slow line. */
  timeoutMs?: number;
  /** Cuts off whatever is under way. */
  signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** An answer with the receipts of 1,000 single submissions is about 700 KiB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** What an operator reads of a refusal; a longer one was not written for people. */
const MAX_DETAIL_CHARACTERS = 500;

/** As many as the ledger gives at once: after a long outage several pages follow. */
const ANCHORS_PER_PAGE = 1000;

/** Refusals about one event: those (and only those) may end in a tombstone. */
const ABOUT_AN_EVENT = new Set([
  "decoy",
  "digest-unopened",
  "digests",
  "digests-unpadded",
  "digests-unsorted",
  "disclosure",
  "disclosure-repeated",
  "disclosure-unmatched",
  "event",
  "event-too-large",
  "event-type",
  "facet-missing",
  "facet-nested",
  "facet-repeated",
  "facet-unknown",
  "json-depth",
  "json-duplicate-key",
  "json-lone-surrogate",
  "json-number",
  "payload",
  "payload-too-large",
  "reserved-type",
  "salt",
  "salt-repeated",
  "schema-violation",
  "subject-id",
  "too-many-facets",
]);

/** Speaks to a ledger over HTTP. */
export function httpLedger(options: LedgerOptions): Ledger {
  const { request } = ledgerServers({
    urls: typeof options.url === "string" ? [options.url] : options.url,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    signal: options.signal,
    maxAnswerBytes: MAX_ANSWER_BYTES,
  });
  const get = (path: string) => request(path, { method: "GET" });
  const post = (path: string, body: string) =>
    request(path, { method: "POST", body, headers: { "content-type": "application/json" } });

  return {
    submit: (body) => post("/v1/submissions", body).then(submissionAnswer, outage),
    held: () => get(`/v1/sources/${options.source}`).then(heldAnswer, outage),
    showReceipt: (receipt) =>
      post("/v1/receipts", JSON.stringify({ receipts: [receipt] })).then(shownAnswer, outage),
    anchoredSize: (index) =>
      get(`/v1/anchors?after=${index}&limit=${ANCHORS_PER_PAGE}`).then(anchoredSizeOf, () => undefined),
    holds: async (seq, payload) => {
      const place = await get(`/v1/submissions/${options.source}/${seq}`).then(placeOf(seq), () => undefined);
      if (place === undefined || place === "absent") return place === undefined ? undefined : false;
      return get(`/v1/events/${place}`).then(holdsPayload(payload), () => undefined);
    },
    evidence: (index) =>
      get(`/v1/events/${index}/evidence`).then(
        (answer) => (answer.status === 200 ? answer.text : undefined),
        () => undefined,
      ),
    erasures: (query) =>
      post(`/v1/sources/${options.source}/erasures`, JSON.stringify({ query })).then(
        erasurePage,
        () => undefined,
      ),
  };
}

function submissionAnswer(answer: HttpAnswer): LedgerAnswer {
  const body = jsonOf(answer);
  const { code, detail } = problemOf(body, answer.status);
  const receipts = strings(body["receipts"]);
  const next = natural(body["next"]);
  if ((answer.status === 200 || answer.status === 201) && receipts.length > 0)
    return { kind: "receipts", receipts };
  if (code === "partial-overlap" && next !== undefined) return { kind: "overlap", receipts, next };
  if (code === "sequence-gap" && next !== undefined) return { kind: "gap", next, detail };
  if (code === "equivocation") return { kind: "equivocation", detail };
  if (ABOUT_AN_EVENT.has(code)) return { kind: "poison", code, detail };
  if (code === "submission-too-large" || code === "submission-too-many-events") return { kind: "too-large" };
  // Anything else below 500 that bears our code was said by the ledger and stays so until somebody acts. Without a
  // code it came from something in between (a proxy, a wrong address), which must never cost an event.
  const isDecided =
    answer.status >= 400 && answer.status < 500 && answer.status !== 408 && answer.status !== 429;
  if (isDecided && code !== "") return { kind: "blocked", code, detail };
  return { ...outage(new Error(detail)), retryAfterSeconds: retryAfterSeconds(answer.headers) };
}

function heldAnswer(answer: HttpAnswer): HeldAnswer {
  const body = jsonOf(answer);
  const next = natural(body["next"]);
  if (answer.status === 200 && next !== undefined) return { kind: "held", next };
  const { code, detail } = problemOf(body, answer.status);
  return code === "unknown-source" ? { kind: "held", next: 1 } : { kind: "outage", detail };
}

function shownAnswer(answer: HttpAnswer): ShownAnswer {
  const { code, detail } = problemOf(jsonOf(answer), answer.status);
  if (answer.status >= 200 && answer.status < 300) return { kind: "honoured" };
  return code === "store-behind" ? { kind: "behind", detail } : { kind: "outage", detail };
}

function anchoredSizeOf(answer: HttpAnswer): number | undefined {
  const anchors = jsonOf(answer)["anchors"];
  const newest: unknown = Array.isArray(anchors) ? anchors.at(-1) : undefined;
  return isJsonObject(newest) ? natural(newest["size"]) : undefined;
}

/** Reads the index of an event from the submission that holds its number; undefined for an unusable answer. */
function placeOf(seq: number): (answer: HttpAnswer) => number | "absent" | undefined {
  return (answer) => {
    const body = jsonOf(answer);
    const first = natural(body["first"]);
    const index = natural(body["index"]);
    if (answer.status === 200 && first !== undefined && index !== undefined) return index + seq - first;
    return problemOf(body, answer.status).code === "unknown-submission" ? "absent" : undefined;
  };
}

function holdsPayload(payload: string): (answer: HttpAnswer) => boolean | undefined {
  return (answer) => {
    const { event } = jsonOf(answer);
    return answer.status === 200 && typeof event === "string" ? payloadOf(event) === payload : undefined;
  };
}

function erasurePage(answer: HttpAnswer): ErasurePage | undefined {
  const { list, events, orders, next } = jsonOf(answer);
  if (answer.status !== 200 || typeof list !== "string" || !Array.isArray(events) || !Array.isArray(orders))
    return undefined;
  const page: ErasurePage = { list, events: [], orders: [] };
  for (const each of events.filter(isJsonObject)) {
    const [number, seq, order] = [natural(each["number"]), natural(each["seq"]), natural(each["order"])];
    const { leaf } = each;
    if (number === undefined || seq === undefined || order === undefined || typeof leaf !== "string")
      return undefined;
    page.events.push({ number, seq, leaf, order });
  }
  for (const each of orders.filter(isJsonObject)) {
    const order = natural(each["order"]);
    if (order !== undefined) page.orders.push({ order, evidence: JSON.stringify(each["evidence"]) });
  }
  const more = natural(next);
  return more === undefined ? page : { ...page, next: more };
}

function outage(error: unknown): { kind: "outage"; detail: string; retryAfterSeconds: number } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return {
    kind: "outage",
    detail: cause instanceof Error ? clip(cause.message) : "unknown",
    retryAfterSeconds: 0,
  };
}

function problemOf(
  body: { readonly [member: string]: unknown },
  status: number,
): { code: string; detail: string } {
  const code = typeof body["code"] === "string" ? clip(body["code"]) : "";
  const detail = typeof body["detail"] === "string" ? clip(body["detail"]) : `the ledger answered ${status}`;
  return { code, detail };
}

function jsonOf(answer: HttpAnswer): { readonly [member: string]: unknown } {
  try {
    const value: unknown = JSON.parse(answer.text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function natural(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function retryAfterSeconds(headers: Headers): number {
  const seconds = Number(headers.get("retry-after") ?? "0");
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), 300) : 0;
}

function clip(text: string): string {
  return text.slice(0, MAX_DETAIL_CHARACTERS);
}
