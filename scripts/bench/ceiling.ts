/**
 * The ledger without HTTP, as a process of its own: the same checks, hashes and synced writes. Used twice: to measure the ceiling that
 * HTTP is compared with, and to fill a log with millions of events before measuring on it.
 *
 * Arguments: data folder, log id, operator, events per submission, submissions in flight, number of events, and `measure` (all
 * submissions are made first, then timed) or `fill` (made while going). Prints one JSON line.
 */
import path from "node:path";
import { parseLogId } from "../../protocol/log-id.ts";
import { openLevelStore } from "../../server/store/level-store.ts";
import { quantile } from "./http-load.ts";
import { benchSources, nextSubmission } from "./workload.ts";
import { openWriterPath } from "./writer-path.ts";

const [dataDir = "", logName = "", operator = "", perSubmission = "", inFlight = "", total = "", mode = ""] =
  process.argv.slice(2);
const log = parseLogId(logName);
const batch = Number(perSubmission);
const submissions = Math.ceil(Number(total) / batch);
const sources = benchSources(mode === "fill" ? "fill" : "ceiling", Number(inFlight));
const store = await openLevelStore({ path: path.join(dataDir, mode === "fill" ? "records" : "ceiling") });
const { pool, sequencer, close } = await openWriterPath({ dataDir, name: logName, operator }, store, sources);

const makeBody = (turn: number): Uint8Array => {
  const source = sources[turn % sources.length];
  if (source === undefined) throw new RangeError("no source");
  return Buffer.from(JSON.stringify(nextSubmission(source, log, batch)), "latin1");
};
const prepared =
  mode === "measure" ? Array.from({ length: submissions }, (_, turn) => makeBody(turn)) : undefined;
const latencies: number[] = [];
const started = performance.now();
await Promise.all(
  sources.map(async (_, lane) => {
    for (let turn = lane; turn < submissions; turn += sources.length) {
      const body = prepared?.[turn] ?? makeBody(turn);
      const begun = performance.now();
      await sequencer.submit(await pool.verify(body));
      if (latencies.length < 1_000_000) latencies.push(performance.now() - begun);
      if (turn % 1000 === 0) process.stderr.write(`${turn * batch}\n`);
    }
  }),
);
const seconds = (performance.now() - started) / 1000;
const samples = Float64Array.from(latencies);
console.log(
  JSON.stringify({
    eventsPerSecond: (submissions * batch) / seconds,
    p50Milliseconds: quantile(samples, 0.5),
    p99Milliseconds: quantile(samples, 0.99),
    events: submissions * batch,
    size: (await store.head()).size,
  }),
);
await close();
await store.close();
