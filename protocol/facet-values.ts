/**
 * What the facets hold once they have passed `FACETS_SCHEMA`. Member names are those of X-Road (exchange), FHIR
 * AuditEvent (data.action, outcome, time) and W3C DPV / ISO/IEC TS 27560 (purpose, personalData, consent states).
 * A person's identifier stands in a subject facet and nowhere else.
 */
import type { EventType, FacetName, SubjectFacetName } from "./facets.ts";
import type { SubjectScheme } from "./subject.ts";

/** How a person figures in the event. */
export type SubjectRole =
  | "self"
  | "child"
  | "parent"
  | "guardian"
  | "ward"
  | "spouse"
  | "deceased"
  | "household"
  | "representative"
  | "represented"
  | "owner"
  | "other";

export interface Subject {
  readonly scheme: SubjectScheme;
  readonly id: string;
  readonly role?: SubjectRole;
}

/** One exchange of a message between two agencies. The official who asked is `agent.id`, not part of it. */
export interface Exchange {
  readonly messageId: string;
  /** Who asked: an X-Road member path such as `VN/GOV/qn-justice/civil`, or an agency's code (see exchange.ts). */
  readonly client: string;
  /** Who answered, and with which service. */
  readonly service: string;
  readonly issue?: string;
  readonly representedParty?: string;
  /** Which side recorded this. */
  readonly side?: "client" | "provider";
}

export interface DataUse {
  /** Create, read, update, delete, execute. */
  readonly action: "C" | "R" | "U" | "D" | "E";
  /** Categories, never values. */
  readonly personalData: readonly string[];
}

export interface Outcome {
  readonly code: "success" | "refused" | "failure";
  readonly detail?: string;
}

export interface Purpose {
  /** Code of a procedure of the catalogue. */
  readonly procedure: string;
  readonly legalBasis?: { readonly law: string; readonly article?: string };
  /** Id of the consent relied on. */
  readonly consent?: string;
  readonly description?: string;
}

/** RFC 3339 with an offset, as the recording side claims it. */
export interface ClaimedTime {
  readonly occurred: string;
  readonly recorded?: string;
}

export interface Explanation {
  readonly vi?: string;
  readonly en?: string;
}

export interface Handling {
  /** The access did not wait for a permission, because a life or the like was at stake. */
  readonly emergency?: boolean;
  /** Whether the person is to be told at once. */
  readonly notify?: boolean;
  /** Where the record came from, such as `xroad-opmon` or `fhir-auditevent`. */
  readonly origin?: string;
}

/** The rule by which a machine decided. */
export interface Rule {
  readonly id: string;
  readonly version: string;
  readonly inputs?: Readonly<Record<string, string | number | boolean | null>>;
}

export interface Consent {
  readonly id: string;
  /** W3C DPV consent status without its prefix. */
  readonly state:
    | "ConsentRequested"
    | "ConsentRequestDeferred"
    | "ConsentGiven"
    | "RenewedConsentGiven"
    | "ConsentRefused"
    | "ConsentWithdrawn"
    | "ConsentRevoked"
    | "ConsentExpired"
    | "ConsentInvalidated";
  readonly recipients?: readonly string[];
  readonly personalData?: readonly string[];
  readonly procedures?: readonly string[];
  readonly validFrom?: string;
  readonly validUntil?: string;
  /** Version of the notice the person was shown. */
  readonly notice?: string;
  /** Code of the agency that answers for the processing. */
  readonly controller?: string;
  /** In which language the notice was shown. */
  readonly language?: "vi" | "en";
  /** How the person, or who acted, made it known. */
  readonly method?: string;
  /** Who made it known (DPV `isIndicatedBy`). */
  readonly indicatedBy?: "DataSubject" | "Guardian" | "DataController" | "Authority";
  /** Version of the catalogue that names the purpose and what it reads. */
  readonly catalogue?: string;
}

/** `subject` does not want machines to act on them of their own accord in this procedure, or does no longer mind. */
export interface Objection {
  readonly state: "made" | "withdrawn";
  /** Code of a procedure of the catalogue. */
  readonly procedure: string;
  /** How the person, or who acted, made it known. */
  readonly method?: string;
  /** Who made it known. */
  readonly indicatedBy?: "DataSubject" | "Guardian";
}

/**
 * `subject.2` acts for `subject`. On the basis `same-person` both are one: `subject` is a number the person had before (a birth
 * notice, an old identity card, a passport), `subject.2` the present one, under which everything is found.
 */
export interface Mandate {
  readonly id: string;
  readonly state: "granted" | "revoked";
  readonly basis?: "parent" | "guardian" | "proxy" | "court" | "same-person";
  readonly procedures?: readonly string[];
  readonly validFrom?: string;
  readonly validUntil?: string;
}

export interface Complaint {
  readonly id: string;
  readonly state: "filed" | "answered" | "withdrawn" | "closed" | "decided";
  /** The event complained about. */
  readonly leaf?: string;
  readonly text?: string;
  /** Code of the agency that has to answer. */
  readonly agency?: string;
  /** What an inspector decided. */
  readonly outcome?: "upheld" | "partly-upheld" | "rejected";
}

export interface Inspection {
  readonly id: string;
  readonly state:
    "opened" | "search" | "viewed" | "closed" | "decided" | "reviewed" | "notified" | "sampled" | "inspected";
  readonly authority: string;
  readonly agencies?: readonly string[];
  readonly leaves?: readonly string[];
  /** The state that a finding has from now on. */
  readonly finding?: {
    readonly id: string;
    readonly state: "open" | "explained" | "confirmed" | "dismissed";
  };
  /** What came of looking at an access made in an emergency. */
  readonly review?: { readonly leaf: string; readonly outcome: "justified" | "unjustified" };
  /** Who was told of a breach, as the law demands. */
  readonly notification?: {
    readonly finding: string;
    readonly recipient: string;
    readonly reference?: string;
  };
  /** A random sample of the log's indexes `from .. to - 1`, drawn with the hash of a later block. */
  readonly sample?: { readonly from: number; readonly to: number; readonly count: number };
  /** What came of looking at an event that a sample drew: `sample` is the log index of the event that asked for the sample. */
  readonly result?: {
    readonly sample: number;
    readonly leaf: string;
    readonly outcome: "in-order" | "not-in-order";
  };
  readonly note?: string;
}

/** Delays the disclosure of the events with these leaf hashes (base64url). */
export interface Seal {
  readonly id: string;
  readonly state: "placed" | "lifted";
  readonly leaves: readonly string[];
  readonly authority: string;
  readonly until: string;
  readonly legalBasis?: { readonly law: string; readonly article?: string };
}

/** Orders the keys of the disclosures of these events destroyed. */
export interface Erasure {
  readonly id: string;
  readonly leaves: readonly string[];
  readonly authority: string;
  readonly legalBasis?: { readonly law: string; readonly article?: string };
  readonly reason?: string;
}

export interface CatalogueVersion {
  readonly version: string;
  /** base64url of the SHA-256 of the published file. */
  readonly digest: string;
}

/** Transferable proof that a source signed two different events under one number. */
export interface Equivocation {
  readonly source: string;
  readonly seq: number;
  /** The conflicting submission's JWS. */
  readonly jws: string;
  /** The conflicting payload, and its path (standard base64 hashes) to the root in that JWS. */
  readonly payload: string;
  readonly path: readonly string[];
  readonly pathIndex: number;
  /** Where in the log the event stands that took the number first. */
  readonly storedIndex: number;
}

/** A sign of life of a source that has nothing to report. */
export interface Heartbeat {
  readonly software?: string;
  /** Events that wait in the recorder's spool. */
  readonly waiting?: number;
}

export interface Tombstone {
  /** A code such as `schema` or `too-large`, never a text about the event. */
  readonly reason: string;
  /** Type of the event it stands for. */
  readonly type?: EventType;
}

type SubjectValues = { readonly [name in SubjectFacetName]: Subject };

/** Facet name -> value. */
export interface FacetValues extends SubjectValues {
  readonly type: EventType;
  readonly exchange: Exchange;
  readonly "agent.id": string;
  readonly "agent.role": string;
  readonly data: DataUse;
  readonly outcome: Outcome;
  readonly purpose: Purpose;
  readonly case: string;
  readonly time: ClaimedTime;
  readonly decision: string;
  readonly explanation: Explanation;
  readonly handling: Handling;
  readonly rule: Rule;
  readonly signOn: string;
  readonly consent: Consent;
  readonly objection: Objection;
  readonly mandate: Mandate;
  readonly complaint: Complaint;
  readonly inspection: Inspection;
  readonly seal: Seal;
  readonly erasure: Erasure;
  readonly catalogue: CatalogueVersion;
  readonly equivocation: Equivocation;
  readonly heartbeat: Heartbeat;
  readonly tombstone: Tombstone;
}

/** The facets of one event whose values passed the schema of its type. */
export type Facets = { readonly type: EventType } & { readonly [name in FacetName]?: FacetValues[name] };

/** Facets as opened from disclosures: the names are checked, the values are not. */
export type OpenedFacets = { readonly [name in FacetName]?: unknown };

/**
 * An event as an agency's system writes it: facets by their names, the official as one `agent`. X-Road's `userId` is
 * accepted in `exchange` and means `agent.id`.
 */
export type PlainEvent = Omit<Facets, "agent.id" | "agent.role" | "exchange"> & {
  readonly agent?: { readonly id?: string; readonly role?: string };
  readonly exchange?: Exchange & { readonly userId?: string };
};
