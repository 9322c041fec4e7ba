import { createHash } from "node:crypto";
import { openFacets, type ParsedEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { momentMs } from "../../protocol/moment.ts";
import { splitSource } from "../../protocol/source.ts";
import { TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { FollowedEvent, FollowLog } from "../integrate/log-follower.ts";

/** A seal with all that was ordered about it so far, whoever recorded that: an agency names its own seals. */
export interface SealRecord {
  readonly agency: string;
  readonly id: string;
  /** Log indexes of the first order and the last, and how many there were. */
  readonly placed: number;
  readonly last: number;
  readonly orders: number;
  /** Until when each event is sealed, by its leaf hash (base64url), RFC 3339; null where that was lifted. */
  readonly leaves: Readonly<Record<string, string | null>>;
}

/** `placed`: it closes something now. `lifted`: it was opened on purpose. `ended`: its time is over. */
export type SealState = "placed" | "lifted" | "ended";

/** Every seal there ever was. Derived from the log and kept in the derived database. */
export interface SealRegister {
  /** Reads what the log has to say since the last time. Cheap when nothing is new. */
  update: () => Promise<void>;
  /** By all that is recorded at the time of asking. @throws LedgerError `starting`, as `list` does. */
  one: (agency: string, id: string) => Promise<SealRecord | undefined>;
  /** In the order of their placing, from a log index on. */
  list: (page: { from: number; limit: number }) => Promise<SealRecord[]>;
}

export interface SealRegisterOptions {
  readonly follow: FollowLog;
  readonly db: DerivedDatabase;
}

/** Letters of ours among the derived tables (integrate/derived.ts), and what the second byte of a key says. */
const SEALS_TABLE = 0x61;
const PROGRESS_TABLE = 0x41;
const RECORDS = 0;
const LIST = 1;
const NUMBER_BYTES = 6;

export function sealRegister({ follow, db }: SealRegisterOptions): SealRegister {
  const { update, caughtUp } = follow({
    subject: "which seals there are",
    tables: [SEALS_TABLE],
    progressTable: PROGRESS_TABLE,
    tagKinds: [TAG_KINDS.sealAct],
    rowsAfter: async (events) => {
      const changed = new Map<string, SealRecord>();
      for (const followed of events) {
        const order = orderIn(followed);
        if (order === undefined) continue;
        const name = nameOf(order.agency, order.id);
        const before = changed.get(name) ?? (await recordAt(recordKey(name)));
        const now = afterOrder(before, order);
        if (now !== undefined) changed.set(name, now);
      }
      return [...changed].flatMap(([name, record]) => rowsOf(name, record));
    },
  });

  async function recordAt(key: Buffer): Promise<SealRecord | undefined> {
    const row = await db.get(key);
    return row && recordOf(row);
  }

  return {
    update,
    one: async (agency, id) => {
      await caughtUp();
      return await recordAt(recordKey(nameOf(agency, id)));
    },
    list: async ({ from, limit }) => {
      await caughtUp();
      const keys = await db.values({ gte: listKey(from), lt: Buffer.of(SEALS_TABLE, LIST + 1), limit });
      return (await db.getMany(keys)).flatMap((row) => (row === undefined ? [] : [recordOf(row)]));
    },
  };
}

/** What a seal does at a time in milliseconds, and until when the last of its events stays closed: of an ended seal, when that was. */
export function sealAt({ leaves }: SealRecord, now: number): { state: SealState; until: string | undefined } {
  const ends = Object.values(leaves).filter((end) => end !== null);
  const [until] = ends.sort((a, b) => momentMs(b) - momentMs(a));
  if (until === undefined) return { state: "lifted", until };
  return { state: momentMs(until) > now ? "placed" : "ended", until };
}

/** The leaf hashes (base64url) of the events that a seal closes at a time in milliseconds. */
export function sealedBy({ leaves }: SealRecord, now: number): string[] {
  return Object.entries(leaves).flatMap(([leaf, end]) => (end !== null && momentMs(end) > now ? [leaf] : []));
}

interface SealOrder {
  readonly agency: string;
  readonly id: string;
  readonly index: number;
  readonly leaves: readonly string[];
  /** Null when it lifts the seal. */
  readonly until: string | null;
}

/** Nobody can erase a seal, so every one can be read. */
function orderIn({ index, event }: FollowedEvent): SealOrder | undefined {
  return event === undefined ? undefined : orderOf(event, index);
}

function orderOf(event: ParsedEvent, index: number): SealOrder | undefined {
  const { seal } = openFacets(event);
  if (!isJsonObject(seal)) return undefined;
  const { id, state, until, leaves } = seal;
  if (typeof id !== "string" || typeof until !== "string" || !Array.isArray(leaves)) return undefined;
  const { agency } = splitSource(event.payload.src);
  const named = leaves.filter((leaf) => typeof leaf === "string");
  return { agency, id, index, leaves: named, until: state === "lifted" ? null : until };
}

/** Event by event, as what is shown is decided (disclose/closures.ts): the last order about each counts. */
function afterOrder(before: SealRecord | undefined, order: SealOrder): SealRecord | undefined {
  const { agency, id, index, until } = order;
  const known = before?.leaves ?? {};
  // Lifting what was never sealed seals nothing.
  const named = until === null ? order.leaves.filter((leaf) => Object.hasOwn(known, leaf)) : order.leaves;
  if (before === undefined && named.length === 0) return undefined;
  const leaves = { ...known, ...Object.fromEntries(named.map((leaf) => [leaf, until])) };
  return {
    agency,
    id,
    placed: before?.placed ?? index,
    last: index,
    orders: (before?.orders ?? 0) + 1,
    leaves,
  };
}

function rowsOf(name: string, record: SealRecord): DerivedRow[] {
  const key = recordKey(name);
  return [
    { key, value: Buffer.from(JSON.stringify(record)) },
    { key: listKey(record.placed), value: key },
  ];
}

function nameOf(agency: string, id: string): string {
  return JSON.stringify([agency, id]);
}

function recordKey(name: string): Buffer {
  return Buffer.concat([Buffer.of(SEALS_TABLE, RECORDS), createHash("sha256").update(name).digest()]);
}

function listKey(index: number): Buffer {
  const key = Buffer.alloc(2 + NUMBER_BYTES);
  key.writeUInt8(SEALS_TABLE, 0);
  key.writeUInt8(LIST, 1);
  key.writeUIntBE(index, 2, NUMBER_BYTES);
  return key;
}

function recordOf(row: Buffer): SealRecord {
  const value: unknown = JSON.parse(row.toString());
  if (!isRecord(value)) throw new Error("the derived database holds seals in no known form");
  return value;
}

/** The format of the derived database vouches for the rest. */
function isRecord(value: unknown): value is SealRecord {
  return isJsonObject(value) && isJsonObject(value["leaves"]);
}
