import { mkdir, rm } from "node:fs/promises";
import { Level } from "level";
import type { Posting } from "./reader.ts";

/*
 * The derived database of the index, `DATA_DIR/index`: what the tree is loaded from after a start. One unsynced batch per version holds all of it,
 * so after a power failure there is an older version, whole.
 *
 *   F                            format, log and VRF key
 *   P                            the newest version: u48 size, root
 *   e || u32 slot                an entry: u48 count, commitment, frontier
 *   p || u32 slot || u48 place   postings of the slot from this place on: (u48 log index, leaf hash) each
 */

const TABLES = { format: 0x46, progress: 0x50, entries: 0x65, postings: 0x70 };
const FORMAT = "minhbach/index/1";
const NUMBER_BYTES = 6;
const HASH_BYTES = 32;
const SLOT_KEY_BYTES = 5;
export const POSTING_BYTES = NUMBER_BYTES + HASH_BYTES;
/** Postings in a row at most: what is read in vain when one is asked for. */
export const ROW_POSTINGS = 128;

type Database = Level<Buffer, Buffer>;

/** The count, commitment and frontier of a slot. */
export interface EntryRow {
  readonly count: number;
  readonly commitment: Buffer;
  readonly frontier: Buffer;
}

/** The version that the database holds. */
export interface Progress {
  readonly size: number;
  readonly root: Uint8Array;
}

export interface IndexBatch {
  putEntry: (slot: number, count: number, commitment: Uint8Array, frontier: Uint8Array) => void;
  /** POSTING_BYTES each, at most ROW_POSTINGS, the first being at this place in the slot's list. */
  putPostings: (slot: number, place: number, postings: Buffer) => void;
  /** Writes everything at once, with the version that it makes. */
  write: (progress: Progress) => Promise<void>;
}

export interface IndexDatabase {
  progress: () => Promise<Progress | undefined>;
  /** Undefined where there is none. */
  entries: (slots: readonly number[]) => Promise<(EntryRow | undefined)[]>;
  /** All entries in the order of their slots. */
  allEntries: () => AsyncIterable<{ readonly slot: number; readonly entry: EntryRow }[]>;
  /** The postings of a slot at the places `from .. to - 1`. */
  postings: (slot: number, from: number, to: number) => Promise<Posting[]>;
  batch: () => IndexBatch;
  clear: () => Promise<void>;
  close: () => Promise<void>;
}

const OPTIONS = {
  keyEncoding: "buffer",
  valueEncoding: "buffer",
  // Hashes do not compress.
  compression: false,
  writeBufferSize: 16 * 1024 * 1024,
  maxFileSize: 8 * 1024 * 1024,
  // Entries are read at random places: a cache of any affordable size would miss.
  cacheSize: 8 * 1024 * 1024,
  blockSize: 4 * 1024,
} as const;

const ENTRIES_AT_ONCE = 1000;

/** Opens the database, empty when it is new, damaged, or of another identity (log and VRF key) or format. */
export async function openIndexDatabase(path: string, identity: string): Promise<IndexDatabase> {
  await mkdir(path, { recursive: true });
  const db: Database = new Level<Buffer, Buffer>(path, OPTIONS);
  try {
    await db.open();
  } catch (error) {
    if (!isCorruption(error)) throw error;
    await rm(path, { recursive: true });
    await db.open();
  }
  const index = indexDatabase(db);
  const key = Buffer.of(TABLES.format);
  const format = Buffer.from(`${FORMAT} ${identity}`);
  const [found] = await db.getMany([key]);
  if (found?.equals(format) !== true) {
    await index.clear();
    await db.put(key, format);
  }
  return index;
}

function indexDatabase(db: Database): IndexDatabase {
  const progressKey = Buffer.of(TABLES.progress);
  return {
    progress: async () => {
      const [row] = await db.getMany([progressKey]);
      return (
        row && { size: row.readUIntBE(0, NUMBER_BYTES), root: new Uint8Array(row.subarray(NUMBER_BYTES)) }
      );
    },
    entries: async (slots) => {
      const rows: readonly (Buffer | undefined)[] = await db.getMany(slots.map(entryKey));
      return rows.map((row) => row && entryOf(row));
    },
    allEntries: async function* () {
      const iterator = db.iterator({ gte: Buffer.of(TABLES.entries), lt: Buffer.of(TABLES.entries + 1) });
      try {
        for (let rows = await iterator.nextv(ENTRIES_AT_ONCE); rows.length > 0;) {
          yield rows.map(([key, row]) => ({ slot: key.readUInt32BE(1), entry: entryOf(row) }));
          rows = await iterator.nextv(ENTRIES_AT_ONCE);
        }
      } finally {
        await iterator.close();
      }
    },
    postings: async (slot, from, to) => {
      if (from >= to) return [];
      const [first] = await db
        .keys({ gte: postingsKey(slot, 0), lte: postingsKey(slot, from), reverse: true, limit: 1 })
        .all();
      if (first === undefined) return [];
      const postings: Posting[] = [];
      for (const [key, row] of await db.iterator({ gte: first, lt: postingsKey(slot, to) }).all()) {
        let place = key.readUIntBE(SLOT_KEY_BYTES, NUMBER_BYTES);
        for (let at = 0; at < row.length; at += POSTING_BYTES, place++) {
          if (place >= from && place < to) postings.push(postingOf(row, at));
        }
      }
      return postings;
    },
    batch: () => {
      const batch = db.batch();
      return {
        putEntry: (slot, count, commitment, frontier) => {
          const row = Buffer.allocUnsafe(NUMBER_BYTES + HASH_BYTES + frontier.length);
          row.writeUIntBE(count, 0, NUMBER_BYTES);
          row.set(commitment, NUMBER_BYTES);
          row.set(frontier, NUMBER_BYTES + HASH_BYTES);
          batch.put(entryKey(slot), row);
        },
        putPostings: (slot, place, postings) => void batch.put(postingsKey(slot, place), postings),
        write: async ({ size, root }) => {
          const row = Buffer.allocUnsafe(NUMBER_BYTES + HASH_BYTES);
          row.writeUIntBE(size, 0, NUMBER_BYTES);
          row.set(root, NUMBER_BYTES);
          await batch.put(progressKey, row).write();
        },
      };
    },
    clear: async () => {
      // First, so that what an interruption leaves behind is never taken for a version.
      await db.del(progressKey);
      for (const table of [TABLES.entries, TABLES.postings]) {
        await db.clear({ gte: Buffer.of(table), lt: Buffer.of(table + 1) });
      }
    },
    close: async () => await db.close(),
  };
}

/** Writes a posting to `target` at `at`; the leaf hash stands in `source` at `from`. */
export function writePosting(
  target: Buffer,
  at: number,
  index: number,
  source: Uint8Array,
  from: number,
): void {
  target.writeUIntBE(index, at, NUMBER_BYTES);
  target.set(source.subarray(from, from + HASH_BYTES), at + NUMBER_BYTES);
}

function postingOf(row: Buffer, at: number): Posting {
  return {
    index: row.readUIntBE(at, NUMBER_BYTES),
    leafHash: new Uint8Array(row.subarray(at + NUMBER_BYTES, at + POSTING_BYTES)),
  };
}

function entryKey(slot: number): Buffer {
  const key = Buffer.allocUnsafe(SLOT_KEY_BYTES);
  key.writeUInt8(TABLES.entries, 0);
  key.writeUInt32BE(slot, 1);
  return key;
}

function entryOf(row: Buffer): EntryRow {
  return {
    count: row.readUIntBE(0, NUMBER_BYTES),
    commitment: row.subarray(NUMBER_BYTES, NUMBER_BYTES + HASH_BYTES),
    frontier: row.subarray(NUMBER_BYTES + HASH_BYTES),
  };
}

function postingsKey(slot: number, place: number): Buffer {
  const key = Buffer.allocUnsafe(SLOT_KEY_BYTES + NUMBER_BYTES);
  key.writeUInt8(TABLES.postings, 0);
  key.writeUInt32BE(slot, 1);
  key.writeUIntBE(Math.min(place, 2 ** 48 - 1), SLOT_KEY_BYTES, NUMBER_BYTES);
  return key;
}

/** Whether LevelDB found what it read to be damaged. */
export function isCorruption(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && error.code === "LEVEL_CORRUPTION") || isCorruption(error.cause);
}
