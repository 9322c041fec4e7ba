import { createHash } from "node:crypto";
import { equal, toHex } from "../../protocol/bytes.ts";
import { appendAll, emptyFrontier, frontierRoot } from "../../protocol/frontier.ts";
import { TAG_BYTES } from "../../protocol/tag-kinds.ts";
import type { Database } from "../../server/store/level-reader.ts";
import type { StoreReader } from "../../server/store/store.ts";
import { fault } from "./event-audit.ts";
import type { IndexAudit } from "./index-audit.ts";
import type { IndexSecrets } from "./secrets.ts";
import { commitmentOf, type Slot, slotKey, slotOf, SLOTS_PREFIX } from "./slots.ts";
import type { StateRows } from "./state.ts";

/** Rows of the index database (server/index): the newest version, entries by slot, postings by slot and place. */
const PROGRESS = 0x50;
const ENTRIES = 0x65;
const POSTINGS = 0x70;
const NUMBER_BYTES = 6;
const HASH_BYTES = 32;

/** The version that the index database holds. */
export interface KeptVersion {
  readonly size: number;
  readonly root: Uint8Array;
}

export async function keptVersion(index: Database): Promise<KeptVersion | undefined> {
  const [row] = await index.getMany([Buffer.of(PROGRESS)]);
  return row && { size: row.readUIntBE(0, NUMBER_BYTES), root: new Uint8Array(row.subarray(NUMBER_BYTES)) };
}

export interface KeptIndexParts {
  readonly index: Database;
  readonly reader: StoreReader;
  readonly rows: StateRows;
  readonly secrets: IndexSecrets;
}

/** Compares the whole index database with what follows from the events up to its size. @throws AuditFault `kept-index`. */
export async function compareKeptIndex(
  parts: KeptIndexParts,
  audit: IndexAudit,
  kept: KeptVersion,
): Promise<void> {
  const last = kept.size - 1;
  if (!equal(audit.root(), kept.root))
    throw fault("kept-index", last, `its root of ${kept.size} entries is another: ${toHex(kept.root)}`);
  let found = 0;
  for await (const [key, row] of parts.index.iterator({
    gte: Buffer.of(ENTRIES),
    lt: Buffer.of(ENTRIES + 1),
  })) {
    await compareEntry(parts, key.readUInt32BE(1), row, last);
    found++;
  }
  let expected = 0;
  for await (const [key] of parts.rows.all(SLOTS_PREFIX)) expected += key.length > 0 ? 1 : 0;
  if (found !== expected) throw fault("kept-index", last, `it has ${found} entries in place of ${expected}`);
}

async function compareEntry(parts: KeptIndexParts, number: number, row: Buffer, last: number): Promise<void> {
  const [stored] = await parts.reader.indexKeys({ from: number, limit: 1 });
  const [known] = stored === undefined ? [] : await parts.rows.getMany([slotKey(stored.tag)]);
  if (stored === undefined || known === undefined)
    throw fault("kept-index", last, `its slot ${number} is of no event`);
  const slot = slotOf(known);
  const { size, nodes } = slot.frontier;
  const value = Buffer.alloc(NUMBER_BYTES);
  value.writeUIntBE(size, 0, NUMBER_BYTES);
  const isSame = row.equals(Buffer.concat([value, commitmentOf(slot, parts.secrets), ...nodes]));
  const wrong = await firstWrongPosting(parts, number, slot, stored.tag);
  if (wrong !== undefined)
    throw fault("kept-index", wrong, `its slot ${number} does not list this event where it belongs`);
  if (!isSame)
    throw fault(
      "kept-index",
      await lastEventOf(parts, stored.tag, size),
      `the entry of its slot ${number} is wrong`,
    );
}

/** Undefined when the postings of a slot are those of its events. */
async function firstWrongPosting(
  parts: KeptIndexParts,
  number: number,
  slot: Slot,
  tag: Uint8Array,
): Promise<number | undefined> {
  const from = Buffer.alloc(5);
  from.writeUInt8(POSTINGS, 0);
  from.writeUInt32BE(number, 1);
  const to = Buffer.from(from);
  to.writeUInt32BE(number + 1, 1);
  const given: number[] = [];
  let [frontier, places] = [emptyFrontier(), new Uint8Array(HASH_BYTES)];
  for await (const row of parts.index.values({ gte: from, lt: to })) {
    for (let at = 0; at < row.length; at += NUMBER_BYTES + HASH_BYTES) {
      const place = Buffer.alloc(8);
      row.copy(place, 2, at, at + NUMBER_BYTES);
      places = new Uint8Array(createHash("sha256").update(places).update(place).digest());
      frontier = appendAll(frontier, [
        new Uint8Array(row.subarray(at + NUMBER_BYTES, at + NUMBER_BYTES + HASH_BYTES)),
      ]);
      given.push(row.readUIntBE(at, NUMBER_BYTES));
    }
  }
  if (equal(places, slot.places) && equal(frontierRoot(frontier), frontierRoot(slot.frontier)))
    return undefined;
  const expected = await eventsOf(parts.reader, tag, slot.frontier.size);
  return expected.find((index, n) => given[n] !== index) ?? expected[0];
}

async function lastEventOf({ reader }: KeptIndexParts, tag: Uint8Array, count: number): Promise<number> {
  return (await eventsOf(reader, tag, count)).at(-1) ?? 0;
}

const EVENTS_AT_ONCE = 1024;

/** The indexes of the first `count` events with a tag, searched for in all of the log: a fault was found already. */
async function eventsOf(reader: StoreReader, tag: Uint8Array, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let from = 0; found.length < count; from += EVENTS_AT_ONCE) {
    const page = await reader.indexTags(from, from + EVENTS_AT_ONCE);
    if (page.length === 0) return found;
    for (const [n, tags] of page.entries()) {
      for (let at = 0; at < tags.length; at += TAG_BYTES)
        if (equal(tags.subarray(at, at + TAG_BYTES), tag)) found.push(from + n);
    }
  }
  return found.slice(0, count);
}
