import type { DerivedDatabase, DerivedRow } from "../../integrate/derived.ts";

/** Rows that are about to be written, over those that are there. */
export class Changes {
  readonly #db: Pick<DerivedDatabase, "get" | "values">;
  readonly #rows = new Map<string, DerivedRow>();

  constructor(db: Pick<DerivedDatabase, "get" | "values">) {
    this.#db = db;
  }

  /** The row's value as it will be. */
  async get(key: Buffer): Promise<Buffer | undefined> {
    const changed = this.#rows.get(key.toString("latin1"));
    return changed === undefined ? await this.#db.get(key) : changed.value;
  }

  /** Undefined takes the row away. */
  set(key: Buffer, value: Buffer | undefined): void {
    this.#rows.set(key.toString("latin1"), { key, value });
  }

  /** The values, as they will be, of the keys that begin so; at most `limit` of those that are there now. Each value says what its key ends with. */
  async beginning(
    prefix: Buffer,
    { keyOf, limit }: { readonly keyOf: (value: Buffer) => Buffer; readonly limit: number },
  ): Promise<Buffer[]> {
    const values = new Map<string, Buffer>();
    for (const value of await this.#db.values({ gte: prefix, lt: after(prefix), limit }))
      values.set(keyOf(value).toString("latin1"), value);
    const text = prefix.toString("latin1");
    for (const [key, { value }] of this.#rows) {
      if (!key.startsWith(text)) continue;
      if (value === undefined) values.delete(key);
      else values.set(key, value);
    }
    return [...values].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  }

  /** What is to be written. */
  rows(): DerivedRow[] {
    return [...this.#rows.values()];
  }
}

/** The first key that does not begin so. The last byte of a prefix of ours is never the greatest. */
function after(prefix: Buffer): Buffer {
  return Buffer.concat([prefix, Buffer.alloc(64, 0xff)]);
}
