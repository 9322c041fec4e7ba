import { Worker } from "node:worker_threads";
import type { Logger } from "pino";
import { FormatError } from "../../protocol/errors.ts";
import type { Clock } from "../clock.ts";
import { LedgerError, shuttingDown, type LedgerCode } from "../errors.ts";
import type { VerifiedSubmission } from "../sequence/verified.ts";
import type { KeyDirectory } from "./keys.ts";
import type { FromWorker, Outcome, Refusal, ToWorker } from "./messages.ts";
import type { VerifierSettings } from "./verify.ts";

export interface PoolParts {
  readonly settings: VerifierSettings;
  readonly keys: KeyDirectory;
  readonly clock: Clock;
  readonly log: Logger;
  /** Worker threads; two are best on two cores. */
  readonly threads: number;
  /** Bodies that wait for a thread; more are refused as `overloaded`. */
  readonly maxWaiting?: number;
  /** What a thread runs; tests make it fail. */
  readonly script?: URL;
}

/** Threads that verify submissions, so that the thread which sequences them never waits for a hash. */
export interface VerifierPool {
  /**
   * The checked submission of a request's body. The body's memory is taken: the caller must not use it afterwards.
   * A key that is not known yet makes the key directory look at the chain once.
   * @throws what `SubmissionVerifier.verify` throws; LedgerError `overloaded`.
   */
  verify: (body: Uint8Array) => Promise<VerifiedSubmission>;
  /** Ends the threads; what they were busy with is refused. */
  close: () => Promise<void>;
}

/** Some seconds of work for two threads on small submissions. */
const DEFAULT_MAX_WAITING = 4096;
/** Enough to amortise a message between threads, little enough to keep the others busy. */
const LIST_BYTES = 256 * 1024;
/** A thread has its next list when it finishes one. */
const LISTS_PER_THREAD = 2;
/** Unknown keys make us read the chain at most this often, however many are sent. */
const KEY_REFRESH_MS = 1000;

/** A thread that cannot even start is not started in a tight loop. */
const RESTART_MS = 1000;
/** What a thread has in hand is some submissions; left to itself, V8 lets it grow to three times this. */
const YOUNG_GENERATION_MEGABYTES = 48;
const WORKER = new URL("./worker.ts", import.meta.url);

/** Refusals that the chain may have made obsolete a moment ago. */
const MAY_BE_OUTDATED: ReadonlySet<LedgerCode> = new Set<LedgerCode>([
  "unknown-key",
  "key-of-another-source",
  "key-out-of-range",
  "not-entitled",
  "reserved-type",
]);

interface Job {
  body: Uint8Array;
  readonly resolve: (submission: VerifiedSubmission) => void;
  readonly reject: (error: unknown) => void;
  /** Which state of the keys it was verified with; it gets a second chance when they have changed since. */
  keysVersion: number;
  retried: boolean;
}

interface Thread {
  readonly worker: Worker;
  /** Lists it has not answered, oldest first. */
  readonly lists: Job[][];
}

export function createVerifierPool(parts: PoolParts): VerifierPool {
  const pool = new Pool(parts);
  return { verify: async (body) => await pool.verify(body), close: async () => await pool.close() };
}

class Pool {
  readonly #parts: PoolParts;
  readonly #threads: Thread[] = [];
  readonly #stopListening: () => void;
  readonly #queue: Job[] = [];
  #dispatchPlanned = false;
  #closed = false;
  #keysVersion = 0;
  #refreshedAt = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

  constructor(parts: PoolParts) {
    this.#parts = parts;
    for (let n = 0; n < parts.threads; n++) this.#startThread();
    this.#stopListening = parts.keys.onChange(() => {
      this.#keysVersion++;
      for (const thread of this.#threads) this.#sendKeys(thread);
    });
  }

  async verify(body: Uint8Array): Promise<VerifiedSubmission> {
    if (this.#closed) throw shuttingDown();
    if (this.#queue.length >= (this.#parts.maxWaiting ?? DEFAULT_MAX_WAITING)) {
      throw new LedgerError(
        "overloaded",
        "Too many submissions wait already. Send the same again in a second.",
      );
    }
    return await new Promise((resolve, reject) => {
      this.#queue.push({ body, resolve, reject, keysVersion: 0, retried: false });
      this.#planDispatch();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stopListening();
    await Promise.all(this.#threads.map(async ({ worker }) => await worker.terminate()));
    const unanswered = [...this.#queue.splice(0), ...this.#threads.flatMap(({ lists }) => lists.flat())];
    for (const job of unanswered) job.reject(shuttingDown());
  }

  #startThread(): void {
    const worker = new Worker(this.#parts.script ?? WORKER, {
      workerData: this.#parts.settings,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MEGABYTES },
    });
    const thread: Thread = { worker, lists: [] };
    worker.on("message", (outcomes: FromWorker) => this.#take(thread, outcomes));
    worker.on("error", (error) => this.#replaceThread(thread, error));
    this.#threads.push(thread);
    this.#sendKeys(thread);
    this.#planDispatch();
  }

  #sendKeys({ worker }: Thread): void {
    worker.postMessage({ kind: "keys", keys: this.#parts.keys.keys() } satisfies ToWorker);
  }

  /** A thread that fails by itself is a mistake of ours: what it held is refused, the others go on. */
  #replaceThread(failed: Thread, error: unknown): void {
    this.#parts.log.error({ err: error }, "a verifying thread failed and is replaced");
    this.#threads.splice(this.#threads.indexOf(failed), 1);
    for (const job of failed.lists.splice(0).flat()) {
      job.reject(new Error("the verifying thread failed", { cause: error }));
    }
    setTimeout(() => {
      if (!this.#closed) this.#startThread();
    }, RESTART_MS).unref();
  }

  /** Bodies that arrive in the same turn of the event loop travel in the same message. */
  #planDispatch(): void {
    if (this.#dispatchPlanned) return;
    this.#dispatchPlanned = true;
    setImmediate(() => {
      this.#dispatchPlanned = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    if (this.#closed) return;
    const fair = Math.ceil(this.#queue.length / Math.max(1, this.#threads.length));
    for (let round = 1; round <= LISTS_PER_THREAD; round++) {
      for (const thread of this.#threads) {
        if (this.#queue.length > 0 && thread.lists.length < round) this.#send(thread, this.#nextList(fair));
      }
    }
  }

  #nextList(maxJobs: number): Job[] {
    let bytes = 0;
    let jobs = 0;
    while (jobs < maxJobs && bytes < LIST_BYTES) bytes += this.#queue[jobs++]?.body.length ?? LIST_BYTES;
    return this.#queue.splice(0, jobs);
  }

  #send(thread: Thread, list: Job[]): void {
    for (const job of list) {
      job.body = owned(job.body);
      job.keysVersion = this.#keysVersion;
    }
    const bodies = list.map(({ body }) => body);
    const memory = bodies.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
    thread.lists.push(list);
    thread.worker.postMessage({ kind: "verify", bodies } satisfies ToWorker, memory);
  }

  #take(thread: Thread, outcomes: readonly Outcome[]): void {
    const list = thread.lists.shift() ?? [];
    this.#dispatch();
    for (const [at, job] of list.entries()) {
      const outcome = outcomes[at];
      if (outcome === undefined) job.reject(new Error("a verifying thread answered too little"));
      else if (outcome.kind === "verified") job.resolve(outcome.submission);
      else void this.#refuse(job, outcome.refusal, outcome.body);
    }
  }

  async #refuse(job: Job, refusal: Refusal, body: Uint8Array): Promise<void> {
    const mayBeOutdated = refusal.kind === "ledger" && MAY_BE_OUTDATED.has(refusal.code) && !job.retried;
    if (mayBeOutdated && job.keysVersion === this.#keysVersion) await this.#refreshKeys();
    if (!mayBeOutdated || job.keysVersion === this.#keysVersion) {
      job.reject(errorOf(refusal));
      return;
    }
    job.retried = true;
    job.body = body;
    this.#queue.push(job);
    this.#planDispatch();
  }

  /** Reads the keys from the chain, unless that was done a moment ago. */
  async #refreshKeys(): Promise<void> {
    const now = this.#parts.clock.now();
    if (this.#refreshing === undefined && now - this.#refreshedAt >= KEY_REFRESH_MS) {
      this.#refreshedAt = now;
      this.#refreshing = this.#parts.keys
        .refresh()
        .catch((error: unknown) =>
          this.#parts.log.warn({ err: error }, "the recorder keys could not be read"),
        )
        .finally(() => (this.#refreshing = undefined));
    }
    await this.#refreshing;
  }
}

function errorOf(refusal: Refusal): Error {
  switch (refusal.kind) {
    case "ledger":
      return new LedgerError(refusal.code, refusal.message, { members: refusal.members });
    case "format":
      return new FormatError(refusal.code, refusal.message);
    case "fault":
      return new Error(`a submission could not be verified: ${refusal.message}`);
  }
}

/** The same bytes in memory of their own, which can be moved to another thread. */
function owned(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
