import { type ConsentRecord, type ConsentStep, isPermittingState } from "../../protocol/consent.ts";
import type { Bilingual, Procedure } from "../../protocol/procedures.ts";
import { LedgerError } from "../errors.ts";
import { type ActPlaceInLog, lastNotice, type PlaceOf } from "./consent-view.ts";

/** What a receipt says beside the consent itself. */
export interface ReceiptSurroundings {
  /** `formatLogId` of this log. */
  readonly log: string;
  /** The operator's agency, who issues the receipt. */
  readonly operator: string;
  /** How people reach the ledger, without a slash at the end; relative where that is not known. */
  readonly baseUrl: string;
  /** The procedure as the catalogue had it when the person last spoke. */
  readonly procedure: Procedure | undefined;
  /** Now, Unix milliseconds. */
  readonly now: number;
  readonly placeOf: PlaceOf;
}

/** Profiles of the W3C Data Privacy Vocabulary's guide to ISO/IEC TS 27560. */
export const RECEIPT_PROFILE = "https://w3id.org/dpv/schema/dpv-27560#receipt";
export const RECORD_PROFILE = "https://w3id.org/dpv/schema/dpv-27560#record";

/** What the prefixed names mean; the last is ours. */
const RECEIPT_CONTEXT = {
  dpv: "https://w3id.org/dpv#",
  pd: "https://w3id.org/dpv/pd#",
  loc: "https://w3id.org/dpv/loc#",
  dct: "http://purl.org/dc/terms/",
  schema: "https://schema.org/",
  minhbach: "urn:minhbach:",
} as const;

/**
 * A consent as a receipt of ISO/IEC TS 27560 in JSON-LD, for the person to keep and to take elsewhere: what was asked and why, who answers for it,
 * what they said and when, how to say something else, and where in the log each of it stands.
 * @throws LedgerError `consent-state` for a consent of which nothing certain can be said any more.
 */
export async function consentReceipt(record: ConsentRecord, around: ReceiptSurroundings): Promise<object> {
  const { id, person, terms, erased, state } = record;
  if (terms === undefined || state === undefined || erased) {
    throw new LedgerError(
      "consent-state",
      "There is no receipt for a consent that says nothing, or whose acts were erased.",
      { members: { state: state ?? "none" } },
    );
  }
  const { baseUrl, now, operator } = around;
  const identifier = `${id}.${record.steps.length}`;
  return {
    "@context": RECEIPT_CONTEXT,
    "@id": `minhbach:consent-receipt/${identifier}`,
    "@type": "dpv:ConsentReceipt",
    "dct:identifier": identifier,
    "dct:conformsTo": RECEIPT_PROFILE,
    "dct:created": new Date(now).toISOString(),
    "dct:publisher": agencyName(operator),
    "schema:recipient": "dpv:DataSubject",
    "dpv:hasRecordOfActivity": {
      "@id": `minhbach:consent/${id}`,
      "@type": "dpv:ConsentRecord",
      "dct:identifier": id,
      "dct:conformsTo": RECORD_PROFILE,
      "dpv:hasDataSubject": { "@type": "dpv:DataSubject", "dct:identifier": `${person.scheme}:${person.id}` },
      "dpv:hasDataController": agencyName(terms.controller ?? operator),
      "dpv:hasJurisdiction": "loc:VN",
      "dpv:hasApplicableLaw": lawsOf(around.procedure),
      "dpv:hasLegalBasis": "dpv:Consent",
      "dpv:hasProcess": processOf(record, around.procedure),
      "dct:valid": [terms.validFrom ?? "", terms.validUntil ?? ""].join("/"),
      "dpv:hasConsentControl": [
        { "@type": "dpv:WithdrawConsent", "dpv:isExercisedAt": `${baseUrl}/v1/consents/${id}/withdrawal` },
        { "@type": "dpv:ProvideConsent", "dpv:isExercisedAt": `${baseUrl}/v1/consents` },
      ],
      "dpv:hasRight": rightsOf(baseUrl, id, around.procedure),
      "dpv:hasNotice": noticeOf(record),
      "dpv:hasConsentStatus": await Promise.all(
        record.steps
          .filter(({ counts }) => counts)
          .map(async (step) => statusOf(step, around.log, await around.placeOf(step.act.index))),
      ),
    },
  };
}

function agencyName(code: string): string {
  return `minhbach:agency/${code}`;
}

/** The code of an agency that a receipt names; undefined for any other name. */
export function agencyCode(name: string): string | undefined {
  return /^minhbach:agency\/(.+)$/.exec(name)?.[1];
}

function processOf({ terms }: ConsentRecord, procedure: Procedure | undefined): object {
  const { procedures = [], recipients = [], personalData = [] } = terms ?? {};
  return {
    "@type": "dpv:Process",
    "dpv:hasPurpose": {
      "@id": `minhbach:procedure/${procedures[0] ?? ""}`,
      ...(procedure && {
        "dct:title": inBoth(procedure.name),
        "dct:description": inBoth(procedure.purpose),
      }),
    },
    "dpv:hasPersonalData": personalData,
    "dpv:hasDataSource": sourcesOf(procedure, personalData),
    "dpv:hasRecipient": recipients.map(agencyName),
    "dpv:hasProcessing": ["dpv:Share", "dpv:Use"],
    "dpv:hasStorageCondition": [
      { "@type": "dpv:StorageLocation", "dpv:hasLocation": "loc:VN" },
      {
        "@type": "dpv:StorageDuration",
        ...(procedure && { "dct:description": inBoth(procedure.retention) }),
      },
    ],
  };
}

/** Types of the agencies that release these categories with consent. */
function sourcesOf(procedure: Procedure | undefined, personalData: readonly string[]): string[] {
  const releases = procedure?.releases.filter(
    (release) => release.consentNeeded && release.personalData.some((each) => personalData.includes(each)),
  );
  return [...new Set(releases?.map(({ provider }) => `minhbach:agency-type/${provider}`))];
}

function lawsOf(procedure: Procedure | undefined): string[] {
  return (procedure?.legalBasis ?? []).map(({ law, article }) =>
    article === undefined ? law : `${law} art. ${article}`,
  );
}

function rightsOf(baseUrl: string, id: string, procedure: Procedure | undefined): object[] {
  const withdraw = { vi: "Rút lại sự đồng ý bất cứ lúc nào", en: "Withdraw the consent at any time" };
  return [
    {
      "@type": "dpv:DataSubjectRight",
      "dct:title": inBoth(withdraw),
      "dpv:isExercisedAt": `${baseUrl}/v1/consents/${id}/withdrawal`,
    },
    {
      "@type": "dpv:DataSubjectRight",
      "dct:title": inBoth({ vi: "Khiếu nại", en: "File a complaint" }),
      "dpv:isExercisedAt": `${baseUrl}/v1/complaints`,
      ...(procedure && { "dct:description": inBoth(procedure.appeal) }),
    },
  ];
}

function noticeOf(record: ConsentRecord): object {
  const { notice, language, catalogue } = lastNotice(record);
  return {
    "@type": "dpv:ConsentNotice",
    ...(notice !== undefined && { "dct:identifier": notice }),
    ...(language !== undefined && { "dct:language": language }),
    ...(catalogue !== undefined && { "dct:source": `minhbach:catalogue/${catalogue}` }),
  };
}

function statusOf({ act }: ConsentStep, log: string, { index, leafHash, time }: ActPlaceInLog): object {
  const { state, indicatedBy = "DataSubject", method } = act.consent;
  return {
    "@type": isPermittingState(state) ? [`dpv:${state}`, "dpv:ExplicitlyExpressedConsent"] : [`dpv:${state}`],
    "dpv:isIndicatedBy": indicatorName(indicatedBy),
    ...(method !== undefined && { "dpv:hasIndicationMethod": method }),
    "dpv:isIndicatedAtTime": act.occurred,
    "minhbach:logEntry": {
      "minhbach:log": log,
      "minhbach:index": index,
      "minhbach:leafHash": leafHash,
      "minhbach:received": new Date(time * 1000).toISOString(),
    },
  };
}

/** An inspectorate's word is that of a data-protection authority. */
function indicatorName(indicatedBy: "DataSubject" | "Guardian" | "DataController" | "Authority"): string {
  return indicatedBy === "Guardian" ? "dpv:GuardianOfDataSubject" : `dpv:${indicatedBy}`;
}

function inBoth({ vi, en }: Bilingual): object[] {
  return [
    { "@language": "vi", "@value": vi },
    { "@language": "en", "@value": en },
  ];
}
