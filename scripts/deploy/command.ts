import { getAddress } from "ethers";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { toHex } from "../../protocol/bytes.ts";
import { ConfigError, type Env, readConfig } from "../../server/config.ts";
import { anchorAccount } from "../../server/anchor/anchor-transaction.ts";
import { logPublicKeys, openKeys, ownSourceKeys } from "../../server/secrets.ts";
import { accountKeyOf } from "../../server/signers.ts";
import { DeployError } from "./error.ts";
import { httpRpc } from "./json-rpc.ts";
import type { DeployOptions, Deployment } from "./plan.ts";
import { parsePlanFile } from "./plan-file.ts";
import { writeProfile } from "./trust-profile.ts";

/** Runs `deploy PLAN.json` or `deploy keys`. @throws DeployError, ConfigError */
export async function runCommand(
  args: readonly string[],
  env: Env,
  deploy: (options: DeployOptions) => Promise<Deployment>,
): Promise<void> {
  const [what, ...rest] = args;
  if (what === undefined || rest.length > 0) {
    throw new DeployError("plan-unusable", "Usage: npm run deploy -- PLAN.json, or npm run deploy -- keys");
  }
  if (what === "keys") await printKeys(env);
  else await deployPlan(what, env, deploy);
}

async function deployPlan(
  planPath: string,
  env: Env,
  deploy: (options: DeployOptions) => Promise<Deployment>,
): Promise<void> {
  const config = readConfig(env);
  const adminKey = env["ADMIN_KEY"] ?? "";
  if (!/^0x[0-9a-fA-F]{64}$/.test(adminKey)) {
    throw new DeployError(
      "key-missing",
      "ADMIN_KEY must hold the administrator's private key: 0x and 64 hex digits",
    );
  }
  const { plan, profile } = parsePlanFile(await readPlan(planPath), env);
  const [rpcUrl] = config.rpcUrls;
  if (rpcUrl === undefined) throw new ConfigError("RPC_URL must name a node of the chain");
  const deployment = await deploy({
    ...plan,
    rpc: httpRpc(rpcUrl),
    adminKey,
    statePath: path.join(config.dataDir, "deployment.json"),
    onProgress: (message) => console.log(message),
  });
  await writeProfile(config.trustProfilePath, { ...profile, environment: config.environment, ...deployment });
  console.log(`trust profile: ${config.trustProfilePath}`);
}

async function readPlan(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new DeployError("plan-unusable", `${file} cannot be read`, { cause });
  }
}

/** What the administrator needs to know of the ledger's secrets, as members of PLAN.json. */
async function printKeys(env: Env): Promise<void> {
  const secrets = await openKeys(readConfig(env), env);
  const { checkpoint, receipt, vrf } = logPublicKeys(secrets);
  const anchorer = getAddress(anchorAccount(accountKeyOf(secrets.anchorer)).address);
  const keys = ownSourceKeys(secrets);
  const log = { anchorer, checkpoint: toHex(checkpoint), receipt: toHex(receipt), vrf: toHex(vrf) };
  const recorders = (["ledger", "desk"] as const).map((name) => ({
    ...{ name, alg: "EdDSA", key: toHex(keys[name]), fromSeq: 1 },
  }));
  console.log(JSON.stringify({ log, operator: { recorders } }, null, 2));
}
