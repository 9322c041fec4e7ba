/**
 * What the search costs, apart from everything around it: `node scripts/run.mjs exec scripts/bench/search-cost.ts [EVENTS ...]`. Made-up events, sealed as the
 * ledger seals them; the real search thread with its database on the disk.
 */
import { createCipheriv, createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { makeEvent } from "../../protocol/event.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { parseSource } from "../../protocol/source.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { PostingQuery } from "../../server/inspect/search/messages.ts";
import { officialTerm, searchKey, termHasher } from "../../server/inspect/search/terms.ts";
import { type SearchThread, startSearchThread } from "../../server/inspect/search/thread.ts";
import type { SealedEvents } from "../../server/store/store.ts";
import { isMain } from "../is-main.ts";

export interface SearchCost {
  readonly events: number;
  /** Events a second that the thread takes in when nothing else is to be done, and microseconds of its processor time for each. */
  readonly eventsPerSecond: number;
  readonly perEventCpuUs: number;
  /** Of the thread's heap and arrays at the end; what the process grew by meanwhile, with LevelDB's buffers and mapped files. */
  readonly memoryBytes: number;
  readonly residentBytes: number;
  /** Milliseconds until a page of 50 came, the thread being idle: by a case, by an official, and by agency, procedure and outcome together, newest first. */
  readonly caseMs: Quantiles;
  readonly officialMs: Quantiles;
  readonly combinedMs: Quantiles;
  /** The last kind of page while events were taken in without a pause. */
  readonly busyMs: Quantiles;
  /** Milliseconds to be ready again after a start. */
  readonly reloadMs: number;
}

interface Quantiles {
  readonly p50: number;
  readonly p95: number;
}

const STEP = 512;
/** Different events that are made; beyond, the same ones stand in other places. */
const MADE = 100_000;
const QUERIES = 100;
const PAGE = 50;
const KEY = searchKey(new Uint8Array(32).fill(7));
const hashOf = termHasher(KEY);
const SOURCE = parseSource("bench/r1");
const AGENCIES = 20;
const PROCEDURES = 13;
const OFFICIALS = 2000;
/** Events of one case. */
const CASE_EVENTS = 4;
/** One in so many is refused: independent of the agency and the procedure. */
const REFUSED = 7;

interface MadeEvent {
  readonly key: Buffer;
  readonly sealed: Buffer;
  readonly tags: Buffer;
}

async function measureSearchCost(events: number): Promise<SearchCost> {
  const folder = await mkdtemp(path.join(tmpdir(), "minhbach-search-cost-"));
  const made = Array.from({ length: Math.min(MADE, events) }, (_, number) => madeEvent(number));
  const before = process.memoryUsage.rss();
  const settings = { path: folder, identity: "bench", key: KEY };
  let thread = startSearchThread(settings);
  try {
    await thread.load();
    const buildMs = await timed(async () => {
      for (let from = 0; from < events; from += STEP) {
        await thread.extend(batchOf(made, from, Math.min(STEP, events - from)), "bench");
      }
    });
    const { memoryBytes, cpuMs } = await thread.extend(batchOf(made, events, 1), "bench");
    const caseMs = await latencies(thread, (turn) => [hashOf({ kind: "case", text: caseOf(turn * 7919) })]);
    const officialMs = await latencies(thread, (turn) => [
      officialTerm(officialTag((turn * 7919) % OFFICIALS)),
    ]);
    const combined = (turn: number) => [
      hashOf({ kind: "agency", text: `agency-${turn % AGENCIES}` }),
      hashOf({ kind: "procedure", text: `P-${turn % PROCEDURES}` }),
      hashOf({ kind: "outcome", text: "refused" }),
    ];
    const combinedMs = await latencies(thread, combined);
    const asking = latencies(thread, combined);
    let [at, isAsking] = [events + 1, true];
    void asking.finally(() => (isAsking = false));
    while (isAsking) {
      await thread.extend(batchOf(made, at, STEP), "bench");
      at += STEP;
    }
    const busyMs = await asking;
    const residentBytes = process.memoryUsage.rss() - before;
    await thread.close();
    thread = startSearchThread(settings);
    const reloadMs = await timed(async () => await thread.load());
    return {
      events,
      eventsPerSecond: (events * 1000) / buildMs,
      perEventCpuUs: (cpuMs * 1000) / events,
      ...{ memoryBytes, residentBytes, caseMs, officialMs, combinedMs, busyMs, reloadMs },
    };
  } finally {
    await thread.close();
    await rm(folder, { recursive: true });
  }
}

async function latencies(
  thread: SearchThread,
  terms: (turn: number) => PostingQuery["terms"],
): Promise<Quantiles> {
  const samples: number[] = [];
  for (let turn = 0; turn < QUERIES; turn++) {
    const query = { terms: terms(turn), newestFirst: true, limit: PAGE };
    samples.push(await timed(async () => await thread.find(query)));
  }
  samples.sort((a, b) => a - b);
  return { p50: rank(samples, 0.5), p95: rank(samples, 0.95) };
}

function madeEvent(number: number): MadeEvent {
  const facets: Facets = {
    type: "access",
    subject: { scheme: "vn-cccd", id: String(999_199_000_000 + number) },
    exchange: {
      messageId: `m-${number}`,
      client: `VN/GOV/agency-${number % AGENCIES}/registry`,
      service: `VN/GOV/agency-${(number * 3 + 1) % AGENCIES}/data`,
    },
    "agent.id": `official-${number % OFFICIALS}`,
    data: { action: "R", personalData: ["name", "date of birth"] },
    purpose: {
      procedure: `P-${number % PROCEDURES}`,
      legalBasis: { law: "Luật Căn cước 2023", article: "10" },
    },
    outcome: { code: number % REFUSED === 0 ? "refused" : "success" },
    case: caseOf(number),
    time: { occurred: "2026-11-22T08:00:00+07:00" },
  };
  const text = makeEvent({
    ...{ source: SOURCE, seq: number + 1, facets },
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
  });
  const key = randomBytes(32);
  const cipher = createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
  const opened = text.slice(text.indexOf("~") + 1);
  const sealed = Buffer.concat([cipher.update(opened, "latin1"), cipher.final(), cipher.getAuthTag()]);
  const tags = Buffer.concat([Buffer.of(TAG_KINDS.official), officialTag(number % OFFICIALS)]);
  return { key, sealed, tags };
}

function batchOf(made: readonly MadeEvent[], from: number, count: number): SealedEvents {
  const events = Array.from({ length: count }, (_, at) => made[(from + at) % made.length]).filter(
    (each) => each !== undefined,
  );
  return {
    ...{ from, count },
    submissions: [{ source: SOURCE, index: from, count, time: 1_795_000_000 + Math.floor(from / 1000) }],
    keys: joined(events.map(({ key }) => key)),
    sealed: joined(events.map(({ sealed }) => sealed)),
    sealedLengths: Uint32Array.from(events, ({ sealed }) => sealed.length),
    tags: joined(events.map(({ tags }) => tags)),
    tagCounts: Uint16Array.from(events, ({ tags }) => tags.length / TAG_BYTES),
  };
}

function joined(parts: readonly Buffer[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat(parts));
}

function caseOf(number: number): string {
  return `H50-${Math.floor((number % MADE) / CASE_EVENTS)}`;
}

function officialTag(number: number): Buffer {
  return createHash("sha256").update(`official ${number}`).digest();
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
  for (const events of sizes.length === 0 ? [100_000, 1_000_000] : sizes) {
    console.log(JSON.stringify(await measureSearchCost(events)));
  }
}
