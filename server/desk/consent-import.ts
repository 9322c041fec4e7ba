import { fromUtf8 } from "../../protocol/bytes.ts";
import { requireIndexId } from "../../protocol/index-keys.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { momentMs } from "../../protocol/moment.ts";
import { LedgerError } from "../errors.ts";
import type { PersonId } from "../identity/caller.ts";
import { agencyCode, RECEIPT_PROFILE, RECORD_PROFILE } from "./consent-receipt.ts";
import type { AskedTerms } from "./consent-terms.ts";

/** What a receipt that somebody brings says about the consent. */
export interface ReceiptClaim {
  readonly person: PersonId;
  readonly terms: AskedTerms;
  readonly validFrom?: string;
  readonly validUntil: string;
  readonly notice: string;
  readonly language: "vi" | "en";
}

type Members = { readonly [name: string]: unknown };

const MAX_DEPTH = 8;
const MAX_TEXT = 128;
const MAX_LIST = 32;
const MAX_STATES = 64;

/** The members that a receipt and its record may have; what else stood there might change what the person means to say. */
const RECEIPT_MEMBERS = [
  "@context",
  "@id",
  "@type",
  "dct:identifier",
  "dct:conformsTo",
  "dct:created",
  "dct:publisher",
  "schema:recipient",
  "dpv:hasRecordOfActivity",
];
const RECORD_MEMBERS = [
  "@id",
  "@type",
  "dct:identifier",
  "dct:conformsTo",
  "dct:valid",
  "dpv:hasDataSubject",
  "dpv:hasDataController",
  "dpv:hasJurisdiction",
  "dpv:hasApplicableLaw",
  "dpv:hasLegalBasis",
  "dpv:hasProcess",
  "dpv:hasConsentControl",
  "dpv:hasRight",
  "dpv:hasNotice",
  "dpv:hasConsentStatus",
];
const PROCESS_MEMBERS = [
  "@type",
  "dpv:hasPurpose",
  "dpv:hasPersonalData",
  "dpv:hasDataSource",
  "dpv:hasRecipient",
  "dpv:hasProcessing",
  "dpv:hasStorageCondition",
];

const PERMITTING = ["dpv:ConsentGiven", "dpv:RenewedConsentGiven"];
const BEFORE = ["dpv:ConsentRequested", "dpv:ConsentRequestDeferred"];
const INDICATED_BY_PERSON = ["dpv:DataSubject", "dpv:GuardianOfDataSubject", "dpv:ParentOfDataSubject"];

/**
 * Reads a consent receipt (ISO/IEC TS 27560 in JSON-LD) of the form in which this ledger gives them out, as plain JSON: nothing is fetched, and
 * nothing is expanded. It must say that one person consents to one purpose, and that this was given last. What it proves is nothing: the person who
 * imports it gives their consent by doing so, and it only says to what.
 * @throws LedgerError `wrong-consent-receipt`; FormatError of strict JSON and of a person's number.
 */
export function receiptClaim(body: Uint8Array): ReceiptClaim {
  const receipt = object(
    parseStrictJson(fromUtf8(body), { maxDepth: MAX_DEPTH }),
    RECEIPT_MEMBERS,
    "the receipt",
  );
  requireIs(receipt["@type"], "dpv:ConsentReceipt", "@type");
  requireIs(receipt["dct:conformsTo"], RECEIPT_PROFILE, "dct:conformsTo");
  const record = object(receipt["dpv:hasRecordOfActivity"], RECORD_MEMBERS, "dpv:hasRecordOfActivity");
  requireIs(record["@type"], "dpv:ConsentRecord", "@type of the record");
  requireIs(record["dct:conformsTo"], RECORD_PROFILE, "dct:conformsTo of the record");
  if (record["dpv:hasLegalBasis"] !== undefined)
    requireIs(record["dpv:hasLegalBasis"], "dpv:Consent", "dpv:hasLegalBasis");
  requireGiven(record["dpv:hasConsentStatus"]);
  const notice = object(record["dpv:hasNotice"], undefined, "dpv:hasNotice");
  return {
    person: personIn(record["dpv:hasDataSubject"]),
    terms: termsIn(record),
    ...periodIn(record["dct:valid"]),
    notice: text(notice["dct:identifier"], "dct:identifier of the notice"),
    language: languageIn(notice["dct:language"]),
  };
}

/** A list of processes would be several purposes: what is bundled is no consent. */
function termsIn(record: Members): AskedTerms {
  const [process, ...others] = several(record["dpv:hasProcess"]);
  if (others.length > 0) throw wrong("it bundles several purposes; give each of them by itself");
  const members = object(process, PROCESS_MEMBERS, "dpv:hasProcess");
  const [purpose, ...morePurposes] = several(members["dpv:hasPurpose"]);
  if (morePurposes.length > 0) throw wrong("it bundles several purposes; give each of them by itself");
  const procedure = text(isJsonObject(purpose) ? purpose["@id"] : purpose, "dpv:hasPurpose");
  return {
    procedure: named(/^minhbach:procedure\/(.+)$/.exec(procedure)?.[1], "a procedure of the catalogue"),
    recipients: texts(members["dpv:hasRecipient"], "dpv:hasRecipient").map(agencyIn),
    personalData: texts(members["dpv:hasPersonalData"], "dpv:hasPersonalData"),
    controller: agencyIn(text(record["dpv:hasDataController"], "dpv:hasDataController")),
  };
}

/** The states in their order lead to a consent that was given and not ended, by the person's own word. */
function requireGiven(value: unknown): void {
  const states = several(value).map((each) => object(each, undefined, "dpv:hasConsentStatus"));
  if (states.length === 0 || states.length > MAX_STATES)
    throw wrong("it says not what became of the consent");
  let previous = -Infinity;
  let isGiven = false;
  for (const state of states) {
    const time = momentMs(text(state["dpv:isIndicatedAtTime"], "dpv:isIndicatedAtTime"));
    if (!(time >= previous)) throw wrong("its states have no times, or are not in the order of their times");
    previous = time;
    const types = several(state["@type"]);
    const isYes = types.some((type) => PERMITTING.includes(String(type)));
    const isAsked = types.some((type) => BEFORE.includes(String(type)));
    if (!isYes && !(isAsked && !isGiven)) throw wrong("the consent in it has ended or was never given");
    if (isYes && !INDICATED_BY_PERSON.includes(String(state["dpv:isIndicatedBy"])))
      throw wrong("somebody else than the person gave the consent in it");
    isGiven ||= isYes;
  }
  if (!isGiven) throw wrong("the consent in it has ended or was never given");
}

function personIn(value: unknown): PersonId {
  const { "dct:identifier": identifier } = object(value, undefined, "dpv:hasDataSubject");
  const id = text(identifier, "dct:identifier of the data subject");
  requireIndexId("person", id);
  const colon = id.indexOf(":");
  return { scheme: id.slice(0, colon), id: id.slice(colon + 1) };
}

function periodIn(value: unknown): Pick<ReceiptClaim, "validFrom" | "validUntil"> {
  const [, from = "", until = ""] = /^([^/]*)\/([^/]+)$/.exec(text(value, "dct:valid")) ?? [];
  const isTime = (moment: string): boolean => !Number.isNaN(momentMs(moment));
  if (isTime(until) && (from === "" || isTime(from)))
    return { validUntil: until, ...(from !== "" && { validFrom: from }) };
  throw wrong(
    'it has no end; "dct:valid" says from when, if not at once, and until when: "/2027-11-22T00:00:00Z"',
  );
}

function languageIn(value: unknown): "vi" | "en" {
  const language = text(value, "dct:language of the notice").toLowerCase();
  if (language === "vi" || language === "en") return language;
  throw wrong("its notice is in a language other than vi or en");
}

function agencyIn(name: string): string {
  return named(agencyCode(name), "agencies by their codes, such as minhbach:agency/qn-police");
}

function named(value: string | undefined, what: string): string {
  if (value !== undefined) return value;
  throw wrong(`it does not name ${what}`);
}

/** An object with no members but these; any, when they are not listed: there it only explains. */
function object(value: unknown, members: readonly string[] | undefined, what: string): Members {
  if (!isJsonObject(value)) throw wrong(`${what} is missing`);
  const unknown = members !== undefined && Object.keys(value).some((name) => !members.includes(name));
  if (unknown) throw wrong(`${what} has a member that a receipt of this form does not have`);
  return value;
}

/** JSON-LD writes one value with or without brackets. */
function several(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function texts(value: unknown, what: string): string[] {
  const list = several(value).map((each) => text(each, what));
  if (list.length >= 1 && list.length <= MAX_LIST && new Set(list).size === list.length) return list;
  throw wrong(`${what} has 1 to ${MAX_LIST} different values`);
}

function text(value: unknown, what: string): string {
  if (typeof value === "string" && value !== "" && value.length <= MAX_TEXT) return value;
  throw wrong(`${what} is a text of 1 to ${MAX_TEXT} characters`);
}

function requireIs(value: unknown, expected: string, what: string): void {
  if (value !== expected) throw wrong(`${what} is not ${expected}`);
}

function wrong(reason: string): LedgerError {
  return new LedgerError(
    "wrong-consent-receipt",
    `The receipt cannot be imported: ${reason}. Nothing was recorded; give the consent with POST /v1/consents instead.`,
  );
}
