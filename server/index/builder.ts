import { EMPTY_INDEX_ROOT } from "../../protocol/index-tree.ts";
import { TAG_BYTES } from "../../protocol/tag-kinds.ts";
import {
  type EntryRow,
  type IndexDatabase,
  POSTING_BYTES,
  type Progress,
  ROW_POSTINGS,
  writePosting,
} from "./database.ts";
import { type Blindings, EntryMaker } from "./entries.ts";
import type { Slots } from "./slots.ts";
import type { Turns } from "./turns.ts";
import { VersionedTree } from "./tree.ts";

/** The next events of the log, as far as the index needs them. */
export interface EventBatch {
  /** Log index of the first. */
  readonly from: number;
  /** Index size after them. At most MAX_BATCH_EVENTS events. */
  readonly to: number;
  /** How many tags each event has. */
  readonly tagCounts: Uint16Array;
  /** The tags of all events, 33 bytes each. */
  readonly tags: Uint8Array;
  /** 32 bytes an event. */
  readonly leafHashes: Uint8Array;
}

/** A tag without a slot, and the first event of the batch that has it. */
export interface UnknownTag {
  readonly tag: Uint8Array;
  readonly index: number;
}

export const MAX_BATCH_EVENTS = 1 << 14;

/** The database does not hold what the tree was built from: it has to be built anew. */
export class IndexDamaged extends Error {
  override readonly name = "IndexDamaged";
}

const HASH_BYTES = 32;
/** Entries read from the database while the ones before are worked on. */
const ENTRIES_AT_ONCE = 512;

export interface BuilderParts {
  readonly db: IndexDatabase;
  /** With the keys of the store in them already. */
  readonly slots: Slots;
  readonly blindings: Blindings;
  readonly turns: Turns;
}

/**
 * The builder of what the database holds, or of an empty index when that does not fit the records: everything is built again then, as it was
 * the first time. `limit`: events in the records.
 */
export async function loadIndex(parts: BuilderParts, limit: number): Promise<IndexBuilder> {
  const builder = new IndexBuilder(parts);
  if (await builder.load(limit)) return builder;
  await parts.db.clear();
  parts.slots.forgetCounts();
  const empty = new IndexBuilder(parts);
  empty.beginEmpty();
  return empty;
}

/**
 * Builds the versions of the index. In: the events of the log, in order, batch by batch. Out: a version per batch, first in the database,
 * then in memory. A crash anywhere loses the batch under way and nothing else: the caller sends the events from `size` on again. After
 * any error the builder is of no more use, and a new one loads what the database holds.
 */
export class IndexBuilder {
  readonly #db: IndexDatabase;
  readonly #slots: Slots;
  readonly #tree: VersionedTree;
  readonly #maker: EntryMaker;
  readonly #turns: Turns;
  readonly #commitment = Buffer.alloc(HASH_BYTES);
  readonly #key = Buffer.alloc(HASH_BYTES);
  #progress: Progress = { size: 0, root: EMPTY_INDEX_ROOT };
  #keys = 0;

  constructor(parts: BuilderParts) {
    this.#db = parts.db;
    this.#slots = parts.slots;
    this.#tree = new VersionedTree(parts.slots);
    this.#maker = new EntryMaker(parts.blindings);
    this.#turns = parts.turns;
  }

  get tree(): VersionedTree {
    return this.#tree;
  }

  /** The newest version. */
  get progress(): Progress {
    return this.#progress;
  }

  /** Keys that have events. */
  get keys(): number {
    return this.#keys;
  }

  /** The tags of the batch that have no slot, each once. */
  unknownTags({ from, tagCounts, tags }: EventBatch): UnknownTag[] {
    const unknown = new Map<string, UnknownTag>();
    let at = 0;
    for (const [event, count] of tagCounts.entries()) {
      for (let n = 0; n < count; n++, at += TAG_BYTES) {
        if (this.#slots.find(tags, at) >= 0) continue;
        const tag = tags.slice(at, at + TAG_BYTES);
        const name = Buffer.from(tag).toString("latin1");
        if (!unknown.has(name)) unknown.set(name, { tag, index: from + event });
      }
    }
    return [...unknown.values()];
  }

  /** Builds the version after this batch, whose tags must all have slots. */
  async extend(batch: EventBatch): Promise<void> {
    if (batch.from !== this.#progress.size)
      throw new RangeError("the batch does not follow the newest version");
    const tree = this.#tree;
    const rows = this.#db.batch();
    const { slots, events, starts } = this.#changes(batch);
    tree.begin();
    let reading = this.#read(slots, 0);
    for (let first = 0; first < slots.length; first += ENTRIES_AT_ONCE) {
      const entries = await reading;
      reading = this.#read(slots, first + ENTRIES_AT_ONCE);
      for (const [at, entry] of entries.entries()) {
        if (this.#turns.isOver()) await this.#turns.next();
        const n = first + at;
        const slot = slots[n] ?? 0;
        this.#slots.copyKey(slot, this.#key, 0);
        this.#begin(slot, entry);
        const place = this.#maker.count;
        const postings = events.subarray(starts[n], starts[n + 1]);
        for (const event of postings) this.#maker.append(batch.leafHashes, event * HASH_BYTES);
        this.#maker.commit(this.#key, this.#commitment, 0);
        tree.set(slot, this.#maker.count, this.#commitment, 0);
        if (place === 0) this.#keys++;
        this.#slots.setCount(slot, this.#maker.count);
        rows.putEntry(slot, this.#maker.count, this.#commitment, this.#maker.frontier);
        putPostings(rows, slot, place, postings, batch);
      }
    }
    const root = await tree.hash(this.#turns);
    const progress = { size: batch.to, root };
    await rows.write(progress);
    tree.commit(batch.to);
    this.#progress = progress;
  }

  /**
   * Reads the newest version from the database, by the code that builds one. False when it holds none that fits: none at all, one that is
   * ahead of the `limit` events of the records, or not what was written. The builder is of no more use then.
   */
  async load(limit: number): Promise<boolean> {
    const progress = await this.#db.progress();
    return progress !== undefined && progress.size <= limit && (await this.#loadEntries(progress));
  }

  /** Begins an index without events. */
  beginEmpty(): void {
    this.#tree.begin();
    this.#tree.commit(0);
  }

  async #loadEntries({ size, root }: Progress): Promise<boolean> {
    this.#tree.begin();
    for await (const entries of this.#db.allEntries()) {
      for (const { slot, entry } of entries) {
        if (this.#turns.isOver()) await this.#turns.next();
        if (slot >= this.#slots.size || entry.commitment.length !== HASH_BYTES) return false;
        this.#tree.set(slot, entry.count, entry.commitment, 0);
        this.#slots.setCount(slot, entry.count);
        this.#keys++;
      }
    }
    const loaded = await this.#tree.hash(this.#turns);
    if (Buffer.compare(loaded, root) !== 0) return false;
    this.#tree.commit(size);
    this.#progress = { size, root };
    return true;
  }

  /** Which slots the batch changes, and for each the events that it gets: `events[starts[n] .. starts[n + 1] - 1]` are those of `slots[n]`. */
  #changes({ tagCounts, tags }: EventBatch): {
    slots: Uint32Array;
    events: Uint16Array;
    starts: Uint32Array;
  } {
    const pairs = new Float64Array(tags.length / TAG_BYTES);
    let at = 0;
    for (const [event, count] of tagCounts.entries()) {
      for (let n = 0; n < count; n++, at++) {
        const slot = this.#slots.find(tags, at * TAG_BYTES);
        if (slot < 0) throw new RangeError("a tag of the batch has no slot");
        pairs[at] = slot * MAX_BATCH_EVENTS + event;
      }
    }
    pairs.sort();
    const slots: number[] = [];
    const starts: number[] = [];
    const events: number[] = [];
    let last = -1;
    for (const pair of pairs) {
      // An event that has a tag twice counts once.
      if (pair === last) continue;
      const slot = Math.floor(pair / MAX_BATCH_EVENTS);
      if (slot !== Math.floor(last / MAX_BATCH_EVENTS)) {
        slots.push(slot);
        starts.push(events.length);
      }
      events.push(pair % MAX_BATCH_EVENTS);
      last = pair;
    }
    starts.push(events.length);
    return {
      slots: Uint32Array.from(slots),
      events: Uint16Array.from(events),
      starts: Uint32Array.from(starts),
    };
  }

  /** The stored entries of the next slots; new slots are not looked for. */
  async #read(slots: Uint32Array, first: number): Promise<Awaited<ReturnType<IndexDatabase["entries"]>>> {
    const wanted = slots.subarray(first, first + ENTRIES_AT_ONCE);
    const known = [...wanted].filter((slot) => this.#slots.count(slot) > 0);
    const found = known.length === 0 ? [] : await this.#db.entries(known);
    let next = 0;
    return Array.from(wanted, (slot) => (this.#slots.count(slot) > 0 ? found[next++] : undefined));
  }

  /** Takes up the stored entry. It is opened first: what was damaged must not reach the chain. */
  #begin(slot: number, entry: EntryRow | undefined): void {
    const count = this.#slots.count(slot);
    if ((entry?.count ?? 0) !== count) throw new IndexDamaged("an entry is not the one that was written");
    this.#maker.load(count, entry?.frontier ?? new Uint8Array());
    if (entry === undefined) return;
    this.#maker.commit(this.#key, this.#commitment, 0);
    if (!this.#commitment.equals(entry.commitment))
      throw new IndexDamaged("a frontier is not the one that was written");
  }
}

function putPostings(
  rows: { putPostings: (slot: number, place: number, postings: Buffer) => void },
  slot: number,
  place: number,
  events: Uint16Array,
  { from, leafHashes }: EventBatch,
): void {
  for (let first = 0; first < events.length; first += ROW_POSTINGS) {
    const part = events.subarray(first, first + ROW_POSTINGS);
    const row = Buffer.allocUnsafe(part.length * POSTING_BYTES);
    for (const [at, event] of part.entries()) {
      writePosting(row, at * POSTING_BYTES, from + event, leafHashes, event * HASH_BYTES);
    }
    rows.putPostings(slot, place + first, row);
  }
}
