/**
 * Computes the index keys of a population ahead of time, so that the first events about them are indexed at once.
 *
 *     npm run enrol -- FILE [--data DIR]
 *
 * FILE has one scheme:id a line (vn-cccd:079200000001), or is a CSV with the columns scheme and id. DIR is the ledger's data folder (else DATA_DIR, else
 * ./data); the ledger must be stopped. It uses the ledger's own secrets (VRF_KEY, PEPPER, or DIR/keys) and all cores, and compares them with those the
 * records are bound to and, where it can be reached, with the chain (TRUST_PROFILE, RPC_URL). Interrupted, it goes on when it is run again.
 */
import { existsSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { ed25519 } from "@noble/curves/ed25519.js";
import { SingleBar } from "cli-progress";
import { ConfigError, type Env, readConfig } from "../server/config.ts";
import { LedgerError } from "../server/errors.ts";
import { requireOwnSecrets } from "../server/index/own-secrets.ts";
import { vrfPool } from "../server/index/vrf-pool.ts";
import { indexTags } from "../server/receive/index-tags.ts";
import { loadSecret } from "../server/secrets.ts";
import { openLevelStore } from "../server/store/level-store.ts";
import type { Store } from "../server/store/store.ts";
import { compareWithChain } from "./enrol/chain.ts";
import { enrol, type EnrolSummary } from "./enrol/enrol.ts";
import { EnrolError } from "./enrol/error.ts";
import { readRegister } from "./enrol/register.ts";
import { isMain } from "./is-main.ts";

const USAGE = "Usage: npm run enrol -- FILE [--data DIR]";

/** What was done, and why the VRF key could not be compared with the chain's, if it could not. */
export type Enrolment = EnrolSummary & { readonly unchecked: string | undefined };

/** Runs the command; a terminal sees a progress bar. @throws EnrolError, ConfigError */
export async function runEnrol(
  args: readonly string[],
  env: Env,
  terminal: NodeJS.WriteStream,
): Promise<Enrolment> {
  const { file, data } = parseCommand(args);
  const config = readConfig(data === undefined ? env : { ...env, DATA_DIR: data });
  const records = path.join(config.dataDir, "records");
  // Opening it would make an empty one, and secrets for it: surely not what was meant.
  if (!existsSync(records)) {
    throw new EnrolError(
      "no-records",
      `${config.dataDir} holds no ledger. Start the ledger once, or name its folder with --data.`,
    );
  }
  const bytes = sizeOf(file);
  requireSecrets(config.dataDir, env);
  const seed = loadSecret("vrf", config, env);
  const pepper = loadSecret("pepper", config, env);
  const vrfKey = ed25519.getPublicKey(seed);
  const unchecked = await compareWithChain(config, vrfKey);
  const store = await openStopped(records);
  const vrf = vrfPool(seed, availableParallelism());
  const tagOf = indexTags(pepper);
  const bar = terminal.isTTY ? new SingleBar({ stream: terminal, format: BAR, hideCursor: true }) : undefined;
  bar?.start(bytes, 0);
  try {
    await requireOwnSecrets(store, { vrfKey, pepper, vrf, tagOf }, { mayBindAnew: false });
    const options = { store, vrf, tagOf, onProgress: (done: number) => bar?.update(done) };
    return { ...(await enrol(readRegister(file), options)), unchecked };
  } catch (cause) {
    if (!(cause instanceof LedgerError && cause.code === "wrong-keys")) throw cause;
    throw new EnrolError("wrong-secrets", cause.message, { cause });
  } finally {
    bar?.stop();
    await vrf.close();
    await store.close();
  }
}

const BAR = "{bar} {percentage}% of the file, {eta_formatted} left";

function parseCommand(args: readonly string[]): { file: string; data: string | undefined } {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { data: { type: "string" } },
      allowPositionals: true,
    });
    const [file, ...rest] = positionals;
    if (file !== undefined && rest.length === 0) return { file, data: values.data };
  } catch (cause) {
    throw new EnrolError("usage", USAGE, { cause });
  }
  throw new EnrolError("usage", USAGE);
}

/** Loading a missing one would make it, and keys made with it are of no log. */
function requireSecrets(dataDir: string, env: Env): void {
  const secrets = { vrf: "VRF_KEY", pepper: "PEPPER" };
  for (const [name, variable] of Object.entries(secrets)) {
    const kept = path.join(dataDir, "keys", name);
    if (env[variable] === undefined && !existsSync(kept)) {
      throw new EnrolError(
        "wrong-secrets",
        `${variable} is not set and ${kept} does not exist: use the ledger's own.`,
      );
    }
  }
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch (cause) {
    throw new EnrolError("no-file", `${file} cannot be read.`, { cause });
  }
}

async function openStopped(records: string): Promise<Store> {
  try {
    return await openLevelStore({ path: records });
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause;
    throw new EnrolError(
      "no-records",
      `${cause.message} Stop the ledger while persons are enrolled, and start it again afterwards.`,
      {
        cause,
      },
    );
  }
}

/** The summary as lines for people. */
export function describeEnrolment({ enrolled, known, failed, faults, unchecked }: Enrolment): string {
  const lines = [
    `${enrolled} persons enrolled, ${known} had their key already, ${failed} lines could not be used.`,
  ];
  lines.push(...faults.map(({ line, fault }) => `  line ${line}: ${fault}`));
  if (failed > faults.length) lines.push(`  and ${failed - faults.length} more`);
  if (unchecked !== undefined)
    lines.push(
      `VRF_KEY was not compared with the chain's (${unchecked}); the ledger does so when it starts, and serves nothing with another.`,
    );
  return lines.join("\n");
}

if (isMain(import.meta)) {
  try {
    const summary = await runEnrol(process.argv.slice(2), process.env, process.stderr);
    console.log(describeEnrolment(summary));
    process.exitCode = summary.failed === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof EnrolError || error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
