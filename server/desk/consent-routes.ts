import type { ConsentRecord } from "../../protocol/consent.ts";
import type { Catalogue } from "../../protocol/procedures.ts";
import type { Clock } from "../clock.ts";
import type { ConsentRegister } from "../decide/consents.ts";
import type { Representation } from "../disclose/representation.ts";
import { LedgerError } from "../errors.ts";
import type { Caller, SignedOn } from "../identity/caller.ts";
import type { Answer, Route, RouteRequest } from "../route.ts";
import { bad, type BodyReader, bodyReader } from "./body.ts";
import type { ConsentActs } from "./consent-acts.ts";
import { receiptClaim } from "./consent-import.ts";
import type { Citizen, ConsentParties } from "./consent-parties.ts";
import { consentReceipt } from "./consent-receipt.ts";
import type { AskedTerms, ShownNotice } from "./consent-terms.ts";
import { actDocument, consentDocument, type PlaceOf } from "./consent-view.ts";
import { pageOfPeople } from "./people-page.ts";

export interface ConsentRoutesOptions {
  readonly acts: ConsentActs;
  readonly consents: Pick<ConsentRegister, "ofPerson">;
  readonly parties: Pick<ConsentParties, "consentOf">;
  readonly representation: Pick<Representation, "ownOf">;
  /** The catalogue in force in a log of this size; undefined when there was none. */
  readonly catalogueAt: (size: number) => Promise<Catalogue | undefined>;
  readonly placeOf: PlaceOf;
  readonly clock: Clock;
  /** `formatLogId` of this log. */
  readonly log: string;
  readonly operator: string;
  /** How people reach the ledger, without a slash at the end; empty where that is not known. */
  readonly baseUrl: () => string;
}

const MAX_BODY_BYTES = 16 * 1024;
/** A receipt with all its explanations and some dozen states. */
const MAX_RECEIPT_BYTES = 64 * 1024;
const MAX_LIST = 32;
const JSON_LD = "application/ld+json";

/** Consents: what a person gives, refuses, leaves for later and takes back; what agencies ask and give up; what an authority finds invalid. */
export function consentRoutes(options: ConsentRoutesOptions): Route[] {
  const { acts, consents, parties, representation, catalogueAt, placeOf, clock } = options;
  const shown = async (record: ConsentRecord, status = 200): Promise<Answer> => ({
    status,
    json: await consentDocument(record, Math.floor(clock.now() / 1000), placeOf),
  });

  async function list(request: RouteRequest, caller: Citizen): Promise<Answer> {
    const people = await representation.ownOf(caller);
    const { found, next } = await pageOfPeople(request, people, consents.ofPerson);
    const now = Math.floor(clock.now() / 1000);
    const documents = await Promise.all(
      found.map(async (record) => await consentDocument(record, now, placeOf)),
    );
    return { json: { consents: documents, ...(next !== undefined && { next }) } };
  }

  async function decide({ body }: RouteRequest, caller: Citizen): Promise<Answer> {
    const read = bodyReader(body);
    const states = [
      "ConsentGiven",
      "RenewedConsentGiven",
      "ConsentRefused",
      "ConsentRequestDeferred",
    ] as const;
    const state = read.oneOf("state", states);
    if (state === undefined)
      throw bad(`Say what the person decides: state is one of ${states.join(", ")}. Silence is no consent.`);
    const id = read.text("id", 128);
    const method = read.text("method", 128);
    if (state === "ConsentRefused" || state === "ConsentRequestDeferred") {
      read.end();
      if (id === undefined) throw bad("Name what is refused or left for later: the id of the request.");
      return await shown(await acts.decline(caller, { state, id, method }), 201);
    }
    if (state === "RenewedConsentGiven" && id === undefined)
      throw bad("Name what is renewed: the id of the consent. What is new is given without one.");
    const person = read.person("person");
    const terms = id === undefined || read.value("procedure") !== undefined ? termsIn(read) : undefined;
    const notice = noticeIn(read);
    const validFrom = read.moment("validFrom");
    const validUntil = read.moment("validUntil");
    read.end();
    if (validUntil === undefined) throw bad("Say until when: validUntil. A consent without an end is none.");
    const giving = { state, id, person, terms, ...notice, validFrom, validUntil, method };
    return await shown(await acts.give(caller, giving), 201);
  }

  async function importReceipt({ body }: RouteRequest, caller: Citizen): Promise<Answer> {
    const claim = receiptClaim(body);
    const inForce = await catalogueAt(Infinity);
    const giving = {
      ...claim,
      ...({ state: "ConsentGiven", method: "import" } as const),
      catalogue: inForce?.version ?? "",
    };
    return await shown(await acts.give(caller, giving), 201);
  }

  async function receipt(request: RouteRequest, caller: Citizen): Promise<Answer> {
    const { record } = await parties.consentOf(caller, request.parameter("id"), (each) =>
      each.state === undefined ? 1 : 0,
    );
    const spoken = record.steps.findLast(({ counts, act }) => counts && act.consent.procedures !== undefined);
    const catalogue = spoken && (await catalogueAt(spoken.act.index));
    const procedure = catalogue?.procedures.get(record.terms?.procedures[0] ?? "");
    const { log, operator, baseUrl } = options;
    const now = clock.now();
    const document = await consentReceipt(record, {
      log,
      operator,
      baseUrl: baseUrl(),
      procedure,
      now,
      placeOf,
    });
    return {
      type: JSON_LD,
      body: JSON.stringify(document),
      headers: { "content-disposition": 'attachment; filename="consent-receipt.jsonld"' },
    };
  }

  return [
    {
      name: "getConsents",
      method: "get",
      path: "/v1/consents",
      handle: async (request, caller) => await list(request, citizenOf(caller)),
    },
    {
      name: "postConsent",
      method: "post",
      path: "/v1/consents",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async (request, caller) => await decide(request, citizenOf(caller)),
    },
    {
      name: "postConsentImport",
      method: "post",
      path: "/v1/consents/import",
      maxBodyBytes: MAX_RECEIPT_BYTES,
      handle: async (request, caller) => await importReceipt(request, citizenOf(caller)),
    },
    {
      name: "getConsentReceipt",
      method: "get",
      path: "/v1/consents/:id/receipt",
      handle: async (request, caller) => await receipt(request, citizenOf(caller)),
    },
    {
      name: "postConsentWithdrawal",
      method: "post",
      path: "/v1/consents/:id/withdrawal",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async ({ body, parameter }, caller) => {
        const read = bodyReader(body, { mayBeEmpty: true });
        const method = read.text("method", 128);
        read.end();
        return await shown(await acts.withdraw(citizenOf(caller), parameter("id"), method));
      },
    },
    {
      name: "postConsentRequest",
      method: "post",
      path: "/v1/consent-requests",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async ({ body }, caller) => {
        const by = agencyOf(caller);
        const read = bodyReader(body);
        const person = read.person("person");
        const terms = { ...termsIn(read, by.agency), controller: by.agency };
        const asking = { terms, ...noticeIn(read), validUntil: read.moment("validUntil") };
        read.end();
        if (person === undefined) throw bad("Name the person who is asked: scheme and id.");
        const record = await acts.request(by, { person, ...asking });
        return { status: 201, json: await actDocument(record, placeOf) };
      },
    },
    {
      name: "postConsentRevocation",
      method: "post",
      path: "/v1/consents/:id/revocation",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async ({ body, parameter }, caller) => {
        bodyReader(body, { mayBeEmpty: true }).end();
        const record = await acts.revoke(controllerOf(caller), parameter("id"));
        return { json: await actDocument(record, placeOf) };
      },
    },
    {
      name: "postConsentInvalidation",
      method: "post",
      path: "/v1/consents/:id/invalidation",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async ({ body, parameter }, caller) => {
        const read = bodyReader(body);
        const [vi, en] = [read.text("vi", 2000), read.text("en", 2000)];
        read.end();
        if (vi === undefined && en === undefined)
          throw bad("Say why, in vi or en or both: the person reads it.");
        const explanation = { ...(vi !== undefined && { vi }), ...(en !== undefined && { en }) };
        const records = await acts.invalidate(inspectorOf(caller), parameter("id"), explanation);
        return {
          json: { acts: await Promise.all(records.map(async (each) => await actDocument(each, placeOf))) },
        };
      },
    },
  ];
}

/** @param controller Where it is known who asks; else it is a member. */
function termsIn(read: BodyReader, controller?: string): AskedTerms {
  return {
    procedure: read.requiredText("procedure", 64),
    recipients: read.texts("recipients", { most: MAX_LIST, max: 64 }),
    personalData: read.texts("personalData", { most: MAX_LIST, max: 128 }),
    controller: controller ?? read.requiredText("controller", 64),
  };
}

function noticeIn(read: BodyReader): ShownNotice {
  const language = read.oneOf("language", ["vi", "en"]);
  if (language === undefined) throw bad("Say in which language the notice was shown: language is vi or en.");
  return {
    notice: read.requiredText("notice", 128),
    language,
    catalogue: read.requiredText("catalogue", 64),
  };
}

/** The permission table lets nobody else through. */
function citizenOf(caller: Caller): Citizen {
  if (caller.role === "citizen") return caller;
  throw new LedgerError("forbidden", "Consents are for citizens.");
}

function agencyOf(caller: Caller): SignedOn & { readonly role: "agency"; readonly agency: string } {
  if (caller.role === "agency") return { ...caller, role: "agency" };
  throw new LedgerError("forbidden", "Agencies ask for consents.");
}

function controllerOf(caller: Caller): SignedOn & { readonly role: "agency" | "officer" } {
  if (caller.role === "agency" || caller.role === "officer") return caller;
  throw new LedgerError("forbidden", "The controller revokes consents.");
}

function inspectorOf(caller: Caller): SignedOn & { readonly role: "inspector" } {
  if (caller.role === "inspector") return caller;
  throw new LedgerError("forbidden", "Inspectors find consents invalid.");
}
