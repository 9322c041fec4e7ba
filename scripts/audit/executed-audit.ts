import { equal, fromBase64url, fromUtf8 } from "../../protocol/bytes.ts";
import { closingBar } from "../../protocol/closing.ts";
import { parseEvent } from "../../protocol/event.ts";
import { leafHash } from "../../protocol/merkle.ts";
import { TAG_KINDS } from "../../protocol/tag-kinds.ts";
import {
  afterOrder,
  ERASURE_PROMISE_SECONDS,
  type LeafOrders,
  NO_ORDERS,
  type Order,
  orderIn,
  sealAt,
} from "../../server/disclose/closures.ts";
import type { StoredEvent, StoreReader } from "../../server/store/store.ts";
import type { ChainReader } from "../../verifier/chain.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { type AuditedEvent, fault } from "./event-audit.ts";
import { keptLeafIndexes } from "./kept-log.ts";
import type { KeptRecords } from "./databases.ts";

/** Log indexes of the orders that matter here, in log order. */
export interface OrdersSeen {
  /** Erasures not known to be executed. */
  readonly erasures: number[];
  /** Seals, placed and lifted. */
  readonly seals: number[];
}

/** Notes the order that an event may be. */
export function noteOrder({ erasures, seals }: OrdersSeen, { index, tags }: AuditedEvent): void {
  const kinds = new Set(tags.map((tag) => tag[0]));
  if (kinds.has(TAG_KINDS.erases)) erasures.push(index);
  if (kinds.has(TAG_KINDS.seals) || kinds.has(TAG_KINDS.lifts)) seals.push(index);
}

interface ExecutedOptions {
  readonly reader: StoreReader;
  readonly derived: NonNullable<KeptRecords["derived"]>;
  readonly chain: ChainReader;
  readonly profile: TrustProfile;
  readonly asOf: number;
}

/**
 * Whether every erasure was executed within the time for it: what it names is in the log without a key, unless nothing can erase it or a seal
 * keeps it. Resolves with the erasures that are still under way.
 * @throws AuditFault `executed`.
 */
export async function requireExecuted(
  { erasures, seals }: OrdersSeen,
  { reader, derived, chain, profile, asOf }: ExecutedOptions,
): Promise<number[]> {
  const now = await chain.blockTime(asOf);
  const open: number[] = [];
  for (const index of erasures) {
    const order = await orderAt(index);
    if (order === undefined) continue;
    const left = await notErased(order);
    if (left.length === 0) continue;
    open.push(index);
    const anchor = await chain.anchorCovering(profile.anchorRegistry, profile.logId, index, asOf);
    if (anchor === null || now - anchor.time <= ERASURE_PROMISE_SECONDS) continue;
    for (const { place, leaf } of left) {
      if (sealAt(await sealsOf(leaf), now * 1000) === undefined)
        throw fault("executed", place, `it was ordered erased at ${index}, and its key is still there`);
    }
  }
  return open;

  async function orderAt(index: number): Promise<Order | undefined> {
    const event = (await reader.events([index]))[0];
    return event && opened(event, index);
  }

  /** The events before an erasure that it could empty, and did not. */
  async function notErased(order: Order): Promise<{ readonly place: number; readonly leaf: string }[]> {
    const left: { readonly place: number; readonly leaf: string }[] = [];
    const hashes = order.leaves.map((leaf) => fromBase64url(leaf));
    const places = await keptLeafIndexes(derived, hashes);
    for (const [at, leaf] of order.leaves.entries()) {
      const [place, hash = new Uint8Array()] = [places[at], hashes[at]];
      if (place === undefined || place >= order.index) continue;
      const [event] = await reader.events([place]);
      // The derived database keeps half of each hash.
      if (event?.disclosures === undefined || !equal(leafHash(event.payload), hash)) continue;
      const text = `${fromUtf8(event.payload)}~${event.disclosures}`;
      if (closingBar(parseEvent(text), "erasure") === undefined) left.push({ place, leaf });
    }
    return left;
  }

  async function sealsOf(leaf: string): Promise<LeafOrders> {
    let orders: LeafOrders = NO_ORDERS;
    for (const index of seals) {
      const order = await orderAt(index);
      if (order?.leaves.includes(leaf) === true) orders = afterOrder(orders, order);
    }
    return orders;
  }
}

/**
 * Whether the derived database leads to each of these events by its leaf, as far as it goes: what it hid, an erasure would never reach.
 * @throws AuditFault `executed`.
 */
export async function requireFound(
  events: readonly AuditedEvent[],
  derived: NonNullable<KeptRecords["derived"]>,
  size: number,
): Promise<void> {
  const within = events.filter(({ index }) => index < size);
  const places = await keptLeafIndexes(
    derived,
    within.map(({ leafHash: hash }) => hash),
  );
  const lost = within.find(({ index }, at) => places[at] !== index);
  if (lost !== undefined)
    throw fault("executed", lost.index, "its leaf hash does not lead to it, so no erasure would find it");
}

function opened({ payload, disclosures }: StoredEvent, index: number): Order | undefined {
  if (disclosures === undefined) return undefined;
  return orderIn(parseEvent(`${fromUtf8(payload)}~${disclosures}`), index);
}
