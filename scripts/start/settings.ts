import path from "node:path";
import { RecorderError } from "../../recorder/errors.ts";
import { readRecorderSettings } from "../../recorder/settings.ts";
import { type Config, ConfigError, readConfig } from "../../server/config.ts";
import { loadSecrets, type Secrets } from "../../server/secrets.ts";
import { DEMO_SOURCE, OPERATOR, recorderKeyFile } from "./agencies.ts";
import { StartError } from "./error.ts";
import { freePorts } from "./ports.ts";

/** Where everything of one embedded system is. */
export interface StartSettings {
  readonly dataFolder: string;
  readonly keysFolder: string;
  readonly trustProfile: string;
  /** As people reach them from this machine. */
  readonly ledgerUrl: string;
  readonly recorderUrl: string;
  readonly chainPort: number;
  /** What the ledger and the recorder are told; the chain's address is added once it is known. */
  readonly childEnv: NodeJS.ProcessEnv;
}

const LOOPBACK = "127.0.0.1";

/** The folder that holds all state. @throws StartError */
export function dataFolderOf(env: NodeJS.ProcessEnv): string {
  return explained(() => readConfig(env).dataDir);
}

/** Reads the environment and makes sure that the ports are free. @throws StartError naming what to change. */
export async function readStartSettings(env: NodeJS.ProcessEnv): Promise<StartSettings> {
  const [config, recorder] = explained(() => [
    readConfig({ ...env, OPERATOR, ENVIRONMENT: "embedded" }),
    readRecorderSettings({ ...env, RECORDER_SOURCE: DEMO_SOURCE }),
  ]);
  const [ledgerPort, recorderPort, chainPort] = await freePorts([
    { variable: "PORT", host: config.host, port: config.port },
    { variable: "RECORDER_PORT", host: recorder.host, port: recorder.port },
    { variable: "CHAIN_PORT", host: LOOPBACK, port: chainPortOf(env["CHAIN_PORT"]) },
  ]);
  const keysFolder = path.join(config.dataDir, "keys");
  const trustProfile = path.join(config.dataDir, "trust.json");
  const ledgerUrl = urlOf(config.host, ledgerPort);
  return {
    dataFolder: config.dataDir,
    keysFolder,
    trustProfile,
    ledgerUrl,
    recorderUrl: urlOf(recorder.host, recorderPort),
    chainPort,
    childEnv: {
      ...env,
      DATA_DIR: config.dataDir,
      ENVIRONMENT: "embedded",
      OPERATOR,
      PORT: String(ledgerPort),
      TRUST_PROFILE: trustProfile,
      LEDGER_URL: ledgerUrl,
      RECORDER_SOURCE: DEMO_SOURCE,
      RECORDER_KEY: recorderKeyFile(keysFolder, DEMO_SOURCE),
      RECORDER_PORT: String(recorderPort),
    },
  };
}

/** The ledger's secrets, which it and the deployment must agree on; made the first time. @throws StartError */
export function readSecrets(settings: StartSettings, env: NodeJS.ProcessEnv): Secrets {
  const where: Pick<Config, "dataDir" | "environment"> = {
    dataDir: settings.dataFolder,
    environment: "embedded",
  };
  return explained(() => loadSecrets(where, env));
}

function explained<const T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ConfigError || cause instanceof RecorderError) {
      throw new StartError(cause.message, { cause });
    }
    throw cause;
  }
}

function chainPortOf(text = "0"): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new StartError(`CHAIN_PORT must be a port from 0 (any free one) to 65535; it is "${text}"`);
}

/** A server that listens everywhere is reached on loopback too. */
function urlOf(host: string, port: number): string {
  const everywhere = host === "0.0.0.0" || host === "::";
  const name = everywhere ? LOOPBACK : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
