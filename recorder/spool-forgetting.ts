import type { Level } from "level";

/** Rows that lie closer together are compacted at once. */
const JOINED_BYTES = 8 * 1024 * 1024;

/**
 * Gets what rows held before out of LevelDB's files. It never writes in place: the old bytes stay in the journal, and in tables, until a
 * compaction meets the row's newer version; one table made of a memory with both versions keeps both; and a table that a read holds stays until
 * the next time files are deleted. So: memory to a table, the rows written once more, compacted when the reads that see the old ones have
 * ended, and all of that again for what moved or was held meanwhile.
 */
export async function forgetRows(
  level: Level,
  keys: readonly string[],
  readsEnded: () => Promise<void>,
): Promise<void> {
  if (keys.length === 0) return;
  if (!isCompactable(level)) throw new Error("this database cannot be compacted, so it cannot forget");
  const inMemory = async (): Promise<void> => await level.compactRange(BEYOND, BEYOND);
  await inMemory();
  const sorted = [...new Set(keys)].sort();
  const values: (string | undefined)[] = await level.getMany(sorted);
  const again = sorted.map((key, at) => {
    const value = values[at];
    return value === undefined ? { type: "del" as const, key } : { type: "put" as const, key, value };
  });
  await level.batch(again, { sync: true });
  for (let pass = 0; pass < 2; pass++) {
    await readsEnded();
    for (const [from, to] of await rangesOf(level, sorted)) await level.compactRange(from, to);
  }
  await readsEnded();
  await inMemory();
}

/** Beyond all keys: compacting an empty range begins with the memory all the same. */
const BEYOND = "~";

async function rangesOf(level: Compactable, keys: readonly string[]): Promise<[from: string, to: string][]> {
  const ranges: [string, string][] = [];
  for (const key of keys) {
    const last = ranges.at(-1);
    if (last !== undefined && (await level.approximateSize(last[1], key)) <= JOINED_BYTES) last[1] = key;
    else ranges.push([key, key]);
  }
  return ranges;
}

/** What LevelDB can do beyond the interface that its kind share. */
interface Compactable {
  compactRange: (from: string, to: string) => Promise<void>;
  approximateSize: (from: string, to: string) => Promise<number>;
}

function isCompactable(db: object): db is Compactable {
  return (
    "compactRange" in db &&
    typeof db.compactRange === "function" &&
    "approximateSize" in db &&
    typeof db.approximateSize === "function"
  );
}
