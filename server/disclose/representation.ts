import type { IndexKey } from "../../protocol/index-keys.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { isSamePerson } from "../../protocol/subject.ts";
import type { Clock } from "../clock.ts";
import type { Caller, PersonId } from "../identity/caller.ts";
import type { IndexReader } from "../index/reader.ts";
import type { StoredEvent, StoreReader } from "../store/store.ts";
import type { ClosureRegister } from "./closure-register.ts";
import { type MandateRegister, personTags } from "./mandate-register.ts";
import {
  endOf,
  grantedIn,
  type GrantedMandate,
  hasBegun,
  joinedNumbers,
  mandateIn,
  type MandateRecord,
  representedBy,
} from "./mandates.ts";
import { recordedEvent } from "./recorded-event.ts";

export interface RepresentationOptions {
  readonly index: Pick<IndexReader, "keyOf" | "postings">;
  readonly mandates: Pick<MandateRegister, "placesOf">;
  readonly readEvents: StoreReader["events"];
  readonly closures: Pick<ClosureRegister, "closuresOf">;
  /** The keyed hash that stands for an id: no list of ids lies about in memory. */
  readonly tagOf: (key: IndexKey) => string;
  readonly clock: Clock;
}

/** Who may look at whose list, by the mandates that the log holds at the time of asking. */
export interface Representation {
  /** The person's own numbers: this one, and those that same-person mandates join to it by what the log holds below an index, each once. */
  numbersOf: (person: PersonId, limits?: { below?: number }) => Promise<readonly PersonId[]>;
  /** All numbers whose events the caller sees as their own: a citizen's, and those of whom they hold a valid mandate for. */
  ownOf: (caller: Caller) => Promise<readonly PersonId[]>;
  /** Whether somebody may act for a person now: it is themselves, by any of their numbers, or a valid mandate says so. */
  mayActFor: (holder: PersonId, person: PersonId) => Promise<boolean>;
  /** The mandates in force that this person holds, and those that others hold for them. */
  mandatesOf: (person: PersonId) => Promise<PersonMandates>;
  /** Whether one of these events is in the list of one of these people. */
  isAboutAny: (people: readonly PersonId[], indexes: readonly number[]) => Promise<boolean>;
}

/** In the order of their granting. */
export interface PersonMandates {
  readonly held: readonly GrantedMandate[];
  readonly given: readonly GrantedMandate[];
}

/** What an event says as it was recorded, whatever was ordered about it since. */
interface ReadRecord {
  readonly leafHash: Uint8Array;
  readonly record: MandateRecord;
}

const READ_AT_ONCE = 250;
const POSTINGS_AT_ONCE = 10_000;
/** A person has a few numbers (a statement has room for as many) and represents a few people. */
const MAX_NUMBERS = 16;
const MAX_REPRESENTED = 64;

export function representation(options: RepresentationOptions): Representation {
  const { index, mandates, readEvents, closures, tagOf, clock } = options;

  /** The mandates that name a person as they count now: one that was ordered to be erased says nothing any more. */
  async function recordsOf(person: PersonId): Promise<readonly MandateRecord[]> {
    const places = await mandates.placesOf(tagOf({ kind: "person", id: idOf(person) }));
    const records: ReadRecord[] = [];
    for (let at = 0; at < places.length; at += READ_AT_ONCE) {
      const page = places.slice(at, at + READ_AT_ONCE);
      records.push(...mandatesAmong(page, await readEvents(page)));
    }
    if (records.length === 0) return [];
    const closed = await closures.closuresOf(records.map((each) => each.leafHash));
    return records.map(({ record }, at) =>
      closed[at]?.kind === "erasure"
        ? { kind: "erased", index: record.index, people: record.people }
        : record,
    );
  }

  const numbersOf: Representation["numbersOf"] = async (person, { below = Infinity } = {}) => {
    const numbers = [person];
    for (let at = 0; at < numbers.length && numbers.length < MAX_NUMBERS; at++) {
      const records = await recordsOf(numbers[at] ?? person);
      for (const other of joinedNumbers(records, below)) if (!isAmong(other, numbers)) numbers.push(other);
    }
    return numbers.slice(0, MAX_NUMBERS);
  };

  async function ownOf(caller: Caller): Promise<readonly PersonId[]> {
    return caller.role === "citizen" ? await ownOfHolder(caller.subject) : [];
  }

  async function ownOfHolder(holder: PersonId): Promise<readonly PersonId[]> {
    const numbers = await numbersOf(holder);
    const own = [...numbers];
    for (const number of numbers) {
      const represented = representedBy(number, await recordsOf(number), clock.now());
      for (const person of represented.slice(0, MAX_REPRESENTED)) {
        if (isAmong(person, own)) continue;
        own.push(...(await numbersOf(person)).filter((other) => !isAmong(other, own)));
      }
    }
    return own;
  }

  async function mandatesOf(person: PersonId): Promise<PersonMandates> {
    const numbers = await numbersOf(person);
    const records = (await Promise.all(numbers.map(async (number) => await recordsOf(number)))).flat();
    const now = clock.now();
    const inForce = grantedIn(records).filter((mandate) => hasBegun(mandate, now) && endOf(mandate) > now);
    return {
      held: inForce.filter(({ holder }) => isAmong(holder, numbers)),
      given: inForce.filter(({ subject }) => isAmong(subject, numbers)),
    };
  }

  async function isAboutAny(people: readonly PersonId[], indexes: readonly number[]): Promise<boolean> {
    const wanted = new Set(indexes);
    for (const person of people) {
      const { key } = await index.keyOf("person", idOf(person));
      for (let from = 0; ; from += POSTINGS_AT_ONCE) {
        const page = await index.postings(key, from, from + POSTINGS_AT_ONCE);
        if (page.some((posting) => wanted.has(posting.index))) return true;
        if (page.length < POSTINGS_AT_ONCE) break;
      }
    }
    return false;
  }

  return {
    numbersOf,
    ownOf,
    mayActFor: async (holder, person) => isAmong(person, await ownOfHolder(holder)),
    mandatesOf,
    isAboutAny,
  };
}

function mandatesAmong(
  indexes: readonly number[],
  events: readonly (StoredEvent | undefined)[],
): ReadRecord[] {
  return events.flatMap((event, at) => {
    if (event === undefined) return [];
    const place = { index: indexes[at] ?? 0, people: personTags(event.tags) };
    const record =
      event.disclosures === undefined
        ? { kind: "erased" as const, ...place }
        : mandateIn(recordedEvent(event.payload, event.disclosures), place);
    return record === undefined ? [] : [{ leafHash: leafHash(event.payload), record }];
  });
}

function isAmong(person: PersonId, people: readonly PersonId[]): boolean {
  return people.some((other) => isSamePerson(other, person));
}

function idOf({ scheme, id }: PersonId): string {
  return `${scheme}:${id}`;
}
