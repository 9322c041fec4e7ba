import { fromBase64url } from "../../protocol/bytes.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { FollowedEvent, FollowLog } from "../integrate/log-follower.ts";
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
  readonly follow: FollowLog;
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
  /** All that was ordered about each of these leaves and still counts, as far as it is recorded at the time of asking. @throws as `closuresOf`. */
  ordersOf: (leafHashes: readonly Uint8Array[]) => Promise<LeafOrders[]>;
}

/** Letters of ours among the derived tables (integrate/derived.ts). */
const CLOSURES_TABLE = 0x63;
const PROGRESS_TABLE = 0x43;

export function closureRegister({ follow, db, clock, log }: ClosureRegisterOptions): ClosureRegister {
  const { update, caughtUp } = follow({
    subject: "which events are sealed",
    tables: [CLOSURES_TABLE],
    progressTable: PROGRESS_TABLE,
    tagKinds: [TAG_KINDS.seals, TAG_KINDS.lifts, TAG_KINDS.erases],
    rowsAfter: async (events) => await rowsAfter(events.flatMap(orderOf)),
  });

  function orderOf({ index, event }: FollowedEvent): Order[] {
    if (event === undefined) {
      log.error({ index }, "a seal or an erasure can no longer be read: it closes nothing");
      return [];
    }
    const order = orderIn(event, index);
    return order === undefined ? [] : [order];
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

  async function ordersAbout(leafHashes: readonly Uint8Array[]): Promise<LeafOrders[]> {
    await caughtUp();
    return (await db.getMany(leafHashes.map(leafKey))).map(ordersOf);
  }

  return {
    update,
    closuresOf: async (leafHashes) => {
      const orders = await ordersAbout(leafHashes);
      const now = clock.now();
      return orders.map((each) => closureAt(each, now));
    },
    ordersOf: ordersAbout,
  };
}

function leafKey(leafHash: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(CLOSURES_TABLE), leafHash]);
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
