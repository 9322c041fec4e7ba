import path from "node:path";
import { MAX_PROMISE_SECONDS } from "../protocol/receipt.ts";
import {
  baseUrl,
  ConfigError,
  duration,
  type Env,
  type Environment,
  httpUrl,
  integer,
  oneOf,
  seconds,
  slug,
} from "./config-values.ts";
import { type PortalConfig, portalConfig } from "./config-portal.ts";
import { type SignOnConfig, signOnConfig } from "./config-sign-on.ts";

export { ConfigError, type Env } from "./config-values.ts";

/**
 * What the server is told from outside, read once. Everything that may be seen in a log line is here; everything that may not
 * is in secrets.ts.
 */
export interface Config {
  readonly environment: Environment;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  /** Nodes of the chain, the preferred one first. */
  readonly rpcUrls: readonly string[];
  /** The trust profile of this log: chain, registries, log id. Written by the deployment, read at start. */
  readonly trustProfilePath: string;
  /** The operator's agency code; `<operator>/ledger` is the source of the ledger's own events. */
  readonly operator: string;
  /** Folder of the catalogue of procedures; undefined for a ledger that only records. */
  readonly catalogueDir: string | undefined;
  readonly checkpointIntervalMs: number;
  readonly chainPollMs: number;
  readonly anchorPromiseSeconds: number;
  /** Receipts promise that the index lists their events within this time. */
  readonly indexPromiseSeconds: number;
  /** How long a checkpoint waits for the index over the same events before it is anchored without. */
  readonly indexPatienceMs: number;
  /** Connections to PostgreSQL at most. */
  readonly databaseConnections: number;
  readonly receiveWorkers: number;
  /** Threads that compute the keys of new persons; started when there are some. */
  readonly vrfWorkers: number;
  /** What one source may send, on average over ten seconds. */
  readonly sourceEventsPerSecond: number;
  /** How long the second half of an exchange may take before its absence is a finding. */
  readonly exchangeGraceSeconds: number;
  /** How long a source may be silent before that is a finding. */
  readonly silenceLimitSeconds: number;
  /** How people reach this server, without a slash at the end, where that is not how it listens: behind a proxy. */
  readonly publicUrl: string | undefined;
  readonly signOn: SignOnConfig;
  readonly portal: PortalConfig;
  readonly logLevel: LogLevel;
}

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Relative to where the command runs, so that a checkout keeps its own state. */
const DEFAULT_DATA_DIR = "./data";
/** Loopback: opening the ledger to a network is a decision, not a default. */
const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 8080;
/** Where a node of the chain listens by convention. */
const DEFAULT_RPC_URL = "http://127.0.0.1:8545";
/** The demo operator; a province sets its own agency code. */
const DEFAULT_OPERATOR = "minhbach";
/** The pilot procedures; a province keeps its own. */
const DEFAULT_CATALOGUE = path.resolve(import.meta.dirname, "../catalogue");
/** A checkpoint is one signature and one transaction; people do not wait longer than this for proof. */
const DEFAULT_CHECKPOINT_INTERVAL_MS = 2_000;
/** A look costs a node a few reads, and a mined anchor should not wait long to be noticed. */
const DEFAULT_CHAIN_POLL_MS = 500;
/** Long enough to survive the restart of a chain node, short enough that a breach is news on the same day. */
const DEFAULT_ANCHOR_PROMISE_MS = 10 * 60_000;
/** A million new persons at a hundred a second take three hours; whoever was enrolled before, seconds. */
const DEFAULT_INDEX_PROMISE_MS = 24 * 60 * 60_000;
/** A thousand times what the index usually needs, and nobody waits long for proof because of it. */
const DEFAULT_INDEX_PATIENCE_MS = 10_000;
/** New persons are few; the cores are for the receiving. */
const DEFAULT_VRF_WORKERS = 1;
/** Measured best on two cores; more only helps where there are more cores. */
const DEFAULT_RECEIVE_WORKERS = 2;

/** Six servers stay below the hundred that PostgreSQL takes as it comes. */
const DEFAULT_DATABASE_CONNECTIONS = 16;
/** Six are for what is written, whatever readers do; with fewer than four more, readers wait for each other. */
const MIN_DATABASE_CONNECTIONS = 10;

/** Half of what a small server takes in all: one agency alone cannot keep the others out. */
const DEFAULT_SOURCE_EVENTS_PER_SECOND = 10_000;

/** A gateway that imports its log every quarter of an hour is well in time, and a missing half is news on the same day. */
const DEFAULT_EXCHANGE_GRACE_MS = 60 * 60_000;
/** Three heartbeats of a recorder that has nothing else to send. */
const DEFAULT_SILENCE_LIMIT_MS = 15 * 60_000;

/** Reads the configuration from environment variables. @throws ConfigError naming the first unusable variable. */
export function readConfig(env: Env): Config {
  const dataDir = path.resolve(env["DATA_DIR"] ?? DEFAULT_DATA_DIR);
  const environment = oneOf("ENVIRONMENT", env["ENVIRONMENT"] ?? "embedded", ["embedded", "production"]);
  const publicUrl = env["PUBLIC_URL"] === undefined ? undefined : baseUrl("PUBLIC_URL", env["PUBLIC_URL"]);
  return {
    environment,
    dataDir,
    host: env["HOST"] ?? DEFAULT_HOST,
    port: integer("PORT", env["PORT"], { fallback: DEFAULT_PORT, min: 0, max: 65_535 }),
    rpcUrls: (env["RPC_URL"] ?? DEFAULT_RPC_URL).split(",").map((url) => httpUrl("RPC_URL", url.trim())),
    trustProfilePath: path.resolve(env["TRUST_PROFILE"] ?? path.join(dataDir, "trust.json")),
    operator: slug("OPERATOR", env["OPERATOR"] ?? DEFAULT_OPERATOR),
    catalogueDir: catalogueDir(env["CATALOGUE"] ?? DEFAULT_CATALOGUE),
    checkpointIntervalMs: duration(
      "CHECKPOINT_INTERVAL",
      env["CHECKPOINT_INTERVAL"],
      DEFAULT_CHECKPOINT_INTERVAL_MS,
    ),
    chainPollMs: duration("CHAIN_POLL", env["CHAIN_POLL"], DEFAULT_CHAIN_POLL_MS),
    anchorPromiseSeconds: promise("ANCHOR_PROMISE", env["ANCHOR_PROMISE"], DEFAULT_ANCHOR_PROMISE_MS),
    indexPromiseSeconds: promise("INDEX_PROMISE", env["INDEX_PROMISE"], DEFAULT_INDEX_PROMISE_MS),
    indexPatienceMs: duration("INDEX_PATIENCE", env["INDEX_PATIENCE"], DEFAULT_INDEX_PATIENCE_MS),
    vrfWorkers: integer("VRF_WORKERS", env["VRF_WORKERS"], {
      fallback: DEFAULT_VRF_WORKERS,
      min: 1,
      max: 64,
    }),
    databaseConnections: integer("DATABASE_CONNECTIONS", env["DATABASE_CONNECTIONS"], {
      fallback: DEFAULT_DATABASE_CONNECTIONS,
      min: MIN_DATABASE_CONNECTIONS,
      max: 500,
    }),
    receiveWorkers: integer("RECEIVE_WORKERS", env["RECEIVE_WORKERS"], {
      fallback: DEFAULT_RECEIVE_WORKERS,
      min: 1,
      max: 64,
    }),
    sourceEventsPerSecond: integer("SOURCE_EVENTS_PER_SECOND", env["SOURCE_EVENTS_PER_SECOND"], {
      fallback: DEFAULT_SOURCE_EVENTS_PER_SECOND,
      // Below, a submission of 1,000 events would be more than ten seconds' share, and refused for ever.
      min: 100,
      max: 1_000_000,
    }),
    exchangeGraceSeconds: seconds("EXCHANGE_GRACE", env["EXCHANGE_GRACE"], DEFAULT_EXCHANGE_GRACE_MS),
    silenceLimitSeconds: seconds("SILENCE_LIMIT", env["SILENCE_LIMIT"], DEFAULT_SILENCE_LIMIT_MS),
    publicUrl,
    signOn: signOnConfig(env, { environment, publicUrl }),
    portal: portalConfig(env, environment),
    logLevel: oneOf("LOG_LEVEL", env["LOG_LEVEL"] ?? "info", LOG_LEVELS),
  };
}

/** "none" is a choice of its own: an empty value may come from a mistake in a script. */
function catalogueDir(value: string): string | undefined {
  if (value === "")
    throw new ConfigError('CATALOGUE must be a folder, or "none" for a ledger without procedures');
  return value === "none" ? undefined : path.resolve(value);
}

/** A duration that receipts may promise. */
function promise(name: string, value: string | undefined, fallbackMs: number): number {
  const promised = seconds(name, value, fallbackMs);
  if (promised > MAX_PROMISE_SECONDS)
    throw new ConfigError(
      `${name} must be at most ${MAX_PROMISE_SECONDS / 3600}h; recorders take no longer promise`,
    );
  return promised;
}
