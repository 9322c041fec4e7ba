import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import pg from "pg";
import { formatLogId } from "../../protocol/log-id.ts";
import { type PostgresServer, startPostgres } from "../postgres.ts";
import { OPERATOR } from "../start/agencies.ts";
import { startChild } from "../start/child.ts";
import { freePorts } from "../start/ports.ts";
import { runLoad } from "./http-load.ts";
import { submissionRequest } from "./measures.ts";
import { type BenchSystem, prepareSystem } from "./system.ts";
import { benchSources, nextSubmission } from "./workload.ts";

/** What came out of one way to write the same events. */
export interface StoreRate {
  readonly processes: number;
  readonly eventsPerSecond: number;
  readonly p99Milliseconds: number;
}

export interface StoreCost {
  readonly inserts: StoreRate;
  readonly level: StoreRate;
  /** For 1, 2 and 3 processes. */
  readonly postgres: readonly StoreRate[];
  /** The same, with submissions that were checked before. */
  readonly levelChecked: StoreRate;
  readonly postgresChecked: readonly StoreRate[];
  readonly levelOverHttp: StoreRate;
  readonly postgresOverHttp: readonly StoreRate[];
}

/** See store-writer.ts. */
type How = "insert" | "store" | "all";

const PROCESSES = [1, 2, 3];
/** Submissions on their way at a time, over all processes. */
const IN_FLIGHT = 24;
const EVENTS_PER_SUBMISSION = 100;

/** All ways, one after the other, each into a new database of the same PostgreSQL. @returns undefined where there is none */
export async function measureStores(
  system: BenchSystem,
  submissions: number,
  onStep: (step: string) => void,
): Promise<StoreCost | undefined> {
  const server = await startPostgres();
  if (server === undefined) return undefined;
  try {
    /** In process, into one store. */
    const write = async (how: How, processes: number, target: string): Promise<StoreRate> => {
      onStep(`${how} by ${processes} to ${target.replace(/:.*/, "")}`);
      return await runWriters(system, { how, processes, submissions, target });
    };
    const forEach = async (how: How): Promise<StoreRate[]> => {
      const rates: StoreRate[] = [];
      for (const processes of PROCESSES) rates.push(await write(how, processes, await server.newDatabase()));
      return rates;
    };
    // Once for nothing: whoever comes first would pay for files that grow for the first time.
    await write("store", 1, await server.newDatabase());
    const inserts = await write("insert", 1, await plainTables(server));
    const postgresChecked = await forEach("store");
    const levelChecked = await write("store", 1, "level");
    const postgres = await forEach("all");
    const level = await write("all", 1, "level");
    const postgresOverHttp: StoreRate[] = [];
    for (const processes of PROCESSES) {
      onStep(`${processes} servers on PostgreSQL`);
      postgresOverHttp.push(await overHttp(processes, submissions, await server.newDatabase()));
    }
    onStep("one server on LevelDB");
    const levelOverHttp = await overHttp(1, submissions, "level");
    return { inserts, level, postgres, levelChecked, postgresChecked, levelOverHttp, postgresOverHttp };
  } finally {
    await server.stop();
  }
}

/** Tables like the store's, without anything around them. */
async function plainTables(server: PostgresServer): Promise<string> {
  const url = await server.newDatabase();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const table of ["payloads", "sealed", "keys"]) {
    await client.query(`CREATE TABLE plain_${table} (start bigint PRIMARY KEY, bundle bytea NOT NULL)`);
    await client.query(`ALTER TABLE plain_${table} ALTER COLUMN bundle SET STORAGE EXTERNAL`);
  }
  await client.query(
    `CREATE TABLE plain_submissions (index bigint PRIMARY KEY, source text COLLATE "C" NOT NULL, first bigint NOT NULL, count integer NOT NULL,
       time bigint NOT NULL, jws text NOT NULL, receipt text NOT NULL, UNIQUE (source, first))`,
  );
  await client.end();
  return url;
}

interface WriterResult {
  readonly begun: number;
  readonly ended: number;
  readonly events: number;
  readonly p99Milliseconds: number;
}

/** Runs `store-writer.ts` in so many processes, which begin together. */
async function runWriters(
  system: BenchSystem,
  options: {
    readonly how: How;
    readonly processes: number;
    readonly submissions: number;
    readonly target: string;
  },
): Promise<StoreRate> {
  const { how, processes, submissions, target } = options;
  const writers = await Promise.all(
    Array.from({ length: processes }, async (_, number) => {
      const args = [
        ...[system.dataDir, formatLogId(system.log), OPERATOR, `w${number}-`],
        ...[IN_FLIGHT / processes, Math.ceil(submissions / processes), how, target].map(String),
      ];
      const file = path.join(import.meta.dirname, "store-writer.ts");
      const child = spawn(process.execPath, [file, ...args], { stdio: ["pipe", "pipe", "inherit"] });
      const lines = createInterface(child.stdout);
      const ended = once(child, "exit");
      await Promise.race([once(lines, "line"), ended]);
      return { child, lines, ended };
    }),
  );
  const results = await Promise.all(
    writers.map(async ({ child, lines, ended }) => {
      const line = once(lines, "line");
      child.stdin.write("go\n");
      const [text] = (await Promise.race([
        line,
        ended.then(([code]) => Promise.reject(new Error(`a writer ended with code ${String(code)}`))),
      ])) as [string];
      await ended;
      return JSON.parse(text) as WriterResult;
    }),
  );
  const seconds =
    (Math.max(...results.map(({ ended }) => ended)) - Math.min(...results.map(({ begun }) => begun))) / 1000;
  return {
    processes,
    eventsPerSecond: results.reduce((sum, { events }) => sum + events, 0) / seconds,
    p99Milliseconds: Math.max(...results.map(({ p99Milliseconds }) => p99Milliseconds)),
  };
}

/** Whole servers on a chain of their own, each with its share of the connections. */
async function overHttp(processes: number, submissions: number, database: string): Promise<StoreRate> {
  const sources = benchSources("stores", IN_FLIGHT);
  const system = await prepareSystem(sources);
  const servers = [];
  try {
    for (let number = 0; number < processes; number++) {
      const [port] = await freePorts([{ variable: "PORT", host: "127.0.0.1", port: 0 }]);
      const dataDir = path.join(system.dataDir, `server-${number}`);
      await mkdir(dataDir);
      const server = await startChild({
        name: `ledger ${number}`,
        file: "server/main.ts",
        env: { ...system.env, ...system.keys, STORE: database, DATA_DIR: dataDir, PORT: String(port) },
        logFile: path.join(dataDir, "ledger.log"),
      });
      servers.push({ server, port });
      await server.untilReady(`http://127.0.0.1:${port}/ready`);
    }
    // Compiling is not what is measured.
    for (const warm of [true, false]) {
      const each = Math.ceil((warm ? submissions / 10 : submissions) / IN_FLIGHT);
      const queues = sources.map((source) =>
        Array.from({ length: each }, () =>
          submissionRequest(nextSubmission(source, system.log, EVENTS_PER_SUBMISSION)),
        ),
      );
      const lanes = IN_FLIGHT / processes;
      const begun = performance.now();
      const results = await Promise.all(
        servers.map(async ({ port }, number) =>
          runLoad({ host: "127.0.0.1", port }, lanes, (lane) => queues[number * lanes + lane]?.shift()),
        ),
      );
      if (warm) continue;
      const failed = results.find(({ failures }) => failures > 0);
      if (failed !== undefined) throw new Error(`a submission failed: ${String(failed.firstFailure)}`);
      const latencies = results.flatMap((result) => [...result.latencies]).sort((a, b) => a - b);
      return {
        processes,
        eventsPerSecond: (latencies.length * EVENTS_PER_SUBMISSION) / ((performance.now() - begun) / 1000),
        p99Milliseconds: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
      };
    }
    throw new Error("nothing was measured");
  } finally {
    for (const { server } of servers) await server.stop();
    await system.close();
  }
}
