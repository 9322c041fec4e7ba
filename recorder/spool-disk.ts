import { Level } from "level";
import { RecorderError } from "./errors.ts";
import { forgetRows } from "./spool-forgetting.ts";

/** One change of a batch: a value to put, or a key to take away. */
export type SpoolOperation = { put: string; value: string } | { del: string };

/** Keys from `gte` (inclusive) to `lt` (exclusive) in byte order, or the other way round. */
export interface SpoolRange {
  gte: string;
  lt: string;
  limit?: number;
  reverse?: boolean;
}

/**
 * What the spool needs from a disk: ordered strings, written in atomic batches.
 *
 * Contract: when `write` resolves, all of its operations are fsynced. When it rejects, either all or none of them are
 * on the disk, and nobody knows which: the holder must close this disk, open it again and look.
 * One process at a time holds a disk (LevelDB's lock file).
 */
export interface SpoolDisk {
  get: (key: string) => Promise<string | undefined>;
  /** The rows of a range, in order; all in memory, so give a limit where the range may be long. */
  rows: (range: SpoolRange) => Promise<[key: string, value: string][]>;
  write: (operations: readonly SpoolOperation[]) => Promise<void>;
  /**
   * Resolves when nothing that the rows of these keys held before is in any file any more. Nobody else writes these rows meanwhile. When it rejects,
   * call it again.
   */
  forget: (keys: readonly string[]) => Promise<void>;
  close: () => Promise<void>;
}

/** Bytes gathered in memory before LevelDB writes a table file: few compactions at thousands of events per second. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;

/** Opens (or, unless told not to, creates) the LevelDB spool in `directory`. Rejects with `spool-failed` when it can't, such as when another process holds it. */
export async function openSpoolDisk(
  directory: string,
  { createIfMissing = true }: { createIfMissing?: boolean } = {},
): Promise<SpoolDisk> {
  const level = new Level<string, string>(directory, {
    keyEncoding: "utf8",
    valueEncoding: "utf8",
    compression: false,
    createIfMissing,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  try {
    await level.open();
  } catch (cause) {
    throw new RecorderError(
      "spool-failed",
      `The spool in ${directory} cannot be opened. Is another recorder running on it, or the disk full or read-only?`,
      { cause },
    );
  }
  const reads = new Set<Promise<unknown>>();
  const reading = async <T>(read: Promise<T>): Promise<T> => {
    reads.add(read);
    try {
      return await read;
    } finally {
      reads.delete(read);
    }
  };
  return {
    get: (key) => reading(level.get(key)),
    rows: (range) => reading(level.iterator(range).all()),
    write: (operations) =>
      level.batch(
        operations.map((operation) =>
          "put" in operation
            ? { type: "put", key: operation.put, value: operation.value }
            : { type: "del", key: operation.del },
        ),
        { sync: true },
      ),
    forget: (keys) =>
      forgetRows(level, keys, async () => {
        await Promise.allSettled(reads);
      }),
    close: () => level.close(),
  };
}
