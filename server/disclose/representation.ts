import { fromUtf8 } from "../../protocol/bytes.ts";
import { parseEvent } from "../../protocol/event.ts";
import type { IndexKey } from "../../protocol/index-keys.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import { isSamePerson } from "../../protocol/subject.ts";
import type { Clock } from "../clock.ts";
import type { Caller, PersonId } from "../identity/caller.ts";
import type { IndexReader } from "../index/reader.ts";
import type { StoredEvent } from "../store/store.ts";
import type { ClosureRegister } from "./closure-register.ts";
import { type MandateRecord, joinedNumbers, mandateIn, representedBy } from "./mandates.ts";

/** Reads events by their indexes, a page at a time: the store's `events`, or something that remembers them for one request. */
export type ReadEvents = (indexes: readonly number[]) => Promise<readonly (StoredEvent | undefined)[]>;

export interface RepresentationOptions {
  readonly index: Pick<IndexReader, "keyOf" | "postings">;
  readonly readEvents: ReadEvents;
  readonly closures: Pick<ClosureRegister, "closuresOf">;
  /** The keyed hash that stands for an id: no list of ids lies about in memory. */
  readonly tagOf: (key: IndexKey) => string;
  readonly clock: Clock;
}

/** Who may look at whose list, by the mandates that the log holds as far as it is indexed. */
export interface Representation {
  /** The person's own numbers: this one, and those that same-person mandates join to it by what the log holds below an index, each once. */
  numbersOf: (
    person: PersonId,
    reading?: { below?: number; readEvents?: ReadEvents },
  ) => Promise<readonly PersonId[]>;
  /** All numbers whose events the caller sees as their own: a citizen's, and those of whom they hold a valid mandate for. */
  ownOf: (caller: Caller) => Promise<readonly PersonId[]>;
  /** Whether one of these events is in the list of one of these people. */
  isAboutAny: (people: readonly PersonId[], indexes: readonly number[]) => Promise<boolean>;
}

/** What was read of a person's list. */
interface ReadList {
  readonly key: Uint8Array;
  readonly postings: number;
  readonly records: readonly ReadRecord[];
}

/** What an event says as it was recorded, whatever was ordered about it since. */
interface ReadRecord {
  readonly leafHash: Uint8Array;
  readonly record: MandateRecord;
}

const READ_AT_ONCE = 250;
const POSTINGS_AT_ONCE = 10_000;
/** A list grows at its end alone, so what was read of it stays true. */
const LISTS_KEPT = 10_000;
/** A person has a few numbers (a statement has room for as many) and represents a few people. */
const MAX_NUMBERS = 16;
const MAX_REPRESENTED = 64;

export function representation(options: RepresentationOptions): Representation {
  const { index, readEvents, closures, tagOf, clock } = options;
  /** By tag, as the scans under way. */
  const lists = new Map<string, ReadList>();
  const scans = new Map<string, Promise<ReadList>>();

  /** The mandates of a person's list as they count now: one that was ordered to be erased says nothing any more. */
  async function recordsOf(person: PersonId, read: ReadEvents): Promise<readonly MandateRecord[]> {
    const { records } = await scanned(person, read);
    if (records.length === 0) return [];
    const closed = await closures.closuresOf(records.map((each) => each.leafHash));
    return records.map(({ record }, at) =>
      closed[at]?.kind === "erasure"
        ? { kind: "erased", index: record.index, people: record.people }
        : record,
    );
  }

  /** The person's list as far as it is indexed now. However many ask at once, it is read once. */
  async function scanned(person: PersonId, read: ReadEvents): Promise<ReadList> {
    const name = tagOf({ kind: "person", id: idOf(person) });
    // One that is under way may have looked for the end before this was asked; one that begins after it has not.
    await scans.get(name);
    const underWay = scans.get(name);
    if (underWay !== undefined) return await underWay;
    const scan = scanOn(name, person, read).finally(() => scans.delete(name));
    scans.set(name, scan);
    return await scan;
  }

  async function scanOn(name: string, person: PersonId, read: ReadEvents): Promise<ReadList> {
    let list = lists.get(name) ?? {
      key: (await index.keyOf("person", idOf(person))).key,
      postings: 0,
      records: [],
    };
    for (;;) {
      const page = await index.postings(list.key, list.postings, list.postings + READ_AT_ONCE);
      if (page.length > 0) {
        const indexes = page.map((posting) => posting.index);
        const found = mandatesAmong(indexes, await read(indexes));
        list = {
          ...list,
          postings: list.postings + page.length,
          records: found.length === 0 ? list.records : [...list.records, ...found],
        };
      }
      // Page by page: whatever ends the scan, the next one goes on from here.
      keep(name, list);
      if (page.length === 0) return list;
    }
  }

  function keep(name: string, list: ReadList): void {
    lists.delete(name);
    lists.set(name, list);
    if (lists.size <= LISTS_KEPT) return;
    // A Map keeps its keys in the order they came: the first is the one used longest ago.
    const [oldest] = lists.keys();
    if (oldest !== undefined) lists.delete(oldest);
  }

  const numbersOf: Representation["numbersOf"] = async (
    person,
    { below = Infinity, readEvents: read = readEvents } = {},
  ) => {
    const numbers = [person];
    for (let at = 0; at < numbers.length && numbers.length < MAX_NUMBERS; at++) {
      const records = await recordsOf(numbers[at] ?? person, read);
      for (const other of joinedNumbers(records, below)) if (!isAmong(other, numbers)) numbers.push(other);
    }
    return numbers.slice(0, MAX_NUMBERS);
  };

  async function ownOf(caller: Caller): Promise<readonly PersonId[]> {
    if (caller.role !== "citizen") return [];
    const numbers = await numbersOf(caller.subject);
    const own = [...numbers];
    for (const number of numbers) {
      const represented = representedBy(number, await recordsOf(number, readEvents), clock.now());
      for (const person of represented.slice(0, MAX_REPRESENTED)) {
        if (isAmong(person, own)) continue;
        own.push(...(await numbersOf(person)).filter((other) => !isAmong(other, own)));
      }
    }
    return own;
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

  return { numbersOf, ownOf, isAboutAny };
}

/** Mandates name two people, so most events need not be opened. */
function mandatesAmong(
  indexes: readonly number[],
  events: readonly (StoredEvent | undefined)[],
): ReadRecord[] {
  return events.flatMap((event, at) => {
    const people = event === undefined ? [] : personTags(event.tags);
    if (event === undefined || people.length < 2) return [];
    const place = { index: indexes[at] ?? 0, people };
    const record =
      event.disclosures === undefined
        ? { kind: "erased" as const, ...place }
        : mandateIn(parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`), place);
    return record === undefined ? [] : [{ leafHash: leafHash(event.payload), record }];
  });
}

function personTags(tags: Uint8Array): string[] {
  const people: string[] = [];
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    if (tags[at] === TAG_KINDS.person)
      people.push(Buffer.from(tags.subarray(at + 1, at + TAG_BYTES)).toString("latin1"));
  }
  return people;
}

function isAmong(person: PersonId, people: readonly PersonId[]): boolean {
  return people.some((other) => isSamePerson(other, person));
}

function idOf({ scheme, id }: PersonId): string {
  return `${scheme}:${id}`;
}
