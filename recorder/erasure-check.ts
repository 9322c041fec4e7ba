import { toBase64url } from "../protocol/bytes.ts";
import { payloadLeafHash } from "../protocol/event.ts";
import { isJsonObject } from "../protocol/json.ts";
import { type ChainReader, ERASE } from "../verifier/chain.ts";
import { verifyEvidence } from "../verifier/evidence.ts";
import type { TrustProfile } from "../verifier/trust-profile.ts";

/** The leaf hashes (base64url) that an erasure names, or what is wrong with its evidence. Rejects when that can't be found out now. */
export type ErasureCheck = (evidence: string) => Promise<ReadonlySet<string> | string>;

/**
 * Checks the evidence of an erasure in full: that it is anchored and of an agency that could erase when it was. Nothing is destroyed because the ledger
 * says so.
 */
export function erasureChecker(chain: ChainReader, profile: TrustProfile): ErasureCheck {
  return async (evidence) => {
    const { verdict, checks, claim } = await verifyEvidence(evidence, profile, chain);
    if (verdict === "incomplete")
      throw new Error("an erasure cannot be checked while the chain does not answer");
    if (verdict === "invalid" || claim === null)
      return checks.find(({ status }) => status === "failed")?.detail ?? "its evidence is invalid";
    const { type, erasure } = claim.facets;
    const leaves: unknown = isJsonObject(erasure) ? erasure["leaves"] : undefined;
    if (type !== "erasure" || !Array.isArray(leaves)) return "it is no erasure";
    const { source, anchor } = claim;
    const bits = await chain.entitlementsAt(profile.agencyRegistry, source, anchor.block);
    return (bits & ERASE) === 0 ? `${source} could not erase` : new Set(leaves.map(String));
  };
}

/** The leaf hash of a payload, base64url. */
export function leafOf(payload: string): string {
  return toBase64url(payloadLeafHash(payload));
}
