import { openFacets, type ParsedEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { splitSource } from "../../protocol/source.ts";
import { isCanonicalSubjectId, isSamePerson, isSubjectScheme } from "../../protocol/subject.ts";
import { ofAgeFrom } from "../../protocol/age.ts";
import type { Mandate } from "../../protocol/facet-values.ts";
import type { PersonId } from "../identity/caller.ts";
import { momentMs } from "../../protocol/moment.ts";

/** What an event of the holder's list says about acting for somebody, in log order. */
export type MandateRecord =
  | {
      readonly kind: "mandate";
      /** Place in the log. */
      readonly index: number;
      /** Who recorded it. A mandate's id is its agency's own: only it can end the mandate. */
      readonly agency: string;
      readonly id: string;
      readonly state: "granted" | "revoked";
      /** Why the holder may act; undefined when the event does not say. */
      readonly basis: Mandate["basis"] | undefined;
      /** Whether it joins two numbers of one person. */
      readonly samePerson: boolean;
      /** Whether it is for some procedures only. */
      readonly limited: boolean;
      readonly validFrom: string | undefined;
      readonly validUntil: string | undefined;
      /** Who is represented, and who acts: `subject` and `subject.2`. */
      readonly subject: PersonId;
      readonly holder: PersonId;
      /** Tags of the people in the event. */
      readonly people: readonly string[];
    }
  /** Nobody can read any more what it said, or nobody is to: it may have been a revocation. */
  | { readonly kind: "erased"; readonly index: number; readonly people: readonly string[] };

/** The mandate in an event, or undefined when it is none. `people`: tags of the people in it. */
export function mandateIn(
  event: ParsedEvent,
  { index, people }: { readonly index: number; readonly people: readonly string[] },
): MandateRecord | undefined {
  const { mandate, subject: represented, "subject.2": acting } = openFacets(event);
  const [subject, holder] = [personIn(represented), personIn(acting)];
  if (!isJsonObject(mandate) || subject === undefined || holder === undefined) return undefined;
  const { id, state, basis, procedures, validFrom, validUntil } = mandate;
  if (typeof id !== "string") return undefined;
  return {
    ...{ kind: "mandate", index, id, subject, holder, people },
    agency: splitSource(event.payload.src).agency,
    state: state === "granted" ? "granted" : "revoked",
    basis: BASES.find((each) => each === basis),
    samePerson: basis === "same-person",
    limited: procedures !== undefined,
    validFrom: typeof validFrom === "string" ? validFrom : undefined,
    validUntil: typeof validUntil === "string" ? validUntil : undefined,
  };
}

export type GrantedMandate = Extract<MandateRecord, { kind: "mandate" }>;
const BASES = ["parent", "guardian", "proxy", "court", "same-person"] as const;

/**
 * Whom the holder of a list represents at a time (milliseconds), by the records of that list in log order. A mandate for some procedures
 * opens no list: whoever renews a passport for somebody need not know their whole life. An event of both that was erased may have
 * ended the mandate, so it does until the mandate is recorded again.
 */
export function representedBy(holder: PersonId, records: readonly MandateRecord[], now: number): PersonId[] {
  return grantedIn(records)
    .filter((mandate) => isSamePerson(mandate.holder, holder) && isInForce(mandate, now))
    .map(({ subject }) => subject);
}

/** The mandates to act for somebody that a list's records grant, in the order of their granting, without those that were revoked. */
export function grantedIn(records: readonly MandateRecord[]): GrantedMandate[] {
  const granted = new Map<string, GrantedMandate>();
  for (const record of records) {
    if (record.kind === "mandate") {
      if (record.samePerson) continue;
      granted.delete(nameOf(record));
      if (record.state === "granted") granted.set(nameOf(record), record);
    } else {
      endWith(record, granted);
    }
  }
  return [...granted.values()];
}

/** Ends the mandates between people who are both in an erased event. */
function endWith({ people }: MandateRecord, granted: Map<string, GrantedMandate>): void {
  for (const [name, mandate] of granted) {
    if (mandate.people.filter((tag) => people.includes(tag)).length > 1) granted.delete(name);
  }
}

/** Whether a mandate opens its subject's list at a time. */
function isInForce(mandate: GrantedMandate, now: number): boolean {
  return !mandate.limited && hasBegun(mandate, now) && endOf(mandate) > now;
}

/** Whether a mandate's own beginning, if it has one, is past at a time in milliseconds. */
export function hasBegun({ validFrom }: GrantedMandate, now: number): boolean {
  return validFrom === undefined || momentMs(validFrom) <= now;
}

/** Given by adults or for them: no age ends these. A basis that nobody wrote down is bound like a parent's. */
const FOR_ADULTS: readonly GrantedMandate["basis"][] = ["proxy", "court"];

/**
 * When a mandate ends by itself, in Unix milliseconds; Infinity when it does not, and -Infinity when it never began to open anything. A parent's
 * or guardian's needs an end of its own and never outlasts the childhood, as far as the child's number tells: nobody has to remember to revoke
 * it. An adult's guardian is appointed by a court, and their mandate recorded as the court's.
 */
export function endOf({ basis, validUntil, subject }: GrantedMandate): number {
  const until = validUntil === undefined ? undefined : momentMs(validUntil);
  if (until !== undefined && Number.isNaN(until)) return -Infinity;
  if (FOR_ADULTS.includes(basis)) return until ?? Infinity;
  return until === undefined ? -Infinity : Math.min(until, ofAgeFrom(subject) ?? Infinity);
}

/**
 * The numbers that same-person mandates join to those of a list, by its records below a log index, in log order. As the verifier of a
 * statement does it: who is the same person does not end with time, only by being revoked, or by an erased event of both numbers that may
 * have revoked it (of which the verifier warns).
 */
export function joinedNumbers(records: readonly MandateRecord[], below: number): PersonId[] {
  const joined = new Map<string, GrantedMandate>();
  for (const record of records) {
    if (record.index >= below) continue;
    if (record.kind === "erased") endWith(record, joined);
    else if (record.samePerson && record.state === "granted") joined.set(nameOf(record), record);
    else if (record.samePerson) joined.delete(nameOf(record));
  }
  return [...joined.values()].flatMap(({ subject, holder }) => [subject, holder]);
}

function nameOf({ agency, id }: GrantedMandate): string {
  return JSON.stringify([agency, id]);
}

function personIn(value: unknown): PersonId | undefined {
  if (!isJsonObject(value)) return undefined;
  const { scheme, id } = value;
  return isSubjectScheme(scheme) && typeof id === "string" && isCanonicalSubjectId(scheme, id)
    ? { scheme, id }
    : undefined;
}
