import { Worker } from "node:worker_threads";
import { VRF_PROOF_BYTES } from "../../protocol/vrf.ts";
import { shuttingDown } from "../errors.ts";
import type { VrfRequest } from "./vrf-worker.ts";

/** Threads that compute the log's random function. They are started when something is asked for first. */
export interface VrfPool {
  /** The 64-byte output for an id. */
  output: (id: string) => Promise<Uint8Array>;
  /** Output and 80-byte proof; asked for by people who wait, so it goes before all outputs. */
  proof: (id: string) => Promise<{ readonly output: Uint8Array; readonly proof: Uint8Array }>;
  /** Computed since the start. */
  computed: () => number;
  close: () => Promise<void>;
}

const OUTPUT_BYTES = 64;
/** A person waits for no more than one list in front, and a message carries enough to be worth it. */
const LIST_IDS = 8;

interface Job {
  readonly id: string;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  list: readonly Job[];
}

const WORKER = new URL("./vrf-worker.ts", import.meta.url);

/** Threads at most; the seed is the VRF's secret key. */
export function vrfPool(seed: Uint8Array, threads: number): VrfPool {
  const running: Thread[] = [];
  const queues: Readonly<Record<VrfRequest["wants"], Job[]>> = { proof: [], output: [] };
  let computed = 0;
  let closed = false;

  function start(): Thread {
    const thread: Thread = { worker: new Worker(WORKER, { workerData: seed }), list: [] };
    thread.worker.on("message", (bytes: Uint8Array) => take(thread, bytes));
    thread.worker.on("error", (error) => {
      running.splice(running.indexOf(thread), 1);
      for (const job of thread.list) job.reject(new Error("a VRF thread failed", { cause: error }));
      dispatch();
    });
    // The process may end although a thread has nothing to do.
    thread.worker.unref();
    running.push(thread);
    return thread;
  }

  function dispatch(): void {
    while (!closed && queues.proof.length + queues.output.length > 0) {
      const idle = running.find(({ list }) => list.length === 0);
      if (idle === undefined && running.length >= threads) return;
      send(idle ?? start());
    }
  }

  function send(thread: Thread): void {
    const wants = queues.proof.length > 0 ? "proof" : "output";
    thread.list = queues[wants].splice(0, LIST_IDS);
    thread.worker.ref();
    thread.worker.postMessage({ wants, ids: thread.list.map(({ id }) => id) } satisfies VrfRequest);
  }

  function take(thread: Thread, bytes: Uint8Array): void {
    const list = thread.list;
    const width = bytes.length / list.length;
    thread.list = [];
    thread.worker.unref();
    computed += list.length;
    for (const [at, { resolve }] of list.entries()) resolve(bytes.slice(at * width, (at + 1) * width));
    dispatch();
  }

  function compute(wants: VrfRequest["wants"], id: string): Promise<Uint8Array> {
    if (closed) return Promise.reject(shuttingDown());
    return new Promise((resolve, reject) => {
      queues[wants].push({ id, resolve, reject });
      // The ids of one turn of the event loop travel together.
      queueMicrotask(dispatch);
    });
  }

  return {
    output: async (id) => await compute("output", id),
    proof: async (id) => {
      const bytes = await compute("proof", id);
      return {
        output: bytes.subarray(0, OUTPUT_BYTES),
        proof: bytes.subarray(OUTPUT_BYTES, OUTPUT_BYTES + VRF_PROOF_BYTES),
      };
    },
    computed: () => computed,
    close: async () => {
      closed = true;
      await Promise.all(running.map(async ({ worker }) => await worker.terminate()));
      const unanswered = [...running.flatMap(({ list }) => list), ...queues.proof, ...queues.output];
      for (const job of unanswered) job.reject(shuttingDown());
    },
  };
}
