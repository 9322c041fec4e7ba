import type { ConsentRecord } from "../../../protocol/consent.ts";
import {
  catalogueGround,
  DECIDED_ACTION,
  type DecisionQuestion,
  type DenialReason,
  evaluate,
  type Verdict,
} from "../../../protocol/decision.ts";
import { type Decision, decisionMisuse } from "../../../protocol/decision-jws.ts";
import { type Catalogue, RESERVED_PROCEDURE_PREFIX } from "../../../protocol/procedures.ts";
import { type Source, splitSource } from "../../../protocol/source.ts";
import { isSamePerson } from "../../../protocol/subject.ts";
import type { UseFinding, UseFindingKind } from "../finding.ts";
import type { Person, RecordedUse } from "./use.ts";

/** What a use rests on: a law, a person's consent, both, or the ledger's own duty (looks into it). */
export interface UseBasis {
  readonly law?: string;
  readonly article?: string;
  /** Id of the consent. */
  readonly consent?: string;
  /** The ledger's own procedure, such as `minhbach:inspection`. */
  readonly ledger?: string;
}

/** Why nothing can be said of a use. */
export type Unjudged =
  /** No catalogue was in force. */
  | "no-catalogue"
  /** What was refused or failed released nothing. */
  | "nothing-released"
  /** It was taken over from a log that knows nothing of purposes, of people or of their data. */
  | "imported"
  /** An act of the person's consents was erased: it may have permitted this. */
  | "consent-erased";

/** Something that is wrong with a use, as a finding holds it. */
export type Fault = { readonly kind: UseFindingKind } & Pick<UseFinding, "agency"> &
  Pick<UseFinding["evidence"], "procedure" | "provider" | "categories" | "unlisted">;

/** What the rule comes to. Without faults a use is allowed if it has a basis, and else not judged. */
export interface Judgement {
  readonly faults: readonly Fault[];
  readonly basis?: UseBasis;
  readonly unjudged?: Unjudged;
  /** Version of the catalogue it was judged by. */
  readonly catalogue?: string;
  /** Whether it rests on the decision that it cites. */
  readonly byDecision?: true;
}

/** A person's consents as they stood at the place of a use. */
export interface PersonConsents {
  readonly records: readonly ConsentRecord[];
  /** Whether an act of the desk before that place cannot be read any more: only the desk records what permits. */
  readonly isErased: boolean;
}

export interface Circumstances {
  /** The catalogue in force at the place of the use. */
  readonly catalogue: Catalogue | undefined;
  /** The consents of those whom `peopleToAsk` names. */
  readonly consentsOf: (person: Person) => PersonConsents;
  /** Whether one of those whom `peopleActedOn` names objected, before the use, to machines acting in its procedure. */
  readonly objects: (person: Person) => boolean;
  /** When the use was received, Unix seconds. */
  readonly time: number;
  /** The desk's source: looks into the ledger are recorded by it alone. */
  readonly desk: Source;
}

/**
 * Whether a use was allowed. In this order:
 *
 * 1. What was refused or failed released nothing, and is not judged.
 * 2. A look into the ledger that the desk recorded rests on the ledger's own duty.
 * 3. An emergency, and a use by a decision for one, waits for its review (`emergency-unreviewed`) and is judged by nothing else.
 * 4. A use that cites a decision of ours which covers it rests on what the decision rests on, if it was received within a day of the decision's end: when it
 *    was, only the record claims, and an old permit excuses nothing for ever.
 * 5. Any other is judged as a decision would be made at its place in the log, about the agency that received the data, by the catalogue and the
 *    consents in force there:
 *    - `no-legal-basis`: it says no procedure or one that the catalogue does not know, or nothing lets the agency receive anything in it;
 *    - `outside-purpose`: it lets the agency receive nothing from whom it had the data; or the procedure is the ledger's own;
 *    - `excess-categories`: it lets the agency receive data from there, but not all of these;
 *    - `consent-missing` (also: refused, not yet valid, for less), `consent-withdrawn` (also: revoked, invalidated), `consent-expired`.
 * 6. `objection-ignored`: a machine acted by a rule on somebody who had objected to that in this procedure, and its record says that it came to something.
 *    A decision for a machine that permitted it excuses it as in 4: the person may have objected since.
 * 7. `no-case`: it is about no case. Only who asks knows the case: the answering side's record need not say it.
 */
export function judgeUse(use: RecordedUse, circumstances: Circumstances): Judgement {
  const { catalogue, desk } = circumstances;
  const { procedure } = use;
  if (!use.released) return { faults: [], unjudged: "nothing-released" };
  if (procedure?.startsWith(RESERVED_PROCEDURE_PREFIX) === true && use.source === desk)
    return { faults: [], basis: { ledger: procedure } };
  if (catalogue === undefined) return { faults: [], unjudged: "no-catalogue" };
  const by = { catalogue: catalogue.version };
  const decision = coveringDecision(use, circumstances.time, catalogue);
  if (use.emergency || decision?.emergency !== undefined)
    return { ...by, faults: [faultOf("emergency-unreviewed", use, catalogue)] };
  if (use.imported && procedure === undefined) return { ...by, faults: [], unjudged: "imported" };
  const lawful =
    decision === undefined
      ? byPlace(use, circumstances, catalogue)
      : { faults: [], basis: basisOf(decision), byDecision: true as const };
  const isIgnored = peopleActedOn(use, circumstances).some(circumstances.objects);
  const isWithoutCase = !use.hasCase && !use.imported && use.side !== "provider";
  const faults = [
    ...lawful.faults,
    ...(isIgnored ? [faultOf("objection-ignored", use, catalogue)] : []),
    ...(isWithoutCase ? [faultOf("no-case", use, catalogue)] : []),
  ];
  return { ...by, ...lawful, faults };
}

/** On whom a machine acted without a decision that let it: nobody where it did not, or came to nothing. */
export function peopleActedOn(use: RecordedUse, { time }: Pick<Circumstances, "time">): readonly Person[] {
  const { actedOn = [], released, procedure, decision } = use;
  if (!released || procedure === undefined) return [];
  return actedOn.filter((person) => decision === undefined || !letsAct(decision, use, { person, time }));
}

/** Whether a decision told this machine, when it claims to have acted, that the person did not object. Which data it was about is no matter here. */
function letsAct(
  decision: Decision,
  { source, procedure, occurred }: RecordedUse,
  { person, time }: { readonly person: Person; readonly time: number },
): boolean {
  return (
    decision.automated === true &&
    decision.decision &&
    decision.agency === splitSource(source).agency &&
    decision.procedure === procedure &&
    isSamePerson(decision.subject, person) &&
    occurred !== undefined &&
    decision.iat <= occurred &&
    occurred < decision.exp &&
    time <= decision.exp + LATEST_SECONDS
  );
}

/** The people whose consents decide about a use; nobody where none is needed. */
export function peopleToAsk(
  use: RecordedUse,
  catalogue: Catalogue | undefined,
  { time }: Pick<Circumstances, "time">,
): readonly Person[] {
  if (!use.released || use.emergency || catalogue === undefined || isOwnAction(use)) return [];
  if (coveringDecision(use, time, catalogue) !== undefined) return [];
  const ground = catalogueGround(questionOf(use), catalogue);
  return ground.allowed && ground.withConsent.length > 0 ? use.people : [];
}

/**
 * Another record of an exchange, with what the reader's record says where this one says nothing: only the reader knows the case, the purpose and the
 * decision. What even the reader's record could not know is held against nobody.
 */
export function withReader(other: RecordedUse, reader: RecordedUse): RecordedUse {
  const { decision: _own, ...said } = other;
  // Whether a machine acted is each record's own to say.
  const { actedOn: _readers, ...known } = reader;
  const merged = { ...known, ...said };
  return {
    ...merged,
    people: other.people.length > 0 ? other.people : reader.people,
    hasCase: other.hasCase || reader.hasCase,
    emergency: other.emergency || reader.emergency,
    imported: reader.imported && (other.imported || merged.procedure === undefined),
    ...(reader.occurred !== undefined && { occurred: reader.occurred }),
  };
}

/** How long after a decision's end a use by it may still come: a recorder that was away for longer is judged like anybody without one. */
const LATEST_SECONDS = 86_400;

/** How much later than the reader's record came the answering side may say that it answered: no clocks are further apart. */
const SAME_USE_SECONDS = 3600;

/**
 * Whether a record is the other half of the reader's: the answering side's first one, or one taken over from a log that was kept beside it. A message's id
 * used once more does not put another use in the first one's place, and neither does a reader's record made in advance.
 * @param exchange index of the answering side's first record, and when the reader's was received (Unix seconds)
 */
export function isPaired(
  use: RecordedUse,
  index: number,
  { provider, time }: { readonly provider?: number; readonly time: number },
): boolean {
  const isLater = use.occurred !== undefined && use.occurred > time + SAME_USE_SECONDS;
  return (use.imported || provider === index) && !isLater;
}

/** Whether another record of an exchange says nothing that the reader's does not: what was found about that is not found again. */
export function isRepeated(other: RecordedUse, reader: RecordedUse): boolean {
  const known = new Set(reader.people.map(({ scheme, id }) => `${scheme}:${id}`));
  return (
    other.people.every(({ scheme, id }) => known.has(`${scheme}:${id}`)) &&
    (other.personalData ?? []).every((category) => reader.personalData?.includes(category) === true)
  );
}

/** The finding of a fault of an event, whose leaf hash is base64url; `time` is when it was received. */
export function findingFor(
  { kind, ...evidence }: Fault,
  {
    index,
    time,
    leaf,
    catalogue,
  }: {
    readonly index: number;
    readonly time: number;
    readonly leaf: string;
    readonly catalogue: string;
  },
): UseFinding {
  const { agency, ...rest } = evidence;
  return {
    id: `${kind}:${index}`,
    kind,
    ...(agency !== undefined && { agency }),
    evidence: { index, leaf, catalogue, ...rest },
    state: "open",
    since: time,
  };
}

/** The decision that a use cites, if it permits this very use: its reader, person, procedure, action and data, when it claims to have been. */
function coveringDecision(use: RecordedUse, received: number, catalogue: Catalogue): Decision | undefined {
  const { decision, people, action, personalData, procedure, occurred } = use;
  const { agency, provider } = questionOf(use);
  if (decision === undefined || personalData === undefined || procedure === undefined) return undefined;
  if (occurred === undefined || action !== READ || decision.action !== DECIDED_ACTION) return undefined;
  const isFromThere =
    decision.provider === undefined ? isAsFromAnybody(use, catalogue) : decision.provider === provider;
  // An emergency overrides the catalogue, and waits for its review whoever released the data.
  if (!isFromThere && (decision.provider !== undefined || decision.emergency === undefined)) return undefined;
  if (received > decision.exp + LATEST_SECONDS) return undefined;
  const access = { agency, procedure, people, personalData, at: occurred };
  return decisionMisuse(decision, access) === undefined ? decision : undefined;
}

/** A decision that names no provider was made as if from whoever may release the data: it says nothing of one who may not, or only with consent. */
function isAsFromAnybody(use: RecordedUse, catalogue: Catalogue): boolean {
  if (isOwnAction(use)) return true;
  const { provider, ...question } = questionOf(use);
  const anybody = catalogueGround(question, catalogue);
  if (!anybody.allowed) return true;
  const there = catalogueGround({ ...question, provider }, catalogue);
  return there.allowed && there.withConsent.every((category) => anybody.withConsent.includes(category));
}

const READ = "R";
/** Whoever creates or changes a record at another agency gives data to it. */
const GIVING: readonly (string | undefined)[] = ["C", "U"];

/** What would have been asked: the agency that received the data is the one that may or may not. */
function questionOf({
  agency = "",
  provider = "",
  action,
  procedure = "",
  personalData = [],
}: RecordedUse): Omit<DecisionQuestion, "subject" | "provider"> & { readonly provider: string } {
  const [receiver, giver] = GIVING.includes(action) ? [provider, agency] : [agency, provider];
  return { agency: receiver, provider: giver, action: DECIDED_ACTION, procedure, personalData };
}

/** An agency that acts on what it has: nobody gave it anything by this, nor did it give anything to a company. */
function isOwnAction({ type, provider, agency, hasSides }: RecordedUse): boolean {
  return type === "action" && (!hasSides || (provider !== undefined && provider === agency));
}

function byPlace(use: RecordedUse, circumstances: Circumstances, catalogue: Catalogue): Judgement {
  if (isOwnAction(use)) return ownAction(use, catalogue);
  const question = questionOf(use);
  const ground = catalogueGround(question, catalogue);
  if (!ground.allowed) return denied(ground.reason, use, catalogue);
  // What its data was, or whose, is not known: nothing is wrong as far as it goes.
  if (use.personalData === undefined || (use.people.length === 0 && ground.withConsent.length > 0))
    return use.imported ? { faults: [], unjudged: "imported" } : denied("consent-missing", use, catalogue);
  const people = peopleToAsk(use, catalogue, circumstances);
  if (people.length === 0) {
    const [basis] = ground.procedure.legalBasis;
    return { faults: [], ...(basis !== undefined && { basis }) };
  }
  const verdicts = people.map((subject) => byConsents({ ...question, subject }, catalogue, circumstances));
  if (verdicts.includes(undefined)) return { faults: [], unjudged: "consent-erased" };
  const faults = verdicts.flatMap((verdict) =>
    verdict === undefined || verdict.permit ? [] : denied(verdict.reason, use, catalogue).faults,
  );
  if (faults.length > 0) return { faults: eachKindOnce(faults) };
  const first = verdicts.find((verdict) => verdict?.permit);
  return { faults: [], ...(first?.permit === true && { basis: basisOf(first) }) };
}

/**
 * What a person's consents say of a reading; undefined when that cannot be told any more. Only the desk records what permits: an act that somebody else
 * recorded and had erased can at most have ended a consent, so it excuses nothing that would be denied without it too.
 */
function byConsents(
  question: DecisionQuestion,
  catalogue: Catalogue,
  { consentsOf, time }: Pick<Circumstances, "consentsOf" | "time">,
): Verdict | undefined {
  const { records, isErased } = consentsOf(question.subject);
  const verdict = evaluate(question, catalogue, records, time);
  if (verdict.permit) return verdict;
  if (isErased) return undefined;
  const readable = records.map((record) => ({ ...record, erased: false }));
  const without = evaluate(question, catalogue, readable, time);
  return without.permit ? undefined : without;
}

/** The procedure must be the agency's, as who carries it out, gives or receives, and the data among what the procedure is about. */
function ownAction(use: RecordedUse, catalogue: Catalogue): Judgement {
  const procedure = catalogue.procedures.get(use.procedure ?? "");
  const types = catalogue.members.get(use.agency ?? "") ?? [];
  if (procedure === undefined)
    return denied(isReserved(use) ? "reserved-procedure" : "unknown-procedure", use, catalogue);
  const parties = [
    ...procedure.leadAgencies,
    ...procedure.releases.flatMap(({ provider, receivers }) => [provider, ...receivers]),
  ];
  const [basis] = procedure.legalBasis;
  if (!types.some((type) => parties.includes(type))) return denied("not-a-party", use, catalogue);
  if (basis === undefined) return denied("no-legal-basis", use, catalogue);
  const known = procedure.releases.flatMap(({ personalData }) => personalData);
  const excess = (use.personalData ?? []).filter((category) => !known.includes(category));
  return excess.length === 0
    ? { faults: [], basis }
    : { faults: [{ ...faultOf("excess-categories", use, catalogue), ...tooMany(excess, catalogue) }] };
}

const KIND_OF_DENIAL: Readonly<Record<DenialReason, UseFindingKind>> = {
  "unknown-action": "no-legal-basis",
  "unknown-agency": "no-legal-basis",
  "unknown-procedure": "no-legal-basis",
  "not-a-party": "no-legal-basis",
  "no-legal-basis": "no-legal-basis",
  "reserved-procedure": "outside-purpose",
  "not-from-this-provider": "outside-purpose",
  "unknown-category": "excess-categories",
  "category-not-allowed": "excess-categories",
  objected: "objection-ignored",
  "consent-missing": "consent-missing",
  "consent-too-narrow": "consent-missing",
  "consent-not-yet-valid": "consent-missing",
  "consent-refused": "consent-missing",
  "consent-erased": "consent-missing",
  "consent-expired": "consent-expired",
  "consent-withdrawn": "consent-withdrawn",
  "consent-revoked": "consent-withdrawn",
  "consent-invalidated": "consent-withdrawn",
};

function denied(reason: DenialReason, use: RecordedUse, catalogue: Catalogue): Judgement {
  const kind = KIND_OF_DENIAL[reason];
  const fault = faultOf(kind, use, catalogue);
  if (kind !== "excess-categories") return { faults: [fault] };
  // Without them: a category that the catalogue does not know would hide that the agency may receive nothing from there at all.
  const question = questionOf(use);
  const without = catalogueGround({ ...question, personalData: [] }, catalogue);
  if (!without.allowed && KIND_OF_DENIAL[without.reason] !== kind)
    return { faults: [{ ...fault, kind: KIND_OF_DENIAL[without.reason] }] };
  const excess = question.personalData.filter(
    (category) => !catalogueGround({ ...question, personalData: [category] }, catalogue).allowed,
  );
  return { faults: [{ ...fault, ...tooMany(excess, catalogue) }] };
}

function faultOf(
  kind: UseFindingKind,
  { agency, provider, procedure }: RecordedUse,
  { procedures }: Catalogue,
): Fault {
  return {
    kind,
    ...(agency !== undefined && { agency }),
    ...(procedure !== undefined && procedures.has(procedure) && { procedure }),
    ...(provider !== undefined && provider !== agency && { provider }),
  };
}

function tooMany(
  excess: readonly string[],
  { categories }: Catalogue,
): Pick<Fault, "categories" | "unlisted"> {
  const listed = excess.filter((category) => categories.has(category)).sort();
  const unlisted = excess.length - listed.length;
  return { ...(listed.length > 0 && { categories: listed }), ...(unlisted > 0 && { unlisted }) };
}

function basisOf({ basis, consent }: Pick<Decision, "basis" | "consent">): UseBasis {
  return { ...basis, ...(consent !== undefined && { consent }) };
}

function isReserved({ procedure = "" }: RecordedUse): boolean {
  return procedure.startsWith(RESERVED_PROCEDURE_PREFIX);
}

function eachKindOnce(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map((fault) => [fault.kind, fault])).values()].sort((a, b) =>
    a.kind < b.kind ? -1 : 1,
  );
}
