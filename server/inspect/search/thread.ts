import { Worker } from "node:worker_threads";
import type { SealedEvents } from "../../store/store.ts";
import type { Count } from "./counts.ts";
import type {
  IndexRange,
  PostingPage,
  PostingQuery,
  SearchReply,
  SearchReplyMessage,
  SearchRequest,
  SearchRequestMessage,
  SearchThreadSettings,
  SearchThreadStatus,
} from "./messages.ts";

/**
 * The search thread as the main thread sees it. Once one call has failed all others do: the thread ended, and a new one begins from what the
 * database holds. One `extend` at a time.
 */
export interface SearchThread {
  load: () => Promise<SearchThreadStatus>;
  clear: () => Promise<SearchThreadStatus>;
  extend: (events: SealedEvents, submission: string) => Promise<SearchThreadStatus>;
  find: (query: PostingQuery) => Promise<PostingPage>;
  range: (receivedFrom: number, receivedBefore: number) => Promise<IndexRange>;
  counts: (month: number) => Promise<readonly Count[]>;
  /** Ends it; what is under way is lost. */
  close: () => Promise<void>;
}

interface Waiting {
  readonly resolve: (reply: SearchReply) => void;
  readonly reject: (error: unknown) => void;
}

/** Short-lived garbage is most of what opening events makes: to be cleared away before it is much. */
const YOUNG_MB = 16;
const WORKER = new URL("./worker.ts", import.meta.url);

/** Starts the thread. */
export function startSearchThread(settings: SearchThreadSettings): SearchThread {
  const worker = new Worker(WORKER, {
    workerData: settings,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let failure: Error | undefined;

  function fail(cause: unknown): void {
    failure ??= new Error("the search thread ended", { cause });
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  }

  worker.on("message", ({ id, reply }: SearchReplyMessage) => {
    waiting.get(id)?.resolve(reply);
    waiting.delete(id);
  });
  worker.on("error", fail);
  worker.on("exit", fail);

  function call(request: SearchRequest, moved: ArrayBuffer[] = []): Promise<SearchReply> {
    if (failure !== undefined) return Promise.reject(failure);
    const id = calls++;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, request } satisfies SearchRequestMessage, moved);
    });
  }

  async function status(request: SearchRequest, moved?: ArrayBuffer[]): Promise<SearchThreadStatus> {
    const reply = await call(request, moved);
    return reply.kind === "status" ? reply.status : unexpected();
  }

  return {
    load: async () => await status({ kind: "load" }),
    clear: async () => await status({ kind: "clear" }),
    extend: async (events, submission) =>
      await status({ kind: "extend", events, submission }, [
        events.keys.buffer,
        events.sealed.buffer,
        events.tags.buffer,
      ]),
    find: async (query) => {
      const reply = await call({ kind: "find", query });
      return reply.kind === "page" ? reply.page : unexpected();
    },
    range: async (receivedFrom, receivedBefore) => {
      const reply = await call({ kind: "range", receivedFrom, receivedBefore });
      return reply.kind === "range" ? reply.range : unexpected();
    },
    counts: async (month) => {
      const reply = await call({ kind: "counts", month });
      return reply.kind === "counts" ? reply.counts : unexpected();
    },
    close: async () => {
      // Closed first, so that another may open the database at once; a thread that failed has nothing to close.
      if (failure === undefined) await call({ kind: "close" }).catch(() => undefined);
      await worker.terminate();
    },
  };
}

function unexpected(): never {
  throw new Error("the search thread answered something else");
}
