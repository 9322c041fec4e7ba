import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { javascriptVrf, loadVrf } from "../../server/index/vrf.ts";
import type { Vrf } from "../../server/index/vrf-function.ts";
import { quantile } from "./http-load.ts";
import type { IndexCost } from "./index-cost.ts";
import type { SearchCost } from "./search-cost.ts";
import type { BenchSystem } from "./system.ts";

/** How long the answers took, in milliseconds from the request to the last byte, one request at a time. */
export interface Latency {
  readonly p50Milliseconds: number;
  readonly p95Milliseconds: number;
  readonly bytes: number;
  readonly count: number;
}

/** What `/health` says of the index and of the search. */
export interface IndexHealth {
  readonly events: {
    readonly recorded: number;
    readonly indexed: number;
    readonly searchable: number;
    readonly anchored: number;
  };
  readonly search: { readonly lagSeconds: number };
  readonly index: { readonly keys: number; readonly lagSeconds: number };
}

const run = promisify(execFile);
const VRF_SECONDS = 2;

/** Statements about the people that `pick` names, as an inspector gets them. */
export async function measureStatements(
  system: BenchSystem,
  { count, token }: { readonly count: number; readonly token: string },
  pick: (turn: number) => string,
): Promise<Latency> {
  const latencies: number[] = [];
  let bytes = 0;
  for (let turn = 0; turn < count; turn++) {
    const begun = performance.now();
    const response = await fetch(
      `http://127.0.0.1:${system.port}/v1/statement?scheme=vn-cccd&id=${pick(turn)}`,
      { headers: { authorization: `Bearer ${token}` } },
    );
    const body = await response.arrayBuffer();
    latencies.push(performance.now() - begun);
    bytes += body.byteLength;
    if (!response.ok)
      throw new Error(`a statement was refused: ${Buffer.from(body).toString("utf8", 0, 300)}`);
  }
  const samples = Float64Array.from(latencies);
  return {
    p50Milliseconds: quantile(samples, 0.5),
    p95Milliseconds: quantile(samples, 0.95),
    bytes: bytes / count,
    count,
  };
}

export async function indexHealth(system: BenchSystem): Promise<IndexHealth> {
  return JSON.parse(await (await fetch(`http://127.0.0.1:${system.port}/health`)).text()) as IndexHealth;
}

/** Seconds until the index covers `size` events. */
export async function untilIndexed(
  system: BenchSystem,
  size: number,
  onIndexed: (size: number) => void = () => undefined,
): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const { events } = await indexHealth(system);
    onIndexed(events.indexed);
    if (events.indexed >= size) return (performance.now() - begun) / 1000;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Seconds until the search covers `size` events. */
export async function untilSearchable(system: BenchSystem, size: number): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const { events } = await indexHealth(system);
    if (events.searchable >= size) return (performance.now() - begun) / 1000;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** How far index and search were behind, in seconds, one number every half second. */
export interface Lags {
  readonly index: readonly number[];
  readonly search: readonly number[];
}

/** Watches how far index and search are behind until `end` returns what was seen. */
export function watchLags(system: BenchSystem): { end: () => Promise<Lags> } {
  const lags = { index: [] as number[], search: [] as number[] };
  const watch = { ended: false };
  const watching = (async () => {
    while (!watch.ended) {
      const { index, search } = await indexHealth(system);
      lags.index.push(index.lagSeconds);
      lags.search.push(search.lagSeconds);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  })();
  return {
    end: async () => {
      watch.ended = true;
      await watching;
      return lags;
    },
  };
}

/** index-cost.ts in a process of its own, so that its memory is its own. */
export async function measureIndex(keys: number): Promise<IndexCost> {
  return JSON.parse(await outputOf("index-cost.ts", keys)) as IndexCost;
}

/** search-cost.ts in a process of its own. */
export async function measureSearch(events: number): Promise<SearchCost> {
  return JSON.parse(await outputOf("search-cost.ts", events)) as SearchCost;
}

async function outputOf(file: string, size: number): Promise<string> {
  const { stdout } = await run(process.execPath, [path.join(import.meta.dirname, file), String(size)]);
  return stdout;
}

/** Outputs of the log's random function per second on one core, in JavaScript and by libsodium where it is installed. */
export async function measureVrf(): Promise<{ readonly javascript: number; readonly libsodium?: number }> {
  const seed = new Uint8Array(32).fill(7);
  const fastest = await loadVrf(seed);
  const javascript = vrfRate(javascriptVrf(seed));
  return fastest.by === "libsodium" ? { javascript, libsodium: vrfRate(fastest) } : { javascript };
}

function vrfRate(vrf: Vrf): number {
  for (let warm = 0; warm < 100; warm++) vrf.output(`vn-cccd:${warm}`);
  const begun = performance.now();
  let made = 0;
  while (performance.now() - begun < VRF_SECONDS * 1000) vrf.output(`vn-cccd:${made++}`);
  return (made * 1000) / (performance.now() - begun);
}
