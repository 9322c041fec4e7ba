import { randomUUID } from "node:crypto";
import type { Facets, Subject } from "../../protocol/facet-values.ts";
import { type SubjectFacetName, SUBJECT_FACETS } from "../../protocol/facets.ts";
import { isSubjectScheme } from "../../protocol/subject.ts";
import { splitSource } from "../../protocol/source.ts";
import { isWatchedRole, type WatchedRole } from "../../protocol/visibility.ts";
import { LedgerError } from "../errors.ts";
import type { Caller, PersonId, SignedOn } from "../identity/caller.ts";
import type { Desk } from "./desk.ts";

/** What somebody is about to see in the ledger. */
export interface Look {
  /** Whom it is about; the same person may be there twice. Nothing is recorded when it is nobody. */
  readonly people: readonly PersonId[];
  /** Which part of the ledger shows it: one word such as `statement`. */
  readonly what: string;
  /** Log indexes of what is shown, where all of these people are in all of them: each of them reads it. */
  readonly indexes?: readonly number[];
}

/**
 * Watches the watchers: records, before anything leaves, that an inspector, an officer or the operator looks at people's data in the ledger.
 * Each of these people finds it in their own statement. What citizens see of their own, and agencies of what they recorded, is no look.
 * @throws LedgerError `look-not-recorded`: then nothing may be shown.
 */
export type RecordLook = (caller: Caller, look: Look) => Promise<void>;

/** The one category of a look: what the ledger itself holds about a person. */
const LEDGER_RECORD = "minhbach:LedgerRecord";

/** What they look for. Procedures that begin so are the ledger's own, in no catalogue. */
const PROCEDURES: Readonly<Record<WatchedRole, string>> = {
  inspector: "minhbach:inspection",
  officer: "minhbach:data-protection",
  operator: "minhbach:operation",
};

type Watched = SignedOn & { readonly role: WatchedRole };

/** An event has room for so many people. */
const PEOPLE_PER_EVENT = SUBJECT_FACETS.length;
/** What fits into a purpose's description. */
const MAX_INDEXES = 20;

/** Records looks through the desk: eight people an event, the events of one look together. */
export function lookRecorder(desk: Pick<Desk, "source" | "record">): RecordLook {
  const { agency } = splitSource(desk.source);

  function facetsOf(
    caller: Watched,
    { what, indexes = [] }: Look,
    people: readonly Subject[],
  ): Omit<Facets, "time"> {
    const subjects: Partial<Record<SubjectFacetName, Subject>> = {};
    for (const [at, person] of people.entries()) subjects[SUBJECT_FACETS[at] ?? "subject"] = person;
    const description = descriptionOf(indexes);
    return {
      type: "access",
      ...subjects,
      // The same agency on both sides: nobody else has a half to record.
      exchange: { messageId: randomUUID(), client: desk.source, service: `${agency}/${what}` },
      "agent.id": caller.name,
      "agent.role": roleOf(caller),
      data: { action: "R", personalData: [LEDGER_RECORD] },
      purpose: { procedure: PROCEDURES[caller.role], ...(description !== undefined && { description }) },
    };
  }

  return async (caller, look) => {
    if (!isWatched(caller)) return;
    const people = distinct(look.people);
    try {
      const acts: Promise<unknown>[] = [];
      for (let at = 0; at < people.length; at += PEOPLE_PER_EVENT) {
        const facets = facetsOf(caller, look, people.slice(at, at + PEOPLE_PER_EVENT));
        acts.push(desk.record({ by: caller, facets }));
      }
      await Promise.all(acts);
    } catch (cause) {
      throw new LedgerError(
        "look-not-recorded",
        "The ledger cannot record that you look at this, so it does not show it. Ask again in a moment.",
        { cause },
      );
    }
  };
}

function isWatched(caller: Caller): caller is Watched {
  return isWatchedRole(caller.role);
}

function roleOf(caller: Watched): string {
  switch (caller.role) {
    case "inspector":
      return `inspector of ${caller.authority}`;
    case "officer":
      return `data-protection officer of ${caller.agency}`;
    default:
      return "operator of the ledger";
  }
}

function descriptionOf(indexes: readonly number[]): string | undefined {
  if (indexes.length === 0) return undefined;
  const rest = indexes.length - MAX_INDEXES;
  const named = indexes.slice(0, MAX_INDEXES).join(", ");
  return `event ${named}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function distinct(people: readonly PersonId[]): Subject[] {
  const found = new Map<string, Subject>();
  for (const { scheme, id } of people) {
    if (!isSubjectScheme(scheme)) throw new Error("somebody is shown by a number of no known scheme");
    found.set(`${scheme}:${id}`, { scheme, id });
  }
  return [...found.values()];
}
