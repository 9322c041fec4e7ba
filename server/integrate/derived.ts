import { mkdir, rm } from "node:fs/promises";
import { Level } from "level";

/** The database of everything that can be computed again from the records. */
export interface DerivedDatabase {
  get: (key: Buffer) => Promise<Buffer | undefined>;
  /** The values of these keys, in their order. */
  getMany: (keys: readonly Buffer[]) => Promise<(Buffer | undefined)[]>;
  /** The values of the keys after `gt`, or from `gte` on, and before `lt`, in the order of the keys. */
  values: (range: { gt?: Buffer; gte?: Buffer; lt: Buffer; limit: number }) => Promise<Buffer[]>;
  /** All or nothing; not synced. */
  write: (rows: readonly DerivedRow[]) => Promise<void>;
  clear: (range?: { gte: Buffer; lt: Buffer }) => Promise<void>;
  close: () => Promise<void>;
}

export interface DerivedRow {
  readonly key: Buffer;
  /** Undefined takes the row away. */
  readonly value: Buffer | undefined;
}

/**
 * First byte of the keys of each table. Others: `c C r R` disclose/, `d D o O` decide/, `f g k K n N` findings/, `h i I p w` inspect/, `a A e E m M` desk/. A change of what any of them holds is a new
 * `DERIVED_FORMAT`: the old database is then thrown away and filled again.
 */
export const DERIVED_TABLES = { format: 0x46, size: 0x53, leaves: 0x6c, tiles: 0x74 };
const DERIVED_FORMAT = "minhbach/derived/4";

/**
 * Opens the derived database of a log, empty when it is new, damaged, of another log or of another format. Its writes are not
 * synced: after a power failure it holds a prefix of what was written and catches up from the records.
 */
export async function openDerived(path: string, log: string): Promise<DerivedDatabase> {
  await mkdir(path, { recursive: true });
  const db = levelDatabase(path);
  try {
    await db.open();
  } catch (error) {
    if (!isCorruption(error)) throw error;
    await rm(path, { recursive: true });
    await db.open();
  }
  const derived = derivedDatabase(db);
  const format = { key: Buffer.of(DERIVED_TABLES.format), value: Buffer.from(`${DERIVED_FORMAT} ${log}`) };
  if ((await derived.get(format.key))?.equals(format.value) !== true) {
    await derived.clear();
    await derived.write([format]);
  }
  return derived;
}

function derivedDatabase(db: LevelDatabase): DerivedDatabase {
  return {
    get: (key) => db.get(key),
    getMany: (keys) => db.getMany([...keys]),
    values: (range) => db.values(range).all(),
    write: (rows) =>
      db.batch(
        rows.map(({ key, value }) =>
          value === undefined ? { type: "del", key } : { type: "put", key, value },
        ),
      ),
    clear: (range) => db.clear(range ?? {}),
    close: () => db.close(),
  };
}

type LevelDatabase = Level<Buffer, Buffer>;

function levelDatabase(path: string): LevelDatabase {
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
