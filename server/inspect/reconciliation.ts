import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import { type Half, type Pair, pairWith } from "./pairs.ts";

/** A half with the tag that it shares with its other half (32 bytes). */
export interface TaggedHalf extends Half {
  readonly tag: Buffer;
}

/** What a step comes to, and the rows by which it is remembered. Whoever takes the step writes them, with what follows from it. */
export interface Step {
  readonly pairs: readonly Pair[];
  readonly rows: readonly DerivedRow[];
}

/**
 * Brings the two records of each exchange together, by the tags alone: nothing is opened. Derived, in the derived database: each pair
 * by its tag, and the halves that wait for their other half by their time.
 */
export interface Reconciliation {
  /** Takes in the next halves, in log order; the pairs are those that became complete. */
  take: (halves: readonly TaggedHalf[]) => Promise<Step>;
  /** Halves received before `time` (Unix seconds) that still wait, the oldest first, at most `limit`. They are given once. */
  waitingSince: (time: number, limit: number) => Promise<Step>;
  /** Forgets everything. */
  clear: () => Promise<void>;
}

const PAIRS_TABLE = 0x70;
const WAITING_TABLE = 0x77;
/** Half a tag: 2^64 exchanges before two are likely to be taken for one. */
const TAG_BYTES = 16;
const NUMBER_BYTES = 6;
/** Nothing more than that both halves came is worth knowing of a complete pair. */
const COMPLETE = Buffer.of(0);
const SIDES = { client: 1, provider: 2 } as const;

export function reconciliation(db: DerivedDatabase): Reconciliation {
  /** The known pairs of these tags; `complete` where no further half matters. */
  async function known(tags: readonly string[]): Promise<Map<string, Pair | "complete">> {
    const pairs = new Map<string, Pair | "complete">();
    const rows = await db.getMany(tags.map(pairKey));
    for (const [at, tag] of tags.entries()) {
      const row = rows[at];
      if (row !== undefined) pairs.set(tag, row.length === 1 ? "complete" : { first: halfOf(row) });
    }
    return pairs;
  }

  async function take(halves: readonly TaggedHalf[]): Promise<Step> {
    if (halves.length === 0) return { pairs: [], rows: [] };
    const tagged = halves.map((half) => ({ half, tag: half.tag.toString("latin1", 0, TAG_BYTES) }));
    const pairs = await known([...new Set(tagged.map(({ tag }) => tag))]);
    const changed = new Set<string>();
    const completed: Pair[] = [];
    const rows: DerivedRow[] = [];
    for (const { tag, half } of tagged) {
      const before = pairs.get(tag);
      if (before === "complete") continue;
      const { side, index, time } = half;
      const pair = pairWith(before, { side, index, time });
      if (pair === before) continue;
      changed.add(tag);
      pairs.set(tag, pair.other === undefined ? pair : "complete");
      if (pair.other === undefined) continue;
      completed.push(pair);
      // It waits no longer, unless it came within this very step.
      if (before !== undefined) rows.push({ key: waitingKey(pair.first), value: undefined });
    }
    for (const tag of changed) {
      const pair = pairs.get(tag);
      if (pair === undefined) continue;
      if (pair === "complete") {
        rows.push({ key: pairKey(tag), value: COMPLETE });
        continue;
      }
      rows.push({ key: pairKey(tag), value: rowOf(pair.first) });
      rows.push({ key: waitingKey(pair.first), value: rowOf(pair.first) });
    }
    return { pairs: completed, rows };
  }

  return {
    take,
    waitingSince: async (time, limit) => {
      const waiting = await db.values({
        gte: Buffer.of(WAITING_TABLE),
        lt: waitingKey({ time: Math.max(0, time), index: 0 }),
        limit,
      });
      const halves = waiting.map(halfOf);
      return {
        pairs: halves.map((first) => ({ first })),
        rows: halves.map((half) => ({ key: waitingKey(half), value: undefined })),
      };
    },
    clear: async () => {
      for (const table of [PAIRS_TABLE, WAITING_TABLE])
        await db.clear({ gte: Buffer.of(table), lt: Buffer.of(table + 1) });
    },
  };
}

function pairKey(tag: string): Buffer {
  return Buffer.from(`${String.fromCharCode(PAIRS_TABLE)}${tag}`, "latin1");
}

/** By time, then by index. */
function waitingKey({ time, index }: Pick<Half, "time" | "index">): Buffer {
  const key = Buffer.allocUnsafe(1 + 2 * NUMBER_BYTES);
  key.writeUInt8(WAITING_TABLE, 0);
  key.writeUIntBE(time, 1, NUMBER_BYTES);
  key.writeUIntBE(index, 1 + NUMBER_BYTES, NUMBER_BYTES);
  return key;
}

function rowOf({ side, index, time }: Half): Buffer {
  const row = Buffer.allocUnsafe(1 + 2 * NUMBER_BYTES);
  row.writeUInt8(SIDES[side], 0);
  row.writeUIntBE(index, 1, NUMBER_BYTES);
  row.writeUIntBE(time, 1 + NUMBER_BYTES, NUMBER_BYTES);
  return row;
}

function halfOf(row: Buffer): Half {
  return {
    side: row[0] === SIDES.client ? "client" : "provider",
    index: row.readUIntBE(1, NUMBER_BYTES),
    time: row.readUIntBE(1 + NUMBER_BYTES, NUMBER_BYTES),
  };
}
