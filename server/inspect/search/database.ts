import { mkdir, rm } from "node:fs/promises";
import { Level } from "level";
import { isJsonObject } from "../../../protocol/json.ts";
import { TABLES } from "./rows.ts";

export type SearchDatabase = Level<Buffer, Buffer>;

/** How far the log is in the search database. */
export interface Progress {
  /** Events read. */
  readonly size: number;
  /** Names the submission that ends there, so that it is not taken for progress in other records; empty at the beginning. */
  readonly submission: string;
  /** Receive time of the last event, and the latest of all, Unix seconds. */
  readonly time: number;
  readonly latest: number;
  /** The most that a clock was ever put back between two events, in seconds. */
  readonly setBack: number;
}

export const NO_PROGRESS: Progress = { size: 0, submission: "", time: -1, latest: -1, setBack: 0 };

const FORMAT = "minhbach/search/1";

const OPTIONS = {
  keyEncoding: "buffer",
  valueEncoding: "buffer",
  // Hashes do not compress.
  compression: false,
  // Terms come in no order: the longer the sorted runs, the less compaction has to merge.
  writeBufferSize: 16 * 1024 * 1024,
  maxFileSize: 8 * 1024 * 1024,
  cacheSize: 8 * 1024 * 1024,
  blockSize: 4 * 1024,
} as const;

/** Opens the database, empty when it is new, damaged, or of another identity (log and key) or format. */
export async function openSearchDatabase(path: string, identity: string): Promise<SearchDatabase> {
  await mkdir(path, { recursive: true });
  const db: SearchDatabase = new Level<Buffer, Buffer>(path, OPTIONS);
  try {
    await db.open();
  } catch (error) {
    if (!isCorruption(error)) throw error;
    await rm(path, { recursive: true });
    await db.open();
  }
  const format = Buffer.from(`${FORMAT} ${identity}`);
  const [found] = await db.getMany([Buffer.of(TABLES.format)]);
  if (found?.equals(format) !== true) {
    await clearSearch(db);
    await db.put(Buffer.of(TABLES.format), format);
  }
  return db;
}

/** Forgets everything that was read. */
export async function clearSearch(db: SearchDatabase): Promise<void> {
  // First, so that what an interruption leaves behind is never taken for what was read.
  await db.del(Buffer.of(TABLES.progress));
  for (const table of [TABLES.counts, TABLES.postings, TABLES.times]) {
    await db.clear({ gte: Buffer.of(table), lt: Buffer.of(table + 1) });
  }
}

export async function storedProgress(db: SearchDatabase): Promise<Progress> {
  const [row] = await db.getMany([Buffer.of(TABLES.progress)]);
  if (row === undefined) return NO_PROGRESS;
  const value: unknown = JSON.parse(row.toString());
  if (!isProgress(value)) throw new Error("the search database holds progress in no known form");
  return value;
}

export function progressRow(progress: Progress): Buffer {
  return Buffer.from(JSON.stringify(progress));
}

/** The format of the database vouches for the rest. */
function isProgress(value: unknown): value is Progress {
  return isJsonObject(value) && typeof value["size"] === "number";
}

/** Whether LevelDB found what it read to be damaged. */
export function isCorruption(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && error.code === "LEVEL_CORRUPTION") || isCorruption(error.cause);
}
