import { fromUtf8 } from "../../protocol/bytes.ts";
import { parseDecimal } from "../../protocol/checkpoint.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { LedgerError } from "../errors.ts";
import type { Caller } from "../identity/caller.ts";
import type { Route, RouteRequest } from "../route.ts";
import type { StoreReader } from "../store/store.ts";
import { type FindingActs, type FindingsCaller, isFindingsCaller } from "./acts.ts";
import type { UseAnswers } from "./answers.ts";
import type { FindingsBoard, FindingsQuery } from "./board.ts";
import { FINDING_KINDS } from "./finding.ts";
import { findingHistory } from "./history.ts";
import { notificationOf } from "./notification.ts";
import type { ReadUse } from "./uses/use-reader.ts";

export interface FindingsRoutesOptions {
  readonly board: Pick<FindingsBoard, "list">;
  readonly acts: FindingActs;
  readonly answers: UseAnswers;
  readonly store: Pick<StoreReader, "events">;
  readonly readUse: ReadUse;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** Events of one page of a statement. */
const MAX_INDEXES = 100;
/** Room for a note of 2,000 characters, each escaped. */
const MAX_BODY_BYTES = 16 * 1024;
const MAX_NOTE = 2000;
const STATES = ["open", "settled", "explained", "confirmed", "dismissed"] as const;
const SAID_STATES = ["open", "explained", "confirmed", "dismissed"] as const;
const OUTCOMES = ["justified", "unjustified"] as const;

/**
 * Findings, what becomes of them, and whether an event was allowed. Inspectors see and decide all; an officer sees those that the agency answers
 * for, and explains them.
 */
export function findingsRoutes(options: FindingsRoutesOptions): Route[] {
  const { board, acts, answers } = options;
  const body = { method: "post", maxBodyBytes: MAX_BODY_BYTES } as const;
  return [
    {
      name: "getFindings",
      method: "get",
      path: "/v1/findings",
      handle: async (request, caller) => ({ json: await board.list(askedFor(request, watcher(caller))) }),
    },
    {
      name: "getFinding",
      method: "get",
      path: "/v1/findings/:id",
      handle: async (request, caller) => {
        const found = await acts.find(watcher(caller), request.parameter("id"));
        return { json: { finding: found.finding, history: await findingHistory(found, options.store) } };
      },
    },
    {
      ...body,
      name: "postFindingState",
      path: "/v1/findings/:id/states",
      handle: async (request, caller) => {
        const { state, note } = members(request, ["state", "note"]);
        const to = oneOf("state", state, SAID_STATES);
        if (to === "explained" && note === undefined) throw bad("Send the explanation as note.");
        const act = await acts.putInto(watcher(caller), request.parameter("id"), to, noteIn(note));
        return { status: 201, json: act };
      },
    },
    {
      ...body,
      name: "postFindingReview",
      path: "/v1/findings/:id/review",
      handle: async (request, caller) => {
        const { outcome, note } = members(request, ["outcome", "note"]);
        const said = oneOf("outcome", outcome, OUTCOMES);
        const act = await acts.review(watcher(caller), request.parameter("id"), said, noteIn(note));
        return { status: 201, json: act };
      },
    },
    {
      name: "getFindingNotification",
      method: "get",
      path: "/v1/findings/:id/notification",
      handle: async (request, caller) => {
        const found = await acts.find(watcher(caller), request.parameter("id"));
        const notification = await notificationOf(found, options);
        if (notification !== undefined) return { json: notification };
        throw new LedgerError("finding-state", "Only unlawful use of data is notified, and this is none.");
      },
    },
    {
      ...body,
      name: "postFindingNotification",
      path: "/v1/findings/:id/notification",
      handle: async (request, caller) => {
        const { recipient, reference, note } = members(request, ["recipient", "reference", "note"]);
        const to = { recipient: textIn("recipient", recipient, 256) };
        const said = reference === undefined ? to : { ...to, reference: textIn("reference", reference, 128) };
        const act = await acts.notified(watcher(caller), request.parameter("id"), said, noteIn(note));
        return { status: 201, json: act };
      },
    },
    {
      name: "getEventFindings",
      method: "get",
      path: "/v1/events/:index/findings",
      handle: async (request, caller) => {
        const index = parseDecimal(request.parameter("index"));
        if (index === undefined) throw bad("The index must be a whole number in decimal, such as 1042.");
        const [answer] = await answers(caller, [index]);
        if (answer !== undefined && answer.reason !== "unknown") return { json: answer };
        throw new LedgerError("unknown-event", "There is no such event, or none that you may see.");
      },
    },
    {
      ...body,
      name: "postEventFindings",
      path: "/v1/events/findings",
      handle: async (request, caller) => {
        const { indexes } = members(request, ["indexes"]);
        if (!isIndexList(indexes))
          throw bad(`indexes is a list of 1 to ${MAX_INDEXES} different log indexes.`);
        return { json: { answers: await answers(caller, indexes) } };
      },
    },
  ];
}

/** The permission table lets nobody else come here. */
function watcher(caller: Caller): FindingsCaller {
  if (isFindingsCaller(caller)) return caller;
  throw new LedgerError("forbidden", "Findings are for inspectors and data-protection officers.");
}

function askedFor(
  { query }: RouteRequest,
  caller: FindingsCaller,
): FindingsQuery & { readonly after?: string; readonly limit: number } {
  const after = query("after");
  const kind = query("kind");
  const state = query("state");
  const agency = caller.role === "officer" ? caller.agency : query("agency");
  const from = moment("from", query("from"));
  const to = moment("to", query("to"));
  return {
    limit: pageLimit(query("limit")),
    ...(after !== undefined && { after }),
    ...(kind !== undefined && { kind: oneOf("kind", kind, FINDING_KINDS) }),
    ...(state !== undefined && { state: oneOf("state", state, STATES) }),
    ...(agency !== undefined && { agency }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
}

function moment(name: string, text: string | undefined): number | undefined {
  const seconds = text === undefined ? undefined : parseDecimal(text);
  if (text === undefined || (seconds !== undefined && seconds < 1e12)) return seconds;
  throw bad(`The parameter ${name} must be a moment in Unix seconds.`);
}

function pageLimit(text: string | undefined): number {
  const limit = text === undefined ? DEFAULT_LIMIT : parseDecimal(text);
  if (limit !== undefined && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw bad(`The parameter limit must be a number from 1 to ${MAX_LIMIT}.`);
}

function members<const Name extends string>(
  { body }: RouteRequest,
  names: readonly Name[],
): { readonly [name in Name]?: unknown } {
  const value = parseStrictJson(fromUtf8(body), { maxDepth: 3 });
  const isKnown = (name: string): boolean => names.some((each) => each === name);
  if (isJsonObject(value) && Object.keys(value).every(isKnown)) return value as { [name in Name]?: unknown };
  throw bad(`Send a JSON object with no members but ${names.join(", ")}.`);
}

function oneOf<const Value extends string>(name: string, value: unknown, values: readonly Value[]): Value {
  const found = values.find((each) => each === value);
  if (found !== undefined) return found;
  throw bad(`${name} must be one of ${values.join(", ")}.`);
}

function noteIn(value: unknown): string | undefined {
  return value === undefined ? undefined : textIn("note", value, MAX_NOTE);
}

function textIn(name: string, value: unknown, maxLength: number): string {
  if (typeof value === "string" && value.trim() !== "" && value.length <= maxLength) return value;
  throw bad(`${name} is a text of 1 to ${maxLength} characters.`);
}

function isIndexList(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= MAX_INDEXES &&
    new Set(value).size === value.length &&
    value.every((index) => Number.isSafeInteger(index) && Number(index) >= 0)
  );
}

function bad(message: string): LedgerError {
  return new LedgerError("bad-request", message);
}
