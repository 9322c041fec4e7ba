import {
  type ConsentAct,
  consentActIn,
  consentAfter,
  type ConsentPerson,
  type ConsentRecord,
  type ConsentRules,
  type ErasedConsentAct,
  isConsentActOf,
  peopleOfConsentAct,
} from "../../protocol/consent.ts";
import { fromUtf8 } from "../../protocol/bytes.ts";
import { parseEvent } from "../../protocol/event.ts";
import type { IndexKey } from "../../protocol/index-keys.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { ClosureRegister } from "../disclose/closure-register.ts";
import type { PersonId } from "../identity/caller.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { FollowedEvent, FollowLog } from "../integrate/log-follower.ts";
import type { StoreReader } from "../store/store.ts";
import {
  type ActPlace,
  afterPlace,
  hasDeskAct,
  mayPermit,
  parsePlaces,
  placeOf,
  placesRow,
} from "./act-places.ts";

export interface ConsentRegisterOptions {
  readonly follow: FollowLog;
  readonly db: DerivedDatabase;
  readonly store: Pick<StoreReader, "events">;
  /** Tells which acts were ordered to be erased, also before their keys are gone. */
  readonly closures: Pick<ClosureRegister, "closuresOf">;
  /** The keyed hash that stands for an id. */
  readonly tagOf: (key: IndexKey) => string;
  readonly rules: ConsentRules;
}

/** As of which log size: acts at this index and later count for nothing. Without it, everything recorded at the time of asking counts. */
export interface AsOf {
  readonly below?: number;
}

export interface ConsentsPage {
  readonly records: readonly ConsentRecord[];
  /** Where the next page begins; undefined when this is the last one. */
  readonly next?: string;
}

/**
 * The consents of the log. What is kept about them is only where their acts stand; what these say is opened and folded (protocol/consent.ts)
 * whenever somebody asks, so an act that was erased speaks no more from then on. Every answer knows all that was recorded when it was asked for.
 *
 * All reads throw LedgerError `starting` while a long log is read again: who cannot be told the newest is told nothing.
 */
export interface ConsentRegister {
  /** Reads what the log has to say since the last time. Cheap when nothing is new. */
  update: () => Promise<void>;
  /** Resolves when everything recorded at the time of asking is read, with the size of the log that was read. */
  caughtUp: () => Promise<number>;
  /** A person's consents, in no particular order but always the same. `after`: the `next` of the page before. */
  ofPerson: (
    person: PersonId,
    page: AsOf & { readonly limit: number; readonly after?: string },
  ) => Promise<ConsentsPage>;
  /** The consent with this id of this person; undefined when the log knows none, or nothing of it can be read any more. */
  one: (person: PersonId, id: string, asOf?: AsOf) => Promise<ConsentRecord | undefined>;
  /** Whoever's consents have this id: more than one only when somebody used it twice. Of very many, first those that the desk recorded something of. */
  byId: (id: string, asOf?: AsOf) => Promise<ConsentRecord[]>;
  /** The person's consents that the desk ever recorded something of: all that a decision can rest on. Of very many, those that may be in force. */
  recordedByDesk: (person: PersonId, asOf?: AsOf) => Promise<ConsentRecord[]>;
}

/** Letters of ours among the derived tables (integrate/derived.ts), and what the second byte of a key says. */
const CONSENTS_TABLE = 0x64;
const PROGRESS_TABLE = 0x44;
const PLACES = 0;
/** Those that may be in force, by their person. */
const CANDIDATES = 1;
/** Whose have an id: those that the desk recorded something of, and those of whom only others said something. */
const BY_ID = 2;
const CLAIMED_BY_ID = 3;

const TAG_LENGTH = TAG_BYTES - 1;
/** A person has a few consents; an agency that floods their list does not make a decision slow. */
const MAX_READ = 64;
/** One id is one person's consent; more are somebody's mistake or mischief, which must not hide the one that is given. */
const MAX_OF_ONE_ID = 16;
const EVENTS_AT_ONCE = 250;

/** What a consent is kept under: two tags, 32 bytes each. */
interface Name {
  readonly person: Buffer;
  readonly consent: Buffer;
}

interface Row extends Name {
  readonly places: readonly ActPlace[];
}

export function consentRegister(options: ConsentRegisterOptions): ConsentRegister {
  const { follow, db, store, closures, rules } = options;
  const { update, caughtUp } = follow({
    subject: "which consents were given",
    tables: [CONSENTS_TABLE],
    progressTable: PROGRESS_TABLE,
    tagKinds: [TAG_KINDS.consentAct],
    rowsAfter,
  });

  const personTag = ({ scheme, id }: PersonId): Buffer =>
    Buffer.from(options.tagOf({ kind: "person", id: `${scheme}:${id}` }), "latin1");
  const consentTag = (id: string): Buffer =>
    Buffer.from(options.tagOf({ kind: "consent", id: `consent:${id}` }), "latin1");

  async function rowsAfter(events: readonly FollowedEvent[]): Promise<DerivedRow[]> {
    const changes = events.flatMap((event) =>
      namesIn(event).map((name) => ({ name, place: placeIn(event) })),
    );
    const names = new Map(changes.map(({ name }) => [keyOf(PLACES, name).toString("latin1"), name]));
    const stored = await db.getMany([...names.values()].map((name) => keyOf(PLACES, name)));
    const places = new Map<string, readonly ActPlace[]>(
      [...names.keys()].map((key, at) => [key, placesIn(stored[at])]),
    );
    for (const { name, place } of changes) {
      const key = keyOf(PLACES, name).toString("latin1");
      places.set(key, afterPlace(places.get(key) ?? [], place));
    }
    return [...names].flatMap(([key, name]) => rowsOf(name, places.get(key) ?? []));
  }

  function placeIn({ event, index }: FollowedEvent): ActPlace {
    const act = event && consentActIn(event, index);
    return placeOf(act ?? { kind: "erased", index }, rules);
  }

  /** The consents that an event is about: by what it says, and by its tags when it says nothing any more. */
  function namesIn({ event, index, tags }: FollowedEvent): Name[] {
    const act = event && consentActIn(event, index);
    if (act === undefined) return namesOfTags(tags);
    const consent = consentTag(act.consent.id);
    return peopleOfConsentAct(act).map((person) => ({ person: personTag(person), consent }));
  }

  async function rowsOfPerson(person: Buffer, limit: number, after?: Buffer): Promise<Row[]> {
    const begin = Buffer.concat([Buffer.of(CONSENTS_TABLE, PLACES), person]);
    const from = after === undefined ? { gte: begin } : { gt: Buffer.concat([begin, after]) };
    const found = await db.values({ ...from, lt: afterPrefix(begin), limit });
    return found.map((value) => rowOf(person, value));
  }

  /** Those of a person's consents that may be in force: for who has more than are read at once. */
  async function candidatesOf(person: Buffer): Promise<Row[]> {
    const begin = Buffer.concat([Buffer.of(CONSENTS_TABLE, CANDIDATES), person]);
    const consents = await db.values({ gte: begin, lt: afterPrefix(begin), limit: MAX_READ });
    return await rowsNamed(consents.map((consent) => ({ person, consent })));
  }

  async function peopleOfId(part: number, consent: Buffer): Promise<Buffer[]> {
    const begin = Buffer.concat([Buffer.of(CONSENTS_TABLE, part), consent]);
    return await db.values({ gte: begin, lt: afterPrefix(begin), limit: MAX_OF_ONE_ID });
  }

  function rowOf(person: Buffer, value: Buffer): Row {
    return { person, consent: value.subarray(0, TAG_LENGTH), places: placesIn(value) };
  }

  async function rowsNamed(names: readonly Name[]): Promise<Row[]> {
    const stored = await db.getMany(names.map((name) => keyOf(PLACES, name)));
    return names.flatMap(({ person }, at) => {
      const value = stored[at];
      return value === undefined ? [] : [rowOf(person, value)];
    });
  }

  /** The records that the rows lead to; none for a row of which nothing can be read any more. */
  async function recordsOf(rows: readonly Row[], { below = Infinity }: AsOf = {}): Promise<ConsentRecord[]> {
    const indexes = rows
      .flatMap(({ places }) => places.map(({ index }) => index))
      .filter((index) => index < below);
    const acts = await actsAt([...new Set(indexes)]);
    return rows.flatMap(({ person, consent, places }) => {
      const ofRow = places.flatMap(({ index }) => acts.get(index) ?? []);
      const of = nameIn(ofRow, { person, consent });
      if (of === undefined) return [];
      let record: ConsentRecord | undefined;
      for (const act of ofRow) {
        if (act.kind === "erased" || isConsentActOf(act, of))
          record = consentAfter(record, act, { of, rules });
      }
      return record === undefined ? [] : [record];
    });
  }

  async function actsAt(indexes: readonly number[]): Promise<Map<number, ConsentAct | ErasedConsentAct>> {
    const acts = new Map<number, ConsentAct | ErasedConsentAct>();
    for (let from = 0; from < indexes.length; from += EVENTS_AT_ONCE) {
      const page = indexes.slice(from, from + EVENTS_AT_ONCE);
      const events = await store.events(page);
      const closed = await closures.closuresOf(
        events.map((event) => leafHash(event?.payload ?? new Uint8Array())),
      );
      for (const [at, index] of page.entries()) {
        const event = events[at];
        const isErased = event?.disclosures === undefined || closed[at]?.kind === "erasure";
        const act = isErased
          ? undefined
          : consentActIn(parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`), index);
        acts.set(index, act ?? { kind: "erased", index });
      }
    }
    return acts;
  }

  /** The person and the id behind a row's tags, from the first act that can be read. */
  function nameIn(
    acts: readonly (ConsentAct | ErasedConsentAct)[],
    { person, consent }: Name,
  ): { readonly person: ConsentPerson; readonly id: string } | undefined {
    for (const act of acts) {
      if (act.kind === "erased" || !consentTag(act.consent.id).equals(consent)) continue;
      const named = peopleOfConsentAct(act).find((each) => personTag(each).equals(person));
      if (named !== undefined) return { person: named, id: act.consent.id };
    }
    return undefined;
  }

  return {
    update,
    caughtUp,
    ofPerson: async (person, { limit, after, below }) => {
      await caughtUp();
      const rows = await rowsOfPerson(
        personTag(person),
        limit + 1,
        after === undefined ? undefined : Buffer.from(after, "base64url"),
      );
      const shown = rows.slice(0, limit);
      const last = rows.length > limit ? shown.at(-1) : undefined;
      const records = await recordsOf(shown, below === undefined ? {} : { below });
      return { records, ...(last && { next: last.consent.toString("base64url") }) };
    },
    one: async (person, id, asOf) => {
      await caughtUp();
      const [record] = await recordsOf(
        await rowsNamed([{ person: personTag(person), consent: consentTag(id) }]),
        asOf,
      );
      return record;
    },
    byId: async (id, asOf) => {
      await caughtUp();
      const consent = consentTag(id);
      const people = [
        ...(await peopleOfId(BY_ID, consent)),
        ...(await peopleOfId(CLAIMED_BY_ID, consent)),
      ].slice(0, MAX_OF_ONE_ID);
      return await recordsOf(await rowsNamed(people.map((person) => ({ person, consent }))), asOf);
    },
    recordedByDesk: async (person, asOf) => {
      await caughtUp();
      const tag = personTag(person);
      const rows = await rowsOfPerson(tag, MAX_READ);
      const first = rows.length < MAX_READ ? [] : await candidatesOf(tag);
      const others = rows.filter(
        ({ consent, places }) => hasDeskAct(places) && !first.some((row) => row.consent.equals(consent)),
      );
      return await recordsOf([...first, ...others], asOf);
    },
  };
}

function rowsOf(name: Name, places: readonly ActPlace[]): DerivedRow[] {
  const { person, consent } = name;
  const byId = { person: consent, consent: person };
  const isByDesk = hasDeskAct(places);
  return [
    // The consent's tag stands in the value too: a range read gives values alone.
    { key: keyOf(PLACES, name), value: Buffer.concat([consent, placesRow(places)]) },
    { key: keyOf(CANDIDATES, name), value: mayPermit(places) ? consent : undefined },
    { key: keyOf(BY_ID, byId), value: isByDesk ? person : undefined },
    { key: keyOf(CLAIMED_BY_ID, byId), value: isByDesk ? undefined : person },
  ];
}

function placesIn(value: Buffer | undefined): ActPlace[] {
  return value === undefined ? [] : parsePlaces(value.subarray(TAG_LENGTH));
}

function namesOfTags(tags: Uint8Array): Name[] {
  const people: Buffer[] = [];
  const consents: Buffer[] = [];
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    const tag = Buffer.from(tags.subarray(at + 1, at + TAG_BYTES));
    if (tags[at] === TAG_KINDS.person) people.push(tag);
    if (tags[at] === TAG_KINDS.consent) consents.push(tag);
  }
  return people.flatMap((person) => consents.map((consent) => ({ person, consent })));
}

function keyOf(part: number, { person, consent }: Name): Buffer {
  return Buffer.concat([Buffer.of(CONSENTS_TABLE, part), person, consent]);
}

/** The first key behind all that begin with these bytes. */
function afterPrefix(prefix: Buffer): Buffer {
  return Buffer.concat([prefix, Buffer.alloc(TAG_LENGTH + 1, 0xff)]);
}
