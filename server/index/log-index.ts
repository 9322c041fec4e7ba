import type { Logger } from "pino";
import { utf8 } from "../../protocol/bytes.ts";
import type { IndexKey, IndexKind } from "../../protocol/index-keys.ts";
import { indexKey } from "../../protocol/index-tree.ts";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { Integrator } from "../integrate/integrator.ts";
import type { Store } from "../store/store.ts";
import { readBatch } from "./batch.ts";
import { MAX_BATCH_EVENTS } from "./builder.ts";
import { enrolTags } from "./enrolment.ts";
import type { ThreadSettings, ThreadStatus } from "./messages.ts";
import type { IndexKeyProof, IndexReader } from "./reader.ts";
import { type IndexThread, startIndexThread } from "./thread.ts";
import type { VrfPool } from "./vrf-pool.ts";

/*
 * The index stage. In: the checkpoints of the log, in order. Out: a version of the index tree for each, or for several at once when it is behind,
 * and proofs from the versions still needed. The records hold everything it is made of, so a crash loses nothing but the time to do
 * it again: after a start, and after any failure, the index thread loads the version its database holds and goes on from there.
 */

export interface LogIndexParts {
  readonly store: Pick<Store, "events" | "indexTags" | "indexKeys" | "addIndexKeys" | "leads">;
  readonly integrator: Pick<Integrator, "checkpoint" | "tree" | "onCheckpoint">;
  readonly thread: ThreadSettings;
  readonly vrf: VrfPool;
  /** See EnrolmentParts. */
  readonly tagOf: (key: IndexKey) => string;
  /** Index sizes that stand in the last final anchor and in the one on its way. Read before versions are let go. */
  readonly sizesInUse: () => Promise<readonly number[]>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The index of the log, as it grows. */
export interface LogIndex extends IndexReader {
  /** Begins to follow the checkpoints; catches up by itself. Does nothing the second time. */
  start: () => void;
  /** Calls the listener after every new version; returns the function that ends it. */
  onVersion: (listener: (version: IndexVersion) => void) => () => void;
  /** Keeps the version of this size until two later ones were asked to be kept: it may be about to be anchored. */
  keep: (size: number) => void;
  status: () => IndexStatus;
  close: () => Promise<void>;
}

export interface IndexVersion {
  readonly size: number;
  readonly root: Uint8Array;
}

/** What the index tells about itself. Everything is 0 until it is loaded. */
export interface IndexStatus {
  readonly isLoaded: boolean;
  /** Events that the newest version covers. */
  readonly size: number;
  readonly lagEvents: number;
  /** Age of the oldest checkpoint that no version covers. */
  readonly lagSeconds: number;
  /** For how long building it has failed without anything succeeding; 0 while it goes on. */
  readonly failingSeconds: number;
  /** Keys that have events. */
  readonly keys: number;
  /** Versions that can be proven from, and the nodes of them all. */
  readonly versions: number;
  readonly nodes: number;
  readonly memoryBytes: number;
  /** VRF outputs and proofs computed since the start. */
  readonly vrfs: number;
}

/** Rows of the store's keys carried to the thread at once. */
const KEYS_AT_ONCE = 4096;
const KEPT_FOR_ANCHORS = 2;
/** Versions that a server keeps which goes by another's anchors: which of them is anchored, it learns later. Of as many checkpoints none is passed over. */
const KEPT_FOR_LEADER = 8;
/** A disk or a record that failed seldom recovers at once, and loading a large index is work. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** VRF proofs kept: of the people whose statements are being read. */
const PROOFS_KEPT = 4096;

/** Makes the stage; nothing runs before `start`. */
export function createLogIndex(parts: LogIndexParts): LogIndex {
  return new Following(parts);
}

class Following implements LogIndex {
  readonly #parts: LogIndexParts;
  readonly #listeners = new Set<(version: IndexVersion) => void>();
  readonly #proofs = new Map<string, IndexKeyProof>();
  /** Checkpoints that no version covers, oldest first, and when they came. */
  #waiting: { readonly size: number; readonly since: number }[] = [];
  #unsubscribe = (): void => undefined;
  #wake = (): void => undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  #failingSince: number | undefined;
  #thread: IndexThread | undefined;
  /** Rows of the store's keys that the thread has. */
  #keyRows = 0;
  #status: ThreadStatus | undefined;
  #kept: readonly number[] = [];
  /** Sizes of the newest versions. */
  #recent: readonly number[] = [];

  constructor(parts: LogIndexParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#running !== undefined || this.#closed) return;
    const { integrator, clock } = this.#parts;
    this.#unsubscribe = integrator.onCheckpoint(({ size }) => {
      this.#waiting.push({ size, since: clock.now() });
      this.#wake();
    });
    const published = integrator.checkpoint();
    if (published !== undefined) this.#waiting.push({ size: published.size, since: clock.now() });
    this.#running = this.#run();
  }

  async keyOf(kind: IndexKind, id: string): Promise<IndexKeyProof> {
    if (kind === "consent") return { key: indexKey(kind, utf8(id)), vrf: undefined };
    // By tag: no list of ids lies about in memory.
    const name = `${kind} ${this.#parts.tagOf({ kind, id })}`;
    const kept = this.#proofs.get(name);
    if (kept !== undefined) {
      // A Map keeps its keys in the order they came: the first is the one used longest ago.
      this.#proofs.delete(name);
      this.#proofs.set(name, kept);
      return kept;
    }
    const { output, proof } = await this.#parts.vrf.proof(id);
    const made = { key: indexKey(kind, output), vrf: proof };
    this.#proofs.set(name, made);
    const [oldest] = this.#proofs.size > PROOFS_KEPT ? this.#proofs.keys() : [];
    if (oldest !== undefined) this.#proofs.delete(oldest);
    return made;
  }

  async prove(key: Uint8Array, indexSize: number): ReturnType<IndexReader["prove"]> {
    return await this.#loaded().prove(key, indexSize);
  }

  async postings(key: Uint8Array, from: number, to: number): ReturnType<IndexReader["postings"]> {
    return await this.#loaded().postings(key, from, to);
  }

  newest(): IndexVersion | undefined {
    return this.#status;
  }

  onVersion(listener: (version: IndexVersion) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  keep(size: number): void {
    if (this.#kept.at(-1) !== size) this.#kept = [...this.#kept, size].slice(-KEPT_FOR_ANCHORS);
  }

  status(): IndexStatus {
    const { integrator, clock, vrf } = this.#parts;
    const { size = 0, keys = 0, sizes = [], nodes = 0, memoryBytes = 0 } = this.#status ?? {};
    const [oldest] = this.#waiting;
    return {
      isLoaded: this.#status !== undefined,
      size,
      lagEvents: Math.max(0, (integrator.checkpoint()?.size ?? 0) - size),
      lagSeconds: oldest === undefined ? 0 : Math.max(0, (clock.now() - oldest.since) / 1000),
      failingSeconds:
        this.#failingSince === undefined ? 0 : Math.max(0, (clock.now() - this.#failingSince) / 1000),
      keys,
      versions: sizes.length,
      nodes,
      memoryBytes,
      vrfs: vrf.computed(),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unsubscribe();
    this.#wake();
    const thread = this.#thread;
    await thread?.close();
    await this.#running;
  }

  #loaded(): IndexThread {
    if (this.#thread !== undefined && this.#status !== undefined) return this.#thread;
    throw new LedgerError("starting", "The index is being loaded; try again.");
  }

  async #run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!this.#isClosed()) {
      try {
        const size = this.#status?.size;
        const target = this.#parts.integrator.checkpoint()?.size;
        if (target === undefined || size === target) {
          await this.#woken();
          continue;
        }
        if (size === undefined) await this.#load(target);
        else await this.#extend(size, await this.#nextSize(size, target));
        // What was loaded may be what cannot be extended.
        if (size === undefined && this.#status?.size !== target) continue;
        retryMs = FIRST_RETRY_MS;
        this.#failingSince = undefined;
      } catch (error) {
        if (this.#isClosed()) return;
        this.#failingSince ??= this.#parts.clock.now();
        this.#parts.log.error({ err: error, retryMs }, "indexing failed and is tried again");
        if (this.#status === undefined || this.#thread?.isAlive() !== true) await this.#abandonThread();
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
    if (this.#closed) return;
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

  async #load(limit: number): Promise<void> {
    this.#thread = startIndexThread(this.#parts.thread);
    this.#keyRows = 0;
    await this.#sendKeys(this.#thread);
    this.#take(await this.#thread.load(limit));
  }

  /** Through the sizes that stand in anchors, so that an index that is built again is compared with the anchored one. */
  async #nextSize(size: number, target: number): Promise<number> {
    const anchored = (await this.#parts.sizesInUse()).filter((each) => each > size);
    // The leader may anchor its index at any of these. Far behind, the last anchored ones do.
    const published = this.#waiting.map((checkpoint) => checkpoint.size).filter((each) => each > size);
    const follows = !this.#parts.store.leads() && published.length <= KEPT_FOR_LEADER;
    return Math.min(target, size + MAX_BATCH_EVENTS, ...anchored, ...(follows ? published : []));
  }

  async #extend(from: number, to: number): Promise<void> {
    const { store, integrator } = this.#parts;
    const thread = this.#loaded();
    const batch = await readBatch(from, to, { store, tree: integrator.tree() });
    let unknown = await thread.unknownTags(batch);
    if (unknown.length > 0) {
      // Another server may have given them keys already, and the events may have been erased since.
      await this.#sendKeys(thread);
      unknown = await thread.unknownTags(batch);
    }
    if (unknown.length > 0) {
      await enrolTags(unknown, this.#parts);
      await this.#sendKeys(thread);
    }
    this.#take(await thread.extend(batch));
    this.#recent = [...this.#recent, to].slice(-KEPT_FOR_LEADER);
    const inUse = await this.#parts.sizesInUse();
    const recent = this.#parts.store.leads() ? [] : this.#recent;
    this.#status = await thread.keep([...inUse, ...this.#kept, ...recent]);
  }

  /** The keys that the store has and the thread has not. */
  async #sendKeys(thread: IndexThread): Promise<void> {
    for (;;) {
      const rows = await this.#parts.store.indexKeys({ from: this.#keyRows, limit: KEYS_AT_ONCE });
      await thread.addKeys(Buffer.concat(rows.flatMap(({ tag, key }) => [tag, key])));
      this.#keyRows += rows.length;
      if (rows.length < KEYS_AT_ONCE) return;
    }
  }

  #take(status: ThreadStatus): void {
    this.#status = status;
    this.#waiting = this.#waiting.filter(({ size }) => size > status.size);
    for (const listener of this.#listeners) listener(status);
  }

  /** What it had in memory is not what its database has, or nobody knows: the next one begins with the database. */
  async #abandonThread(): Promise<void> {
    this.#status = undefined;
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.close();
  }
}
