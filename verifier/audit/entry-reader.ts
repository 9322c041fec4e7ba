import { FormatError } from "../../protocol/errors.ts";
import { TILE_WIDTH } from "../../protocol/tile.ts";
import { AuditFault } from "./fault.ts";
import type { PublishedLog } from "./published-log.ts";

type Bundle = Promise<readonly Uint8Array[]>;

/** Bundles asked for before they are needed. */
const AHEAD = 4;

/** Reads the entries of a log of `size` entries in order, bundle by bundle, some bundles ahead. */
export class EntryReader {
  readonly #ledger: Pick<PublishedLog, "entries">;
  readonly #size: number;
  /** By the index of the bundle. */
  readonly #bundles = new Map<number, Bundle>();

  constructor(ledger: Pick<PublishedLog, "entries">, size: number) {
    this.#ledger = ledger;
    this.#size = size;
  }

  /** The entries `from .. to - 1`; those before are not asked for again. @throws AuditFault. */
  async read(from: number, to: number): Promise<Uint8Array[]> {
    const entries: Uint8Array[] = [];
    for (const index of this.#bundles.keys())
      if ((index + 1) * TILE_WIDTH <= from) this.#bundles.delete(index);
    for (let at = from; at < to;) {
      const index = Math.floor(at / TILE_WIDTH);
      const end = Math.min(to, (index + 1) * TILE_WIDTH);
      const bundle = await this.#bundle(index);
      entries.push(...bundle.slice(at - index * TILE_WIDTH, end - index * TILE_WIDTH));
      at = end;
    }
    return entries;
  }

  async #bundle(index: number): Bundle {
    for (let ahead = index; ahead < index + AHEAD && ahead * TILE_WIDTH < this.#size; ahead++) {
      if (this.#bundles.has(ahead)) continue;
      const bundle = this.#fetch(ahead);
      // It is awaited when its entries are needed, and fails then.
      bundle.catch(() => undefined);
      this.#bundles.set(ahead, bundle);
    }
    return (await this.#bundles.get(index)) ?? [];
  }

  async #fetch(index: number): Bundle {
    const first = index * TILE_WIDTH;
    const width = Math.min(TILE_WIDTH, this.#size - first);
    try {
      const bundle = await this.#ledger.entries({ index, width });
      if (bundle?.length === width) return bundle;
      const shown = bundle === undefined ? "none" : String(bundle.length);
      throw new AuditFault(
        "entries",
        first + (bundle?.length ?? 0),
        `of ${width} entries of its bundle the ledger shows ${shown}`,
      );
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw new AuditFault("entries", first, `its bundle cannot be read: ${cause.message} (${cause.code})`, {
        cause,
      });
    }
  }
}
