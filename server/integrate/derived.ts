import { mkdir, rm } from "node:fs/promises";
import { Level } from "level";

/** The database of everything that can be computed again from the records. */
export type DerivedDatabase = Level<Buffer, Buffer>;

/** A write that is made at once with others. */
export interface DerivedPut {
  readonly type: "put";
  readonly key: Buffer;
  readonly value: Buffer;
}

/**
 * First byte of the keys of each derived table. A change of what any of them holds is a new `DERIVED_FORMAT`: the old database is
 * then thrown away and filled again.
 */
export const DERIVED_TABLES = {
  format: 0x46,
  size: 0x53,
  leaves: 0x6c,
  tiles: 0x74,
  findings: 0x66,
  findingsState: 0x67,
};
const DERIVED_FORMAT = "minhbach/derived/1";

/**
 * Opens the derived database of a log, empty when it is new, damaged, of another log or of another format. Its writes are not
 * synced: after a power failure it holds a prefix of what was written and catches up from the records.
 */
export async function openDerived(path: string, log: string): Promise<DerivedDatabase> {
  await mkdir(path, { recursive: true });
  const db = newDatabase(path);
  try {
    await db.open();
  } catch (error) {
    if (!isCorruption(error)) throw error;
    await rm(path, { recursive: true });
    await db.open();
  }
  const key = Buffer.of(DERIVED_TABLES.format);
  const expected = `${DERIVED_FORMAT} ${log}`;
  if ((await db.get(key))?.toString() !== expected) {
    await db.clear();
    await db.put(key, Buffer.from(expected));
  }
  return db;
}

function newDatabase(path: string): DerivedDatabase {
  return new Level<Buffer, Buffer>(path, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    // Hashes do not compress.
    compression: false,
    // Leaf hashes come in no order: the longer the sorted runs, the less compaction has to merge.
    writeBufferSize: 16 * 1024 * 1024,
    maxFileSize: 8 * 1024 * 1024,
    // A tile's rows are read one by one at random places; it is the pyramids that are cached.
    cacheSize: 16 * 1024 * 1024,
    blockSize: 8 * 1024,
  });
}

function isCorruption(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === "LEVEL_CORRUPTION";
}
