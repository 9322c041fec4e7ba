import { fromBase64url, fromUtf8 } from "../../protocol/bytes.ts";
import { parseEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { StoreReader } from "../store/store.ts";
import {
  afterOrder,
  type Closure,
  closureAt,
  type LeafOrders,
  NO_ORDERS,
  type Order,
  orderIn,
} from "./closures.ts";

export interface ClosureRegisterOptions {
  readonly store: Pick<StoreReader, "head" | "indexTags" | "events">;
  readonly db: DerivedDatabase;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the log's seals and erasures close. Derived from the records and kept in the derived database. */
export interface ClosureRegister {
  /** Reads what the log has to say since the last time. Cheap when nothing is new. */
  update: () => Promise<void>;
  /**
   * What closes each of these leaves now, by all that is recorded at the time of asking.
   * @throws LedgerError `starting` while a long log is read again.
   */
  closuresOf: (leafHashes: readonly Uint8Array[]) => Promise<(Closure | undefined)[]>;
}

interface Progress {
  readonly read: number;
  /** What of it the database knows. */
  readonly saved: number;
}

/** Letters of ours among the derived tables (integrate/derived.ts). */
const CLOSURES_TABLE = 0x63;
const PROGRESS_TABLE = 0x43;
const PROGRESS_KEY = Buffer.of(PROGRESS_TABLE);
const READ_AT_ONCE = 1024;
/** What a reader waits for: some tenths of a second. */
const MAX_BACKLOG = 50_000;

export function closureRegister({ store, db, clock, log }: ClosureRegisterOptions): ClosureRegister {
  /** How far the log was read; undefined before the first look at the database and after a failure. */
  let progress: Progress | undefined;
  let updating: Promise<void> | undefined;

  async function start(): Promise<Progress> {
    const saved = (await db.get(PROGRESS_KEY))?.readUIntBE(0, 6) ?? 0;
    if (saved <= (await store.head()).size) return { read: saved, saved };
    // The records are an older copy: what was read of them beyond their end counts for nothing.
    await db.write([{ key: PROGRESS_KEY, value: progressRow(0) }]);
    await db.clear({ gte: Buffer.of(CLOSURES_TABLE), lt: Buffer.of(CLOSURES_TABLE + 1) });
    return { read: 0, saved: 0 };
  }

  async function ordersBetween(from: number, tags: readonly Uint8Array[]): Promise<Order[]> {
    const indexes = tags.flatMap((list, at) => (isOrder(list) ? [from + at] : []));
    const orders: Order[] = [];
    for (const [at, event] of (await store.events(indexes)).entries()) {
      const index = indexes[at] ?? 0;
      if (event?.disclosures === undefined) {
        log.error({ index }, "a seal or an erasure can no longer be read: it closes nothing");
        continue;
      }
      const order = orderIn(parseEvent(`${fromUtf8(event.payload)}~${event.disclosures}`), index);
      if (order !== undefined) orders.push(order);
    }
    return orders;
  }

  async function rowsAfter(orders: readonly Order[]): Promise<DerivedRow[]> {
    const leaves = [...new Set(orders.flatMap((order) => order.leaves))];
    const stored = await db.getMany(leaves.map((leaf) => leafKey(fromBase64url(leaf))));
    const byLeaf = new Map(leaves.map((leaf, at) => [leaf, ordersOf(stored[at])]));
    for (const order of orders) {
      for (const leaf of order.leaves) byLeaf.set(leaf, afterOrder(byLeaf.get(leaf) ?? NO_ORDERS, order));
    }
    return [...byLeaf].map(([leaf, value]) => ({
      key: leafKey(fromBase64url(leaf)),
      value: Buffer.from(JSON.stringify(value)),
    }));
  }

  async function readAll(): Promise<void> {
    let at = progress ?? (await start());
    for (;;) {
      const { read, saved } = at;
      const tags = await store.indexTags(read, read + READ_AT_ONCE);
      progress = at;
      if (tags.length === 0) return;
      const orders = await ordersBetween(read, tags);
      const next = read + tags.length;
      // Nothing is written for a few events without orders: to read them again costs less.
      const isDue = orders.length > 0 || next - saved >= READ_AT_ONCE;
      if (isDue)
        await db.write([...(await rowsAfter(orders)), { key: PROGRESS_KEY, value: progressRow(next) }]);
      at = { read: next, saved: isDue ? next : saved };
    }
  }

  function update(): Promise<void> {
    updating ??= readAll()
      .catch((error: unknown) => {
        // Whether the last write was kept is unknown.
        progress = undefined;
        throw error;
      })
      .finally(() => (updating = undefined));
    return updating;
  }

  async function caughtUp(): Promise<void> {
    const { size } = await store.head();
    const isBehind = (): boolean => (progress?.read ?? 0) < size;
    if (!isBehind()) return;
    const work = update();
    if (size - (progress?.read ?? 0) > MAX_BACKLOG) {
      work.catch((error: unknown) => log.error({ err: error }, "seals and erasures could not be read"));
      throw new LedgerError(
        "starting",
        "The ledger still reads which events are sealed. Ask again in a moment.",
      );
    }
    await work;
    // What was under way may have looked before the head that was asked for.
    if (isBehind()) await update();
  }

  return {
    update,
    closuresOf: async (leafHashes) => {
      await caughtUp();
      const rows = await db.getMany(leafHashes.map(leafKey));
      const now = clock.now();
      return rows.map((row) => closureAt(ordersOf(row), now));
    },
  };
}

function isOrder(tags: Uint8Array): boolean {
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    const kind = tags[at];
    if (kind === TAG_KINDS.seals || kind === TAG_KINDS.lifts || kind === TAG_KINDS.erases) return true;
  }
  return false;
}

function leafKey(leafHash: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(CLOSURES_TABLE), leafHash]);
}

function progressRow(read: number): Buffer {
  const row = Buffer.alloc(6);
  row.writeUIntBE(read, 0, 6);
  return row;
}

function ordersOf(row: Buffer | undefined): LeafOrders {
  if (row === undefined) return NO_ORDERS;
  const value: unknown = JSON.parse(row.toString());
  if (!isLeafOrders(value)) throw new Error("the derived database holds closures in no known form");
  return value;
}

/** The format of the derived database vouches for the rest. */
function isLeafOrders(value: unknown): value is LeafOrders {
  return isJsonObject(value) && Array.isArray(value["seals"]);
}
