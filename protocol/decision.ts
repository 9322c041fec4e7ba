/**
 * May agency A, for procedure P, read categories C of person S now? The rules are pure: whoever has the catalogue, the consents and the moment
 * comes to the same answer. The answer is signed (decision-jws.ts).
 */
import { utf8 } from "./bytes.ts";
import {
  consentCovers,
  consentPeriod,
  type ConsentPerson,
  type ConsentRecord,
  consentStateAt,
  permitsAt,
} from "./consent.ts";
import {
  type Catalogue,
  type CatalogueBasis,
  type Procedure,
  RESERVED_PROCEDURE_PREFIX,
} from "./procedures.ts";

/** The one action that is decided about. */
export const DECIDED_ACTION = "read";

export interface DecisionQuestion {
  /** Code of the agency that wants to read. */
  readonly agency: string;
  readonly action: string;
  readonly subject: ConsentPerson;
  readonly procedure: string;
  readonly personalData: readonly string[];
  /** Code of the agency that is to release the data; without it, whoever may. */
  readonly provider?: string;
  /** Id of the one consent to rely on; without it, whichever there is. */
  readonly consent?: string;
  /** Whether a machine asks of its own accord: nobody applied, and no official reads. */
  readonly automated?: true;
  /** Why it cannot wait for a permission. No machine says so: whoever helps in an emergency is an official, and asks as one. */
  readonly emergency?: { readonly reason: string };
}

export const PERMIT_REASONS = ["law", "consent", "law-and-consent", "emergency"] as const;
export type PermitReason = (typeof PERMIT_REASONS)[number];

export const DENIAL_REASONS = [
  // What was asked makes no sense here: no emergency changes that.
  "unknown-action",
  "reserved-procedure",
  "unknown-agency",
  "unknown-procedure",
  "unknown-category",
  // The catalogue does not let this agency read this.
  "not-a-party",
  "not-from-this-provider",
  "category-not-allowed",
  "no-legal-basis",
  // It would, but not by a machine: the person objects to that.
  "objected",
  // It would with the person's consent.
  "consent-missing",
  "consent-too-narrow",
  "consent-not-yet-valid",
  "consent-expired",
  "consent-refused",
  "consent-withdrawn",
  "consent-revoked",
  "consent-invalidated",
  "consent-erased",
] as const;
export type DenialReason = (typeof DENIAL_REASONS)[number];

/** Denials that stand in an emergency too: of form, and where nobody known asks about nothing known. */
const ABSOLUTE: ReadonlySet<DenialReason> = new Set([
  "unknown-action",
  "reserved-procedure",
  "unknown-agency",
  "unknown-procedure",
  "unknown-category",
]);

/** What the agency owes for the permission. */
export const OBLIGATIONS = ["notify-person", "inspect-afterwards", "review-emergency"] as const;
export type Obligation = (typeof OBLIGATIONS)[number];

export type Verdict =
  | {
      readonly permit: true;
      readonly reason: PermitReason;
      /** The law that allows it, as far as it does. */
      readonly basis?: CatalogueBasis;
      /** Id of the consent that allows it, as far as the law does not. */
      readonly consent?: string;
      readonly obligations: readonly Obligation[];
      /** What an emergency overrode. */
      readonly overrides?: DenialReason;
      /** Unix seconds: the first moment at which it holds no more by what it rests on; Infinity when that has no end. */
      readonly until: number;
    }
  | { readonly permit: false; readonly reason: DenialReason; readonly obligations: readonly [] };

/** What a person has said about what is asked, as the log tells it. */
export interface PersonsWord {
  /** Whether they object to machines acting in this procedure of their own accord. It decides about automated questions alone. */
  readonly objects?: boolean;
}

/** A consent's id beyond this would not fit into a signed decision; the desk gives far shorter ones. In bytes, as JSON. */
const MAX_CONSENT_ID_BYTES = 130;

/** What the catalogue says about a reading, before anybody's consent is asked. */
export type CatalogueGround =
  | { readonly allowed: false; readonly reason: DenialReason }
  | {
      readonly allowed: true;
      readonly procedure: Procedure;
      /** Of the categories asked for, those that the law opens. */
      readonly byLaw: readonly string[];
      /** And those that need the person's consent. */
      readonly withConsent: readonly string[];
    };

/**
 * The answer to a question.
 * @param consents of this person, as the log tells them (protocol/consent.ts); others count for nothing
 * @param now Unix seconds
 */
export function evaluate(
  question: DecisionQuestion,
  catalogue: Catalogue,
  consents: readonly ConsentRecord[],
  now: number,
  { objects = false }: PersonsWord = {},
): Verdict {
  const ground = catalogueGround(question, catalogue);
  const isAutomated = question.automated === true;
  // Whoever may read nothing here anyway is not told what the person objects to.
  if (ground.allowed && isAutomated && objects) return denial("objected");
  const verdict = ground.allowed ? withConsents(question, ground, consents, now) : denial(ground.reason);
  const isEmergency = question.emergency !== undefined && !isAutomated;
  if (verdict.permit || !isEmergency || ABSOLUTE.has(verdict.reason)) return verdict;
  return {
    permit: true,
    reason: "emergency",
    overrides: verdict.reason,
    obligations: ["notify-person", "review-emergency"],
    until: Infinity,
  };
}

/** What the catalogue says about a reading: whether it may be at all, and which categories only with consent. */
export function catalogueGround(
  question: Omit<DecisionQuestion, "subject" | "consent" | "automated" | "emergency">,
  catalogue: Catalogue,
): CatalogueGround {
  const { agency, action, procedure: code, personalData, provider } = question;
  const procedure = catalogue.procedures.get(code);
  const types = catalogue.members.get(agency) ?? [];
  if (code.startsWith(RESERVED_PROCEDURE_PREFIX)) return refused("reserved-procedure");
  if (action !== DECIDED_ACTION) return refused("unknown-action");
  if (types.length === 0) return refused("unknown-agency");
  if (procedure === undefined) return refused("unknown-procedure");
  if (!personalData.every((category) => catalogue.categories.has(category)))
    return refused("unknown-category");

  const releases = procedure.releases.filter(({ receivers }) =>
    receivers.some((type) => types.includes(type)),
  );
  if (releases.length === 0) return refused("not-a-party");
  const providing = provider === undefined ? undefined : (catalogue.members.get(provider) ?? []);
  const possible = releases.filter((release) => providing?.includes(release.provider) ?? true);
  if (possible.length === 0) return refused("not-from-this-provider");

  const opens = (category: string, consentNeeded: boolean): boolean =>
    possible.some((each) => each.consentNeeded === consentNeeded && each.personalData.includes(category));
  const byLaw = personalData.filter((category) => opens(category, false));
  const withConsent = personalData.filter((category) => !byLaw.includes(category));
  if (!withConsent.every((category) => opens(category, true))) return refused("category-not-allowed");
  if (byLaw.length > 0 && procedure.legalBasis.length === 0) return refused("no-legal-basis");
  return { allowed: true, procedure, byLaw, withConsent };
}

function refused(reason: DenialReason): CatalogueGround {
  return { allowed: false, reason };
}

function denial(reason: DenialReason): Verdict {
  return { permit: false, reason, obligations: [] };
}

function withConsents(
  question: DecisionQuestion,
  { procedure, byLaw, withConsent }: Extract<CatalogueGround, { allowed: true }>,
  consents: readonly ConsentRecord[],
  now: number,
): Verdict {
  const [basis] = byLaw.length === 0 ? [] : procedure.legalBasis;
  const obligations = obligationsOf(procedure);
  if (withConsent.length === 0)
    return { permit: true, reason: "law", ...(basis && { basis }), obligations, until: Infinity };
  const needed = { ...question, personalData: withConsent };
  const found = consentFor(needed, consents, now);
  if (typeof found === "string") return denial(found);
  return {
    permit: true,
    reason: basis === undefined ? "consent" : "law-and-consent",
    ...(basis && { basis }),
    consent: found.id,
    obligations,
    until: found.until,
  };
}

/** The person hears of what is meant for them and of what a machine decided; what was done unasked is looked at afterwards. */
function obligationsOf({ kinds, automation }: Procedure): readonly Obligation[] {
  const notify = automation === "decision" || kinds.some((kind) => kind.endsWith("notify"));
  const inspect = automation === "decision" || kinds.some((kind) => kind.startsWith("auto-"));
  return [...(notify ? ["notify-person" as const] : []), ...(inspect ? ["inspect-afterwards" as const] : [])];
}

/** The consent that allows all of it and lasts longest, or why there is none. */
function consentFor(
  question: DecisionQuestion,
  consents: readonly ConsentRecord[],
  now: number,
): { readonly id: string; readonly until: number } | DenialReason {
  const { subject, agency, procedure, consent: wanted } = question;
  const own = consents.filter(
    ({ person, id, terms }) =>
      person.scheme === subject.scheme &&
      person.id === subject.id &&
      (wanted === undefined || id === wanted) &&
      utf8(JSON.stringify(id)).length <= MAX_CONSENT_ID_BYTES &&
      terms !== undefined &&
      consentCovers(terms, { agency, procedure, personalData: [] }),
  );
  const permitting = own.filter((record) => permitsAt(record, now));
  const [best] = permitting
    .filter(({ terms }) => terms !== undefined && consentCovers(terms, question))
    .map(({ id, terms }) => ({ id, until: terms === undefined ? 0 : consentPeriod(terms).until }))
    .sort((a, b) => (a.until === b.until ? (a.id < b.id ? -1 : 1) : b.until - a.until));
  if (best !== undefined) return best;
  if (permitting.length > 0) return "consent-too-narrow";
  const [last] = [...own].sort((a, b) => lastIndex(b) - lastIndex(a));
  return last === undefined ? "consent-missing" : reasonOf(last, now);
}

function lastIndex({ steps }: ConsentRecord): number {
  return steps.findLast(({ counts }) => counts)?.act.index ?? -1;
}

function reasonOf(record: ConsentRecord, now: number): DenialReason {
  if (record.erased) return "consent-erased";
  switch (consentStateAt(record, now)) {
    case "ConsentGiven":
    case "RenewedConsentGiven":
      return "consent-not-yet-valid";
    case "ConsentExpired":
      return "consent-expired";
    case "ConsentRefused":
      return "consent-refused";
    case "ConsentWithdrawn":
      return "consent-withdrawn";
    case "ConsentRevoked":
      return "consent-revoked";
    case "ConsentInvalidated":
      return "consent-invalidated";
    default:
      return "consent-missing";
  }
}
