import { INDEX_KEY_BYTES } from "../../protocol/index-tree.ts";
import { TAG_BYTES } from "../../protocol/tag-kinds.ts";
import { PagedBytes, PagedNumbers } from "./paged.ts";

/** A tag's second to fifth byte choose its place; HMACs are random already. */
const PARTS = 256;
const FIRST_PART_ENTRIES = 16;
const MAX_LOAD = 0.7;

/**
 * The keys of the index, numbered in the order in which the store has them (a slot is the ordinal of a row of `addIndexKeys`), and
 * found by their tags: open addressing in 256 tables, so that one table that grows is a small part of the memory.
 */
export class Slots {
  readonly #tags = new PagedBytes(TAG_BYTES);
  readonly #keys = new PagedBytes(INDEX_KEY_BYTES);
  readonly #counts = new PagedNumbers();
  /** Entries are slot + 1; 0 is free. */
  readonly #tables = Array.from({ length: PARTS }, () => new Uint32Array(FIRST_PART_ENTRIES));
  readonly #used = new Uint32Array(PARTS);
  #size = 0;

  /** Slots given out. */
  get size(): number {
    return this.#size;
  }

  /** Gives the next slot to a tag and its key. A tag that has one already keeps it, and the new slot stays unused. */
  add(tag: Uint8Array, key: Uint8Array): void {
    const slot = this.#size++;
    for (const column of [this.#tags, this.#keys, this.#counts]) column.grow(slot);
    this.#tags.set(slot, tag);
    this.#keys.set(slot, key);
    const part = tag[1] ?? 0;
    const place = this.#place(part, tag, 0);
    const table = this.#table(part);
    if (table[place] !== 0) return;
    table[place] = slot + 1;
    const used = (this.#used[part] ?? 0) + 1;
    this.#used[part] = used;
    if (used > table.length * MAX_LOAD) this.#enlarge(part);
  }

  /** The slot of the tag that stands in `source` at `at`, or -1. */
  find(source: Uint8Array, at = 0): number {
    const part = source[at + 1] ?? 0;
    return (this.#table(part)[this.#place(part, source, at)] ?? 0) - 1;
  }

  /** How many events the newest version has of this slot. */
  count(slot: number): number {
    return this.#counts.get(slot);
  }

  setCount(slot: number, count: number): void {
    this.#counts.set(slot, count);
  }

  forgetCounts(): void {
    for (let slot = 0; slot < this.#size; slot++) this.#counts.set(slot, 0);
  }

  key(slot: number): Uint8Array {
    return this.#keys.read(slot);
  }

  copyKey(slot: number, target: Uint8Array, to: number): void {
    this.#keys.copyTo(slot, target, to);
  }

  isKey(slot: number, key: Uint8Array): boolean {
    return this.#keys.equals(slot, key);
  }

  /** The first bit in which the key of the slot differs from these 32 bytes, or -1 when it is the same key. */
  firstDifference(slot: number, key: Uint8Array): number {
    const page = this.#keys.page(slot);
    const offset = this.#keys.offset(slot);
    for (let at = 0; at < INDEX_KEY_BYTES; at++) {
      const difference = (page[offset + at] ?? 0) ^ (key[at] ?? 0);
      if (difference !== 0) return 8 * at + Math.clz32(difference) - 24;
    }
    return -1;
  }

  /** Where the tag stands in its table, or where it would go. */
  #place(part: number, source: Uint8Array, at: number): number {
    const table = this.#table(part);
    const mask = table.length - 1;
    for (let place = spread(source, at) & mask; ; place = (place + 1) & mask) {
      const entry = table[place] ?? 0;
      if (entry === 0 || this.#tags.equals(entry - 1, source, at)) return place;
    }
  }

  #enlarge(part: number): void {
    const old = this.#table(part);
    const table = new Uint32Array(old.length * 2);
    this.#tables[part] = table;
    const mask = table.length - 1;
    for (const entry of old) {
      if (entry === 0) continue;
      let place = spread(this.#tags.page(entry - 1), this.#tags.offset(entry - 1)) & mask;
      while (table[place] !== 0) place = (place + 1) & mask;
      table[place] = entry;
    }
  }

  #table(part: number): Uint32Array {
    const table = this.#tables[part];
    if (table === undefined) throw new RangeError("a part is one byte");
    return table;
  }
}

function spread(tag: Uint8Array, at: number): number {
  return (
    (((tag[at + 2] ?? 0) << 24) |
      ((tag[at + 3] ?? 0) << 16) |
      ((tag[at + 4] ?? 0) << 8) |
      (tag[at + 5] ?? 0)) >>>
    0
  );
}
