/*
 * Columns of numbered records in pages of typed arrays: a million records cost what they hold, without objects, and growing
 * never copies what is there, so memory has no peaks.
 */

const PAGE_BITS = 13;
const PAGE_RECORDS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_RECORDS - 1;

/** A column of byte strings of one length. */
export class PagedBytes {
  readonly #width: number;
  readonly #pages: Buffer[] = [];

  constructor(width: number) {
    this.#width = width;
  }

  /** Makes room for the record. New records hold zeros. */
  grow(record: number): void {
    while (this.#pages.length <= record >>> PAGE_BITS) {
      this.#pages.push(Buffer.alloc(PAGE_RECORDS * this.#width));
    }
  }

  /** The page that holds the record; it begins at `offset`. For hot loops. */
  page(record: number): Buffer {
    const page = this.#pages[record >>> PAGE_BITS];
    if (page === undefined) throw new RangeError("there is no such record");
    return page;
  }

  offset(record: number): number {
    return (record & PAGE_MASK) * this.#width;
  }

  set(record: number, source: Uint8Array, from = 0): void {
    const page = this.page(record);
    const offset = this.offset(record);
    for (let at = 0; at < this.#width; at++) page[offset + at] = source[from + at] ?? 0;
  }

  copyTo(record: number, target: Uint8Array, to: number): void {
    const page = this.page(record);
    const offset = this.offset(record);
    for (let at = 0; at < this.#width; at++) target[to + at] = page[offset + at] ?? 0;
  }

  equals(record: number, bytes: Uint8Array, from = 0): boolean {
    const page = this.page(record);
    const offset = this.offset(record);
    for (let at = 0; at < this.#width; at++) if (page[offset + at] !== bytes[from + at]) return false;
    return true;
  }

  /** A copy of the record. */
  read(record: number): Uint8Array {
    const bytes = new Uint8Array(this.#width);
    this.copyTo(record, bytes, 0);
    return bytes;
  }
}

/** A column of unsigned 32-bit numbers. */
export class PagedNumbers {
  readonly #pages: Uint32Array[] = [];

  grow(record: number): void {
    while (this.#pages.length <= record >>> PAGE_BITS) this.#pages.push(new Uint32Array(PAGE_RECORDS));
  }

  get(record: number): number {
    return this.#pages[record >>> PAGE_BITS]?.[record & PAGE_MASK] ?? 0;
  }

  set(record: number, value: number): void {
    const page = this.#pages[record >>> PAGE_BITS];
    if (page !== undefined) page[record & PAGE_MASK] = value;
  }
}

/** Records of a number of 32-bit words, which can be read as bytes too. */
export class PagedRecords {
  readonly #width: number;
  readonly #words: Uint32Array[] = [];
  readonly #bytes: Buffer[] = [];

  constructor(words: number) {
    this.#width = words;
  }

  /** Makes room for the record. New records hold zeros. */
  grow(record: number): void {
    while (this.#words.length <= record >>> PAGE_BITS) {
      const words = new Uint32Array(PAGE_RECORDS * this.#width);
      this.#words.push(words);
      this.#bytes.push(Buffer.from(words.buffer));
    }
  }

  get(record: number, word: number): number {
    return this.#words[record >>> PAGE_BITS]?.[(record & PAGE_MASK) * this.#width + word] ?? 0;
  }

  set(record: number, word: number, value: number): void {
    const page = this.#words[record >>> PAGE_BITS];
    if (page !== undefined) page[(record & PAGE_MASK) * this.#width + word] = value;
  }

  /** The page that holds the record, as bytes; a word of it begins at `offset`. */
  bytes(record: number): Buffer {
    const page = this.#bytes[record >>> PAGE_BITS];
    if (page === undefined) throw new RangeError("there is no such record");
    return page;
  }

  offset(record: number, word: number): number {
    return 4 * ((record & PAGE_MASK) * this.#width + word);
  }

  /** A copy of some words, as bytes. */
  read(record: number, word: number, words: number): Uint8Array {
    const offset = this.offset(record, word);
    return new Uint8Array(this.bytes(record).subarray(offset, offset + 4 * words));
  }
}
