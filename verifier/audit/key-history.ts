import { isSafePublicKey, keyId, type ParsedJws } from "../../protocol/jws.ts";
import type { Source } from "../../protocol/source.ts";
import { type ChainReader, type EntitlementChange, RECORD, type RecorderKey } from "../chain.ts";
import type { TrustProfile } from "../trust-profile.ts";

/** Numbers of one source, both ends included. */
export interface SeqRange {
  readonly source: Source;
  readonly from: number;
  readonly to: number;
}

/** What the agency registry holds about one source, for all times. */
export interface SourceHistory {
  readonly keys: readonly RecorderKey[];
  readonly entitlements: readonly EntitlementChange[];
}

/** The keys and entitlements of all sources: each read from the chain once, when it is first asked for. */
export function sourceHistories(
  chain: ChainReader,
  profile: TrustProfile,
): (source: Source) => Promise<SourceHistory> {
  const known = new Map<Source, Promise<SourceHistory>>();

  async function read(source: Source): Promise<SourceHistory> {
    const asOf = await chain.latestBlock();
    const keys = await chain.recorderKeys(profile.agencyRegistry, source, asOf);
    const entitlements = await chain.entitlementHistory(profile.agencyRegistry, source, asOf);
    return { keys, entitlements };
  }

  return (source) => {
    const history = known.get(source) ?? read(source);
    known.set(source, history);
    return history;
  };
}

/** A key, or why there is none that counts. */
export type Signer = { readonly key: RecorderKey } | { readonly reason: string };

/**
 * The key that could sign these numbers for its source, as things stood at the end of a block: the rules by which evidence is
 * judged (evidence-anchoring.ts), over a whole submission. `kid` is the key that the submission names.
 */
export function signerAt(history: SourceHistory, range: SeqRange, kid: string, block: number): Signer {
  const keyOf = (seq: number): RecorderKey | undefined =>
    history.keys.findLast(({ fromSeq, addedBlock }) => fromSeq <= seq && addedBlock <= block);
  const key = keyOf(range.from);
  if (key === undefined)
    return { reason: `${range.source} had no key for number ${range.from} at block ${block}` };
  // Each key's numbers begin above the one's before, so that a key of both ends is the key of all between.
  if (key !== keyOf(range.to) || keyId(key.alg, key.key) !== kid)
    return {
      reason: `${range.source} had another key for numbers ${range.from} to ${range.to} at block ${block}`,
    };
  if (key.revokedBlock !== 0 && key.revokedBlock <= block)
    return { reason: `the key was revoked from block ${key.revokedBlock} on` };
  const entitled = history.entitlements.findLast(({ fromBlock }) => fromBlock <= block)?.entitlements ?? 0;
  if ((entitled & RECORD) === 0)
    return { reason: `the agency of ${range.source} could not record at block ${block}` };
  return { key };
}

/** `isSafePublicKey`, remembered: checking a point takes milliseconds. */
export function safeKeys(): (key: RecorderKey, jws: ParsedJws) => boolean {
  const known = new Map<string, boolean>();
  return (key, { header: { kid } }) => {
    const isSafe = known.get(kid) ?? isSafePublicKey(key);
    known.set(kid, isSafe);
    return isSafe;
  };
}
