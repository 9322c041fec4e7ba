import { fromUtf8 } from "../../protocol/bytes.ts";
import { openFacets, parseEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { Caller, SignedOn } from "../identity/caller.ts";
import type { Answer, Route } from "../route.ts";
import type { StoreReader } from "../store/store.ts";
import { bad, type BodyReader, bodyReader, logIndexesOf } from "./body.ts";
import { pageIn } from "./page.ts";
import { MAX_SEALED_EVENTS, type SealActs, type SealTerms } from "./seal-acts.ts";
import { sealAt, type SealRecord, type SealRegister, type SealState } from "./seals.ts";

export interface SealRoutesOptions {
  readonly acts: SealActs;
  readonly seals: Pick<SealRegister, "one" | "list">;
  readonly store: Pick<StoreReader, "events" | "submissionOfIndex">;
  readonly clock: Clock;
}

const MAX_BODY_BYTES = 8 * 1024;
const STATES = ["placed", "lifted", "ended"] as const satisfies readonly SealState[];

/** Seals: placed, extended and lifted by inspectors, and the list of all there ever were, whoever recorded them. */
export function sealRoutes({ acts, seals, store, clock }: SealRoutesOptions): Route[] {
  /** No event that it closes, only how many: the list shows nobody. */
  async function document(seal: SealRecord): Promise<object> {
    const { agency, id, placed, last, orders, leaves } = seal;
    const { state, until } = sealAt(seal, clock.now());
    const [event] = await store.events([last]);
    const facets =
      event?.disclosures === undefined
        ? {}
        : openFacets(parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`));
    const { authority, legalBasis } = isJsonObject(facets.seal) ? facets.seal : {};
    return {
      ...{ agency, id, state, until: until ?? null, authority, legalBasis: legalBasis ?? null },
      events: Object.keys(leaves).length,
      orders,
      ...{ placed: await placeOf(placed), last: await placeOf(last) },
    };
  }

  async function placeOf(index: number): Promise<object> {
    const submission = await store.submissionOfIndex(index);
    return { index, time: submission?.time ?? null };
  }

  async function changed(seal: SealRecord): Promise<Answer> {
    return { status: 201, json: { seal: await document(seal) } };
  }

  return [
    {
      name: "postSeal",
      method: "post",
      path: "/v1/seals",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => {
        const body = bodyReader(request.body);
        const indexes = logIndexesOf(body.value("events"), MAX_SEALED_EVENTS);
        const terms = termsIn(body);
        body.end();
        const { seal, sealed, waiting } = await acts.place(inspector(caller), indexes, terms);
        return { status: 201, json: { seal: await document(seal), sealed, waiting } };
      },
    },
    {
      name: "getSeals",
      method: "get",
      path: "/v1/seals",
      handle: async (request) => {
        const { from, limit } = pageIn(request);
        const state = request.query("state");
        if (state !== undefined && !STATES.some((each) => each === state))
          throw bad(`state is one of ${STATES.join(", ")}.`);
        const page = await seals.list({ from, limit });
        const listed: object[] = [];
        for (const seal of page) {
          if (state === undefined || sealAt(seal, clock.now()).state === state)
            listed.push(await document(seal));
        }
        const last = page.length === limit ? page.at(-1) : undefined;
        return { json: { seals: listed, ...(last && { next: last.placed + 1 }) } };
      },
    },
    {
      name: "getSeal",
      method: "get",
      path: "/v1/agencies/:agency/seals/:id",
      handle: async (request, caller) => {
        const seal = await seals.one(request.parameter("agency"), request.parameter("id"));
        if (seal === undefined)
          throw new LedgerError(
            "unknown-seal",
            "This agency recorded no seal of this id. GET /v1/seals lists all.",
          );
        const mayChange = await acts.mayChange(inspector(caller), seal);
        return { json: { seal: await document(seal), mayChange } };
      },
    },
    {
      name: "postSealExtension",
      method: "post",
      path: "/v1/seals/:id/extension",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => {
        const body = bodyReader(request.body);
        const terms = termsIn(body);
        body.end();
        return await changed(await acts.extend(inspector(caller), request.parameter("id"), terms));
      },
    },
    {
      name: "postSealLift",
      method: "post",
      path: "/v1/seals/:id/lift",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => {
        const body = bodyReader(request.body);
        const legalBasis = legalBasisIn(body);
        body.end();
        return await changed(await acts.lift(inspector(caller), request.parameter("id"), legalBasis));
      },
    },
  ];
}

/** A seal without a date is refused: it would be no delay, but an end. */
function termsIn(body: BodyReader): SealTerms {
  const until = body.moment("until");
  const legalBasis = legalBasisIn(body);
  if (until === undefined)
    throw bad("until is missing: a seal ends by itself, at a time such as 2027-11-22T00:00:00+07:00.");
  return { until, legalBasis };
}

function legalBasisIn(body: BodyReader): SealTerms["legalBasis"] {
  const { law, article, ...unknown } = objectOf(body.value("legalBasis"));
  const isText = (value: unknown, max: number): value is string =>
    typeof value === "string" && value.trim() !== "" && value.length <= max;
  if (!isText(law, 256) || !isText(article, 64) || Object.keys(unknown).length > 0)
    throw bad("legalBasis is an object with law and article.");
  return { law, article };
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return isJsonObject(value) ? value : {};
}

function inspector(caller: Caller): SignedOn & { readonly role: "inspector" } {
  // The permission table lets nobody else through.
  if (caller.role !== "inspector") throw new LedgerError("forbidden", "Seals are for inspectors.");
  return caller;
}
