/**
 * Puts the contracts on a chain, creates the log, admits the agencies, says that their logs are those of the registry.
 *
 *     npm run deploy -- PLAN.json     brings the chain to the plan; safe to repeat
 *     npm run deploy -- keys          prints the public keys the plan needs, from the ledger's secrets
 *
 * RPC_URL names the chain's node, ADMIN_KEY is the private key (hex) of the administrator's account. The record of
 * the deployment is DATA_DIR/deployment.json; keep it. TRUST_PROFILE is written for the ledger and its verifiers.
 */
import { Wallet } from "ethers";
import { RpcFailure } from "../server/anchor/json-rpc.ts";
import { ConfigError } from "../server/config.ts";
import { LedgerError } from "../server/errors.ts";
import { admitStep, raiseSteps, recorderKeySteps } from "./deploy/agencies.ts";
import { chainReader } from "./deploy/chain.ts";
import { runCommand } from "./deploy/command.ts";
import { DeployError } from "./deploy/error.ts";
import { createLogStep, requireLog } from "./deploy/log.ts";
import type { DeployOptions, Deployment } from "./deploy/plan.ts";
import { openRecord } from "./deploy/record.ts";
import { deployRegistries, nameLogsStep } from "./deploy/registries.ts";
import { perform, type SenderOptions } from "./deploy/sender.ts";
import { isMain } from "./is-main.ts";

export type { AgencyPlan, Deployment } from "./deploy/plan.ts";

/** Long enough for the owners of a stolen administrator key to notice and cancel. */
const DEFAULT_ADMIN_DELAY_SECONDS = 3 * 24 * 3600;
/** Several blocks of the slowest permissioned chains. */
const DEFAULT_MINE_TIMEOUT_MS = 60_000;

/**
 * Brings a chain to the planned state and returns where everything is: both registries, the log, its agencies and
 * the recorder keys that are given. What is there already is left alone, so this runs at every start. It may be
 * killed anywhere: the next run goes on, and nothing is deployed, created or admitted twice.
 * @throws DeployError, whose message says what to do.
 */
export async function deploy(options: DeployOptions): Promise<Deployment> {
  try {
    return await bringToPlan(options);
  } catch (cause) {
    if (cause instanceof RpcFailure) {
      throw new DeployError(
        "chain-unavailable",
        `A node refused a read: ${cause.message}. On a chain whose newest blocks may change, run the deployment again: it goes on from here.`,
        { cause },
      );
    }
    if (!(cause instanceof LedgerError)) throw cause;
    throw new DeployError(
      "chain-unavailable",
      `${cause.message} Check that the chain's node runs and that the URL is right.`,
      { cause },
    );
  }
}

async function bringToPlan(options: DeployOptions): Promise<Deployment> {
  const chain = chainReader(options.rpc);
  const [chainId, genesisHash] = [await chain.chainId(), await chain.genesisHash()];
  const admin = new Wallet(options.adminKey);
  const sending: SenderOptions = {
    chain,
    chainId,
    keeper: await openRecord(options.statePath, { chainId, genesisHash }),
    mineTimeoutMs: options.mineTimeoutMs ?? DEFAULT_MINE_TIMEOUT_MS,
    onProgress: options.onProgress ?? (() => undefined),
  };

  const delaySeconds = options.adminDelaySeconds ?? DEFAULT_ADMIN_DELAY_SECONDS;
  const { anchor, agency } = await deployRegistries(admin, delaySeconds, sending);
  const agencies = [options.operator, ...options.agencies];
  const admissions = agencies.map((plan) => admitStep(admin, plan, agency, chain));
  const logs = [createLogStep(admin, options.log, anchor, chain), nameLogsStep(admin, anchor, agency, chain)];
  await perform([...logs, ...admissions], sending);
  await perform(
    agencies.flatMap((plan) => raiseSteps(admin, plan, agency, chain)),
    sending,
  );
  await perform(await recorderKeySteps(agencies, agency, chain), sending);

  return {
    chainId,
    genesisHash,
    anchorRegistry: anchor.address.toLowerCase(),
    agencyRegistry: agency.address.toLowerCase(),
    logId: await requireLog(options.log, anchor, chain),
  };
}

if (isMain(import.meta)) {
  try {
    await runCommand(process.argv.slice(2), process.env, deploy);
  } catch (error) {
    if (!(error instanceof DeployError || error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
