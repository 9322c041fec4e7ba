/**
 * What the index costs, apart from everything around it: `node scripts/run.mjs exec scripts/bench/index-cost.ts [KEYS ...]`. Made-up tags and keys (no
 * VRF), the real index thread with its database on the disk.
 */
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { type EventBatch, MAX_BATCH_EVENTS } from "../../server/index/builder.ts";
import type { ThreadStatus } from "../../server/index/messages.ts";
import { type IndexThread, startIndexThread } from "../../server/index/thread.ts";
import { isMain } from "../is-main.ts";

export interface IndexCost {
  readonly keys: number;
  /** Milliseconds to load the keys and to make the tree of them, one event each. */
  readonly loadMs: number;
  readonly buildMs: number;
  /** Microseconds per changed key, in versions of 8,192 random keys with one event each. */
  readonly perChangedKeyUs: number;
  /** The same in processor time of the index thread: what it is on a machine that has nothing else to do. */
  readonly perChangedKeyCpuUs: number;
  /** Of the thread's heap and arrays, at the end, with three versions kept. */
  readonly memoryBytes: number;
  /** What the process grew by meanwhile: with LevelDB's buffers and mapped files. */
  readonly residentBytes: number;
  /** Time until a proof of absence came, in milliseconds, asked every few milliseconds while versions were built. */
  readonly absenceMs: { readonly p50: number; readonly p95: number; readonly max: number };
  /** Milliseconds to load everything from the database again. */
  readonly reloadMs: number;
}

const ROWS_AT_ONCE = 8192;
const CHANGED_KEYS = 8192;
const MEASURED_VERSIONS = 8;
const PROOF_INTERVAL_MS = 7;
const SETTINGS = { identity: "bench", blindingSecret: new Uint8Array(32).fill(7) };

/** Measures an index of this many keys. */
async function measureIndexCost(keys: number): Promise<IndexCost> {
  const folder = await mkdtemp(path.join(tmpdir(), "minhbach-index-cost-"));
  const before = process.memoryUsage.rss();
  let thread = startIndexThread({ ...SETTINGS, path: folder });
  try {
    const loadMs = await timed(async () => await loadKeys(thread, keys, 0));
    let size = 0;
    const extend = async (numbers: readonly number[]): Promise<ThreadStatus> => {
      const batch = batchOf(numbers, size);
      size = batch.to;
      return await thread.extend(batch);
    };
    const buildMs = await timed(async () => {
      for (let first = 0; first < keys; first += MAX_BATCH_EVENTS) {
        await extend(Array.from({ length: Math.min(MAX_BATCH_EVENTS, keys - first) }, (_, n) => first + n));
        await thread.keep([]);
      }
    });
    const absence = proofLatency(thread, () => size);
    const changes = Array.from({ length: MEASURED_VERSIONS }, (_, round) => randomNumbers(keys, round));
    const kept = size;
    const { cpuMs: cpuBefore } = await thread.keep([]);
    let changed = 0;
    const extendMs = await timed(async () => {
      for (const numbers of changes) {
        changed += new Set(numbers).size;
        const before = size;
        await extend(numbers);
        await thread.keep([kept, before]);
      }
    });
    const latencies = await absence.end();
    const { memoryBytes, cpuMs } = await thread.keep([kept]);
    const residentBytes = process.memoryUsage.rss() - before;
    await thread.close();
    thread = startIndexThread({ ...SETTINGS, path: folder });
    const reloadMs = await timed(async () => await loadKeys(thread, keys, size));
    return {
      keys,
      loadMs,
      buildMs,
      perChangedKeyUs: (extendMs * 1000) / changed,
      perChangedKeyCpuUs: ((cpuMs - cpuBefore) * 1000) / changed,
      memoryBytes,
      residentBytes,
      absenceMs: { p50: rank(latencies, 0.5), p95: rank(latencies, 0.95), max: rank(latencies, 1) },
      reloadMs,
    };
  } finally {
    await thread.close();
    await rm(folder, { recursive: true });
  }
}

async function loadKeys(thread: IndexThread, keys: number, limit: number): Promise<void> {
  for (let first = 0; first < keys; first += ROWS_AT_ONCE) {
    const numbers = Array.from({ length: Math.min(ROWS_AT_ONCE, keys - first) }, (_, n) => first + n);
    await thread.addKeys(Buffer.concat(numbers.flatMap((number) => [tagOf(number), hashOf("key", number)])));
  }
  await thread.load(limit);
}

function batchOf(numbers: readonly number[], from: number): EventBatch {
  return {
    from,
    to: from + numbers.length,
    tagCounts: new Uint16Array(numbers.length).fill(1),
    tags: Buffer.concat(numbers.map(tagOf)),
    leafHashes: Buffer.concat(numbers.map((number, at) => hashOf("leaf", number + from + at))),
  };
}

function randomNumbers(keys: number, seed: number): number[] {
  const random = createHash("shake256", { outputLength: CHANGED_KEYS * 4 })
    .update(`seed ${seed}`)
    .digest();
  return Array.from({ length: CHANGED_KEYS }, (_, n) => random.readUInt32LE(n * 4) % keys);
}

function tagOf(number: number): Buffer {
  return Buffer.concat([Buffer.of(1), hashOf("tag", number)]);
}

function hashOf(what: string, number: number): Buffer {
  return createHash("sha256").update(`${what} ${number}`).digest();
}

/** Asks for proofs of keys that are not there, one at a time, until `end`. */
function proofLatency(thread: IndexThread, size: () => number): { end: () => Promise<number[]> } {
  const latencies: number[] = [];
  const asking = { ended: false };
  const held = size();
  const running = (async () => {
    for (let number = 0; !asking.ended; number++) {
      latencies.push(await timed(async () => await thread.prove(hashOf("absent", number), held)));
      await setTimeout(PROOF_INTERVAL_MS);
    }
  })();
  return {
    end: async () => {
      asking.ended = true;
      await running;
      return latencies.sort((a, b) => a - b);
    },
  };
}

function rank(sorted: readonly number[], quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? NaN;
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

if (isMain(import.meta)) {
  const sizes = process.argv.slice(2).map(Number);
  for (const keys of sizes.length === 0 ? [10_000, 100_000, 1_000_000] : sizes) {
    console.log(JSON.stringify(await measureIndexCost(keys)));
  }
}
