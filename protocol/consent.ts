/**
 * The life of a consent: a fold over the consent acts of the log, in log order. The states are those of the W3C Data Privacy Vocabulary
 * (DPV 2, ISO/IEC TS 27560), and the rules are one-sided on purpose:
 *
 * - Permission comes from the desk alone, where the person (or a guardian) signed on; an agency cannot write itself a consent.
 * - An end counts whoever recorded it: a person says no at any counter, and a reader cannot know which one that was. Who could not
 *   have known is named in the record (`fault`), and the statement shows it to the person.
 * - A consent that has ended stays ended. What is wanted again is given under a new id.
 *
 * A consent belongs to one person: it is named by the person's number and its id together, so that nobody's event about somebody else
 * gives or ends anything here.
 */
import { openFacets, type ParsedEvent } from "./event.ts";
import type { Consent, Subject } from "./facet-values.ts";
import { SUBJECT_FACETS } from "./facets.ts";
import { isJsonObject } from "./json.ts";
import { momentMs } from "./moment.ts";
import { type Source, splitSource } from "./source.ts";
import { isCanonicalSubjectId, isSamePerson, isSubjectScheme } from "./subject.ts";

export type ConsentState = Consent["state"];

/** A person's number, in its canonical spelling. */
export type ConsentPerson = Pick<Subject, "scheme" | "id">;

/** A person as a consent act names them. */
export interface PersonInAct extends ConsentPerson {
  readonly role: string | undefined;
}

/** What a consent is for. Moments are RFC 3339, as the act says them. */
export interface ConsentTerms {
  /** Codes of procedures; a consent for several permits nothing (no bundling). */
  readonly procedures: readonly string[];
  /** Categories of the catalogue. */
  readonly personalData: readonly string[];
  /** Codes of the agencies that may read. */
  readonly recipients: readonly string[];
  /** Code of the agency that answers for the processing. */
  readonly controller: string | undefined;
  readonly validFrom: string | undefined;
  /** The first moment at which it permits no more. */
  readonly validUntil: string | undefined;
}

/** A consent act as the log holds it. */
export interface ConsentAct {
  readonly kind: "act";
  /** Log index. */
  readonly index: number;
  readonly source: Source;
  /** Whom the event names, `subject` first. */
  readonly people: readonly PersonInAct[];
  readonly consent: Consent;
  /** When, as the recording side claims it: RFC 3339. */
  readonly occurred: string;
}

/** An act whose disclosures were erased: nobody can tell any more what it did. */
export interface ErasedConsentAct {
  readonly kind: "erased";
  readonly index: number;
}

/** Why an act does not count; or, of an end, why whoever recorded it could hardly know (it counts). */
export type ConsentFault =
  /** Only the desk records that a consent is given or renewed. */
  | "not-by-the-desk"
  /** Neither the desk nor the agency that answers for the processing recorded it. */
  | "not-by-the-controller"
  /** Neither the person nor their guardian said so: silence and an agency's word are no consent. */
  | "not-by-the-person"
  /** Several people, or a guardian who is not named: it is not clear whose consent it is. */
  | "whose"
  /** Not exactly one procedure. */
  | "bundled"
  /** It does not say which data, for whom, or until when in a way that can be understood. */
  | "incomplete"
  /** The renewal is for more than what was given. */
  | "widened"
  /** This state does not follow on the one before. */
  | "out-of-order";

/** One act, and what came of it. */
export interface ConsentStep {
  readonly act: ConsentAct;
  /** Whether it changed the state. */
  readonly counts: boolean;
  readonly fault?: ConsentFault;
}

/** A consent as the log tells it. */
export interface ConsentRecord {
  readonly person: ConsentPerson;
  readonly id: string;
  /** After the last act that counted; undefined when none did. */
  readonly state: ConsentState | undefined;
  /** Of what was given, once something was; before, of the request. */
  readonly terms: ConsentTerms | undefined;
  /** Whether an act of it was erased: then it permits nothing, whatever the others say. */
  readonly erased: boolean;
  /** In log order. */
  readonly steps: readonly ConsentStep[];
}

export interface ConsentRules {
  /** The source through which people's own acts are recorded: `<operator>/desk`. */
  readonly desk: Source;
}

/** Acts of one consent that readers keep, of the desk and of all others each; beyond them, only ends. More than any consent has. */
export const MAX_CONSENT_ACTS = 32;

const PERMITTING: ReadonlySet<ConsentState> = new Set(["ConsentGiven", "RenewedConsentGiven"]);
/** Ends that nothing but a later invalidation follows. */
const FINAL: ReadonlySet<ConsentState> = new Set([
  "ConsentRefused",
  "ConsentWithdrawn",
  "ConsentRevoked",
  "ConsentInvalidated",
]);

/** What may follow on a state, and why. `none`: no act has counted yet. */
export const CONSENT_TRANSITIONS: Readonly<
  Record<ConsentState | "none", Readonly<Partial<Record<ConsentState, string>>>>
> = {
  none: {
    ConsentRequested: "the controller asks",
    ConsentGiven: "the person consents without having been asked through the ledger",
    ...ends("nothing may be given under this id afterwards"),
    ConsentExpired: "the request, never recorded, lapsed",
  },
  ConsentRequested: {
    ConsentRequestDeferred: "the person saw the notice and did not decide",
    ConsentGiven: "the person says yes",
    ...ends("the person says no, or the request is taken back"),
    ConsentExpired: "the request lapsed without an answer",
  },
  ConsentRequestDeferred: {
    ConsentRequested: "the controller asks again",
    ConsentGiven: "the person says yes after all",
    ...ends("the person says no, or the request is taken back"),
    ConsentExpired: "the request lapsed without an answer",
  },
  ConsentGiven: {
    RenewedConsentGiven: "the person confirms it before it lapses",
    ...ends("it is over for good"),
    ConsentExpired: "its time is over",
  },
  RenewedConsentGiven: {
    RenewedConsentGiven: "the person confirms it once more",
    ...ends("it is over for good"),
    ConsentExpired: "its time is over",
  },
  ConsentExpired: {
    RenewedConsentGiven: "the person confirms what has lapsed",
    ...ends("it can be renewed no more"),
  },
  ConsentRefused: { ConsentInvalidated: "an authority finds that the asking itself was unlawful" },
  ConsentWithdrawn: { ConsentInvalidated: "an authority finds that it was never valid" },
  ConsentRevoked: { ConsentInvalidated: "an authority finds that it was never valid" },
  ConsentInvalidated: {},
};

function ends(reason: string): Readonly<Partial<Record<ConsentState, string>>> {
  return {
    ConsentRefused: reason,
    ConsentWithdrawn: reason,
    ConsentRevoked: reason,
    ConsentInvalidated: reason,
  };
}

/** Whether a state is one of those in which data may be processed (DPV `ConsentStatusValidForProcessing`). */
export function isPermittingState(state: ConsentState | undefined): boolean {
  return state !== undefined && PERMITTING.has(state);
}

/** Whether a consent in this state is over for good. */
export function isFinalState(state: ConsentState | undefined): boolean {
  return state !== undefined && FINAL.has(state);
}

/** Whether an act of this state ends something: such acts count whoever recorded them. */
export function isEndingState(state: ConsentState): boolean {
  return FINAL.has(state) || state === "ConsentExpired";
}

/** The consent act in an event, or undefined when it is none. */
export function consentActIn(event: ParsedEvent, index: number): ConsentAct | undefined {
  const opened = openFacets(event);
  const { type, consent, time } = opened;
  const people = SUBJECT_FACETS.flatMap((name) => personIn(opened[name]));
  if (type !== "consent" || !isConsent(consent) || people.length === 0) return undefined;
  const occurred = isJsonObject(time) && typeof time["occurred"] === "string" ? time["occurred"] : "";
  return { kind: "act", index, source: event.payload.src, people, consent, occurred };
}

/**
 * Whose consents an act is about. One that gives or asks is about its `subject`; one that ends is about everybody it names, so that an end
 * is never lost to the order in which people were written down.
 */
export function peopleOfConsentAct({ people, consent }: ConsentAct): readonly ConsentPerson[] {
  return isEndingState(consent.state) ? people : people.slice(0, 1);
}

/**
 * The consent `of` a person after one more act: they must come in log order, and be acts of this person and this id. Pure, so that whoever
 * holds the events comes to the same state.
 */
export function consentAfter(
  before: ConsentRecord | undefined,
  act: ConsentAct | ErasedConsentAct,
  { of, rules }: { readonly of: Pick<ConsentRecord, "person" | "id">; readonly rules: ConsentRules },
): ConsentRecord {
  const record = before ?? newRecord(of);
  if (act.kind === "erased") return { ...record, erased: true };
  const { counts, fault } = judged(record, act, rules);
  const steps = [...record.steps, { act, counts, ...(fault && { fault }) }];
  if (!counts) return { ...record, steps };
  const { consent } = act;
  return { ...record, steps, state: consent.state, terms: termsAfter(record, consent) };
}

function newRecord({
  person: { scheme, id: number },
  id,
}: Pick<ConsentRecord, "person" | "id">): ConsentRecord {
  return {
    person: { scheme, id: number },
    id,
    state: undefined,
    terms: undefined,
    erased: false,
    steps: [],
  };
}

interface Judgement {
  readonly counts: boolean;
  readonly fault?: ConsentFault;
}

function judged(record: ConsentRecord, act: ConsentAct, { desk }: ConsentRules): Judgement {
  const { state } = act.consent;
  const mayFollow = CONSENT_TRANSITIONS[record.state ?? "none"][state] !== undefined;
  if (!mayFollow) return { counts: false, fault: "out-of-order" };
  const isByDesk = act.source === desk;
  if (PERMITTING.has(state)) {
    const fault = isByDesk ? faultOfGiving(record, act) : "not-by-the-desk";
    return fault === undefined ? { counts: true } : { counts: false, fault };
  }
  const controller = record.terms?.controller ?? act.consent.controller;
  const isKnown = isByDesk || splitSource(act.source).agency === controller;
  if (isKnown) return { counts: true };
  return { counts: isEndingState(state), fault: "not-by-the-controller" };
}

/** Roles of the second person of an act by which somebody acts for the first. */
const GUARDIANS: readonly (string | undefined)[] = ["guardian", "parent", "representative"];

function faultOfGiving(record: ConsentRecord, act: ConsentAct): ConsentFault | undefined {
  const { consent } = act;
  const isRenewal = consent.state === "RenewedConsentGiven";
  if (isRenewal && !wasGiven(record)) return "out-of-order";
  if (consent.indicatedBy !== "DataSubject" && consent.indicatedBy !== "Guardian") return "not-by-the-person";
  if (!isClearWhose(act)) return "whose";
  const terms = termsAfter(record, consent);
  if (terms.procedures.length > 1) return "bundled";
  if (!isComplete(terms)) return "incomplete";
  if (isRenewal && record.terms !== undefined && !isWithin(terms, record.terms)) return "widened";
  return undefined;
}

function wasGiven({ steps }: ConsentRecord): boolean {
  return steps.some(({ counts, act }) => counts && PERMITTING.has(act.consent.state));
}

/** The person alone, or the person and the one guardian who acts for them. */
function isClearWhose({ people, consent }: ConsentAct): boolean {
  const [, guardian, ...others] = people;
  if (consent.indicatedBy === "DataSubject") return guardian === undefined;
  return guardian !== undefined && GUARDIANS.includes(guardian.role) && others.length === 0;
}

/** What was given stays as it was given; a request says anew what it mentions, and so does a renewal. */
function termsAfter({ terms }: ConsentRecord, consent: Consent): ConsentTerms {
  const { state, procedures, personalData, recipients, controller, validFrom, validUntil } = consent;
  if (terms !== undefined && isEndingState(state)) return terms;
  const kept = state === "ConsentGiven" ? undefined : terms;
  return {
    procedures: procedures ?? kept?.procedures ?? [],
    personalData: personalData ?? kept?.personalData ?? [],
    recipients: recipients ?? kept?.recipients ?? [],
    controller: controller ?? kept?.controller,
    validFrom: validFrom ?? kept?.validFrom,
    validUntil: validUntil ?? kept?.validUntil,
  };
}

function isComplete(terms: ConsentTerms): boolean {
  const { procedures, personalData, recipients } = terms;
  const { from, until } = consentPeriod(terms);
  return procedures.length === 1 && personalData.length > 0 && recipients.length > 0 && from < until;
}

function isWithin(terms: ConsentTerms, given: ConsentTerms): boolean {
  return (
    terms.controller === given.controller &&
    isSubset(terms.procedures, given.procedures) &&
    isSubset(terms.personalData, given.personalData) &&
    isSubset(terms.recipients, given.recipients)
  );
}

function isSubset(some: readonly string[], all: readonly string[]): boolean {
  return some.every((each) => all.includes(each));
}

/** In Unix seconds, from the first that counts to the first that does not any more. A moment that no calendar has makes it empty. */
export function consentPeriod({ validFrom, validUntil }: Pick<ConsentTerms, "validFrom" | "validUntil">): {
  readonly from: number;
  readonly until: number;
} {
  const from = validFrom === undefined ? 0 : Math.ceil(momentMs(validFrom) / 1000);
  const until = validUntil === undefined ? Infinity : Math.floor(momentMs(validUntil) / 1000);
  return Number.isNaN(from) || Number.isNaN(until) ? { from: 0, until: 0 } : { from, until };
}

/** The state at a moment (Unix seconds): what has lapsed by itself is expired, to the second. */
export function consentStateAt({ state, terms }: ConsentRecord, now: number): ConsentState | undefined {
  if (!isPermittingState(state) || terms === undefined) return state;
  return now < consentPeriod(terms).until ? state : "ConsentExpired";
}

/** Whether the consent permits anything at a moment (Unix seconds): given or renewed, begun, not lapsed, and every act of it readable. */
export function permitsAt(record: ConsentRecord, now: number): boolean {
  const { state, terms, erased } = record;
  if (erased || terms === undefined || !isPermittingState(state)) return false;
  const { from, until } = consentPeriod(terms);
  return from <= now && now < until;
}

/** Whether a consent is for this reading: the agency may receive all these categories in this procedure. */
export function consentCovers(
  { procedures, personalData, recipients }: ConsentTerms,
  reading: { readonly agency: string; readonly procedure: string; readonly personalData: readonly string[] },
): boolean {
  const [procedure, ...others] = procedures;
  return (
    procedure === reading.procedure &&
    others.length === 0 &&
    recipients.includes(reading.agency) &&
    isSubset(reading.personalData, personalData)
  );
}

/** Whether an act concerns the consent of this person and id. */
export function isConsentActOf(
  act: ConsentAct,
  { person, id }: Pick<ConsentRecord, "person" | "id">,
): boolean {
  return act.consent.id === id && peopleOfConsentAct(act).some((each) => isSamePerson(each, person));
}

function personIn(value: unknown): PersonInAct[] {
  if (!isJsonObject(value)) return [];
  const { scheme, id, role } = value;
  if (!isSubjectScheme(scheme) || typeof id !== "string" || !isCanonicalSubjectId(scheme, id)) return [];
  return [{ scheme, id, role: typeof role === "string" ? role : undefined }];
}

/** What the log took has passed its schema; this only tells a consent from nothing. */
function isConsent(value: unknown): value is Consent {
  return isJsonObject(value) && typeof value["id"] === "string" && typeof value["state"] === "string";
}
