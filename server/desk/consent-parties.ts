import type { Facets, Subject, SubjectRole } from "../../protocol/facet-values.ts";
import type { ConsentRecord } from "../../protocol/consent.ts";
import { isSamePerson, isSubjectScheme } from "../../protocol/subject.ts";
import type { ConsentRegister } from "../decide/consents.ts";
import type { GrantedMandate } from "../disclose/mandates.ts";
import type { Representation } from "../disclose/representation.ts";
import { LedgerError } from "../errors.ts";
import type { PersonId, SignedOn } from "../identity/caller.ts";

/** A citizen, who acts for themselves or for somebody they represent. */
export type Citizen = SignedOn & { readonly role: "citizen" };

/** Whose consent it is, and who speaks. */
export interface Parties {
  readonly person: PersonId;
  /** Undefined when the person speaks for themselves. */
  readonly guardian: Subject | undefined;
}

export interface PartiesOptions {
  readonly representation: Pick<Representation, "numbersOf" | "ownOf" | "mandatesOf">;
  readonly consents: Pick<ConsentRegister, "one">;
}

export interface ConsentParties {
  /** The caller for this person, by the mandates in force now. @throws LedgerError `no-mandate`. */
  readonly actingFor: (caller: Citizen, person: PersonId) => Promise<Parties>;
  /**
   * The consent of this id that is the caller's own, or of somebody they represent. Whoever knows the id can have used it for somebody else among
   * these: of several it is the one that `rankOf` gives the lowest number, else the caller's own. @throws LedgerError `unknown-consent`.
   */
  readonly consentOf: (
    caller: Citizen,
    id: string,
    rankOf: (record: ConsentRecord) => number,
  ) => Promise<{ readonly record: ConsentRecord; readonly parties: Parties }>;
}

/** Tells for whom a citizen may speak. Their own affairs never wait for the mandates of others. */
export function consentParties({ representation, consents }: PartiesOptions): ConsentParties {
  async function actingFor(caller: Citizen, person: PersonId): Promise<Parties> {
    if (isSamePerson(caller.subject, person)) return { person, guardian: undefined };
    const numbers = await representation.numbersOf(caller.subject);
    if (isAmong(person, numbers)) return { person, guardian: undefined };
    if (!isAmong(person, await representation.ownOf(caller))) throw noMandate();
    const { held } = await representation.mandatesOf(caller.subject);
    const role = roleOf(held.find(({ subject }) => isSamePerson(subject, person))?.basis);
    return { person, guardian: subjectOf(caller.subject, role) };
  }

  async function consentOf(
    caller: Citizen,
    id: string,
    rankOf: (record: ConsentRecord) => number,
  ): Promise<{ record: ConsentRecord; parties: Parties }> {
    const own = await consents.one(caller.subject, id);
    // What is meant beyond doubt does not wait for the mandates.
    if (own !== undefined && rankOf(own) === 0) return await withParties(caller, own);
    const found: ConsentRecord[] = own === undefined ? [] : [own];
    for (const person of await representation.ownOf(caller)) {
      const record = await consents.one(person, id);
      if (record !== undefined && !isSamePerson(person, caller.subject)) found.push(record);
    }
    // The sort is stable.
    const [record] = found.sort((a, b) => rankOf(a) - rankOf(b));
    if (record === undefined) throw unknownConsent();
    return await withParties(caller, record);
  }

  async function withParties(
    caller: Citizen,
    record: ConsentRecord,
  ): Promise<{ record: ConsentRecord; parties: Parties }> {
    return { record, parties: await actingFor(caller, record.person) };
  }

  return { actingFor, consentOf };
}

/** The subject facets of an act: the person first, then whoever speaks for them. */
export function subjectsOf({ person, guardian }: Parties): Pick<Facets, "subject" | "subject.2"> {
  if (guardian === undefined) return { subject: subjectOf(person) };
  return {
    subject: subjectOf(person, guardian.role === "representative" ? "represented" : "child"),
    "subject.2": guardian,
  };
}

export function subjectOf({ scheme, id }: PersonId, role?: SubjectRole): Subject {
  if (!isSubjectScheme(scheme)) throw new Error("a person has a number of no known scheme");
  return { scheme, id, ...(role !== undefined && { role }) };
}

export function unknownConsent(): LedgerError {
  return new LedgerError("unknown-consent", "There is no consent of this id that is yours to see.");
}

function noMandate(): LedgerError {
  return new LedgerError(
    "no-mandate",
    "You hold no mandate for this person that is in force and covers everything.",
  );
}

function roleOf(basis: GrantedMandate["basis"]): SubjectRole {
  return basis === "parent" || basis === "guardian" ? basis : "representative";
}

function isAmong(person: PersonId, people: readonly PersonId[]): boolean {
  return people.some((other) => isSamePerson(other, person));
}
