import { TAG_BYTES } from "../../protocol/tag-kinds.ts";
import { rm } from "node:fs/promises";
import { parentPort, workerData } from "node:worker_threads";
import { type IndexBuilder, IndexDamaged, loadIndex } from "./builder.ts";
import { type IndexDatabase, isCorruption, openIndexDatabase } from "./database.ts";
import { Blindings } from "./entries.ts";
import {
  type ReplyMessage,
  type RequestMessage,
  ROW_BYTES,
  type ThreadReply,
  type ThreadRequest,
  type ThreadSettings,
  type ThreadStatus,
} from "./messages.ts";
import { Slots } from "./slots.ts";
import { turnsOf } from "./turns.ts";

/*
 * The index thread. Proofs are answered between the pieces of building, from versions that building does not change. Whatever goes wrong
 * ends the thread: the next one loads what the database holds, by the same code as after a start.
 */

/** A proof waits no longer for the building. */
const PIECE_MS = 2;

const settings = settingsOf(workerData);
const blindings = new Blindings(settings.blindingSecret);
const slots = new Slots();
let database: IndexDatabase | undefined;
let builder: IndexBuilder | undefined;

parentPort?.on("message", ({ id, request }: RequestMessage) => {
  answer(request).then(
    (reply) => parentPort?.postMessage({ id, reply } satisfies ReplyMessage),
    (error: unknown) => void end(error),
  );
});

async function answer(request: ThreadRequest): Promise<ThreadReply> {
  switch (request.kind) {
    case "keys":
      addKeys(request.rows);
      return { kind: "done" };
    case "load":
      return { kind: "status", status: statusOf(await load(request.limit)) };
    case "unknown-tags":
      return { kind: "unknown-tags", unknown: loaded().unknownTags(request.batch) };
    case "extend":
      await loaded().extend(request.batch);
      return { kind: "status", status: statusOf(loaded()) };
    case "keep":
      loaded().tree.keep(new Set(request.sizes));
      return { kind: "status", status: statusOf(loaded()) };
    case "prove":
      return { kind: "proof", answer: prove(request.key, request.size) };
    case "postings": {
      const slot = loaded().tree.slotOf(request.key);
      const postings = slot === undefined ? [] : await database?.postings(slot, request.from, request.to);
      return { kind: "postings", postings: postings ?? [] };
    }
    case "close":
      await database?.close();
      return { kind: "done" };
  }
}

async function load(limit: number): Promise<IndexBuilder> {
  database = await openIndexDatabase(settings.path, settings.identity);
  builder = await loadIndex({ db: database, slots, blindings, turns: turnsOf(PIECE_MS) }, limit);
  return builder;
}

function loaded(): IndexBuilder {
  if (builder === undefined) throw new Error("the index thread was asked before it was loaded");
  return builder;
}

function addKeys(rows: Uint8Array): void {
  for (let at = 0; at < rows.length; at += ROW_BYTES) {
    slots.add(rows.subarray(at, at + TAG_BYTES), rows.subarray(at + TAG_BYTES, at + ROW_BYTES));
  }
}

function prove(key: Uint8Array, size: number) {
  const found = loaded().tree.prove(key, size);
  if (found === undefined) return undefined;
  const { proof, count } = found;
  return { proof, entry: count === undefined ? undefined : { count, blinding: blindings.of(key, count) } };
}

function statusOf({ progress, keys, tree }: IndexBuilder): ThreadStatus {
  const { heapTotal, external } = process.memoryUsage();
  const { user, system } = process.threadCpuUsage();
  const memoryBytes = heapTotal + external;
  const cpuMs = (user + system) / 1000;
  return { ...progress, keys, sizes: tree.sizes, nodes: tree.nodesUsed, memoryBytes, cpuMs };
}

/** Ends the thread with the error, and takes away a database that cannot be trusted any more. */
async function end(error: unknown): Promise<void> {
  if (error instanceof IndexDamaged || isCorruption(error)) {
    await database?.close().catch(() => undefined);
    await rm(settings.path, { recursive: true, force: true });
  }
  // Outside of the promise, so that the thread ends and its owner hears of it.
  setImmediate(() => {
    throw error;
  });
}

function settingsOf(start: unknown): ThreadSettings {
  if (isThreadSettings(start)) return start;
  throw new TypeError("the index thread is started by the index stage");
}

function isThreadSettings(start: unknown): start is ThreadSettings {
  return typeof start === "object" && start !== null && "path" in start && "blindingSecret" in start;
}
