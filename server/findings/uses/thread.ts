import { Worker } from "node:worker_threads";
import type { PublicKey } from "../../../protocol/jws.ts";
import type { SealedEvents } from "../../store/store.ts";
import type { ReadEvent, ReadingReply, ReadingRequest, ReadingSettings } from "./messages.ts";

/** The thread that opens events, as the main thread sees it. Once one call has failed all others do: a new one is started. */
export interface ReadingThread {
  /** What each of these events is to the rule. Their keys and sealed texts are moved to the thread and gone here. */
  read: (events: SealedEvents, keys: readonly PublicKey[]) => Promise<readonly ReadEvent[]>;
  /** Ends it; what is under way is lost. */
  close: () => Promise<void>;
}

interface Waiting {
  readonly resolve: (read: readonly ReadEvent[]) => void;
  readonly reject: (error: unknown) => void;
}

/** All that opening makes is short-lived: to be cleared away before it is much. */
const YOUNG_MB = 16;
const WORKER = new URL("./worker.ts", import.meta.url);

/** Starts the thread. */
export function startReadingThread(settings: ReadingSettings): ReadingThread {
  const worker = new Worker(WORKER, {
    workerData: settings,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let failure: Error | undefined;

  function fail(cause: unknown): void {
    failure ??= new Error("the reading thread ended", { cause });
    for (const { reject } of waiting.values()) reject(failure);
    waiting.clear();
  }

  worker.on("message", ({ id, read }: ReadingReply) => {
    waiting.get(id)?.resolve(read);
    waiting.delete(id);
  });
  worker.on("error", fail);
  worker.on("exit", fail);

  return {
    read: async (events, keys) => {
      if (failure !== undefined) throw failure;
      const id = calls++;
      return await new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        const moved = [events.keys.buffer, events.sealed.buffer];
        worker.postMessage({ id, events, keys } satisfies ReadingRequest, moved);
      });
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
