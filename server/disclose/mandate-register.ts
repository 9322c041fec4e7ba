import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { FollowedEvent, FollowLog } from "../integrate/log-follower.ts";

export interface MandateRegisterOptions {
  readonly follow: FollowLog;
  readonly db: Pick<DerivedDatabase, "values">;
}

/**
 * Where the mandates of each person stand in the log, so that nobody's whole list is read to find them. Derived from the tags of the
 * records alone, which stay when an event is erased: that one may have ended a mandate is never forgotten.
 */
export interface MandateRegister {
  /** Reads what the log has to say since the last time. Cheap when nothing is new. */
  update: () => Promise<void>;
  /**
   * Log indexes, in order, of the events that are or were mandates and name the person of this tag (32 bytes, a character each), by all that is
   * recorded at the time of asking.
   * @throws LedgerError `starting` while a long log is read again.
   */
  placesOf: (personTag: string) => Promise<number[]>;
}

/** Letters of ours among the derived tables (integrate/derived.ts). */
const PLACES_TABLE = 0x72;
const PROGRESS_TABLE = 0x52;
const INDEX_BYTES = 6;
const READ_AT_ONCE = 1024;

export function mandateRegister({ follow, db }: MandateRegisterOptions): MandateRegister {
  const { update, caughtUp } = follow({
    subject: "who represents whom",
    tables: [PLACES_TABLE],
    progressTable: PROGRESS_TABLE,
    tagKinds: [TAG_KINDS.mandateAct],
    rowsAfter: async (events) => await Promise.resolve(events.flatMap(rowsOf)),
  });
  return {
    update,
    placesOf: async (personTag) => {
      await caughtUp();
      const [from, end] = [keyOf(personTag, 0), keyOf(personTag, 2 ** (8 * INDEX_BYTES) - 1)];
      const places: number[] = [];
      for (let gte = from; ;) {
        const page = await db.values({ gte, lt: end, limit: READ_AT_ONCE });
        places.push(...page.map((row) => row.readUIntBE(0, INDEX_BYTES)));
        const last = places.at(-1);
        if (page.length < READ_AT_ONCE || last === undefined) return places;
        gte = keyOf(personTag, last + 1);
      }
    },
  };
}

function rowsOf({ index, tags }: FollowedEvent): DerivedRow[] {
  return personTags(tags).map((tag) => ({ key: keyOf(tag, index), value: placeRow(index) }));
}

function keyOf(personTag: string, index: number): Buffer {
  return Buffer.concat([Buffer.of(PLACES_TABLE), Buffer.from(personTag, "latin1"), placeRow(index)]);
}

function placeRow(index: number): Buffer {
  const row = Buffer.alloc(INDEX_BYTES);
  row.writeUIntBE(index, 0, INDEX_BYTES);
  return row;
}

/** The tags of the people in an event, 32 bytes each, a character each. */
export function personTags(tags: Uint8Array): string[] {
  const people: string[] = [];
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    if (tags[at] === TAG_KINDS.person)
      people.push(Buffer.from(tags.subarray(at + 1, at + TAG_BYTES)).toString("latin1"));
  }
  return people;
}
