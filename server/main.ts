import { readFile } from "node:fs/promises";
import type { Logger } from "pino";
import { exitCodeOf } from "../keys/exit-code.ts";
import { parseTrustProfile, type TrustProfile, TrustProfileError } from "../verifier/trust-profile.ts";
import { isSettingFault, startApp } from "./app.ts";
import { systemClock } from "./clock.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { createLog } from "./log.ts";
import { openKeys, recordsDatabase } from "./secrets.ts";

/** The ledger as a process: reads the environment, runs until it is asked to end. */
async function run(config: Config, log: Logger): Promise<void> {
  const asked = endSignal();
  const profile = await readProfile(config.trustProfilePath);
  requireSameEnvironment(config, profile);
  const secrets = await openKeys(config, process.env);
  const database = recordsDatabase(process.env);
  const app = await startApp({ config, secrets, database, profile, clock: systemClock, log });
  log.info({ signal: await asked }, "ending");
  await app.close();
}

async function readProfile(file: string): Promise<TrustProfile> {
  try {
    return parseTrustProfile(await readFile(file, "utf8"));
  } catch (error) {
    if (error instanceof TrustProfileError) throw new ConfigError(`${file}: ${error.message}`);
    const message = `TRUST_PROFILE: ${file} cannot be read. It says where the log is on the chain; the deployment writes it.`;
    throw new ConfigError(message, { cause: error });
  }
}

/** A forgotten ENVIRONMENT must not open development tokens, and keys made by itself, on a chain that is meant seriously. */
function requireSameEnvironment({ environment }: Config, profile: TrustProfile): void {
  if (profile.environment === environment) return;
  throw new ConfigError(
    `ENVIRONMENT is ${environment}, but the trust profile is of a log in ${profile.environment}: set ENVIRONMENT=${profile.environment}.`,
  );
}

/** Resolves at the first signal to end. Later ones change nothing: a terminal and npm may both send the same Ctrl-C. */
function endSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, resolve);
  return promise;
}

// Records, keys and tokens are for this user alone.
process.umask(0o077);

try {
  const config = readConfig(process.env);
  const log = createLog(config);
  try {
    await run(config, log);
  } catch (error) {
    log.fatal({ err: error }, "the ledger could not start or go on");
    // Whatever could not be closed must not keep a ledger half alive on its port and its records.
    process.exit(isSettingFault(error) ? exitCodeOf(error) : 1);
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = exitCodeOf(error);
}
