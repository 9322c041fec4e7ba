import { parseEvidence, parseEvidenceFile, type Evidence } from "../protocol/evidence.ts";
import { payloadLeafHash } from "../protocol/event.ts";
import { verifyInclusion } from "../protocol/merkle.ts";
import type { ChainReader } from "../verifier/chain.ts";
import { verifyEvidence } from "../verifier/evidence.ts";
import type { TrustProfile } from "../verifier/trust-profile.ts";

/** What the recorder knows itself about the event a piece of evidence is about. */
export interface ExpectedEvidence {
  /** Index by the receipt. */
  index: number;
  /** The submission's JWS as this recorder signed it, or null when the receipt answered another batching. */
  submission: string | null;
}

/** Says what is wrong with a piece of evidence, or undefined when it proves its event. Rejects when that can't be found out now. */
export type EvidenceCheck = (evidence: string, expected: ExpectedEvidence) => Promise<string | undefined>;

/** An anchored checkpoint that a full verification found good, with the index of the first of our events that it covers. */
interface KnownCheckpoint {
  checkpoint: string;
  kid: string;
  index: number;
}

/**
 * Checks evidence in full, chain and signatures included, for the first event under each checkpoint and key. The next ones
 * under that checkpoint share all of it, when their submission is the very JWS this recorder signed: what is left to check
 * is hashing. A checkpoint that is the first to cover one event is the first for every later event it covers.
 */
export function evidenceChecker(chain: ChainReader, profile: TrustProfile): EvidenceCheck {
  let known: KnownCheckpoint | undefined;
  return async (text, expected) => {
    const evidence = parseEvidence(text);
    const { proof, submission } = evidence;
    if (proof.index !== expected.index) return "it proves another index than the receipt promised";
    const isOurs = parseEvidenceFile(text).submission.jws === expected.submission;
    if (isOurs && known !== undefined && isUnder(known, evidence)) {
      return pathsHold(evidence) ? undefined : "a Merkle path does not lead to its signed root";
    }
    const { verdict, checks } = await verifyEvidence(text, profile, chain);
    if (verdict === "incomplete")
      throw new Error("the evidence cannot be checked while the chain does not answer");
    if (verdict === "invalid")
      return checks.find(({ status }) => status === "failed")?.detail ?? "it is invalid";
    known = { checkpoint: proof.checkpoint, kid: submission.jws.header.kid, index: proof.index };
    return undefined;
  };
}

function isUnder(known: KnownCheckpoint, { proof, submission }: Evidence): boolean {
  return (
    proof.checkpoint === known.checkpoint &&
    submission.jws.header.kid === known.kid &&
    proof.index >= known.index
  );
}

/** Whether the event stands at its place in its submission and at its index in the checkpoint's tree. */
function pathsHold({ event, submission, proof, checkpoint }: Evidence): boolean {
  const leafHash = payloadLeafHash(event.payloadText);
  const { first, count, root } = submission.payload;
  return (
    event.payload.seq === first + submission.index &&
    verifyInclusion({ index: submission.index, size: count, leafHash, proof: submission.path, root }) &&
    verifyInclusion({
      index: proof.index,
      size: checkpoint.size,
      leafHash,
      proof: proof.hashes,
      root: checkpoint.root,
    })
  );
}
