import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Clock } from "../../clock.ts";
import { LedgerError } from "../../errors.ts";
import type { StoreReader } from "../../store/store.ts";
import type { Count } from "./counts.ts";
import type {
  IndexRange,
  PostingPage,
  PostingQuery,
  SearchThreadSettings,
  SearchThreadStatus,
} from "./messages.ts";
import { type SearchThread, startSearchThread } from "./thread.ts";

/*
 * The search over the log. It follows the records at its own pace, in a thread and a database of its own: receiving never waits for it. Derived, so a
 * crash loses nothing but the time to do it again.
 */

export interface SearchIndexParts {
  readonly store: Pick<StoreReader, "head" | "sealedEvents" | "submissionOfIndex"> & {
    readonly onHead: (listener: (head: { readonly size: number }) => void) => () => void;
  };
  readonly thread: SearchThreadSettings;
  readonly clock: Clock;
  readonly log: Logger;
  /** Starts the thread; tests may wrap it. */
  readonly start?: (settings: SearchThreadSettings) => SearchThread;
}

export interface SearchIndex {
  /** Begins to follow the records; catches up by itself. Does nothing the second time. */
  start: () => void;
  /**
   * Resolves when it is loaded (which it waits a few seconds for at most) and everything recorded at the time of asking can be found; at once where that is
   * far, and where loading failed.
   */
  caughtUp: () => Promise<void>;
  /** @throws LedgerError `starting` until it is loaded. */
  find: (query: PostingQuery) => Promise<PostingPage>;
  /** The smallest range of log indexes outside of which nothing was received in that time. @throws as `find` */
  range: (receivedFrom: number, receivedBefore: number) => Promise<IndexRange>;
  /** What was counted in a month (see monthOf). @throws as `find` */
  counts: (month: number) => Promise<readonly Count[]>;
  status: () => SearchStatus;
  close: () => Promise<void>;
}

/** What the search tells about itself. Everything is 0 until it is loaded. */
export interface SearchStatus {
  readonly isLoaded: boolean;
  /** Events that can be found. */
  readonly size: number;
  readonly lagEvents: number;
  /** How long events have waited to be found, at most; 0 when all can be. */
  readonly lagSeconds: number;
  readonly memoryBytes: number;
  readonly cpuMs: number;
}

/** Events handed over at once: a few milliseconds of the main thread, some tens of the search thread. */
const STEP_EVENTS = 512;
/** The share of the time that it works when it is behind: after a burst the other threads have the cores first. */
const DUTY = 0.5;
/** Below so many it works at once: the pause would be longer than the lag. */
const SMALL_STEP_EVENTS = 128;
/** Whoever asks waits for so many: some tenths of a second. */
const SOON_EVENTS = 4096;
/** Heads remembered, and how close together they count as one. */
const MAX_AHEAD = 1000;
const TOGETHER_MS = 100;
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** Whoever asks while it is being loaded waits that long at most. */
const LOADING_MS = 5_000;

/** Makes it; nothing runs before `start`. */
export function createSearchIndex(parts: SearchIndexParts): SearchIndex {
  const following = new Following(parts);
  return {
    start: () => following.start(),
    caughtUp: () => following.caughtUp(),
    find: (query) => following.find(query),
    range: (receivedFrom, receivedBefore) => following.range(receivedFrom, receivedBefore),
    counts: (month) => following.counts(month),
    status: () => following.status(),
    close: () => following.close(),
  };
}

class Following implements SearchIndex {
  readonly #parts: SearchIndexParts;
  #thread: SearchThread | undefined;
  #status: SearchThreadStatus | undefined;
  #head = 0;
  /** Sizes the log had and cannot be searched up to, oldest first, and since when. */
  #ahead: { size: number; readonly since: number }[] = [];
  /** Whether something may have been recorded since the last look. */
  #isStale = true;
  #running: Promise<void> | undefined;
  #isLoading = false;
  #closed = false;
  #unsubscribe = (): void => undefined;
  #wake = (): void => undefined;
  #waiting: { readonly size: number; readonly resolve: () => void }[] = [];

  constructor(parts: SearchIndexParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#running !== undefined || this.#closed) return;
    this.#unsubscribe = this.#parts.store.onHead(({ size }) => {
      this.#noteHead(size);
      this.#isStale = true;
      this.#wake();
    });
    this.#running = this.#run();
  }

  async caughtUp(): Promise<void> {
    const { size } = await this.#parts.store.head();
    if (this.#isLoading) await Promise.race([this.#taken(0), delay(LOADING_MS, undefined, { ref: false })]);
    const behind = size - (this.#status?.progress.size ?? Infinity);
    if (!(behind > 0 && behind <= SOON_EVENTS) || this.#closed) return;
    this.#wake();
    await this.#taken(size);
  }

  async find(query: PostingQuery): Promise<PostingPage> {
    return await this.#loaded().find(query);
  }

  async range(receivedFrom: number, receivedBefore: number): Promise<IndexRange> {
    return await this.#loaded().range(receivedFrom, receivedBefore);
  }

  async counts(month: number): Promise<readonly Count[]> {
    return await this.#loaded().counts(month);
  }

  status(): SearchStatus {
    const { progress, memoryBytes = 0, cpuMs = 0 } = this.#status ?? {};
    const size = progress?.size ?? 0;
    const [oldest] = this.#ahead;
    const waited = oldest === undefined ? 0 : this.#parts.clock.now() - oldest.since;
    return {
      isLoaded: this.#status !== undefined,
      size,
      lagEvents: Math.max(0, this.#head - size),
      lagSeconds: Math.max(0, waited / 1000),
      memoryBytes,
      cpuMs,
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    this.#wake();
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    await this.#running;
    await this.#thread?.close();
  }

  /** Resolves when so much of the log was taken in, and when it cannot be now. */
  async #taken(size: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push({ size, resolve });
    });
  }

  #loaded(): SearchThread {
    if (this.#thread !== undefined && this.#status !== undefined) return this.#thread;
    throw new LedgerError("starting", "The search is being loaded; try again.");
  }

  async #run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!this.#isClosed()) {
      try {
        if (this.#status === undefined) await this.#load();
        const began = performance.now();
        const read = await this.#step();
        retryMs = FIRST_RETRY_MS;
        if (read === 0) await this.#woken();
        else if (read > SMALL_STEP_EVENTS) await this.#woken((performance.now() - began) * (1 / DUTY - 1));
      } catch (error) {
        if (this.#isClosed()) return;
        this.#parts.log.error({ err: error, retryMs }, "building the search failed and is tried again");
        await this.#abandonThread();
        await this.#woken(retryMs);
        retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
      }
    }
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  /** Until something new may be there; with a limit, that time passes whatever comes. */
  async #woken(milliseconds?: number): Promise<void> {
    if (this.#closed || (milliseconds === undefined && this.#isStale)) return;
    await new Promise<void>((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(resolve, milliseconds);
      this.#wake = () => {
        if (timer !== undefined && !this.#closed) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => undefined;
  }

  /** Goes on from what the database holds, if that was read from these very records. */
  async #load(): Promise<void> {
    this.#isLoading = true;
    try {
      this.#thread = (this.#parts.start ?? startSearchThread)(this.#parts.thread);
      let status = await this.#thread.load();
      const { size, submission } = status.progress;
      const last = size === 0 ? undefined : await this.#parts.store.submissionOfIndex(size - 1);
      if (submission !== (last === undefined ? "" : nameOf(last))) status = await this.#thread.clear();
      this.#take(status);
    } finally {
      this.#isLoading = false;
    }
  }

  /** Reads the next events, to the end of a submission; returns how many. */
  async #step(): Promise<number> {
    const { store } = this.#parts;
    const thread = this.#loaded();
    const from = this.#status?.progress.size ?? 0;
    this.#isStale = false;
    this.#noteHead((await store.head()).size);
    if (from >= this.#head) return 0;
    this.#isStale = true;
    const last = await store.submissionOfIndex(Math.min(this.#head, from + STEP_EVENTS) - 1);
    if (last === undefined) throw new Error(`the records lack the submission before ${this.#head}`);
    const to = last.index + last.count;
    const events = await store.sealedEvents(from, to);
    if (events.count !== to - from) throw new Error(`the records lack events between ${from} and ${to}`);
    this.#take(await thread.extend(events, nameOf(last)));
    return to - from;
  }

  #noteHead(size: number): void {
    if (size <= this.#head && this.#status !== undefined) return;
    this.#head = size;
    const since = this.#parts.clock.now();
    const newest = this.#ahead.at(-1);
    // What came close together waits together.
    if (newest !== undefined && (since - newest.since < TOGETHER_MS || this.#ahead.length >= MAX_AHEAD))
      newest.size = size;
    else if (size > (this.#status?.progress.size ?? 0)) this.#ahead.push({ size, since });
  }

  #take(status: SearchThreadStatus): void {
    this.#status = status;
    const { size } = status.progress;
    this.#ahead = this.#ahead.filter((each) => each.size > size);
    const done = this.#waiting.filter((waiting) => waiting.size <= size);
    this.#waiting = this.#waiting.filter((waiting) => waiting.size > size);
    for (const { resolve } of done) resolve();
  }

  /** What it had in memory is not what its database has, or nobody knows: the next one begins with the database. */
  async #abandonThread(): Promise<void> {
    this.#status = undefined;
    const thread = this.#thread;
    this.#thread = undefined;
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    await thread?.close();
  }
}

/** A receipt is signed over where and when the submission was stored. */
function nameOf({ receipt }: { readonly receipt: string }): string {
  return createHash("sha256").update(receipt).digest("base64url");
}
