import { equal, toHex } from "../../protocol/bytes.ts";
import type { StoreReader } from "../../server/store/store.ts";
import type { Anchor } from "../../verifier/chain.ts";
import { type AuditedEvent, fault } from "./event-audit.ts";
import { AuditIndexTree } from "./index-tree.ts";
import type { IndexSecrets } from "./secrets.ts";
import {
  commitmentOf,
  newSlot,
  type Slot,
  slotKey,
  slotOf,
  slotRow,
  SLOTS_PREFIX,
  withEvent,
} from "./slots.ts";
import type { StateRows } from "./state.ts";

/** Tags of kinds from here on are not in the index tree. */
const FIRST_OTHER_KIND = 16;
const STORED_KEYS_PREFIX = 0x6b;
const KEYS_AT_ONCE = 1000;

/** The rows under which the audit finds the index keys of the records by their tags; the first row of a tag counts. */
export async function* storedKeyRows(
  reader: StoreReader,
): AsyncGenerator<readonly (readonly [Buffer, Buffer])[]> {
  const seen = new Set<string>();
  for (let from = 0; ;) {
    const page = await reader.indexKeys({ from, limit: KEYS_AT_ONCE });
    if (page.length === 0) return;
    from += page.length;
    yield page.flatMap(({ tag, key }) => {
      const name = Buffer.from(tag).toString("latin1");
      if (seen.has(name)) return [];
      seen.add(name);
      return [[storedKey(tag), Buffer.from(key)] as const];
    });
  }
}

function storedKey(tag: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(STORED_KEYS_PREFIX), tag]);
}

/** Builds the index tree from audited events, in log order. */
export class IndexAudit {
  readonly #rows: StateRows;
  readonly #secrets: IndexSecrets;
  readonly #tree = new AuditIndexTree();
  /** Slots changed since the last `flushed`, by tag. */
  readonly #changed = new Map<string, readonly [Uint8Array, Slot]>();
  /** Slots whose commitment in the tree is out of date. */
  readonly #stale = new Map<string, Slot>();
  /** Events before this index are in an index on the chain: their keys must be in the records. */
  readonly #indexedSize: number;

  constructor(rows: StateRows, secrets: IndexSecrets, indexedSize: number) {
    this.#rows = rows;
    this.#secrets = secrets;
    this.#indexedSize = indexedSize;
  }

  /** Takes in what an earlier run left. */
  async load(): Promise<void> {
    for await (const [key, row] of this.#rows.all(SLOTS_PREFIX))
      this.#stale.set(key.subarray(1).toString("latin1"), slotOf(row));
  }

  /** Takes in the next events. @throws AuditFault `index-keys`. */
  async add(events: readonly AuditedEvent[]): Promise<void> {
    const tags = events.flatMap(({ tags: all }) => all.filter(isIndexed));
    const slots = await this.#read(tags.map(slotKey));
    const stored = await this.#read(tags.map(storedKey));
    for (const event of events) {
      for (const [n, tag] of event.tags.filter(isIndexed).entries()) {
        const name = Buffer.from(tag).toString("latin1");
        const known =
          this.#changed.get(name)?.[1] ?? optional(slots.get(slotKey(tag).toString("latin1")), slotOf);
        const slot = this.#proven(event, n, known, stored.get(storedKey(tag).toString("latin1")));
        if (slot === undefined) continue;
        const next = withEvent(slot, event.index, event.leafHash);
        this.#changed.set(name, [tag, next]);
        this.#stale.set(name, next);
      }
    }
  }

  /** The slot of an event's n-th key, new or not; undefined for an erased event whose key nobody knows yet. */
  #proven(
    { index, keys }: AuditedEvent,
    n: number,
    known: Slot | undefined,
    stored: Buffer | undefined,
  ): Slot | undefined {
    if (known?.isProven === true) return known;
    if (stored === undefined && index < this.#indexedSize)
      throw fault("index-keys", index, "the records do not hold the index key of one of its ids");
    const id = keys?.[n];
    if (id === undefined) return known ?? (stored && newSlot(stored, false));
    const key = this.#secrets.keyOf(id);
    if (stored !== undefined && !equal(stored, key))
      throw fault("index-keys", index, "one of its ids is in the index under another key than its own");
    return known === undefined ? newSlot(key, true) : { ...known, isProven: true };
  }

  async #read(keys: readonly Buffer[]): Promise<ReadonlyMap<string, Buffer>> {
    const rows = await this.#rows.getMany(keys);
    return new Map(
      keys.flatMap((key, n) => {
        const row = rows[n];
        return row === undefined ? [] : [[key.toString("latin1"), row] as const];
      }),
    );
  }

  /** The changed rows, to be written with the progress; then they are read from the disk again. */
  rows(): (readonly [Buffer, Buffer])[] {
    const rows = [...this.#changed.values()].map(([tag, slot]) => [slotKey(tag), slotRow(slot)] as const);
    this.#changed.clear();
    return rows;
  }

  /** The root over the events so far. */
  root(): Uint8Array {
    for (const slot of this.#stale.values()) this.#tree.set(slot.key, commitmentOf(slot, this.#secrets));
    this.#stale.clear();
    return this.#tree.root();
  }

  /** @throws AuditFault `index`. */
  requireAnchored({ indexSize, indexRoot, block }: Anchor): void {
    if (equal(this.root(), indexRoot)) return;
    const message = `the events up to here lead to another index than the chain's of block ${block}: ${toHex(indexRoot)}`;
    throw fault("index", indexSize - 1, message);
  }
}

function isIndexed(tag: Uint8Array): boolean {
  return (tag[0] ?? 0) < FIRST_OTHER_KIND;
}

function optional<T, U>(value: T | undefined, map: (value: T) => U): U | undefined {
  return value === undefined ? undefined : map(value);
}
