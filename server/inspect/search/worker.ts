import { rm } from "node:fs/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
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

/** Building waits so long for questions under way, and then goes on by a piece: many questions slow it down and do not stop it. */
const PATIENCE_MS = 20;

const settings = settingsOf(workerData);
let loaded: Loaded | undefined;
/** Questions under way: each reads rows one after the other, and would wait for a piece of building at every one. */
const asking = new Set<Promise<unknown>>();

async function pause(): Promise<void> {
  if (asking.size === 0) return await setImmediate();
  const patience = new AbortController();
  const { signal } = patience;
  await Promise.race([
    Promise.allSettled(asking),
    setTimeout(PATIENCE_MS, undefined, { signal }).catch(() => undefined),
  ]);
  patience.abort();
}

/** Answers a question; building waits for it. */
async function asked<T>(question: Promise<T>): Promise<T> {
  asking.add(question);
  try {
    return await question;
  } finally {
    asking.delete(question);
  }
}

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
      here().builder = new SearchBuilder(db, settings.key, NO_PROGRESS, pause);
      return { kind: "status", status: statusOf(here()) };
    }
    case "extend":
      await here().builder.extend(request.events, request.submission);
      return { kind: "status", status: statusOf(here()) };
    case "find":
      return { kind: "page", page: await asked(here().reader.find(request.query)) };
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
  const builder = new SearchBuilder(db, settings.key, await storedProgress(db), pause);
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
  queueMicrotask(() => {
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
