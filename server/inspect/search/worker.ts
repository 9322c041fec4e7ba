import { rm } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { SearchBuilder } from "./builder.ts";
import {
  clearSearch,
  isCorruption,
  NO_PROGRESS,
  openSearchDatabase,
  type SearchDatabase,
  storedProgress,
} from "./database.ts";
import type {
  SearchReply,
  SearchReplyMessage,
  SearchRequest,
  SearchRequestMessage,
  SearchThreadSettings,
  SearchThreadStatus,
} from "./messages.ts";
import { SearchReader } from "./reader.ts";

/*
 * The search thread. Questions are answered between the pieces of building. Whatever goes wrong ends the thread: the next one goes on from
 * what the database holds, by the same code as after a start.
 */

interface Loaded {
  readonly db: SearchDatabase;
  builder: SearchBuilder;
  readonly reader: SearchReader;
}

const settings = settingsOf(workerData);
let loaded: Loaded | undefined;

parentPort?.on("message", ({ id, request }: SearchRequestMessage) => {
  answer(request).then(
    (reply) => parentPort?.postMessage({ id, reply } satisfies SearchReplyMessage),
    (error: unknown) => void end(error),
  );
});

async function answer(request: SearchRequest): Promise<SearchReply> {
  switch (request.kind) {
    case "load":
      loaded = await load();
      return { kind: "status", status: statusOf(loaded) };
    case "clear": {
      const { db } = here();
      await clearSearch(db);
      here().builder = new SearchBuilder(db, settings.key, NO_PROGRESS);
      return { kind: "status", status: statusOf(here()) };
    }
    case "extend":
      await here().builder.extend(request.events, request.submission);
      return { kind: "status", status: statusOf(here()) };
    case "find":
      return { kind: "page", page: await here().reader.find(request.query) };
    case "range":
      return {
        kind: "range",
        range: await here().reader.range(request.receivedFrom, request.receivedBefore),
      };
    case "counts":
      return { kind: "counts", counts: await here().reader.counts(request.month) };
    case "close":
      await loaded?.db.close();
      return { kind: "done" };
  }
}

async function load(): Promise<Loaded> {
  const db = await openSearchDatabase(settings.path, settings.identity);
  const builder = new SearchBuilder(db, settings.key, await storedProgress(db));
  const reader = new SearchReader(db, () => here().builder.progress);
  return { db, builder, reader };
}

function here(): Loaded {
  if (loaded === undefined) throw new Error("the search thread was asked before it was loaded");
  return loaded;
}

function statusOf({ builder: { progress } }: Loaded): SearchThreadStatus {
  const { heapTotal, external } = process.memoryUsage();
  const { user, system } = process.threadCpuUsage();
  return { progress, memoryBytes: heapTotal + external, cpuMs: (user + system) / 1000 };
}

/** Ends the thread with the error, and takes away a database that cannot be trusted any more. */
async function end(error: unknown): Promise<void> {
  if (isCorruption(error)) {
    await loaded?.db.close().catch(() => undefined);
    await rm(settings.path, { recursive: true, force: true });
  }
  // Outside of the promise, so that the thread ends and its owner hears of it.
  setImmediate(() => {
    throw error;
  });
}

function settingsOf(start: unknown): SearchThreadSettings {
  if (isSettings(start)) return start;
  throw new TypeError("the search thread is started by the search index");
}

function isSettings(start: unknown): start is SearchThreadSettings {
  return typeof start === "object" && start !== null && "path" in start && "key" in start;
}
