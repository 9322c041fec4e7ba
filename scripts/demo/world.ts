import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { hexlify, Wallet } from "ethers";
import { isJsonObject } from "../../protocol/json.ts";
import { httpRpc } from "../../server/anchor/json-rpc.ts";
import { type App, startApp } from "../../server/app.ts";
import { readConfig } from "../../server/config.ts";
import { createLog } from "../../server/log.ts";
import { loadSecrets, logPublicKeys, ownSourceKeys } from "../../server/secrets.ts";
import { parseTrustProfile, type TrustProfile } from "../../verifier/trust-profile.ts";
import { deploy } from "../deploy.ts";
import { writeProfile } from "../deploy/trust-profile.ts";
import { startDevchain } from "../devchain.ts";
import { demoAgencyPlans, OPERATOR, operatorPlan, PROVINCE } from "../start/agencies.ts";
import { accountKey } from "../start/keys.ts";
import type { WorldClock } from "./clock.ts";

/** Somebody of the population, as the development sign-on lets them sign on. */
export interface Resident {
  /** What programs name them by. */
  readonly id: string;
  /** Citizen's number. */
  readonly number: string;
  readonly name: string;
}

export interface WorldOptions {
  /** Where everything is kept; made if missing. */
  readonly dataDir: string;
  readonly clock: WorldClock;
  readonly residents: readonly Resident[];
  /** 0 for any free port. */
  readonly ledgerPort: number;
}

/** A ledger on an embedded chain that knows all agencies of the province, and that lives in the time of a world clock. */
export interface World {
  readonly dataDir: string;
  readonly keysFolder: string;
  readonly ledgerUrl: string;
  readonly profile: TrustProfile;
  readonly profileFile: string;
  readonly clock: WorldClock;
  /** Resolves when everything recorded is indexed and anchored. @throws Error when that takes too long */
  readonly settled: () => Promise<void>;
  /** Sets the clock forward, once everything is settled: else promises of the ledger would be broken by the jump alone. */
  readonly setTo: (ms: number) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A day is lived through in a moment, so what takes seconds elsewhere takes milliseconds here. */
const QUICK = { CHECKPOINT_INTERVAL: "20ms", CHAIN_POLL: "10ms", RECEIVE_WORKERS: "1", VRF_WORKERS: "1" };
/**
 * No recorder gives a sign of life while the clock jumps over a night, so silence says nothing in a world whose clock is set forward; and whoever lives in
 * it asks for findings of all other kinds.
 */
const NO_SILENCE = { SILENCE_LIMIT: "99999h" };
const SETTLE_TIMEOUT_MS = 60_000;
const SETTLE_POLL_MS = 10;
const CHAIN_TIMEOUT_MS = 10_000;
const MAX_CHAIN_ANSWER_BYTES = 1024 * 1024;

/** Starts the chain and the ledger, and deploys what is not there yet. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const { dataDir, clock, residents, ledgerPort } = options;
  const keysFolder = path.join(dataDir, "keys");
  await mkdir(keysFolder, { recursive: true, mode: 0o700 });
  await writeFile(path.join(dataDir, "dev-people.json"), JSON.stringify(residents), { mode: 0o600 });
  const chain = await startDevchain({
    dataDir: path.join(dataDir, "chain"),
    startTime: Math.floor(clock.now() / 1000),
  });
  const rpc = httpRpc(chain.url, CHAIN_TIMEOUT_MS, MAX_CHAIN_ANSWER_BYTES);
  try {
    const profileFile = path.join(dataDir, "trust.json");
    const env = {
      ...{ ...QUICK, ...NO_SILENCE, LOG_LEVEL: "silent", DATA_DIR: dataDir, OPERATOR },
      ...{ PORT: String(ledgerPort), RPC_URL: chain.url },
    };
    const secrets = loadSecrets({ dataDir, environment: "embedded" }, {});
    const deployment = await deploy({
      ...{ rpc, adminKey: await accountKey(path.join(keysFolder, "account-admin")) },
      statePath: path.join(dataDir, "deployment.json"),
      log: { anchorer: new Wallet(hexlify(secrets.anchorer)).address, keys: logPublicKeys(secrets) },
      operator: await operatorPlan(keysFolder, ownSourceKeys(secrets)),
      agencies: await demoAgencyPlans(keysFolder, PROVINCE),
    });
    await writeProfile(profileFile, {
      ...{ name: "a province that is made up", environment: "embedded", finalityDepth: 1 },
      ...{ ...deployment, rpc: [chain.url] },
    });
    const profile = parseTrustProfile(await readFile(profileFile, "utf8"));
    const config = readConfig(env);
    const ledger = await startApp({ config, secrets, profile, clock, log: createLog(config) });
    // The agencies, which sign on at it, are read from the chain.
    await until(async () => (await fetch(`${ledger.url}/ready`)).ok, "the ledger is not ready");
    await until(async () => (await fetch(`${ledger.url}/v1/catalogue`)).ok, "no catalogue is in force");
    return {
      ...{ dataDir, keysFolder, ledgerUrl: ledger.url, profile, profileFile, clock },
      settled: async () => await settled(ledger),
      setTo: async (ms) => {
        await settled(ledger);
        clock.setTo(ms);
        await rpc("evm_setTime", [Math.floor(ms / 1000)]);
      },
      close: async () => {
        await ledger.close();
        await chain.stop();
      },
    };
  } catch (error) {
    await chain.kill();
    throw error;
  }
}

async function settled(ledger: App): Promise<void> {
  await until(async () => {
    const counts = await eventCounts(ledger);
    return (
      counts?.every((count) => count === counts[0]) === true && (await isIndexAnchored(ledger, counts[0]))
    );
  }, "the ledger does not catch up with what it recorded");
}

/** @throws Error with the complaint when it takes too long */
async function until(isSo: () => Promise<boolean>, complaint: string): Promise<void> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(complaint);
    await pause(SETTLE_POLL_MS);
  }
}

/** Whether an anchor has the index of all events: a log whose index is late is anchored without it at first. */
async function isIndexAnchored({ url }: App, recorded = 0): Promise<boolean> {
  if (recorded === 0) return true;
  const response = await fetch(`${url}/v1/anchors?after=${recorded - 1}`);
  const page: unknown = await response.json();
  const anchors = isJsonObject(page) ? page["anchors"] : undefined;
  return (
    Array.isArray(anchors) &&
    anchors.some((anchor) => isJsonObject(anchor) && anchor["indexSize"] === recorded)
  );
}

/** How many events are recorded, and how many of them each part has seen to; undefined while it is not known. */
async function eventCounts({ url }: App): Promise<readonly number[] | undefined> {
  const response = await fetch(`${url}/health`);
  const health: unknown = await response.json();
  const events = isJsonObject(health) ? health["events"] : undefined;
  if (!isJsonObject(events)) return undefined;
  const { recorded, published, indexed, anchored } = events;
  const counts = [recorded, published, indexed, anchored];
  return counts.every((count) => typeof count === "number") ? counts : undefined;
}
