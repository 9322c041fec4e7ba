/**
 * Says on the chain in which log an agency records from now on.
 *
 *     npm run assign -- AGENCY LOG
 *
 * AGENCY is its code, LOG the number of a log of the same registry. RPC_URL names the chain's node, ADMIN_KEY is the private key (hex) of the
 * registrar's account, TRUST_PROFILE (else DATA_DIR/trust.json) says where the registries are. The agency goes on with new recorders in its new log.
 */
import { readFile } from "node:fs/promises";
import path from "node:path";
import { ConfigError, type Env, readConfig } from "../server/config.ts";
import { parseTrustProfile, TrustProfileError } from "../verifier/trust-profile.ts";
import { assignLog } from "./deploy/assign.ts";
import { DeployError } from "./deploy/error.ts";
import { httpRpc } from "./deploy/json-rpc.ts";
import { isMain } from "./is-main.ts";

/** Runs the command. @throws DeployError, ConfigError, TrustProfileError */
export async function runAssign(
  args: readonly string[],
  env: Env,
  onProgress: (message: string) => void,
): Promise<void> {
  const [agency = "", log = "", ...more] = args;
  const isSlug = /^[a-z0-9](?:[a-z0-9-]{0,29}[a-z0-9])?$/.test(agency);
  if (!isSlug || !/^[1-9][0-9]{0,14}$/.test(log) || more.length > 0)
    throw new DeployError("plan-unusable", "Usage: npm run assign -- AGENCY LOG, such as qn-police 2");
  const registrarKey = env["ADMIN_KEY"] ?? "";
  if (!/^0x[0-9a-fA-F]{64}$/.test(registrarKey))
    throw new DeployError(
      "key-missing",
      "ADMIN_KEY must hold the registrar's private key: 0x and 64 hex digits",
    );
  const config = readConfig(env);
  const [rpcUrl] = config.rpcUrls;
  if (rpcUrl === undefined) throw new ConfigError("RPC_URL must name a node of the chain");
  const { anchorRegistry, agencyRegistry } = parseTrustProfile(
    await readFile(config.trustProfilePath, "utf8"),
  );
  await assignLog({
    ...{ rpc: httpRpc(rpcUrl), registrarKey, anchorRegistry, agencyRegistry },
    ...{ agency, logId: Number(log), onProgress },
    statePath: path.join(config.dataDir, "deployment.json"),
  });
}

if (isMain(import.meta)) {
  try {
    await runAssign(process.argv.slice(2), process.env, (message) => console.log(message));
  } catch (error) {
    const isKnown =
      error instanceof DeployError || error instanceof ConfigError || error instanceof TrustProfileError;
    if (!isKnown) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
