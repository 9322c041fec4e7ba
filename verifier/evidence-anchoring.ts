/** The checks of evidence against what its reader trusts: the log of the trust profile, and what the chain holds about it. */
import { equal, toHex } from "../protocol/bytes.ts";
import { isSafePublicKey, keyId, verifyJws } from "../protocol/jws.ts";
import { checkpointOrigin, formatLogId } from "../protocol/log-id.ts";
import { verifierKey, verifyNote } from "../protocol/note.ts";
import { splitSource } from "../protocol/source.ts";
import { type Anchor, ChainError, type ChainReader, RECORD, type RecorderKey } from "./chain.ts";
import { established, failed, type Outcome, notChecked, passed, warning } from "./checks.ts";
import type { EventInEvidence, LogProof, SubmissionInEvidence } from "./evidence-content.ts";
import { logOf, type TrustProfile } from "./trust-profile.ts";

/** Whom to ask, and about what. */
interface Asked {
  readonly profile: TrustProfile;
  readonly chain: ChainReader;
}

/** The same, once the chain is known to be the trusted one. */
export interface AskedAsOf extends Asked {
  /** The block at whose end every question is answered: the latest when the verification began. */
  readonly asOf: number;
}

interface WithSubmission {
  readonly submission: SubmissionInEvidence;
}

interface WithAnchor {
  readonly anchor: Anchor;
}

/** Keeps a submission to another log, or to the same contracts on another chain, from being passed off as this log's. */
export function forTrustedLog({
  profile,
  submission,
}: { profile: TrustProfile } & WithSubmission): Outcome<true> {
  const trusted = formatLogId(logOf(profile));
  const signed = formatLogId(submission.log);
  return signed === trusted
    ? passed(trusted)
    : failed(`it was signed for the log ${signed}; you trust ${trusted}`);
}

export function ofTrustedLog({ profile, proof }: { profile: TrustProfile; proof: LogProof }): Outcome<true> {
  const trusted = checkpointOrigin(logOf(profile));
  const { origin } = proof.checkpoint;
  return origin === trusted
    ? passed(trusted)
    : failed(`its origin is ${origin}; the trusted log's is ${trusted}`);
}

/** Returns the latest block, as of which everything else is asked: the answers belong together, however long asking takes. */
export async function isTrustedChain({ profile, chain }: Asked): Promise<Outcome<number>> {
  const { chainId, genesisHash } = await chain.identity();
  if (chainId !== profile.chainId) {
    return failed(`${chain.name} serves chain ${chainId}; you trust chain ${profile.chainId}`);
  }
  if (genesisHash !== profile.genesisHash) {
    return failed(
      `${chain.name} serves another chain of the same id: its genesis is ${genesisHash}, the trusted one ${profile.genesisHash}`,
    );
  }
  const latest = await chain.latestBlock();
  return established(
    `chain ${chainId} with genesis ${genesisHash}, read as of block ${latest}, as ${chain.name} says`,
    latest,
  );
}

export async function haveCode({ profile, chain, asOf }: AskedAsOf): Promise<Outcome<true>> {
  for (const address of [profile.anchorRegistry, profile.agencyRegistry]) {
    if (!(await chain.hasCode(address, asOf))) return failed(`there is no contract at ${address}`);
  }
  return passed(`anchors at ${profile.anchorRegistry}, agencies at ${profile.agencyRegistry}`);
}

/** The first covering anchor settles at which block the event is judged; nobody may choose a later one. */
export async function isAnchored({
  profile,
  chain,
  asOf,
  proof,
}: AskedAsOf & { proof: LogProof }): Promise<Outcome<Anchor>> {
  const { index, checkpoint } = proof;
  const anchor = await chain.anchorCovering(profile.anchorRegistry, profile.logId, index, asOf);
  if (anchor === null) return failed(`no anchor on the chain covers entry ${index} up to block ${asOf}`);
  if (anchor.block > asOf)
    throw contradiction(chain, `it is at block ${asOf}, before its own anchor's, ${anchor.block}`);
  if (anchor.size <= index)
    throw contradiction(chain, `its anchor of entry ${index} has ${anchor.size} entries`);
  if (anchor.size !== checkpoint.size) {
    return failed(
      `the first anchor that covers entry ${index} has ${anchor.size} entries, the checkpoint ${checkpoint.size}`,
    );
  }
  if (!equal(anchor.root, checkpoint.root)) {
    return failed(`the chain holds another root for ${anchor.size} entries: ${toHex(anchor.root)}`);
  }
  return established(`anchored in block ${anchor.block}, ${utc(anchor.time)}`, anchor);
}

/** An anchor that is not final yet may still vanish: nothing is wrong with it, and nothing settled. */
export function isFinal({ profile, asOf, anchor }: AskedAsOf & WithAnchor): Outcome<true> {
  const depth = asOf - anchor.block + 1;
  return depth < profile.finalityDepth
    ? notChecked(`the block is ${depth} deep, final at ${profile.finalityDepth}; ask again in a while`)
    : passed(`the block is ${depth} deep, final at ${profile.finalityDepth}`);
}

export async function isSignedByLog(
  given: AskedAsOf & WithAnchor & { readonly proof: LogProof },
): Promise<Outcome<true>> {
  const { profile, chain, asOf, anchor, proof } = given;
  const { checkpoint } = await chain.logKeysAt(profile.anchorRegistry, profile.logId, anchor.block, asOf);
  const key = verifierKey(checkpointOrigin(logOf(profile)), checkpoint);
  return verifyNote(proof.checkpoint.note, key)
    ? passed(`signed by the key ${key.keyId}`)
    : failed(`there is no valid signature of ${key.keyId}, the log's key at block ${anchor.block}`);
}

/** The key that held the event's number at the anchor's block is the one named in the submission, not revoked, and fit for use. */
export async function wasRecordersKey(
  given: AskedAsOf & WithAnchor & WithSubmission & { readonly event: EventInEvidence },
): Promise<Outcome<RecorderKey>> {
  const { profile, chain, asOf, anchor, submission, event } = given;
  const { seq } = event.payload;
  const key = await chain.recorderKeyAt(profile.agencyRegistry, submission.src, seq, anchor.block, asOf);
  if (key === null) return failed(`${submission.src} had no key for number ${seq} at block ${anchor.block}`);
  if (key.fromSeq > seq || key.addedBlock > anchor.block)
    throw contradiction(chain, "its key is of another time");
  if (keyId(key.alg, key.key) !== submission.jws.header.kid) {
    return failed(`${submission.src} had another key for number ${seq} at block ${anchor.block}`);
  }
  if (isRevoked(key) && key.revokedBlock <= anchor.block) {
    return failed(
      `the key was revoked from block ${key.revokedBlock} on, before the anchor's block ${anchor.block}`,
    );
  }
  if (!isSafePublicKey(key))
    return failed("the key is no safe point of its curve: signatures with it prove nothing");
  return established(`added in block ${key.addedBlock} for numbers from ${key.fromSeq}`, key);
}

export async function wasEntitled(given: AskedAsOf & WithAnchor & WithSubmission): Promise<Outcome<true>> {
  const { anchor, submission } = given;
  const { agency } = splitSource(submission.src);
  return (await mayRecord(given, anchor.block))
    ? passed(`${agency} could record at block ${anchor.block}`)
    : failed(`${agency} could not record at block ${anchor.block}`);
}

export function isSignedByRecorder({
  submission,
  key,
}: WithSubmission & { key: RecorderKey }): Outcome<true> {
  return verifyJws(submission.jws, key)
    ? passed(`signed by the key ${submission.jws.header.kid}`)
    : failed("the signature does not belong to this submission");
}

export function isUnrevokedSince({ key }: { key: RecorderKey }): Outcome<true> {
  return isRevoked(key)
    ? warning(`it is revoked from block ${key.revokedBlock} on; what was anchored before stays its signer's`)
    : passed("it is not revoked");
}

export async function isStillEntitled(given: AskedAsOf & WithSubmission): Promise<Outcome<true>> {
  const { agency } = splitSource(given.submission.src);
  return (await mayRecord(given, given.asOf))
    ? passed(`${agency} may record`)
    : warning(`${agency} may not record any more; what was anchored before stays recorded`);
}

/**
 * A warning at worst: the agency signed the event and the log holds it, wherever it belonged. Were it a failure, an agency that is moved
 * could disown what it had recorded and what its old log, which had given a receipt, anchored a block too late.
 */
export async function isInAssignedLog(
  given: AskedAsOf & WithAnchor & WithSubmission,
): Promise<Outcome<true>> {
  const { profile, chain, asOf, anchor, submission } = given;
  const { agency } = splitSource(submission.src);
  const assigned = await chain.logOfAt(profile.agencyRegistry, submission.src, anchor.block, asOf);
  if (assigned === 0) return passed(`${agency} was assigned no log: it could record in any`);
  const registry = await chain.namedAnchorRegistry(profile.agencyRegistry, asOf);
  if (registry === null) throw contradiction(chain, `it assigns log ${assigned} of no registry`);
  if (registry !== profile.anchorRegistry)
    return warning(`${agency} belonged in log ${assigned} of another registry, ${registry}`);
  return assigned === profile.logId
    ? passed(`${agency} belonged in log ${assigned} at block ${anchor.block}`)
    : warning(
        `${agency} belonged in log ${assigned} at block ${anchor.block}; this log holds the event all the same`,
      );
}

export async function isStillOpen({ profile, chain, asOf }: AskedAsOf): Promise<Outcome<true>> {
  const { frozen, successor } = await chain.logState(profile.anchorRegistry, profile.logId, asOf);
  if (successor !== 0) return warning(`the log is frozen; log ${successor} continues it`);
  return frozen ? warning("the log is frozen") : passed("the log is open");
}

async function mayRecord(
  { profile, chain, asOf, submission }: AskedAsOf & WithSubmission,
  block: number,
): Promise<boolean> {
  const entitlements = await chain.entitlementsAt(profile.agencyRegistry, submission.src, block, asOf);
  return (entitlements & RECORD) !== 0;
}

function isRevoked(key: RecorderKey): boolean {
  return key.revokedBlock !== 0;
}

export function contradiction(chain: ChainReader, what: string): ChainError {
  return new ChainError("malformed", `${chain.name} contradicts itself: ${what}`);
}

/** A time in Unix seconds for people to read; years beyond 9999 stay numbers. */
export function utc(seconds: number): string {
  return seconds < 253_402_300_800 ? new Date(seconds * 1000).toISOString() : `at ${seconds} seconds`;
}
