import { openFacets, type ParsedEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { isCanonicalSubjectId, isSubjectScheme } from "../../protocol/subject.ts";
import type { PersonId } from "../identity/caller.ts";
import { momentMs } from "./moment.ts";

/** What an event of the holder's list says about acting for somebody, in log order. */
export type MandateRecord =
  | {
      readonly kind: "mandate";
      readonly id: string;
      readonly state: "granted" | "revoked";
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
  /** Nobody can read any more what it said: it may have been a revocation. */
  | { readonly kind: "erased"; readonly people: readonly string[] };

/** Somebody the holder may act for in everything, or another number of the holder's own. */
export interface Represented {
  readonly person: PersonId;
  readonly samePerson: boolean;
}

/** The mandate in an event, or undefined when it is none. `people`: tags of the people in it. */
export function mandateIn(event: ParsedEvent, people: readonly string[]): MandateRecord | undefined {
  const { mandate, subject: represented, "subject.2": acting } = openFacets(event);
  const [subject, holder] = [personIn(represented), personIn(acting)];
  if (!isJsonObject(mandate) || subject === undefined || holder === undefined) return undefined;
  const { id, state, basis, procedures, validFrom, validUntil } = mandate;
  if (typeof id !== "string") return undefined;
  return {
    ...{ kind: "mandate", id, subject, holder, people },
    state: state === "granted" ? "granted" : "revoked",
    samePerson: basis === "same-person",
    limited: procedures !== undefined,
    validFrom: typeof validFrom === "string" ? validFrom : undefined,
    validUntil: typeof validUntil === "string" ? validUntil : undefined,
  };
}

/**
 * Whom the holder of a list represents at a time (milliseconds), by the records of that list in log order. A mandate for some procedures
 * opens no list: whoever renews a passport for somebody need not know their whole life. An event of both that was erased may have
 * ended the mandate, so it does until the mandate is recorded again.
 */
export function representedBy(
  holder: PersonId,
  records: readonly MandateRecord[],
  now: number,
): Represented[] {
  const granted = new Map<string, Extract<MandateRecord, { kind: "mandate" }>>();
  for (const record of records) {
    if (record.kind === "erased") {
      for (const [name, { people }] of granted) {
        if (people.filter((tag) => record.people.includes(tag)).length > 1) granted.delete(name);
      }
      continue;
    }
    if (!samePersonId(record.holder, holder)) continue;
    const name = JSON.stringify([record.subject.scheme, record.subject.id, record.id]);
    granted.delete(name);
    if (record.state === "granted") granted.set(name, record);
  }
  return [...granted.values()]
    .filter(
      ({ limited, validFrom, validUntil }) =>
        !limited &&
        (validFrom === undefined || momentMs(validFrom) <= now) &&
        (validUntil === undefined || momentMs(validUntil) > now),
    )
    .map(({ subject, samePerson }) => ({ person: subject, samePerson }));
}

/** Whether two ids are of one scheme and the same. */
export function samePersonId(a: PersonId, b: PersonId): boolean {
  return a.scheme === b.scheme && a.id === b.id;
}

function personIn(value: unknown): PersonId | undefined {
  if (!isJsonObject(value)) return undefined;
  const { scheme, id } = value;
  return isSubjectScheme(scheme) && typeof id === "string" && isCanonicalSubjectId(scheme, id)
    ? { scheme, id }
    : undefined;
}
