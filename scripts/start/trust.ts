import { writeProfile } from "../deploy/trust-profile.ts";
import type { Deployment } from "../deploy/plan.ts";

/** A block of the embedded chain is final at once: there is one validator. */
const FINALITY_DEPTH = 1;

/** Writes the trust profile of an embedded system. @param rpcUrl the node that verifiers on this machine shall ask */
export function writeTrustProfile(file: string, deployment: Deployment, rpcUrl: string): Promise<void> {
  return writeProfile(file, {
    name: "Minh Bạch on the embedded chain",
    environment: "embedded",
    ...deployment,
    finalityDepth: FINALITY_DEPTH,
    rpc: [rpcUrl],
  });
}
