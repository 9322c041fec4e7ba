import { fromUtf8 } from "../../protocol/bytes.ts";
import { parseEvent } from "../../protocol/event.ts";
import { leafHash } from "../../protocol/merkle.ts";
import {
  type ObjectionAct,
  objectionActIn,
  objectionCounts,
  type ObjectionPlace,
  objectionName,
  type ObjectionRules,
} from "../../protocol/objection.ts";
import { parsePayload } from "../../protocol/payload.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { ClosureRegister } from "../disclose/closure-register.ts";
import type { PersonId } from "../identity/caller.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { FollowedEvent, FollowLog } from "../integrate/log-follower.ts";
import type { StoreReader } from "../store/store.ts";

export interface ObjectionRegisterOptions {
  readonly follow: FollowLog;
  readonly db: Pick<DerivedDatabase, "get" | "values">;
  readonly store: Pick<StoreReader, "events">;
  /** Tells which acts were ordered to be erased, also before their keys are gone. */
  readonly closures: Pick<ClosureRegister, "closuresOf">;
  /** The keyed hash of a text under a kind of tags: 32 bytes, a character each. */
  readonly hashOf: (kind: number, text: string) => string;
  readonly rules: ObjectionRules;
}

/** A person's word about machines in one procedure. */
export interface ObjectionRecord {
  /** Names person and procedure to whoever knows neither: base64url of their keyed hash. */
  readonly id: string;
  /** As the acts have it that can be read; undefined when none can. */
  readonly procedure: string | undefined;
  readonly objecting: boolean;
  /** The last acts that count, in log order; each with its contents as far as they can be read. */
  readonly acts: readonly (ObjectionPlace & { readonly opened?: ObjectionAct })[];
}

export interface ObjectionsPage {
  readonly records: readonly ObjectionRecord[];
  /** Where the next page begins; undefined when this is the last one. */
  readonly next?: string;
}

/**
 * Who objects to machines acting in which procedure. It follows from the tags of the records and from who recorded them, which stay when an event is
 * erased: an objection is never lost, and neither is that it was taken back. Every answer knows all that was recorded when it was asked for.
 *
 * All reads throw LedgerError `starting` while a long log is read again: who cannot be told the newest is told nothing.
 */
export interface ObjectionRegister {
  /** Reads what the log has to say since the last time. Cheap when nothing is new. */
  update: () => Promise<void>;
  /** Whether this person, by this number, objects in this procedure, by the acts below a log index. */
  objects: (person: PersonId, procedure: string, asOf?: { readonly below?: number }) => Promise<boolean>;
  /** What a person, by this number, ever objected to, in no particular order but always the same. `after`: the `next` of the page before. */
  ofPerson: (
    person: PersonId,
    page: { readonly limit: number; readonly after?: string },
  ) => Promise<ObjectionsPage>;
  /** The one of this id, if it is this person's. */
  one: (person: PersonId, id: string) => Promise<ObjectionRecord | undefined>;
  /** The id of a person's word about a procedure, whether they said one or not. */
  idOf: (person: PersonId, procedure: string) => string;
}

/** Letters of ours among the derived tables (integrate/derived.ts), and what the second byte of a key says. */
const OBJECTIONS_TABLE = 0x6f;
const PROGRESS_TABLE = 0x4f;
/** Acts that count, of a person about a procedure, the last one first: `tag || u48 (all ones - index)` -> `u48 index || u8 state`. */
const ACTS = 0;
/** What a person spoke about: `person's tag || tag` -> the tag. */
const OF_PERSON = 1;

/** An act that counts, as it is kept. */
type Act = Pick<ObjectionPlace, "index" | "state">;

const TAG_LENGTH = TAG_BYTES - 1;
const INDEX_BYTES = 6;
const LAST_INDEX = 2 ** (8 * INDEX_BYTES) - 1;
const MADE = 1;
const WITHDRAWN = 2;
/** What the person is shown of one procedure; the state follows from the last alone. */
const MAX_ACTS_SHOWN = 32;

export function objectionRegister(options: ObjectionRegisterOptions): ObjectionRegister {
  const { follow, db, store, closures, hashOf, rules } = options;
  const { update, caughtUp } = follow({
    subject: "who objects to what",
    tables: [OBJECTIONS_TABLE],
    progressTable: PROGRESS_TABLE,
    tagKinds: [TAG_KINDS.objectionMade, TAG_KINDS.objectionWithdrawn],
    rowsAfter: async (events) => await Promise.resolve(events.flatMap(rowsOf)),
  });

  function rowsOf({ index, payload, tags }: FollowedEvent): DerivedRow[] {
    const { src: source } = parsePayload(fromUtf8(payload));
    const { person, acts } = tagsIn(tags);
    return acts.flatMap(({ tag, state }) => {
      if (!objectionCounts({ state, source }, rules)) return [];
      const act = { key: actKey(tag, index), value: actRow({ index, state }) };
      if (person === undefined) return [act];
      const key = Buffer.concat([Buffer.of(OBJECTIONS_TABLE, OF_PERSON), person, tag]);
      return [act, { key, value: tag }];
    });
  }

  /** The last acts below a log index, the last one first. */
  async function lastActs(tag: Buffer, limit: number, below = LAST_INDEX): Promise<Act[]> {
    const gt = actKey(tag, below);
    const rows = await db.values({ gt, lt: afterActs(tag), limit });
    return rows.map(actOf);
  }

  async function recordOf(tag: Buffer): Promise<ObjectionRecord> {
    const places = (await lastActs(tag, MAX_ACTS_SHOWN)).reverse();
    const acts = await opened(places);
    return {
      id: tag.toString("base64url"),
      procedure: acts.findLast((act) => act.opened !== undefined)?.opened?.objection.procedure,
      objecting: places.at(-1)?.state === "made",
      acts,
    };
  }

  async function opened(acts: readonly Act[]): Promise<ObjectionRecord["acts"]> {
    const events = await store.events(acts.map(({ index }) => index));
    const payloads = events.map((event) => event?.payload ?? missing());
    const closed = await closures.closuresOf(payloads.map(leafHash));
    return acts.map((act, at) => {
      const payload = fromUtf8(payloads[at] ?? missing());
      const place = { ...act, source: parsePayload(payload).src };
      const disclosures = events[at]?.disclosures;
      if (disclosures === undefined || closed[at]?.kind === "erasure") return place;
      const found = objectionActIn(parseEvent(`${payload}~${disclosures}`), act.index);
      return { ...place, ...(found && { opened: found }) };
    });
  }

  const personTag = ({ scheme, id }: PersonId): Buffer =>
    Buffer.from(hashOf(TAG_KINDS.person, `${scheme}:${id}`), "latin1");
  const tagOf = (person: PersonId, procedure: string): Buffer =>
    Buffer.from(hashOf(TAG_KINDS.objectionMade, objectionName(person, procedure)), "latin1");

  return {
    update,
    objects: async (person, procedure, { below = LAST_INDEX } = {}) => {
      await caughtUp();
      const [last] = await lastActs(tagOf(person, procedure), 1, below);
      return last?.state === "made";
    },
    ofPerson: async (person, { limit, after }) => {
      await caughtUp();
      const begin = Buffer.concat([Buffer.of(OBJECTIONS_TABLE, OF_PERSON), personTag(person)]);
      const from =
        after === undefined
          ? { gte: begin }
          : { gt: Buffer.concat([begin, Buffer.from(after, "base64url")]) };
      const found = await db.values({ ...from, lt: afterPrefix(begin), limit: limit + 1 });
      const shown = found.slice(0, limit);
      const last = found.length > limit ? shown.at(-1) : undefined;
      const records: ObjectionRecord[] = [];
      for (const tag of shown) records.push(await recordOf(tag));
      return { records, ...(last && { next: last.toString("base64url") }) };
    },
    one: async (person, id) => {
      await caughtUp();
      const tag = Buffer.from(id, "base64url");
      if (tag.length !== TAG_LENGTH || tag.toString("base64url") !== id) return undefined;
      const key = Buffer.concat([Buffer.of(OBJECTIONS_TABLE, OF_PERSON), personTag(person), tag]);
      return (await db.get(key)) === undefined ? undefined : await recordOf(tag);
    },
    idOf: (person, procedure) => tagOf(person, procedure).toString("base64url"),
  };
}

/** Whose objection it is, and what was said: tags stand in the order of the people, and `subject` comes first. */
function tagsIn(tags: Uint8Array): {
  readonly person: Buffer | undefined;
  readonly acts: readonly { readonly tag: Buffer; readonly state: ObjectionPlace["state"] }[];
} {
  const acts: { readonly tag: Buffer; readonly state: ObjectionPlace["state"] }[] = [];
  let person: Buffer | undefined;
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    const tag = Buffer.from(tags.subarray(at + 1, at + TAG_BYTES));
    if (tags[at] === TAG_KINDS.person) person ??= tag;
    if (tags[at] === TAG_KINDS.objectionMade) acts.push({ tag, state: "made" });
    if (tags[at] === TAG_KINDS.objectionWithdrawn) acts.push({ tag, state: "withdrawn" });
  }
  return { person, acts };
}

/** Later acts have smaller keys: the next key behind that of an index is the last act below it. */
function actKey(tag: Buffer, index: number): Buffer {
  return Buffer.concat([Buffer.of(OBJECTIONS_TABLE, ACTS), tag, number(LAST_INDEX - index)]);
}

function afterActs(tag: Buffer): Buffer {
  return Buffer.concat([actKey(tag, 0), Buffer.of(0)]);
}

function actRow({ index, state }: Act): Buffer {
  return Buffer.concat([number(index), Buffer.of(state === "made" ? MADE : WITHDRAWN)]);
}

/** The format of the derived database vouches for the row. */
function actOf(row: Buffer): Act {
  return {
    index: row.readUIntBE(0, INDEX_BYTES),
    state: row.readUInt8(INDEX_BYTES) === MADE ? "made" : "withdrawn",
  };
}

function number(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(INDEX_BYTES);
  bytes.writeUIntBE(value, 0, INDEX_BYTES);
  return bytes;
}

function missing(): never {
  throw new Error("the records lack an objection that they tell of");
}

/** The first key behind all that begin with these bytes. */
function afterPrefix(prefix: Buffer): Buffer {
  return Buffer.concat([prefix, Buffer.alloc(TAG_LENGTH + 1, 0xff)]);
}
