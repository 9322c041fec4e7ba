import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { OPERATOR } from "../start/agencies.ts";
import { startChild } from "../start/child.ts";
import { formatLogId } from "../../protocol/log-id.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { type LoadResult, type PreparedRequest, quantile, runLoad } from "./http-load.ts";
import { freePorts } from "../start/ports.ts";
import { type BenchSystem, usageOf } from "./system.ts";
import { type BenchSource, nextSubmission, plainAccess } from "./workload.ts";

/** Rate and latency of one measurement. */
export interface Rate {
  readonly perSecond: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  readonly count: number;
  readonly failures: number;
}

const run = promisify(execFile);

/** Submissions of one size over HTTP, each connection with a source of its own, one at a time in order. */
export async function measureSubmissions(
  system: BenchSystem,
  sources: readonly BenchSource[],
  { perSubmission, submissions }: { perSubmission: number; submissions: number },
): Promise<Rate & { readonly serverCpuMicrosecondsPerEvent: number }> {
  const each = Math.ceil(submissions / sources.length);
  const queues = sources.map((source) =>
    Array.from({ length: each }, () => submissionRequest(nextSubmission(source, system.log, perSubmission))),
  );
  const before = await usageOf(system.serverPid());
  const result = await runLoad({ host: "127.0.0.1", port: system.port }, sources.length, (lane) =>
    queues[lane]?.shift(),
  );
  const after = await usageOf(system.serverPid());
  const events = result.requests * perSubmission;
  return {
    ...rateOf(result, perSubmission),
    serverCpuMicrosecondsPerEvent: ((after.cpuSeconds - before.cpuSeconds) / events) * 1e6,
  };
}

export function submissionRequest(body: object): PreparedRequest {
  return { method: "POST", path: "/v1/submissions", body: Buffer.from(JSON.stringify(body), "latin1") };
}

function rateOf(result: LoadResult, unitsPerRequest = 1): Rate {
  if (result.failures > 0)
    console.error(`  ${result.failures} failed, the first: ${String(result.firstFailure)}`);
  return {
    perSecond: ((result.requests - result.failures) * unitsPerRequest) / result.seconds,
    p50Milliseconds: quantile(result.latencies, 0.5),
    p99Milliseconds: quantile(result.latencies, 0.99),
    count: result.requests * unitsPerRequest,
    failures: result.failures,
  };
}

/** The same load at a steady pace: acknowledgement, and the time from the acknowledgement until the final anchor is shown. */
export async function measureSteady(
  system: BenchSystem,
  sources: readonly BenchSource[],
  { eventsPerSecond, seconds }: { eventsPerSecond: number; seconds: number },
  onSecond: (second: number) => void,
): Promise<{ acknowledged: Rate; anchored: { p50Seconds: number; p95Seconds: number; events: number } }> {
  const perSubmission = 100;
  const rounds = Math.ceil((eventsPerSecond * seconds) / perSubmission);
  const waiting: { end: number; at: number }[] = [];
  const anchorLags: number[] = [];
  let done = false;
  const watching = watchAnchors(system, (size, now) => {
    while (waiting[0] !== undefined && waiting[0].end <= size)
      anchorLags.push((now - (waiting.shift()?.at ?? now)) / 1000);
    return done && waiting.length === 0;
  });
  const started = performance.now();
  let turn = 0;
  const acknowledged = await runPaced(system, sources, {
    next: (source) => {
      if (turn >= rounds) return undefined;
      const due = started + (turn++ * perSubmission * 1000) / eventsPerSecond;
      onSecond(Math.floor((due - started) / 1000));
      return { due, request: submissionRequest(nextSubmission(source, system.log, perSubmission)) };
    },
    onReceipt: (receipt) => {
      const { index, count } = parseReceipt(receipt).receipt;
      waiting.push({ end: index + count, at: performance.now() });
      waiting.sort((a, b) => a.end - b.end);
    },
  });
  done = true;
  await watching;
  const lags = Float64Array.from(anchorLags);
  return {
    acknowledged: rateOf(acknowledged, perSubmission),
    anchored: {
      p50Seconds: quantile(lags, 0.5),
      p95Seconds: quantile(lags, 0.95),
      events: lags.length * perSubmission,
    },
  };
}

interface Paced {
  next: (source: BenchSource) => { due: number; request: PreparedRequest } | undefined;
  onReceipt: (receipt: string) => void;
}

async function runPaced(
  system: BenchSystem,
  sources: readonly BenchSource[],
  { next, onReceipt }: Paced,
): Promise<LoadResult> {
  const results: LoadResult[] = [];
  await Promise.all(
    sources.map(async (source) => {
      for (let task = next(source); task !== undefined; task = next(source)) {
        const early = task.due - performance.now();
        if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
        let request: PreparedRequest | undefined = task.request;
        const result = await runLoad(
          { host: "127.0.0.1", port: system.port },
          1,
          () => {
            const once = request;
            request = undefined;
            return once;
          },
          (body) => {
            const { receipts } = JSON.parse(body.toString("latin1")) as { receipts?: string[] };
            for (const receipt of receipts ?? []) onReceipt(receipt);
          },
        );
        results.push(result);
      }
    }),
  );
  const failures = results.reduce((sum, { failures: some }) => sum + some, 0);
  const latencies = Float64Array.from(results.flatMap(({ latencies: some }) => [...some]));
  const seconds = results.reduce((sum, { seconds: some }) => sum + some, 0) / sources.length;
  return { requests: results.length, failures, seconds, latencies };
}

/** Calls the listener with each new anchored size until it says that it has seen enough. */
async function watchAnchors(
  system: BenchSystem,
  onAnchor: (size: number, now: number) => boolean,
): Promise<void> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${system.port}/health`);
    const health = JSON.parse(await response.text()) as { events: { anchored: number } };
    if (onAnchor(health.events.anchored, performance.now())) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Evidence over HTTP of the indexes that `pick` names: as anybody gets it (no disclosures), or with a token all that its holder may see. */
export async function measureEvidence(
  system: BenchSystem,
  { count, token }: { count: number; token?: string },
  pick: () => number,
): Promise<Rate> {
  let left = count;
  const result = await runLoad({ host: "127.0.0.1", port: system.port }, 16, () =>
    left-- > 0
      ? { method: "GET", path: `/v1/events/${pick()}/evidence`, ...(token === undefined ? {} : { token }) }
      : undefined,
  );
  return rateOf(result);
}

export interface CeilingResult {
  readonly eventsPerSecond: number;
  readonly p50Milliseconds: number;
  readonly p99Milliseconds: number;
  readonly events: number;
  readonly size: number;
}

/** Runs ceiling.ts as a process of its own; the server must not run while it fills. */
export async function runCeiling(
  system: BenchSystem,
  options: { perSubmission: number; inFlight: number; events: number; mode: "measure" | "fill" },
  onEvents: (events: number) => void = () => undefined,
): Promise<CeilingResult> {
  const { perSubmission, inFlight, events, mode } = options;
  const file = path.join(import.meta.dirname, "ceiling.ts");
  const args = [system.dataDir, formatLogId(system.log), OPERATOR, perSubmission, inFlight, events, mode].map(
    String,
  );
  const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let complaint = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    const progress = /^(\d+)\n$/.exec(text.slice(text.trimEnd().lastIndexOf("\n") + 1))?.[1];
    if (progress === undefined) complaint += text;
    else onEvents(Number(progress));
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`the ceiling process ended with code ${String(code)}: ${complaint}`);
  return JSON.parse(output) as CeilingResult;
}

/** 95th percentile of inclusion proofs, in milliseconds, in a process that has just started on the derived data. */
export async function measureColdProofs(
  system: BenchSystem,
): Promise<{ p50Milliseconds: number; p95Milliseconds: number }> {
  const file = path.join(import.meta.dirname, "cold-proofs.ts");
  const { stdout } = await run(process.execPath, [file, system.dataDir, formatLogId(system.log)]);
  return JSON.parse(stdout) as { p50Milliseconds: number; p95Milliseconds: number };
}

/** Plain events posted to a real recorder that sends them on to the ledger, while `connections` clients post one list each at a time. */
export async function measureRecorder(
  system: BenchSystem,
  source: BenchSource,
  { perRequest, requests, connections }: { perRequest: number; requests: number; connections: number },
): Promise<Rate> {
  const keyFile = path.join(system.dataDir, "bench-recorder.pem");
  await writeFile(keyFile, source.pem, { mode: 0o600 });
  const [port] = await freePorts([{ variable: "RECORDER_PORT", host: "127.0.0.1", port: 0 }]);
  const recorder = await startChild({
    name: "recorder",
    file: "recorder/main.ts",
    env: {
      ...system.env,
      RECORDER_SOURCE: source.source,
      RECORDER_KEY: keyFile,
      RECORDER_PORT: String(port),
    },
    logFile: path.join(system.dataDir, "recorder.log"),
  });
  try {
    await recorder.untilReady(`http://127.0.0.1:${port}/ready`);
    const bodies = Array.from({ length: requests }, (_, request) => {
      const events = Array.from({ length: perRequest }, (__, at) => plainAccess(request * perRequest + at));
      return Buffer.from(JSON.stringify(perRequest === 1 ? events[0] : events));
    });
    const result = await runLoad({ host: "127.0.0.1", port }, connections, () => {
      const body = bodies.pop();
      return body === undefined ? undefined : { method: "POST", path: "/v1/events", body };
    });
    return rateOf(result, perRequest);
  } finally {
    await recorder.stop();
  }
}

/** Seconds until `npm start` of a new and then of an existing, otherwise empty data folder is ready. */
export async function measureStarts(): Promise<{ firstSeconds: number; secondSeconds: number }> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "minhbach-bench-start-"));
  try {
    const seconds: number[] = [];
    for (let start = 0; start < 2; start += 1) {
      const [port] = await freePorts([{ variable: "PORT", host: "127.0.0.1", port: 0 }]);
      const begun = performance.now();
      const child = await startChild({
        name: "system",
        file: "scripts/start.ts",
        env: { ...process.env, DATA_DIR: dataDir, PORT: String(port), RECORDER_PORT: "0" },
        logFile: path.join(dataDir, "start.log"),
      });
      await child.untilReady(`http://127.0.0.1:${port}/ready`);
      seconds.push((performance.now() - begun) / 1000);
      await child.stop();
    }
    const [firstSeconds = Number.NaN, secondSeconds = Number.NaN] = seconds;
    return { firstSeconds, secondSeconds };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}
