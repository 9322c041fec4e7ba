import { fromUtf8 } from "../../protocol/bytes.ts";
import { parseDecimal } from "../../protocol/checkpoint.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import type { ErasureOrder, ErasureRegister } from "../disclose/erasures.ts";
import { LedgerError } from "../errors.ts";
import type { Caller } from "../identity/caller.ts";
import type { Route, RouteRequest } from "../route.ts";
import type { StoreReader } from "../store/store.ts";
import { bad, logIndexesOf, personOf } from "./body.ts";
import { MAX_ERASED_EVENTS } from "./erasure-choice.ts";
import { erasureIn, type ErasureRequest, type Officer, type OrderErasure } from "./erasure.ts";

export interface ErasureRoutesOptions {
  readonly order: OrderErasure;
  readonly erasures: Pick<ErasureRegister, "caughtUp" | "orders" | "ordersNamed" | "ordersOf">;
  readonly store: Pick<StoreReader, "events" | "submissionOfIndex">;
  /** The operator's agency, whose officer is the ledger's own. */
  readonly operator: string;
}

/** Room for as many indexes as one request may name. */
const MAX_BODY_BYTES = 128 * 1024;
const MAX_TEXT = 500;
const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** A name for a URL; what looks like a citizen's number is none. */
const ID = /^(?!.*(?<![0-9])[0-9]{12}(?![0-9]))[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/** Erasures: ordered by data-protection officers, looked at by them and by inspectors. None of them shows anything of what was erased. */
export function erasureRoutes({ order, erasures, store, operator }: ErasureRoutesOptions): Route[] {
  return [
    {
      name: "postErasure",
      method: "post",
      path: "/v1/erasures",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async ({ body }, caller) => {
        const request = requestIn(body);
        const { orders, events, left, complete } = await order(officerOf(caller), request);
        return { status: 201, json: { id: request.id, orders, events, left, complete } };
      },
    },
    {
      name: "getErasures",
      method: "get",
      path: "/v1/erasures",
      handle: async (request, caller) => {
        const from = numberIn(request, "from", { fallback: 0, min: 0, max: Number.MAX_SAFE_INTEGER });
        const limit = numberIn(request, "limit", { fallback: DEFAULT_LIMIT, min: 1, max: MAX_LIMIT });
        const agency = scopeOf(caller);
        await erasures.caughtUp();
        const page = await erasures.orders({
          from,
          limit,
          ...(agency !== undefined && { agency }),
        });
        const last = page.length === limit ? page.at(-1) : undefined;
        return { json: { erasures: page.map(orderDocument), ...(last && { next: last.index + 1 }) } };
      },
    },
    {
      name: "getErasure",
      method: "get",
      path: "/v1/erasures/:id",
      handle: async (request, caller) => {
        const id = idIn(request.parameter("id"));
        const agency = scopeOf(caller);
        await erasures.caughtUp();
        const orders =
          agency === undefined ? await erasures.ordersNamed(id) : await erasures.ordersOf(agency, id);
        if (orders.length === 0)
          throw new LedgerError(
            "unknown-erasure",
            "There is no erasure of this id, or it is not your agency's.",
          );
        return { json: { id, erasures: await Promise.all(byAuthority(orders).map(erasureDocument)) } };
      },
    },
  ];

  async function erasureDocument(orders: readonly ErasureOrder[]): Promise<object> {
    const [first] = orders;
    const [event] = first === undefined ? [] : await store.events([first.index]);
    const { authority, legalBasis, reason } = erasureIn(event) ?? {};
    const submission = first && (await store.submissionOfIndex(first.index));
    return {
      ...{ authority, legalBasis, reason },
      ordered: submission?.time,
      ...countsOf(orders),
      orders: orders.map(orderDocument),
    };
  }

  /** Whose erasures a caller sees: undefined for all. */
  function scopeOf(caller: Caller): string | undefined {
    return caller.role === "officer" && caller.agency !== operator ? caller.agency : undefined;
  }
}

function officerOf(caller: Caller): Officer {
  // The permission table lets nobody else through.
  if (caller.role !== "officer")
    throw new LedgerError("forbidden", "Erasures are for data-protection officers.");
  return caller;
}

function orderDocument(order: ErasureOrder): object {
  const { done, ...rest } = order;
  return { ...rest, state: stateOf([order]), ...(done !== undefined && { done }) };
}

function countsOf(orders: readonly ErasureOrder[]): object {
  const sum = (count: (order: ErasureOrder) => number): number =>
    orders.reduce((all, each) => all + count(each), 0);
  return {
    state: stateOf(orders),
    events: sum((each) => each.events),
    destroyed: sum((each) => each.destroyed),
    kept: sum((each) => each.kept),
    sealed: sum((each) => each.sealed),
  };
}

/** `ordered` until the keys are gone from every file; `sealed` while only seals hold up the rest. */
function stateOf(orders: readonly ErasureOrder[]): "ordered" | "sealed" | "destroyed" {
  const open = orders.filter(({ done }) => done === undefined);
  if (open.length === 0) return "destroyed";
  return open.every(({ sealed }) => sealed > 0) ? "sealed" : "ordered";
}

function byAuthority(orders: readonly ErasureOrder[]): ErasureOrder[][] {
  return [...Map.groupBy(orders, ({ authority }) => authority).values()];
}

/** @throws LedgerError `bad-request`; FormatError of what is no strict JSON or no person's number. */
function requestIn(body: Uint8Array): ErasureRequest {
  const value = parseStrictJson(fromUtf8(body), { maxDepth: 3 });
  if (!isJsonObject(value)) throw bad("Send a JSON object.");
  const { id, events, person, legalBasis, reason, ...unknown } = value;
  if (Object.keys(unknown).length > 0 || (events === undefined) === (person === undefined))
    throw bad("The members are id, legalBasis, reason, and either events or person.");
  if (typeof id !== "string") throw badId();
  if (!isJsonObject(legalBasis) || Object.keys(legalBasis).length !== 2)
    throw bad("legalBasis is an object with law and article.");
  const { law, article } = legalBasis;
  return {
    id: idIn(id),
    what:
      events === undefined
        ? { person: personOf("person", person) }
        : { events: logIndexesOf(events, MAX_ERASED_EVENTS) },
    legalBasis: { law: textIn("law", law), article: textIn("article", article) },
    reason: textIn("reason", reason),
  };
}

function textIn(name: string, value: unknown): string {
  if (typeof value !== "string" || value.trim() === "" || value.length > MAX_TEXT)
    throw bad(`${name} is a text of 1 to ${MAX_TEXT} characters, and names nobody.`);
  return value;
}

function idIn(text: string): string {
  if (!ID.test(text)) throw badId();
  return text;
}

function badId(): LedgerError {
  return bad(
    "An erasure's id has 1 to 64 letters, digits, dots, colons, hyphens or underscores, and no person's number.",
  );
}

function numberIn(
  request: RouteRequest,
  name: string,
  { fallback, min, max }: Record<"fallback" | "min" | "max", number>,
): number {
  const text = request.query(name);
  const number = text === undefined ? fallback : parseDecimal(text);
  if (number !== undefined && number >= min && number <= max) return number;
  throw bad(`The parameter ${name} must be a whole number from ${min} to ${max}.`);
}
