import { hexlify, Wallet } from "ethers";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { logPublicKeys, ownSourceKeys } from "../../server/secrets.ts";
import { deploy } from "../deploy.ts";
import { httpRpc } from "../deploy/json-rpc.ts";
import { AnvilError } from "../devchain/anvil.ts";
import { startDevchain } from "../devchain.ts";
import { demoAgencyPlans, operatorPlan } from "./agencies.ts";
import { startChild } from "./child.ts";
import { accountKey } from "./keys.ts";
import { StartError } from "./error.ts";
import type { Part, Parts } from "./parts.ts";
import { readSecrets, type StartSettings } from "./settings.ts";
import { writeTrustProfile } from "./trust.ts";

/**
 * Starts the embedded system part by part and returns when each answers that it is ready. What is there from an earlier start (keys,
 * contracts, agencies) is used again.
 * @param parts takes over every part as soon as it runs, so that the caller can stop what was started before a failure
 * @throws StartError, DeployError
 */
export async function startSystem(
  settings: StartSettings,
  { env, parts, onProgress }: { env: NodeJS.ProcessEnv; parts: Parts; onProgress: (line: string) => void },
): Promise<void> {
  const { dataFolder, childEnv, ledgerUrl, recorderUrl } = settings;
  const logs = path.join(dataFolder, "logs");
  await mkdir(logs, { recursive: true });

  onProgress("starting the embedded chain");
  const chain = await parts.add(startChain(settings));
  await deployOnce(settings, { env, rpcUrl: chain.url, onProgress });

  const ledger = await parts.add(
    startChild({
      name: "ledger",
      file: "server/main.ts",
      env: { ...childEnv, RPC_URL: chain.url },
      logFile: path.join(logs, "ledger.log"),
    }),
  );
  await ledger.untilReady(`${ledgerUrl}/ready`);
  onProgress(`the ledger is ready (process ${ledger.pid})`);

  const recorder = await parts.add(
    startChild({
      name: "recorder",
      file: "recorder/main.ts",
      env: childEnv,
      logFile: path.join(logs, "recorder.log"),
    }),
  );
  await recorder.untilReady(`${recorderUrl}/ready`);
  onProgress(`the recorder is ready (process ${recorder.pid})`);
}

async function startChain({
  dataFolder,
  chainPort,
}: StartSettings): Promise<Part & { readonly url: string }> {
  try {
    const chain = await startDevchain({ dataDir: path.join(dataFolder, "chain"), port: chainPort });
    return {
      name: "embedded chain",
      url: chain.url,
      ended: chain.ended.then(() => "its process is gone"),
      stop: () => chain.stop(),
    };
  } catch (cause) {
    if (cause instanceof AnvilError) throw new StartError(cause.message, { cause });
    throw cause;
  }
}

/** Brings the chain to what the demo needs and writes the trust profile. */
async function deployOnce(
  settings: StartSettings,
  { env, rpcUrl, onProgress }: { env: NodeJS.ProcessEnv; rpcUrl: string; onProgress: (line: string) => void },
): Promise<void> {
  const { dataFolder, keysFolder } = settings;
  const secrets = readSecrets(settings, env);
  const deployment = await deploy({
    rpc: httpRpc(rpcUrl),
    adminKey: await accountKey(path.join(keysFolder, "account-admin")),
    statePath: path.join(dataFolder, "deployment.json"),
    log: { anchorer: new Wallet(hexlify(secrets.anchorer)).address, keys: logPublicKeys(secrets) },
    operator: await operatorPlan(keysFolder, ownSourceKeys(secrets)),
    agencies: await demoAgencyPlans(keysFolder),
    onProgress,
  });
  // Whoever reaches the ledger can read its chain, and nobody the chain's own port.
  await writeTrustProfile(settings.trustProfile, deployment, `${settings.ledgerUrl}/rpc`);
}
