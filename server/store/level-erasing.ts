import { bundleEntries, bundleOf } from "./bundle.ts";
import { indexOfKey, logKey } from "./level-keys.ts";
import type { ReadsUnderWay } from "./level-reads.ts";
import type { Database } from "./level-reader.ts";
import type { Batch } from "./level-register.ts";
import { attachmentOf, attachmentRow, indexTagsOf } from "./rows.ts";

/*
 * How bytes get out of LevelDB. It never writes in place: a row written anew leaves the old one in an older table, or in the journal and
 * the table that is made of it, until a compaction meets both. And a table that a read still holds stays on the disk when the read has
 * ended, until LevelDB looks for files to delete the next time. So the order is: what is in memory becomes a table (a table made of a memory
 * that holds both versions keeps both); the rows are written anew; the reads that may see the old ones end; their ranges are compacted; the reads
 * that began meanwhile end; once more, which compacts what moved under way and deletes what was held.
 */

/** Rows that lie closer together are compacted at once: two ranges of one table would write it twice. */
const JOINED_BYTES = 32 * 1024 * 1024;
/** The most that an erasure leaves of an event's disclosures. */
const NOTHING = new Uint8Array();

export interface ErasingParts {
  readonly log: Database;
  readonly reads: Pick<ReadsUnderWay, "ended">;
  /** Writes one synced batch of the log. */
  readonly write: (fill: (batch: Batch) => void) => Promise<void>;
  /** Rejects when there is no room or the store is closing: asked before each step that takes long. */
  readonly mayGoOn: () => Promise<void>;
}

/** Does what `Store.eraseKeys` promises. One at a time. */
export async function eraseEvents(parts: ErasingParts, indexes: readonly number[]): Promise<void> {
  const { log, reads, write, mayGoOn } = parts;
  if (indexes.length === 0) return;
  const compact = compactionOf(log);
  await mayGoOn();
  await compact.memory();
  const starts = await rowStarts(log, indexes);
  const rows = await rowsWithout(log, starts);
  await write((batch) => {
    for (const { key, value } of rows) batch.put(key, value);
  });
  for (let pass = 0; pass < 2; pass++) {
    await reads.ended();
    for (const [from, to] of await rangesOf(compact, [...starts.keys()])) {
      await mayGoOn();
      await compact.range(from, to);
    }
  }
  await reads.ended();
  await compact.memory();
}

/** The row starts that hold these events, in order, each with the indexes to erase. */
async function rowStarts(
  log: Database,
  indexes: readonly number[],
): Promise<ReadonlyMap<number, ReadonlySet<number>>> {
  const starts = new Map<number, Set<number>>();
  for (const index of [...new Set(indexes)].sort((a, b) => a - b)) {
    // From before the head row of this very index down: the row of a start that sorts last.
    const [key] = await log.keys({ lt: logKey(index, "head"), reverse: true, limit: 1 }).all();
    const start = key === undefined ? undefined : indexOfKey(key);
    if (start === undefined) throw new RangeError(`the log has no event ${index}`);
    starts.set(start, (starts.get(start) ?? new Set()).add(index));
  }
  return starts;
}

interface Row {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** The rows as they are without what is erased. They are written again even if they are so already: an earlier try may have ended before the rest. */
async function rowsWithout(
  log: Database,
  starts: ReadonlyMap<number, ReadonlySet<number>>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [start, indexes] of starts) {
    const keys = [logKey(start, "eventKeys"), logKey(start, "disclosures")] as const;
    const [secrets, sealed]: (Buffer | undefined)[] = await log.getMany([...keys]);
    if (secrets === undefined || sealed === undefined) throw new RangeError(`the log has no row ${start}`);
    const isErased = (at: number): boolean => indexes.has(start + at);
    const value = bundleOf(
      entriesOf(secrets).map((entry, at) => (isErased(at) ? indexTagsOf(entry) : entry)),
    );
    const rest = bundleOf(entriesOf(sealed).map((entry, at) => (isErased(at) ? NOTHING : entry)));
    rows.push({ key: keys[0], value }, { key: keys[1], value: rest });
    const attachments = [...indexes].map((index) => logKey(index, "attachment"));
    const bodies: (Buffer | undefined)[] = await log.getMany(attachments);
    for (const [at, key] of attachments.entries()) {
      const row = bodies[at];
      // Its name stays, so that it is not recorded again.
      if (row !== undefined) rows.push({ key, value: attachmentRow(attachmentOf(row).name, NOTHING) });
    }
  }
  return rows;
}

function entriesOf(row: Buffer): Uint8Array[] {
  return bundleEntries(row, 0, Infinity);
}

/** The ranges of keys that hold these rows, in order and joined where they are close. */
async function rangesOf(
  compact: Compaction,
  starts: readonly number[],
): Promise<(readonly [Buffer, Buffer])[]> {
  const ranges: [Buffer, Buffer][] = [];
  for (const start of starts) {
    const [from, to] = [logKey(start), logKey(start, "head")];
    const last = ranges.at(-1);
    if (last !== undefined && (await compact.size(last[1], to)) <= JOINED_BYTES) last[1] = to;
    else ranges.push([from, to]);
  }
  return ranges;
}

interface Compaction {
  /** Makes a table of what is in memory and ends its journal. */
  readonly memory: () => Promise<void>;
  readonly range: (from: Buffer, to: Buffer) => Promise<void>;
  /** Bytes of tables between the keys, about. */
  readonly size: (from: Buffer, to: Buffer) => Promise<number>;
}

/** What LevelDB can do beyond the interface that its kind share. */
interface Compactable {
  compactRange: (from: Buffer, to: Buffer) => Promise<void>;
  approximateSize: (from: Buffer, to: Buffer) => Promise<number>;
}

function compactionOf(db: Database): Compaction {
  if (!isCompactable(db)) throw new Error("this database cannot be compacted, so it cannot erase");
  // Beyond all keys: compacting an empty range still begins with the memory.
  const beyond = Buffer.alloc(9, 0xff);
  return {
    memory: async () => await db.compactRange(beyond, beyond),
    range: async (from, to) => await db.compactRange(from, to),
    size: async (from, to) => await db.approximateSize(from, to),
  };
}

function isCompactable(db: object): db is Compactable {
  return (
    "compactRange" in db &&
    typeof db.compactRange === "function" &&
    "approximateSize" in db &&
    typeof db.approximateSize === "function"
  );
}
