import { mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseCheckpoint } from "../../protocol/checkpoint.ts";
import { startPostgres } from "../postgres.ts";
import { type Child, startChild } from "../start/child.ts";
import { freePorts } from "../start/ports.ts";
import { runLoad } from "./http-load.ts";
import { submissionRequest } from "./measures.ts";
import { prepareSystem } from "./system.ts";
import { type BenchSource, benchSources, nextSubmission } from "./workload.ts";

/** Seconds from the death of the leader until another did what only a leader does, of something that was sent after the death. */
export interface Takeover {
  readonly leadsAfter: number;
  readonly publishedAfter: number;
  readonly indexedAfter: number;
  /** Final on the chain, which has a block each second. */
  readonly anchoredAfter: number;
}

interface Server {
  readonly child: Child;
  readonly port: number;
}

const SERVERS = 3;
/** Three start on one machine. */
const READY_TIMEOUT_MS = 5 * 60_000;
/** Each by itself; a lease may just have been renewed, or just be due. */
const LOOK_MS = 25;

/** Kills the leader of three servers so many times; a new server takes its place for the next time. @returns undefined where there is no PostgreSQL */
export async function measureTakeover(
  rounds: number,
  onStep: (step: string) => void,
): Promise<readonly Takeover[] | undefined> {
  const postgres = await startPostgres();
  if (postgres === undefined) return undefined;
  const sources = benchSources("takeover", 1);
  const [source] = sources;
  if (source === undefined) throw new Error("no source");
  const system = await prepareSystem(sources);
  const servers: Server[] = [];
  let started = 0;
  try {
    const database = await postgres.newDatabase();
    const startOne = async (): Promise<void> => {
      const [port] = await freePorts([{ variable: "PORT", host: "127.0.0.1", port: 0 }]);
      const dataDir = path.join(system.dataDir, `server-${started++}`);
      await mkdir(dataDir);
      const child = await startChild({
        name: "ledger",
        file: "server/main.ts",
        env: { ...system.env, ...system.keys, STORE: database, DATA_DIR: dataDir, PORT: String(port) },
        logFile: path.join(dataDir, "ledger.log"),
      });
      servers.push({ child, port });
      await child.untilReady(`http://127.0.0.1:${port}/ready`, READY_TIMEOUT_MS);
    };
    for (let n = 0; n < SERVERS; n++) await startOne();
    const measured: Takeover[] = [];
    for (let round = 1; round <= rounds; round++) {
      onStep(`killing the leader, ${round} of ${rounds}`);
      const leader = await leaderAmong(servers);
      servers.splice(servers.indexOf(leader), 1);
      process.kill(leader.child.pid, "SIGKILL");
      measured.push(await followed(servers, source, system.log));
      await leader.child.stop();
      if (round < rounds) await startOne();
    }
    return measured;
  } finally {
    for (const { child } of servers) await child.stop();
    await system.close();
    await postgres.stop();
  }
}

/** Sends an event to one that is left, and waits until somebody leads and did everything with it. */
async function followed(
  servers: readonly Server[],
  source: BenchSource,
  log: Parameters<typeof nextSubmission>[1],
): Promise<Takeover> {
  const killed = performance.now();
  const seconds = (): number => (performance.now() - killed) / 1000;
  const leading = leaderAmong(servers).then(seconds);
  const [one] = servers;
  if (one === undefined) throw new Error("no server is left");
  const requests = [submissionRequest(nextSubmission(source, log, 1))];
  const sent = await runLoad({ host: "127.0.0.1", port: one.port }, 1, () => requests.shift());
  if (sent.failures > 0) throw new Error(`the event was not taken: ${String(sent.firstFailure)}`);
  const { size } = (await healthOf(one)).events;
  const until = async (isSo: () => Promise<boolean>): Promise<number> => {
    while (!(await isSo())) await delay(LOOK_MS);
    return seconds();
  };
  const [leadsAfter, publishedAfter, indexedAfter, anchoredAfter] = await Promise.all([
    leading,
    until(async () => (await publishedOf(one)) >= size),
    until(async () => (await metricOf(one, "minhbach_indexed_events")) >= size),
    until(async () => (await healthOf(one)).events.anchored >= size),
  ]);
  return { leadsAfter, publishedAfter, indexedAfter, anchoredAfter };
}

async function leaderAmong(servers: readonly Server[]): Promise<Server> {
  for (;;) {
    for (const server of servers) if ((await metricOf(server, "minhbach_leader")) === 1) return server;
    await delay(LOOK_MS);
  }
}

async function textOf({ port }: Server, where: string): Promise<string> {
  return await (await fetch(`http://127.0.0.1:${port}${where}`)).text();
}

async function metricOf(server: Server, name: string): Promise<number> {
  const found = new RegExp(`^${name} (\\S+)$`, "m").exec(await textOf(server, "/metrics"));
  return Number(found?.[1]);
}

async function publishedOf(server: Server): Promise<number> {
  return parseCheckpoint(await textOf(server, "/checkpoint")).size;
}

async function healthOf(server: Server): Promise<{ events: { size: number; anchored: number } }> {
  const { events } = JSON.parse(await textOf(server, "/health")) as {
    events: { recorded: number; anchored: number };
  };
  return { events: { size: events.recorded, anchored: events.anchored } };
}
