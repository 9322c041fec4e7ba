/**
 * The ledger without HTTP, as a process of its own: the same checks, hashes and synced writes. Used twice: to measure the ceiling that
 * HTTP is compared with, and to fill a log with millions of events before measuring on it.
 *
 * Arguments: data folder, log id, operator, events per submission, submissions in flight, number of events, and `measure` (all
 * submissions are made first, then timed) or `fill` (made while going). Prints one JSON line.
 */
import path from "node:path";
import { pino } from "pino";
import { Registry } from "prom-client";
import { parseLogId } from "../../protocol/log-id.ts";
import { parseSource } from "../../protocol/source.ts";
import { createVerifierPool } from "../../server/receive/pool.ts";
import { createSequencer } from "../../server/sequence/sequencer.ts";
import { sequenceMetrics } from "../../server/sequence/metrics.ts";
import { loadSecrets } from "../../server/secrets.ts";
import { ed25519Signer } from "../../server/signers.ts";
import { openLevelStore } from "../../server/store/level-store.ts";
import { quantile } from "./http-load.ts";
import { benchSources, nextSubmission } from "./workload.ts";

const [dataDir = "", logName = "", operator = "", perSubmission = "", inFlight = "", total = "", mode = ""] =
  process.argv.slice(2);
const log = parseLogId(logName);
const batch = Number(perSubmission);
const submissions = Math.ceil(Number(total) / batch);
const secrets = loadSecrets({ dataDir, environment: "embedded" }, {});
const sources = benchSources(mode === "fill" ? "fill" : "ceiling", Number(inFlight));
const silent = pino({ level: "fatal" });
const clock = { now: () => Date.now() };
const store = await openLevelStore({ path: path.join(dataDir, mode === "fill" ? "records" : "ceiling") });
const pool = createVerifierPool({
  settings: { log: logName, operator, pepper: secrets.pepper },
  keys: {
    keys: () =>
      sources.map(({ source, kid, publicKey }) => ({
        source,
        kid,
        alg: "EdDSA",
        key: publicKey,
        fromSeq: 1,
        toSeq: Number.POSITIVE_INFINITY,
        revoked: false,
        entitlements: 1,
      })),
    refresh: () => Promise.resolve(),
    onChange: () => () => undefined,
  },
  clock,
  log: silent,
  threads: 2,
});
const sequencer = createSequencer({
  store,
  clock,
  terms: {
    log,
    signer: ed25519Signer(secrets.receipt),
    anchorPromiseSeconds: 600,
    indexPromiseSeconds: 86_400,
    isIndexing: () => true,
  },
  receiptKeys: () => [],
  own: {
    source: parseSource(`${operator}/ledger`),
    signer: ed25519Signer(secrets.ledger),
    verify: (body) => pool.verify(body),
  },
  metrics: sequenceMetrics(new Registry()),
  log: silent,
});
sequencer.open();

for (const source of sources) source.next = (await store.source(source.source))?.next ?? 1;
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
await sequencer.close();
await pool.close();
await store.close();
