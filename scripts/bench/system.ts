import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { hexlify, Wallet } from "ethers";
import { toHex } from "../../protocol/bytes.ts";
import type { LogId } from "../../protocol/log-id.ts";
import { splitSource } from "../../protocol/source.ts";
import { loadSecrets, logPublicKeys, ownSourceKeys, type Secrets, VARIABLES } from "../../server/secrets.ts";
import { deploy } from "../deploy.ts";
import { httpRpc } from "../deploy/json-rpc.ts";
import { type Devchain, startDevchain } from "../devchain.ts";
import { operatorPlan, OPERATOR } from "../start/agencies.ts";
import { type Child, startChild } from "../start/child.ts";
import { accountKey } from "../start/keys.ts";
import { freePorts } from "../start/ports.ts";
import { writeProfile } from "../deploy/trust-profile.ts";
import { BENCH_AGENCY, type BenchSource } from "./workload.ts";

/** A whole ledger of the benchmark's own: chain, contracts, sources, and the server as a process beside the load. */
export interface BenchSystem {
  readonly dataDir: string;
  readonly log: LogId;
  readonly chain: Devchain;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  /** The log's keys as a server with another data folder is told them. */
  readonly keys: Readonly<Record<string, string>>;
  /** Starts the server on the data folder and resolves when it is ready, with the seconds that took. */
  startServer: () => Promise<number>;
  /** Ends the server; by SIGKILL when `hard`. */
  stopServer: (hard?: boolean) => Promise<void>;
  serverPid: () => number;
  inspectorToken: () => Promise<string>;
  close: () => Promise<void>;
}

/** Tiles of ten million events that were never integrated take minutes. */
const READY_TIMEOUT_MS = 15 * 60_000;
/** No source of the benchmark is to be slowed down by the limit that protects a province from a runaway one. */
const UNLIMITED_EVENTS_PER_SECOND = "1000000";

/** Starts the chain, deploys, and registers every source. The server is not started yet. */
export async function prepareSystem(
  sources: readonly BenchSource[],
  parent = tmpdir(),
): Promise<BenchSystem> {
  const dataDir = await mkdtemp(path.join(parent, "minhbach-bench-"));
  const chain = await startDevchain({ dataDir, blockTime: 1 });
  const keysFolder = path.join(dataDir, "keys");
  const secrets = loadSecrets({ dataDir, environment: "embedded" }, {});
  const [port] = await freePorts([{ variable: "PORT", host: "127.0.0.1", port: 0 }]);
  const url = `http://127.0.0.1:${port}`;
  const deployment = await deploy({
    rpc: httpRpc(chain.url),
    adminKey: await accountKey(path.join(keysFolder, "account-admin")),
    statePath: path.join(dataDir, "deployment.json"),
    log: { anchorer: new Wallet(hexlify(secrets.anchorer)).address, keys: logPublicKeys(secrets) },
    operator: await operatorPlan(keysFolder, ownSourceKeys(secrets)),
    agencies: [
      {
        code: BENCH_AGENCY,
        name: "Benchmark",
        entitlements: 1,
        account: { privateKey: await accountKey(path.join(keysFolder, "account-bench")) },
        recorders: sources.map(({ source, publicKey }) => ({
          name: splitSource(source).recorder,
          alg: "EdDSA",
          key: publicKey,
          fromSeq: 1,
        })),
      },
    ],
  });
  const trustProfile = path.join(dataDir, "trust.json");
  const profile = {
    name: "Benchmark",
    environment: "embedded",
    finalityDepth: 1,
    rpc: [`${url}/rpc`],
  } as const;
  await writeProfile(trustProfile, { ...profile, ...deployment });
  const env = {
    ...process.env,
    DATA_DIR: dataDir,
    ENVIRONMENT: "embedded",
    OPERATOR,
    PORT: String(port),
    RPC_URL: chain.url,
    TRUST_PROFILE: trustProfile,
    LEDGER_URL: url,
    LOG_LEVEL: "warn",
    // Its event would be one more than the load sent.
    CATALOGUE: "none",
    SOURCE_EVENTS_PER_SECOND: UNLIMITED_EVENTS_PER_SECOND,
  };
  let server: Child | undefined;
  return {
    dataDir,
    log: { chainId: deployment.chainId, registry: deployment.anchorRegistry, logId: deployment.logId },
    chain,
    port,
    env,
    keys: Object.fromEntries(
      (Object.keys(VARIABLES) as (keyof Secrets)[]).map((name) => [VARIABLES[name], toHex(secrets[name])]),
    ),
    startServer: async () => {
      const started = performance.now();
      server = await startChild({
        name: "ledger",
        file: "server/main.ts",
        env,
        logFile: path.join(dataDir, "ledger.log"),
      });
      await server.untilReady(`${url}/ready`, READY_TIMEOUT_MS);
      return (performance.now() - started) / 1000;
    },
    stopServer: async (hard = false) => {
      if (hard && server !== undefined) process.kill(server.pid, "SIGKILL");
      await server?.stop();
      server = undefined;
    },
    serverPid: () => {
      if (server === undefined) throw new Error("the server is not running");
      return server.pid;
    },
    inspectorToken: async () => inspectorTokenOf(path.join(dataDir, "dev-tokens.json")),
    close: async () => {
      await server?.stop();
      await chain.kill();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function inspectorTokenOf(file: string): Promise<string> {
  const list = JSON.parse(await readFile(file, "utf8")) as { token: string; caller: { role: string } }[];
  const found = list.find(({ caller }) => caller.role === "inspector");
  if (found === undefined) throw new Error(`${file} has no inspector`);
  return found.token;
}

/** What a process used so far, all its threads together. Linux only; zeros elsewhere. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Memory of its own. */
  readonly memoryMegabytes: number;
  /** Pages of the database's files that it mapped: cache, which the system takes back when it needs it. */
  readonly mappedMegabytes: number;
}

export async function usageOf(pid: number): Promise<Usage> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const status = await readFile(`/proc/${pid}/status`, "latin1");
    const megabytes = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0) / 1024;
    const ticks = Number(fields[11]) + Number(fields[12]);
    return {
      cpuSeconds: ticks / 100,
      memoryMegabytes: megabytes("RssAnon"),
      mappedMegabytes: megabytes("RssFile"),
    };
  } catch {
    return { cpuSeconds: 0, memoryMegabytes: 0, mappedMegabytes: 0 };
  }
}
