import { readFile, rename, writeFile } from "node:fs/promises";
import type { Deployment } from "../deploy.ts";
import { parseTrustProfile } from "../../verifier/trust-profile.ts";

/** A block of the embedded chain is final at once: there is one validator. */
const FINALITY_DEPTH = 1;

/**
 * Writes the trust profile of the embedded system, unless the file says the same already.
 * @param rpcUrl the node that verifiers shall ask, from this machine
 */
export async function writeTrustProfile(file: string, deployment: Deployment, rpcUrl: string): Promise<void> {
  const text = `${JSON.stringify(
    {
      type: "minhbach/trust-profile",
      version: 1,
      name: "Minh Bạch on the embedded chain",
      environment: "embedded",
      chainId: deployment.chainId,
      genesisHash: deployment.genesisHash,
      anchorRegistry: deployment.anchorRegistry,
      agencyRegistry: deployment.agencyRegistry,
      logId: deployment.logId,
      finalityDepth: FINALITY_DEPTH,
      rpc: [rpcUrl],
    },
    undefined,
    2,
  )}\n`;
  parseTrustProfile(text);
  const written = await readFile(file, "utf8").catch(() => undefined);
  if (written === text) return;
  await writeFile(`${file}.new`, text, { flush: true });
  await rename(`${file}.new`, file);
}
