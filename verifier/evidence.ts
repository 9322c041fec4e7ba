/**
 * Verifies evidence: bytes in, an ordered list of checks and a verdict out. The file is not believed in anything: what to trust
 * comes from the trust profile, and what was anchored, by whom and under which keys comes from the chain.
 */
import { toHex } from "../protocol/bytes.ts";
import { openFacets } from "../protocol/event.ts";
import type { OpenedFacets } from "../protocol/facet-values.ts";
import { formatLogId } from "../protocol/log-id.ts";
import type { Source } from "../protocol/source.ts";
import type { Anchor, ChainReader } from "./chain.ts";
import { type Check, CheckList, hasFailed, isComplete } from "./checks.ts";
import {
  forTrustedLog,
  haveCode,
  isAnchored,
  isFinal,
  isInAssignedLog,
  isSignedByLog,
  isSignedByRecorder,
  isStillEntitled,
  isStillOpen,
  isTrustedChain,
  isUnrevokedSince,
  ofTrustedLog,
  wasEntitled,
  wasRecordersKey,
} from "./evidence-anchoring.ts";
import {
  type EventInEvidence,
  isIncluded,
  isSubmitted,
  type LogProof,
  openEvent,
  readFile,
  readProof,
  readSubmission,
  rightNumber,
  sameSource,
  type SubmissionInEvidence,
} from "./evidence-content.ts";
import type { TrustProfile } from "./trust-profile.ts";

/**
 * `valid`: every check passed. `development`: the same, but on an embedded chain, which proves nothing to anyone else.
 * `invalid`: a check failed. `incomplete`: none failed, but not everything could be checked.
 */
export type Verdict = "valid" | "development" | "invalid" | "incomplete";

/** What evidence with a good verdict proves. */
export interface EvidenceClaim {
  /** `chainId:registry:logId`. */
  readonly log: string;
  /** Place of the event in the log, from 0. */
  readonly index: number;
  readonly source: Source;
  readonly seq: number;
  /** The parts of the event that are shown, by their names. The agency vouches for what they say. */
  readonly facets: OpenedFacets;
  /** How many digests stay closed: hidden facets or padding. */
  readonly closedDigests: number;
  /** The event's leaf hash in lowercase hexadecimal. */
  readonly leafHash: string;
  /** When the agency says it signed, Unix seconds. */
  readonly signedAt: number;
  /** The first anchored checkpoint that covers the event; `time` is its block's, Unix seconds. */
  readonly anchor: { readonly size: number; readonly block: number; readonly time: number };
}

export interface EvidenceReport {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** Null unless the verdict is `valid` or `development`: nothing unverified is repeated. */
  readonly claim: EvidenceClaim | null;
}

/** Every check of evidence, in order: its stable id, and what it asserts. */
export const EVIDENCE_CHECKS = {
  format: "The file is evidence in a known format",
  disclosures: "Every part shown belongs to the event",
  submission: "The signed submission can be read",
  source: "Event and submission name the same source",
  sequence: "The event's number is its place in the submission",
  "submission-path": "The event is among those that were signed",
  proof: "The log's proof can be read",
  inclusion: "The event is in the log at its index",
  log: "The submission was signed for the trusted log",
  checkpoint: "The checkpoint is the trusted log's",
  chain: "The node serves the trusted chain",
  registries: "Both registries are on it",
  anchor: "The chain holds this checkpoint as the first that covers the event",
  finality: "The anchor is final",
  "checkpoint-signature": "The log signed the checkpoint",
  "recorder-key": "The submission names the recorder's key of that time",
  entitlement: "The agency was entitled to record at that time",
  "submission-signature": "The recorder signed the submission",
  "assigned-log": "The agency's events belonged in this log",
  "key-since": "The key was not revoked later",
  "agency-since": "The agency is still entitled",
  "log-since": "The log goes on",
} as const;

export type EvidenceCheckId = keyof typeof EVIDENCE_CHECKS;

/**
 * Verifies an evidence file. Without a profile, or without a chain to ask, the verdict is at best `incomplete`. All checks are
 * listed whatever the outcome. Never throws on a hostile file or a hostile chain.
 */
export async function verifyEvidence(
  input: Uint8Array | string,
  profile: TrustProfile | undefined,
  chain: ChainReader | undefined,
): Promise<EvidenceReport> {
  const list = new CheckList(EVIDENCE_CHECKS);

  // What the file says in itself.
  const file = list.check("format", {}, () => readFile(input));
  const event = list.check("disclosures", { file }, openEvent);
  const submission = list.check("submission", { file }, readSubmission);
  list.check("source", { event, submission }, sameSource);
  list.check("sequence", { event, submission }, rightNumber);
  list.check("submission-path", { event, submission }, isSubmitted);
  const proof = list.check("proof", { file }, readProof);
  list.check("inclusion", { event, proof }, isIncluded);

  // Whether it is about the log the user trusts.
  list.check("log", { profile, submission }, forTrustedLog);
  list.check("checkpoint", { profile, proof }, ofTrustedLog);

  // What the chain holds about it.
  const asOf = await list.ask("chain", { profile, chain }, isTrustedChain);
  const asked = { profile, chain, asOf };
  const coded = await list.ask("registries", asked, haveCode);
  const anchor = await list.ask("anchor", { ...asked, proof, coded }, isAnchored);
  const anchored = { ...asked, anchor };
  const settled = list.check("finality", anchored, isFinal);
  await list.ask("checkpoint-signature", { ...anchored, proof }, isSignedByLog);
  const key = await list.ask("recorder-key", { ...anchored, event, submission }, wasRecordersKey);
  await list.ask("entitlement", { ...anchored, submission }, wasEntitled);
  list.check("submission-signature", { submission, key }, isSignedByRecorder);

  // What takes nothing from the evidence: where else the agency records, and what happened since.
  await list.ask("assigned-log", { ...anchored, submission }, isInAssignedLog);
  list.check("key-since", { key }, isUnrevokedSince);
  await list.ask("agency-since", { ...asked, submission, settled }, isStillEntitled);
  await list.ask("log-since", { ...asked, settled }, isStillOpen);

  const verdict = verdictOf(list.checks, profile);
  return { verdict, checks: list.checks, claim: claimOf(verdict, { event, submission, proof, anchor }) };
}

/** The verdict that the checks come to under a profile. */
export function verdictOf(checks: readonly Check[], profile: TrustProfile | undefined): Verdict {
  if (hasFailed(checks)) return "invalid";
  if (profile === undefined || !isComplete(checks)) return "incomplete";
  return profile.environment === "production" ? "valid" : "development";
}

interface Parts {
  readonly event: EventInEvidence | undefined;
  readonly submission: SubmissionInEvidence | undefined;
  readonly proof: LogProof | undefined;
  readonly anchor: Anchor | undefined;
}

function claimOf(verdict: Verdict, { event, submission, proof, anchor }: Parts): EvidenceClaim | null {
  if (verdict !== "valid" && verdict !== "development") return null;
  if (event === undefined || submission === undefined || proof === undefined || anchor === undefined)
    return null;
  const { payload, disclosures, leafHash } = event;
  return {
    log: formatLogId(submission.log),
    index: proof.index,
    source: payload.src,
    seq: payload.seq,
    facets: openFacets(event),
    closedDigests: payload.sd.length - disclosures.length,
    leafHash: toHex(leafHash),
    signedAt: submission.iat,
    anchor: { size: anchor.size, block: anchor.block, time: anchor.time },
  };
}
