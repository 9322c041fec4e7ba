/**
 * `npm run bench`: measures the ledger on real parts and writes docs/bench/results.json and docs/BENCHMARKS.md. About 45 minutes and
 * 30 GB of temporary disk; `-- --quick` makes everything small and writes nothing into docs/. `--only large,steady` runs parts,
 * `--store postgres` compares the stores and kills leaders (`--only takeover` does that alone), `--only portal` measures the pages in a browser (neither is in the usual run); `--large 1000000` fills a smaller log, `--steady 60` loads it for a shorter time.
 */
import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { hashChainedTable, oneTransactionPerEvent, rebuildTreePerBatch } from "./alternatives.ts";
import { measureDecisions } from "./decisions.ts";
import {
  measureColdProofs,
  measureEvidence,
  measureRecorder,
  measureStarts,
  measureSteady,
  measureSubmissions,
  runCeiling,
} from "./measures.ts";
import { measurePortal } from "./portal.ts";
import { measureProactive } from "./proactive.ts";
import { emptyReport, markdownOf, milliseconds, type Report, type ReportRow, thousands } from "./report.ts";
import {
  indexHealth,
  measureIndex,
  measureSearch,
  measureStatements,
  measureVrf,
  untilIndexed,
  untilSearchable,
  watchLags,
} from "./statements.ts";
import { measureStores, type StoreRate } from "./stores.ts";
import { prepareSystem, usageOf } from "./system.ts";
import { measureTakeover, type Takeover } from "./takeover.ts";
import { BENCH_PERSONS, benchPerson, benchSources, nextSubmission } from "./workload.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    large: { type: "string" },
    steady: { type: "string" },
    only: { type: "string" },
    store: { type: "string" },
    folder: { type: "string", default: tmpdir() },
  },
});
const quick = values.quick;
const scale = quick
  ? {
      batches: 300,
      singles: 3_000,
      evidence: 3_000,
      statements: 100,
      burst: 20_000,
      indexKeys: [1_000, 10_000, 100_000],
      searchEvents: 100_000,
      steadySeconds: 20,
      large: 200_000,
      transactions: 300,
      persons: 10_000,
      consents: 1_000,
      decisions: 4_000,
      population: 10_000,
    }
  : {
      batches: 3_000,
      singles: 40_000,
      evidence: 20_000,
      statements: 500,
      burst: 200_000,
      indexKeys: [10_000, 100_000, 1_000_000],
      searchEvents: 1_000_000,
      steadySeconds: 600,
      large: 10_000_000,
      transactions: 3_000,
      persons: 1_000_000,
      consents: 100_000,
      decisions: 40_000,
      population: 100_000,
    };
const large = values.large === undefined ? scale.large : Number(values.large);
const steadySeconds = values.steady === undefined ? scale.steadySeconds : Number(values.steady);
if (values.store !== undefined && values.store !== "postgres") throw new RangeError("--store postgres");
/** Steps of their own, which are made only when they are asked for. */
const asked = values.store === undefined ? [] : ["postgres", "takeover"];
const only = values.only?.split(",") ?? (asked.length > 0 ? [] : undefined);
const report = emptyReport(quick ? "quick" : "full", process.argv.slice(2));

const batchSources = benchSources("batch", 8);
const singleSources = benchSources("single", 64);
const steadySources = benchSources("steady", 4);
const recorderSources = benchSources("recorder", 2);
const all = [
  ...batchSources,
  ...singleSources,
  ...steadySources,
  ...recorderSources,
  ...benchSources("fill", 8),
];

const bar = new SingleBar({
  format: "{bar} {percentage}% | {step}",
  hideCursor: true,
  noTTYOutput: true,
  notTTYSchedule: 15_000,
});

function add(row: ReportRow): void {
  report.rows.push(row);
  console.log(
    `\n  ${row.what}: ${row.result}${row.goal === "" ? "" : ` (goal ${row.goal}${row.met === false ? ", MISSED" : ""})`}`,
  );
}

const steps: { readonly name: string; readonly weight: number; readonly run: () => Promise<void> }[] = [];
function step(name: string, weight: number, run: () => Promise<void>): void {
  const apart = ["postgres", "takeover", "portal"].includes(name);
  if (asked.includes(name) || (apart ? only?.includes(name) : (only?.includes(name) ?? true)))
    steps.push({ name, weight, run });
}

const system = await prepareSystem(all, values.folder);
const details = report.details;

step("batches", 2, async () => {
  await measureSubmissions(system, batchSources, { perSubmission: 100, submissions: 160 });
  const batches = await measureSubmissions(system, batchSources, {
    perSubmission: 100,
    submissions: scale.batches,
  });
  const ceiling = await runCeiling(system, {
    perSubmission: 100,
    inFlight: 8,
    events: scale.batches * 100,
    mode: "measure",
  });
  const share = batches.perSecond / ceiling.eventsPerSecond;
  Object.assign(details, { batches, ceiling, shareOfCeiling: share });
  add({
    what: "events/s, 100 per submission, 8 connections",
    goal: "15,000, p99 under 250 ms",
    result: `${thousands(batches.perSecond)}, p50 ${milliseconds(batches.p50Milliseconds)}, p99 ${milliseconds(batches.p99Milliseconds)}`,
    met: batches.perSecond >= 15_000 && batches.p99Milliseconds < 250,
  });
  add({
    what: "the same in process (checks, hashes, synced writes; no HTTP, no tiles, no client)",
    goal: "HTTP at least 50 % of it",
    result: `${thousands(ceiling.eventsPerSecond)}; HTTP reaches ${(share * 100).toFixed(0)} %`,
    met: share >= 0.5,
  });
});

step("singles", 2, async () => {
  await measureSubmissions(system, singleSources, { perSubmission: 1, submissions: 1_280 });
  const singles = await measureSubmissions(system, singleSources, {
    perSubmission: 1,
    submissions: scale.singles,
  });
  Object.assign(details, { singles });
  add({
    what: "events/s, 1 per submission, 64 connections",
    goal: "2,500, p99 under 75 ms",
    result: `${thousands(singles.perSecond)}, p50 ${milliseconds(singles.p50Milliseconds)}, p99 ${milliseconds(singles.p99Milliseconds)}`,
    met: singles.perSecond >= 2_500 && singles.p99Milliseconds < 75,
  });
});

step("recorder", 1, async () => {
  const [forLists, forSingles] = recorderSources;
  if (forLists === undefined || forSingles === undefined)
    throw new RangeError("two recorder sources are needed");
  const lists = await measureRecorder(system, forLists, {
    perRequest: 100,
    requests: scale.batches / 10,
    connections: 4,
  });
  const singles = await measureRecorder(system, forSingles, {
    perRequest: 1,
    requests: scale.singles / 2,
    connections: 64,
  });
  Object.assign(details, { recorderLists: lists, recorderSingles: singles });
  add({
    what: "plain events/s into a recorder, durably (one per request, 64 connections; in lists of 100)",
    goal: "3,000",
    result: `${thousands(singles.perSecond)}; ${thousands(lists.perSecond)}`,
    met: singles.perSecond >= 3_000,
  });
});

step("alternatives", 2, async () => {
  const transactions = await oneTransactionPerEvent(system.chain.url, scale.transactions);
  const submissions = benchSources("table", scale.batches / 3).map(
    (source) => nextSubmission(source, system.log, 100).events,
  );
  const table = await hashChainedTable(submissions, 8);
  const tree = rebuildTreePerBatch(quick ? 10_000 : 100_000, 5);
  Object.assign(details, {
    oneTransactionPerEvent: transactions,
    hashChainedTable: table,
    rebuildTreePerBatch: tree,
  });
  add({
    what: "instead: one transaction per event on the same chain",
    goal: "",
    result: `${thousands(transactions.eventsPerSecond)} events/s`,
  });
  add({
    what: "instead: a hash-chained table in PostgreSQL on the same disk (nothing checked)",
    goal: "",
    result:
      table === undefined
        ? "PostgreSQL is not installed for this platform"
        : `${thousands(table.eventsPerSecond)} events/s`,
  });
  add({
    what: `instead: a merkletreejs tree rebuilt per batch of 100 (${tree.note})`,
    goal: "",
    result: `${thousands(tree.eventsPerSecond)} events/s`,
  });
});

step("starts", 1, async () => {
  const starts = await measureStarts();
  Object.assign(details, { starts });
  add({
    what: "start of an empty system until ready, the second time (the first)",
    goal: "under 5 s",
    result: `${starts.secondSeconds.toFixed(1)} s (${starts.firstSeconds.toFixed(1)} s)`,
    met: starts.secondSeconds < 5,
  });
});

step("index", 3, async () => {
  const costs = [];
  for (const keys of scale.indexKeys) {
    bar.update({ step: `index of ${thousands(keys)} keys` });
    costs.push(await measureIndex(keys));
  }
  const vrf = await measureVrf();
  Object.assign(details, { index: costs, vrf });
  const [least] = costs;
  const most = costs.at(-1);
  if (least === undefined || most === undefined) throw new RangeError("no index was measured");
  const ratio = most.perChangedKeyUs / least.perChangedKeyUs;
  add({
    what: `index: time per changed key at ${scale.indexKeys.map(thousands).join("; ")} keys`,
    goal: "35 microseconds at the most keys, under 2.5 times that at the fewest",
    result: `${costs.map(({ perChangedKeyUs }) => perChangedKeyUs.toFixed(1)).join("; ")} microseconds; ${ratio.toFixed(2)} times`,
    met: most.perChangedKeyUs <= 35 && ratio < 2.5,
  });
  add({
    what: `index: memory of its thread at ${thousands(most.keys)} keys (what the process grew by, LevelDB's buffers and mapped files included)`,
    goal: "under 400 MB",
    result: `${thousands(most.memoryBytes / 1e6)} MB (${thousands(most.residentBytes / 1e6)} MB)`,
    met: most.memoryBytes < 400e6,
  });
  add({
    what: `index: proof of absence at ${thousands(most.keys)} keys while versions are built`,
    goal: "p95 under 5 ms",
    result: `p50 ${milliseconds(most.absenceMs.p50)}, p95 ${milliseconds(most.absenceMs.p95)}`,
    met: most.absenceMs.p95 < 5,
  });
  add({
    what: `index: reading ${thousands(most.keys)} keys at a start`,
    goal: "",
    result: `${(most.reloadMs / 1000).toFixed(1)} s`,
  });
  add({
    what: "VRF of new persons per second and core, in JavaScript; by libsodium",
    goal: "100; 1,000 where sodium-native is installed",
    result: `${thousands(vrf.javascript)}; ${vrf.libsodium === undefined ? "not installed" : thousands(vrf.libsodium)}`,
    met: vrf.javascript >= 100 && (vrf.libsodium ?? 1_000) >= 1_000,
  });
});

step("decisions", 2, async () => {
  const cost = await measureDecisions({
    persons: scale.persons,
    consents: scale.consents,
    requests: scale.decisions,
  });
  Object.assign(details, { decisions: cost });
  const { inProcess, overHttp } = cost;
  const among = `${thousands(scale.persons)} persons and ${thousands(scale.consents)} consents, half the questions about who has one`;
  add({
    what: `decision in process, signed (${among})`,
    goal: "p95 at most 5 ms",
    result: `p50 ${milliseconds(inProcess.p50Milliseconds)}, p95 ${milliseconds(inProcess.p95Milliseconds)}`,
    met: inProcess.p95Milliseconds <= 5,
  });
  add({
    what: "the same over HTTP, 4 connections (nothing else under way)",
    goal: "p95 at most 20 ms",
    result: `p50 ${milliseconds(overHttp.p50Milliseconds)}, p95 ${milliseconds(overHttp.p95Milliseconds)}, ${thousands(overHttp.perSecond)}/s`,
    met: overHttp.p95Milliseconds <= 20,
  });
  add({
    what: "reading all these consents anew",
    goal: "",
    result: `${cost.readSeconds.toFixed(1)} s`,
  });
});

step("proactive", 1, async () => {
  const cost = await measureProactive(scale.population, (done) => bar.update({ step: done }));
  Object.assign(details, { proactive: cost });
  const seconds = cost.rules.map(({ evaluationSeconds }) => evaluationSeconds);
  const slowest = cost.rules.find(({ evaluationSeconds }) => evaluationSeconds === Math.max(...seconds));
  const everybody = `${thousands(cost.persons)} persons`;
  add({
    what: `rule evaluated for ${everybody} (in process: register reads, inputs, conclusion), the slowest of ${cost.rules.length}`,
    goal: "under 60 s each",
    result: `${Math.max(...seconds).toFixed(2)} s (${slowest?.procedure ?? ""}); all together ${seconds.reduce((sum, each) => sum + each, 0).toFixed(1)} s`,
    met: Math.max(...seconds) < 60,
  });
  add({
    what: `one day's occasions of a rule found in all registers of ${everybody}, the slowest`,
    goal: "",
    result: milliseconds(Math.max(...cost.rules.map(({ scanMilliseconds }) => scanMilliseconds))),
  });
  add({
    what: `making up ${everybody} and filling thirteen registers`,
    goal: "",
    result: `${cost.fillSeconds.toFixed(1)} s`,
  });
});

step("large", 20, async () => {
  const load = { perSubmission: 100, submissions: scale.batches / 3 };
  // A process that has just started spends a third more on compiling its code: both sides are measured warm.
  await measureSubmissions(system, batchSources, load);
  const small = await measureSubmissions(system, batchSources, load);
  await system.stopServer();
  const filled = await runCeiling(
    system,
    { perSubmission: 1000, inFlight: 8, events: large, mode: "fill" },
    (events) => bar.update({ step: `filling the log: ${thousands(events)} of ${thousands(large)}` }),
  );
  bar.update({ step: "integrating" });
  const integrateSeconds = await system.startServer();
  const indexSeconds = await untilIndexed(system, filled.size, (size) =>
    bar.update({ step: `indexing the log: ${thousands(size)} of ${thousands(filled.size)}` }),
  );
  const indexed = await indexHealth(system);
  await untilAnchored(filled.size);
  await measureSubmissions(system, batchSources, load);
  const atLarge = await measureSubmissions(system, batchSources, load);
  const costRatio = atLarge.serverCpuMicrosecondsPerEvent / small.serverCpuMicrosecondsPerEvent;
  await untilAnchored(filled.size);
  const anywhere = (): number => randomInt(filled.size);
  const newest = (): number => filled.size - 1 - randomInt(100);
  const random = await measureEvidence(system, { count: scale.evidence }, anywhere);
  const hot = await measureEvidence(system, { count: scale.evidence }, newest);
  const token = await system.inspectorToken();
  const randomOpened = await measureEvidence(system, { count: scale.evidence / 4, token }, anywhere);
  const hotOpened = await measureEvidence(system, { count: scale.evidence / 4, token }, newest);
  await untilIndexed(system, filled.size);
  await untilAnchored((await indexHealth(system)).events.recorded);
  const somebody = (): string => benchPerson(randomInt(BENCH_PERSONS));
  const nobody = (turn: number): string => String(99_900_000_000 + turn).padStart(12, "0");
  await measureStatements(system, { count: 20, token }, somebody);
  const statements = await measureStatements(system, { count: scale.statements, token }, somebody);
  const absences = await measureStatements(system, { count: scale.statements, token }, nobody);
  const usage = await usageOf(system.serverPid());
  await system.stopServer(true);
  const restartSeconds = await system.startServer();
  await system.stopServer();
  const cold = await measureColdProofs(system);
  await system.startServer();
  Object.assign(details, {
    small,
    atLarge,
    costRatio,
    random,
    hot,
    randomOpened,
    hotOpened,
    statements,
    absences,
    indexSeconds,
    indexedKeys: indexed.index.keys,
    usage,
    restartSeconds,
    integrateSeconds,
    cold,
    largeSize: filled.size,
  });
  const size = thousands(filled.size);
  add({
    what: `server CPU per event at ${size} events against a log of ${thousands(small.count)}`,
    goal: "at most 1.3 times",
    result: `${costRatio.toFixed(2)} times (${atLarge.serverCpuMicrosecondsPerEvent.toFixed(0)} against ${small.serverCpuMicrosecondsPerEvent.toFixed(0)} microseconds; ${thousands(atLarge.perSecond)} against ${thousands(small.perSecond)} events/s)`,
    met: costRatio <= 1.3,
  });
  add({
    what: `evidence/s over HTTP at random over ${size} events`,
    goal: "1,000",
    result: `${thousands(random.perSecond)}, p99 ${milliseconds(random.p99Milliseconds)}`,
    met: random.perSecond >= 1_000,
  });
  add({
    what: "evidence/s, the same 100 events",
    goal: "4,000",
    result: thousands(hot.perSecond),
    met: hot.perSecond >= 4_000,
  });
  add({
    what: "evidence/s with every disclosure opened for an inspector: at random; the same 100 events",
    goal: "",
    result: `${thousands(randomOpened.perSecond)}; ${thousands(hotOpened.perSecond)}`,
  });
  add({
    what: "inclusion proof in a fresh process",
    goal: "p95 under 3 ms",
    result: `p50 ${milliseconds(cold.p50Milliseconds)}, p95 ${milliseconds(cold.p95Milliseconds)}`,
    met: cold.p95Milliseconds < 3,
  });
  add({
    what: `memory of the server at ${size} events, all threads`,
    goal: "under 1 GB",
    result: `${thousands(usage.memoryMegabytes)} MB, and ${thousands(usage.mappedMegabytes)} MB of database files mapped as cache`,
    met: usage.memoryMegabytes < 1000,
  });
  add({
    what: `start after a kill at ${size} events`,
    goal: "under 10 s",
    result: `${restartSeconds.toFixed(1)} s`,
    met: restartSeconds < 10,
  });
  add({ what: `integrating ${size} events anew`, goal: "", result: `${integrateSeconds.toFixed(0)} s` });
  const perPerson = thousands(filled.size / BENCH_PERSONS);
  add({
    what: `statement of about ${perPerson} events at ${size} events in the log, every disclosure opened for an inspector`,
    goal: "p95 under 100 ms",
    result: `p50 ${milliseconds(statements.p50Milliseconds)}, p95 ${milliseconds(statements.p95Milliseconds)}, ${thousands(statements.bytes / 1e3)} KB`,
    met: statements.p95Milliseconds < 100,
  });
  add({
    what: "statement that nobody used a person's data (VRF, proof of absence, HTTP)",
    goal: "p95 under 5 ms",
    result: `p50 ${milliseconds(absences.p50Milliseconds)}, p95 ${milliseconds(absences.p95Milliseconds)}`,
    met: absences.p95Milliseconds < 5,
  });
  add({
    what: `indexing ${size} events (${thousands(indexed.index.keys)} keys) anew, after integrating`,
    goal: "",
    result: `${thousands(indexSeconds)} s, ${thousands(filled.size / indexSeconds)} events/s`,
  });
});

step("search", 3, async () => {
  const cost = await measureSearch(scale.searchEvents);
  Object.assign(details, { search: cost });
  const size = `${thousands(cost.events)} events`;
  add({
    what: `search: events taken in per second when nothing else is to be done (processor time each), up to ${size}`,
    goal: "5,000",
    result: `${thousands(cost.eventsPerSecond)} (${cost.perEventCpuUs.toFixed(0)} microseconds)`,
    met: cost.eventsPerSecond >= 5_000,
  });
  add({
    what: `search: memory of its thread at ${size} (what the process grew by, LevelDB's buffers and mapped files included)`,
    goal: "under 100 MB",
    result: `${thousands(cost.memoryBytes / 1e6)} MB (${thousands(cost.residentBytes / 1e6)} MB)`,
    met: cost.memoryBytes < 100e6,
  });
  add({
    what: `search: a page by case; by official; by agency, procedure and outcome at ${size}; the last while it takes in events`,
    goal: "p95 under 50 ms; under 500 ms meanwhile",
    result: `p95 ${[cost.caseMs, cost.officialMs, cost.combinedMs, cost.busyMs].map(({ p95 }) => milliseconds(p95)).join("; ")}`,
    met: Math.max(cost.caseMs.p95, cost.officialMs.p95, cost.combinedMs.p95) < 50 && cost.busyMs.p95 < 500,
  });
});

step("steady", 10, async () => {
  const lags = watchLags(system);
  const steady = await measureSteady(
    system,
    steadySources,
    { eventsPerSecond: 2_000, seconds: steadySeconds },
    (second) => bar.update({ step: `steady, second ${second} of ${steadySeconds}` }),
  );
  const { index: indexLags, search: searchLags } = await lags.end();
  const usage = await usageOf(system.serverPid());
  const before = await indexHealth(system);
  await measureSubmissions(system, batchSources, { perSubmission: 100, submissions: scale.burst / 100 });
  const burstSeconds = await untilIndexed(system, before.events.recorded + scale.burst);
  const searchSeconds = burstSeconds + (await untilSearchable(system, before.events.recorded + scale.burst));
  Object.assign(details, { steady, steadyMemory: usage, indexLags, searchLags, burstSeconds, searchSeconds });
  add({
    what: `2,000 events/s for ${steadySeconds} s with everything on`,
    goal: "no failure",
    result: `${thousands(steady.acknowledged.count)} events, ${steady.acknowledged.failures} failures, p99 ${milliseconds(steady.acknowledged.p99Milliseconds)}`,
    met: steady.acknowledged.failures === 0,
  });
  add({
    what: "acknowledged to final anchor, meanwhile",
    goal: "p95 under 5 s",
    result: `p50 ${steady.anchored.p50Seconds.toFixed(1)} s, p95 ${steady.anchored.p95Seconds.toFixed(1)} s`,
    met: steady.anchored.p95Seconds < 5,
  });
  add({
    what: "index behind the log, meanwhile",
    goal: "at most 10 s",
    result: `at most ${Math.max(...indexLags).toFixed(1)} s`,
    met: Math.max(...indexLags) <= 10,
  });
  add({
    what: "search behind the log, meanwhile",
    goal: "at most 10 s",
    result: `at most ${Math.max(...searchLags).toFixed(1)} s`,
    met: Math.max(...searchLags) <= 10,
  });
  add({
    what: `search caught up after a burst of ${thousands(scale.burst)} events`,
    goal: "",
    result: `${searchSeconds.toFixed(0)} s after it`,
  });
  add({
    what: `index caught up after a burst of ${thousands(scale.burst)} events`,
    goal: "",
    result: `${burstSeconds.toFixed(1)} s after the last was acknowledged`,
  });
});

step("postgres", 6, async () => {
  await system.stopServer();
  const cost = await measureStores(system, scale.batches / 3, (done) => bar.update({ step: done }));
  await system.startServer();
  if (cost === undefined) {
    add({ what: "PostgreSQL", goal: "", result: "PostgreSQL is not installed for this platform" });
    return;
  }
  Object.assign(details, { stores: cost });
  const { inserts, level, levelChecked, levelOverHttp } = cost;
  const rates = (all: readonly StoreRate[]): string =>
    all.map(({ eventsPerSecond }) => thousands(eventsPerSecond)).join("; ");
  const shareOf = (all: readonly StoreRate[]): number =>
    Math.max(...all.map(({ eventsPerSecond }) => eventsPerSecond)) / inserts.eventsPerSecond;
  const percent = (all: readonly StoreRate[]): string => `${(shareOf(all) * 100).toFixed(0)} %`;
  add({
    what: "PostgreSQL: plain INSERTs of many rows, of the same rows, one transaction per submission of 100, 24 connections (nothing checked, receipted or in order)",
    goal: "",
    result: `${thousands(inserts.eventsPerSecond)} events/s, p99 ${milliseconds(inserts.p99Milliseconds)}`,
  });
  add({
    what: "PostgreSQL: the store, with submissions that were checked before (in order, receipted); 1; 2; 3 processes",
    goal: "at least 60 % of the plain INSERTs",
    result: `${rates(cost.postgresChecked)} events/s; the best ${percent(cost.postgresChecked)}`,
    met: shareOf(cost.postgresChecked) >= 0.6,
  });
  add({ what: "LevelDB: the same in one process", goal: "", result: `${rates([levelChecked])} events/s` });
  add({
    what: "PostgreSQL: the same with checking (signature, every facet, hashes, sealing) in the process; 1; 2; 3 processes",
    goal: "",
    result: `${rates(cost.postgres)} events/s; the best ${percent(cost.postgres)}`,
  });
  add({ what: "LevelDB: the same in one process", goal: "", result: `${rates([level])} events/s` });
  add({
    what: "PostgreSQL: over HTTP by whole servers (tiles, index, search, judging, anchors); 1; 2; 3 servers",
    goal: "",
    result: `${rates(cost.postgresOverHttp)} events/s; p99 ${cost.postgresOverHttp.map((each) => milliseconds(each.p99Milliseconds)).join("; ")}`,
  });
  add({ what: "LevelDB: the same by one server", goal: "", result: `${rates([levelOverHttp])} events/s` });
});

step("takeover", 2, async () => {
  await system.stopServer();
  const rounds = await measureTakeover(quick ? 3 : 10, (done) => bar.update({ step: done }));
  await system.startServer();
  if (rounds === undefined) {
    add({
      what: "PostgreSQL: another leader",
      goal: "",
      result: "PostgreSQL is not installed for this platform",
    });
    return;
  }
  Object.assign(details, { takeover: rounds });
  const longest = (of: (round: Takeover) => number): number => Math.max(...rounds.map(of));
  const shown = [
    longest(({ leadsAfter }) => leadsAfter),
    longest(({ publishedAfter }) => publishedAfter),
    longest(({ indexedAfter }) => indexedAfter),
    longest(({ anchoredAfter }) => anchoredAfter),
  ];
  add({
    what: `PostgreSQL: the leader of three servers killed ${rounds.length} times; until another leads; until a new event is in a checkpoint; indexed; anchored and final; the longest of each`,
    goal: "another within 10 s",
    result: shown.map((seconds) => `${seconds.toFixed(1)} s`).join("; "),
    met: longest(({ leadsAfter }) => leadsAfter) <= 10,
  });
});

step("portal", 1, async () => {
  const cost = await measurePortal();
  Object.assign(details, { portal: cost });
  const { milliseconds: times, firstLoads } = cost;
  const median = times[Math.floor(times.length / 2)] ?? Number.NaN;
  const largest = Math.max(...firstLoads.map(({ bytes }) => bytes));
  const least = Math.min(...firstLoads.map(({ bytes }) => bytes));
  add({
    what: `statement of ${thousands(cost.events)} events fetched, verified and drawn in the browser (Chromium)`,
    goal: "under 2 s",
    result: `median ${(median / 1000).toFixed(1)} s of ${times.length}, least ${(Math.min(...times) / 1000).toFixed(1)} s`,
    met: median < 2_000,
  });
  add({
    what: `JavaScript that a page of the portal loads at first, gzipped, words and the verifier's worker included: the largest of ${firstLoads.length}; the least`,
    goal: "under 250 kB",
    result: `${(largest / 1e3).toFixed(0)} kB; ${(least / 1e3).toFixed(0)} kB`,
    met: largest < 250_000,
  });
});

/**
 * After every step, so that an interrupted run has not measured for nothing. A run of some steps is added to the numbers as a part; its table is printed, and belongs into
 * docs/bench/notes.md, which stands below the table of the whole run.
 */
function writeReport(): void {
  const docs = path.join(import.meta.dirname, "../../docs");
  const [notes, results] = ["notes.md", "results.json"].map((name) => path.join(docs, "bench", name));
  if (notes === undefined || results === undefined) return;
  mkdirSync(path.join(docs, "bench"), { recursive: true });
  const before = existsSync(results)
    ? (JSON.parse(readFileSync(results, "utf8")) as Report & { parts?: Partial<Report>[] })
    : undefined;
  const isPart = only !== undefined && before !== undefined;
  // The same part measured anew replaces what it was.
  const others = (before?.parts ?? []).filter(({ options }) => options !== report.options);
  const all = isPart ? { ...before, parts: [...others, report] } : report;
  writeFileSync(results, `${JSON.stringify(all, undefined, 2)}\n`);
  const text = existsSync(notes) ? readFileSync(notes, "utf8") : "";
  writeFileSync(path.join(docs, "BENCHMARKS.md"), markdownOf(all, text));
}

async function untilAnchored(size: number): Promise<void> {
  for (;;) {
    const health = JSON.parse(await (await fetch(`http://127.0.0.1:${system.port}/health`)).text()) as {
      events: { anchored: number };
    };
    if (health.events.anchored >= size) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

try {
  bar.start(
    steps.reduce((sum, { weight }) => sum + weight, 0),
    0,
    { step: "starting" },
  );
  await system.startServer();
  for (const { name, weight, run } of steps) {
    bar.update({ step: name });
    await run();
    bar.increment(weight);
    if (!quick) writeReport();
  }
} finally {
  bar.stop();
  await system.close();
}
console.log(`\n${markdownOf(report)}`);
