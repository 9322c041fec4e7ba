import { Worker } from "node:worker_threads";
import type { EventBatch, UnknownTag } from "./builder.ts";
import type {
  ReplyMessage,
  RequestMessage,
  ThreadReply,
  ThreadRequest,
  ThreadSettings,
  ThreadStatus,
} from "./messages.ts";
import type { IndexAnswer, Posting } from "./reader.ts";

/**
 * The index thread as the main thread sees it. Once one call has failed all others do: the thread ended, and a new one begins from what
 * the database holds. One `extend` at a time.
 */
export interface IndexThread {
  addKeys: (rows: Uint8Array) => Promise<void>;
  load: (limit: number) => Promise<ThreadStatus>;
  unknownTags: (batch: EventBatch) => Promise<readonly UnknownTag[]>;
  extend: (batch: EventBatch) => Promise<ThreadStatus>;
  keep: (sizes: readonly number[]) => Promise<ThreadStatus>;
  prove: (key: Uint8Array, size: number) => Promise<IndexAnswer | undefined>;
  postings: (key: Uint8Array, from: number, to: number) => Promise<Posting[]>;
  /** False once a call has failed. */
  isAlive: () => boolean;
  /** Ends it; what is under way is lost. */
  close: () => Promise<void>;
}

interface Waiting {
  readonly resolve: (reply: ThreadReply) => void;
  readonly reject: (error: unknown) => void;
}

/** What lives long lies in typed arrays; short-lived garbage is to be cleared away before it is much. */
const YOUNG_MB = 16;
const WORKER = new URL("./worker.ts", import.meta.url);

/** Starts the thread. */
export function startIndexThread(settings: ThreadSettings): IndexThread {
  const worker = new Worker(WORKER, {
    workerData: settings,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let failure: Error | undefined;

  function fail(cause: unknown): void {
    failure ??= new Error("the index thread ended", { cause });
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  }

  worker.on("message", ({ id, reply }: ReplyMessage) => {
    waiting.get(id)?.resolve(reply);
    waiting.delete(id);
  });
  worker.on("error", fail);
  worker.on("exit", fail);

  function call(request: ThreadRequest): Promise<ThreadReply> {
    if (failure !== undefined) return Promise.reject(failure);
    const id = calls++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, request } satisfies RequestMessage);
    });
  }

  async function status(request: ThreadRequest): Promise<ThreadStatus> {
    const reply = await call(request);
    return reply.kind === "status" ? reply.status : unexpected();
  }

  return {
    addKeys: async (rows) => {
      await call({ kind: "keys", rows });
    },
    load: async (limit) => await status({ kind: "load", limit }),
    unknownTags: async (batch) => {
      const reply = await call({ kind: "unknown-tags", batch });
      return reply.kind === "unknown-tags" ? reply.unknown : unexpected();
    },
    extend: async (batch) => await status({ kind: "extend", batch }),
    keep: async (sizes) => await status({ kind: "keep", sizes }),
    prove: async (key, size) => {
      const reply = await call({ kind: "prove", key, size });
      return reply.kind === "proof" ? reply.answer : unexpected();
    },
    postings: async (key, from, to) => {
      const reply = await call({ kind: "postings", key, from, to });
      return reply.kind === "postings" ? reply.postings : unexpected();
    },
    isAlive: () => failure === undefined,
    close: async () => {
      // Closed first, so that another may open the database at once; a thread that failed has nothing to close.
      if (failure === undefined) await call({ kind: "close" }).catch(() => undefined);
      await worker.terminate();
    },
  };
}

function unexpected(): never {
  throw new Error("the index thread answered something else");
}
