import type { Logger } from "pino";
import { fromBase64url, fromUtf8 } from "../../protocol/bytes.ts";
import { closingBar } from "../../protocol/closing.ts";
import { type ParsedEvent, parseEvent } from "../../protocol/event.ts";
import { parsePayload } from "../../protocol/payload.ts";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { Store, StoredEvent } from "../store/store.ts";
import type { ClosureRegister } from "./closure-register.ts";
import { sealAt } from "./closures.ts";
import {
  type ErasedEvent,
  erasedLeaves,
  type ErasureOrder,
  type ErasureRegister,
  type Progress,
} from "./erasures.ts";

export interface EraserOptions {
  readonly store: Pick<
    Store,
    "events" | "eraseKeys" | "destroyed" | "leads" | "lastAnchor" | "submissionOfIndex"
  >;
  readonly erasures: ErasureRegister;
  readonly closures: Pick<ClosureRegister, "ordersOf">;
  /** The log index of a leaf; undefined when it is in no published checkpoint. */
  readonly leafIndex: (leafHash: Uint8Array) => Promise<number | undefined>;
  /** What derives something from opened events: each resolves with the size of the log up to which it has read what it needs. */
  readonly readers: readonly (() => Promise<number>)[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** What waits, as of the last look. */
export interface EraserStatus {
  /** Orders that something waits for, those that wait for nothing but a seal's end not counted. */
  readonly waiting: number;
  /** Orders that wait for nothing but a seal's end. */
  readonly sealed: number;
  /** How long the oldest of the waiting has waited, in seconds; 0 when none does. */
  readonly oldestSeconds: number;
  /** Events destroyed since the start. */
  readonly destroyed: number;
}

/**
 * Executes the log's erasures: destroys the keys and disclosures of what they name, once nothing needs to read them any more. That is when a
 * final anchor's index covers the event and the order, so that every statement shows the entry closed and proves by whom, and the index never
 * has to be computed from what is gone. What a seal holds is kept until the seal ends: an investigation's evidence is not destroyed under it.
 *
 * Of several servers the leader destroys, and the others go by what it has destroyed.
 *
 * It keeps no state but what the register derives: killed at any point, it does again what it does not know to be done. An event that cannot be opened, as
 * its records are damaged, waits, and no other waits for it.
 */
export interface Eraser {
  /** Executes what can be executed now. */
  readonly run: () => Promise<void>;
  readonly status: () => EraserStatus;
}

const ORDERS_AT_ONCE = 16;
/** Seals end to the minute at most; there may be many, and each look opens what they hold. */
const SEALED_LOOK_MS = 60_000;

/** An event that an order names, in the log before it. */
interface Target {
  readonly leaf: string;
  readonly index: number;
  readonly event: StoredEvent;
}

/** What becomes of an order now. */
interface Plan {
  readonly order: ErasureOrder;
  readonly targets: readonly Target[];
  readonly kept: number;
  readonly sealed: number;
  /** Events that cannot be opened, so that nobody knows whether they may be emptied. */
  readonly damaged: number;
}

/** What the records hold at an index: an event with its disclosures, if they are there. */
interface Opened {
  readonly stored: StoredEvent;
  readonly event: ParsedEvent | undefined;
}

export function eraser(options: EraserOptions): Eraser {
  const { store, erasures, closures, leafIndex, readers, clock, log } = options;
  let [waiting, sealed, destroyed] = [0, 0, 0];
  /** When the oldest of the waiting was ordered, Unix seconds. */
  let since: number | undefined;
  /** When what only seals hold is looked at again, milliseconds. */
  let sealedLookAt = -Infinity;
  /** Indexes of damaged events that were reported: once each, and not at every look. */
  const reported = new Set<number>();

  async function run(): Promise<void> {
    await erasures.update();
    const looksAtSealed = clock.now() >= sealedLookAt;
    if (looksAtSealed) sealedLookAt = clock.now() + SEALED_LOOK_MS;
    let [stillWaiting, stillSealed] = [0, 0];
    let oldest: ErasureOrder | undefined;
    for (let from = 0; ;) {
      const orders = await erasures.waiting({ from, limit: ORDERS_AT_ONCE });
      const last = orders.at(-1);
      if (last === undefined) break;
      const page = orders.filter((order) => looksAtSealed || !isOnlySealed(order));
      stillSealed += orders.length - page.length;
      // Before anything can fail, so that what fails for long is seen to wait.
      since ??= await timeOf(page.find((order) => !isOnlySealed(order)));
      const executed = await execute(page);
      for (const [at, order] of page.entries()) {
        const after = executed[at] ?? order;
        destroyed += after.destroyed - order.destroyed;
        if (after.done !== undefined) continue;
        if (isOnlySealed(after)) {
          stillSealed++;
          continue;
        }
        stillWaiting++;
        oldest ??= order;
      }
      from = last.index + 1;
    }
    since = await timeOf(oldest);
    [waiting, sealed] = [stillWaiting, stillSealed];
  }

  async function timeOf(order: ErasureOrder | undefined): Promise<number | undefined> {
    return order && (await store.submissionOfIndex(order.index))?.time;
  }

  /** The orders as they stand after what could be done; undefined for one that has to wait as a whole. */
  async function execute(page: readonly ErasureOrder[]): Promise<(ErasureOrder | undefined)[]> {
    const covered = (await store.lastAnchor())?.indexSize ?? 0;
    const due = page.filter(({ index }) => index < covered);
    if (due.length === 0 || !(await haveRead(Math.max(...due.map(({ index }) => index)) + 1)))
      return page.map(() => undefined);
    const plans: Plan[] = [];
    for (const order of due) plans.push(await planOf(order));
    const targets = plans.flatMap((plan) => plan.targets);
    const gone = await destroyedOf([...new Set(targets.map(({ index }) => index))]);
    const progress = plans.map((plan) => progressOf(plan, gone));
    await erasures.record(progress.filter(({ order }, at) => isNews(order, due[at])));
    for (const { order, erased } of progress) {
      if (erased.length > 0)
        log.info({ index: order.index, events: erased.length }, "the keys of erased events were destroyed");
    }
    const after = new Map(progress.map(({ order }) => [order.index, order]));
    return page.map(({ index }) => after.get(index));
  }

  /** Of these events those whose keys are in no file any more: all, where this server leads. */
  async function destroyedOf(indexes: readonly number[]): Promise<ReadonlySet<number>> {
    const done = await store.destroyed(indexes);
    if (!store.leads()) return done;
    await store.eraseKeys(indexes.filter((index) => !done.has(index)));
    return new Set(indexes);
  }

  async function planOf(order: ErasureOrder): Promise<Plan> {
    const [ordered] = await openedAt([order.index]);
    if (ordered?.event === undefined)
      return { order, targets: [], sealed: 0, kept: 0, damaged: order.events - order.destroyed };
    const leaves = erasedLeaves(ordered.event);
    const done = await erasures.destroyed(leaves);
    const hashes = leaves.filter((leaf) => !done.has(leaf)).map((leaf) => fromBase64url(leaf));
    const places = await Promise.all(hashes.map(leafIndex));
    const closed = await closures.ordersOf(hashes);
    const found = places.flatMap((index, at) => {
      const leafHash = hashes[at];
      // What came after the order was not meant by it: nobody can know a leaf hash before.
      if (index === undefined || index >= order.index || leafHash === undefined) return [];
      const isSealed = sealAt(closed[at] ?? { seals: [] }, clock.now()) !== undefined;
      return [{ leaf: Buffer.from(leafHash).toString("base64url"), index, isSealed }];
    });
    const events = await openedAt(found.map(({ index }) => index));
    const targets: Target[] = [];
    let [sealed, damaged] = [0, 0];
    for (const [at, { leaf, index, isSealed }] of found.entries()) {
      const opened = events[at];
      if (opened === undefined) damaged++;
      else if (isBarred(opened)) continue;
      else if (isSealed) sealed++;
      else targets.push({ leaf, index, event: opened.stored });
    }
    // Of those destroyed by another order before, this one has nothing to do.
    const kept = leaves.length - done.size - targets.length - sealed - damaged;
    return { order, targets, sealed, kept, damaged };
  }

  /** The events at these indexes; undefined for one that cannot be opened. Such a one spoils the page: then they are read one by one. */
  async function openedAt(indexes: readonly number[]): Promise<(Opened | undefined)[]> {
    try {
      return (await store.events(indexes)).map(openedOf);
    } catch (error) {
      // The disk or the end: that is no fault of an event.
      if (error instanceof LedgerError) throw error;
      const [index] = indexes;
      if (indexes.length > 1)
        return (await Promise.all(indexes.map(async (each) => await openedAt([each])))).flat();
      // Not what was thrown, which may quote the event.
      if (index !== undefined && !reported.has(index))
        log.error({ index }, "an erasure waits, as an event cannot be opened: the records are damaged");
      if (index !== undefined) reported.add(index);
      return [undefined];
    }
  }

  async function haveRead(size: number): Promise<boolean> {
    for (const reader of readers) if ((await reader()) < size) return false;
    return true;
  }

  function progressOf({ order, targets, kept, sealed, damaged }: Plan, gone: ReadonlySet<number>): Progress {
    const executed = targets.filter(({ index }) => gone.has(index));
    const left = sealed + damaged + targets.length - executed.length;
    const erased = executed.map(({ leaf, event }): Omit<ErasedEvent, "number"> => {
      const { src, seq } = parsePayload(fromUtf8(event.payload));
      return { source: src, seq, leaf, order: order.index };
    });
    const counted = { ...order, destroyed: order.events - kept - left, kept, sealed };
    return {
      order: left > 0 ? counted : { ...counted, done: Math.floor(clock.now() / 1000) },
      erased,
    };
  }

  return {
    run,
    status: () => ({
      ...{ waiting, sealed, destroyed },
      oldestSeconds: since === undefined ? 0 : Math.max(0, clock.now() / 1000 - since),
    }),
  };
}

function openedOf(stored: StoredEvent | undefined): Opened {
  if (stored === undefined) throw new Error("the records lack an event");
  const { payload, disclosures } = stored;
  return {
    stored,
    event: disclosures === undefined ? undefined : parseEvent(`${fromUtf8(payload)}~${disclosures}`),
  };
}

/** Without its disclosures nothing can be said against it: it was found to be erasable before they were destroyed. */
function isBarred({ event }: Opened): boolean {
  return event !== undefined && closingBar(event, "erasure") !== undefined;
}

function isOnlySealed({ events, destroyed, kept, sealed }: ErasureOrder): boolean {
  return sealed > 0 && destroyed + kept + sealed === events;
}

function isNews(after: ErasureOrder, before: ErasureOrder | undefined): boolean {
  return JSON.stringify(after) !== JSON.stringify(before);
}
