import { createHash, randomFillSync } from "node:crypto";
import { FormatError } from "../protocol/errors.ts";
import { makeEvent } from "../protocol/event.ts";
import type { Facets } from "../protocol/facet-values.ts";
import type { Source } from "../protocol/source.ts";
import { RecorderError } from "./errors.ts";
import type { SeqRange, Spool } from "./spool.ts";
import type { Timing } from "./timing.ts";

/** The numbers events were recorded under. `created` is false when their idempotency key had been recorded before. */
export interface RecordedRange extends SeqRange {
  created: boolean;
}

export interface IntakeLimits {
  /** Most events without a receipt. */
  events: number;
  /** Most bytes of event text without a receipt. */
  bytes: number;
}

/** Events handed in together, which get consecutive numbers in one write or none. */
interface Waiting {
  facets: readonly Facets[];
  once: string | undefined;
  resolve: (recorded: RecordedRange) => void;
  reject: (error: unknown) => void;
}

/** Most events of one fsync. More waits for the next: the event loop must not stand still while salting. */
const MAX_GROUP = 256;
/** First and longest wait before a failed disk is opened again. */
const RECOVER_FIRST_MS = 100;
const RECOVER_LONGEST_MS = 5_000;

/**
 * Takes events in: many callers, one writer. While one group is being fsynced the next gathers, so the rate is bounded by
 * the disk's bandwidth and not by its latency.
 */
export class Intake {
  readonly #spool: Spool;
  readonly #source: Source;
  readonly #limits: IntakeLimits;
  readonly #timing: Timing;
  readonly #onAppended: () => void;
  #queue: Waiting[] = [];
  #queuedEvents = 0;
  #writer: Promise<void> | undefined;
  readonly #underWay = new Map<string, Promise<RecordedRange>>();
  readonly #closing = new AbortController();

  constructor(parts: {
    spool: Spool;
    source: Source;
    limits: IntakeLimits;
    timing: Timing;
    onAppended: () => void;
  }) {
    this.#spool = parts.spool;
    this.#source = parts.source;
    this.#limits = parts.limits;
    this.#timing = parts.timing;
    this.#onAppended = parts.onAppended;
  }

  /** Whether the backlog is at its limit. */
  get full(): boolean {
    const { backlogEvents, backlogBytes } = this.#spool;
    return backlogEvents + this.#queuedEvents >= this.#limits.events || backlogBytes >= this.#limits.bytes;
  }

  /**
   * Spools events with checked facets, all or none; resolves when they are fsynced. Under an idempotency key the same request is
   * recorded once, whatever crashes or repeats. Rejects with `invalid-event` (too large once encoded), `spool-full`,
   * `spool-failed`, `stopped` or `closed`; then nothing was acknowledged.
   */
  record(facets: readonly Facets[], idempotencyKey?: string): Promise<RecordedRange> {
    if (idempotencyKey === undefined) return this.#enqueue(facets, undefined);
    const once = createHash("sha256").update(idempotencyKey).digest("base64url");
    const underWay = this.#underWay.get(once);
    if (underWay !== undefined) return underWay.then((recorded) => ({ ...recorded, created: false }));
    const recorded = this.#recordOnce(facets, once).finally(() => this.#underWay.delete(once));
    this.#underWay.set(once, recorded);
    return recorded;
  }

  async #recordOnce(facets: readonly Facets[], once: string): Promise<RecordedRange> {
    const known = await this.#spool.seqsOfOnce(once);
    return known === undefined ? this.#enqueue(facets, once) : { ...known, created: false };
  }

  /** Ends the intake: what waits unwritten is refused, what is being written is finished. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#writer;
  }

  async #enqueue(facets: readonly Facets[], once: string | undefined): Promise<RecordedRange> {
    this.#refuseWhenUnable();
    return new Promise((resolve, reject) => {
      this.#queue.push({ facets, once, resolve, reject });
      this.#queuedEvents += facets.length;
      this.#writer ??= this.#writeGroups().finally(() => {
        this.#writer = undefined;
      });
    });
  }

  #refuseWhenUnable(): void {
    if (this.#closing.signal.aborted) throw closed();
    const stop = this.#spool.state.stop;
    if (stop?.reason === "restored" || stop?.reason === "equivocation")
      throw new RecorderError("stopped", stop.detail);
    if (this.full) {
      throw new RecorderError(
        "spool-full",
        `The recorder holds its limit of ${this.#limits.events} events or ${this.#limits.bytes} bytes that the ledger has not yet received. Keep the event and send it again later.`,
      );
    }
  }

  async #writeGroups(): Promise<void> {
    // Lets the callers of this turn of the event loop join the first group.
    await Promise.resolve();
    let failures = 0;
    while (this.#queue.length > 0) {
      const group = this.#takeGroup();
      if (this.#closing.signal.aborted) {
        group.forEach((waiting) => waiting.reject(closed()));
        continue;
      }
      try {
        if (this.#spool.failed) await this.#spool.recover();
        await this.#write(group);
        failures = 0;
      } catch (error) {
        group.forEach((waiting) => waiting.reject(error));
        // The write may have been kept all the same: then the sender finds these events on the disk.
        this.#onAppended();
        failures += 1;
        const pause = Math.min(RECOVER_LONGEST_MS, RECOVER_FIRST_MS * 2 ** Math.min(failures, 10));
        if (this.#spool.failed && failures > 1) await this.#timing.sleep(pause, this.#closing.signal);
      }
    }
  }

  /** The longest-waiting requests, up to about MAX_GROUP events. */
  #takeGroup(): Waiting[] {
    let events = 0;
    let taken = 0;
    for (const { facets } of this.#queue) {
      if (taken > 0 && events + facets.length > MAX_GROUP) break;
      events += facets.length;
      taken += 1;
    }
    this.#queuedEvents -= events;
    return this.#queue.splice(0, taken);
  }

  /** Makes the events of a group and appends them. A request with an event that can't be made is refused alone and takes no number. */
  async #write(group: readonly Waiting[]): Promise<void> {
    // From here to the append nothing is awaited, so the numbers can't be taken by anyone else.
    const first = this.#spool.state.nextSeq;
    const made: { waiting: Waiting; first: number; texts: string[] }[] = [];
    let next = first;
    for (const waiting of group) {
      try {
        const from = next;
        const texts = waiting.facets.map((facets, at) =>
          makeEvent({ source: this.#source, seq: from + at, facets, random: randomBytes }),
        );
        made.push({ waiting, first: from, texts });
        next += texts.length;
      } catch (cause) {
        waiting.reject(unmakeable(cause));
      }
    }
    if (made.length === 0) return;
    await this.#spool.append(
      first,
      made.map(({ waiting: { once }, texts }) => (once === undefined ? { texts } : { texts, once })),
    );
    made.forEach(({ waiting, first: from, texts }) =>
      waiting.resolve({ first: from, count: texts.length, created: true }),
    );
    this.#onAppended();
  }
}

/** Values that are right one by one can still make too large an event. */
function unmakeable(cause: unknown): RecorderError {
  const fault = cause instanceof FormatError ? cause.message : "the event cannot be encoded";
  return new RecorderError("invalid-event", `${fault}; shorten the texts or record it as several events`, {
    cause,
  });
}

function closed(): RecorderError {
  return new RecorderError("closed", "The recorder is closing; send this to the next one.");
}

/** One call into the system's generator serves some hundred salts. */
const pool = new Uint8Array(16 * 1024);
let unused = 0;

function randomBytes(count: number): Uint8Array {
  if (count > unused) {
    randomFillSync(pool);
    unused = pool.length;
  }
  unused -= count;
  return pool.slice(unused, unused + count);
}
