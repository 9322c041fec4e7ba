/**
 * Whether the log kept what a receipt promises, as the chain shows it. Judged by final blocks and their times alone: what was found
 * broken stays broken, whatever comes later, and a chain that stands still convicts nobody.
 */
import { equal, toHex } from "../protocol/bytes.ts";
import type { ContentProof } from "../protocol/breach.ts";
import { isSafePublicKey, keyId, verifyJws } from "../protocol/jws.ts";
import { formatLogId } from "../protocol/log-id.ts";
import { rootHash } from "../protocol/merkle.ts";
import { verifyRange } from "../protocol/range-proof.ts";
import type { ParsedReceipt, Receipt } from "../protocol/receipt.ts";
import type { Anchor } from "./chain.ts";
import { established, failed, notChecked, type Outcome, passed, warning } from "./checks.ts";
import { type AskedAsOf, contradiction, utc } from "./evidence-anchoring.ts";
import { logOf, type TrustProfile } from "./trust-profile.ts";

/** The newest block that is final, and its time in Unix seconds. */
export interface FinalBlock {
  readonly block: number;
  readonly time: number;
}

/** What came of a deadline. The anchor that is `pending` is not final yet; where one is `late` with none, none came up to now. */
export type Keeping =
  | { readonly state: "kept"; readonly anchor: Anchor }
  | { readonly state: "not-due"; readonly pending: Anchor | null }
  | { readonly state: "late"; readonly anchor: Anchor | null };

/** Whom to ask about a receipt that the log signed, and what is final. */
export interface AskedAboutReceipt extends AskedAsOf {
  readonly receipt: Receipt;
  readonly final: FinalBlock;
}

/** The deadlines of a receipt are no promises where they lie before it was given. */
export function isSound({ parsed: { receipt } }: { parsed: ParsedReceipt }): Outcome<Receipt> {
  const { time, anchorBy, indexBy } = receipt;
  return anchorBy >= time && (indexBy === 0 || indexBy >= time)
    ? established(`given ${utc(time)}, by the log's clock`, receipt)
    : failed("a deadline lies before the time of receipt: it promises nothing that could be kept");
}

export function isOfTrustedLog({
  profile,
  parsed: { receipt },
}: {
  profile: TrustProfile;
  parsed: ParsedReceipt;
}): Outcome<true> {
  const [trusted, named] = [formatLogId(logOf(profile)), formatLogId(receipt.log)];
  return named === trusted
    ? passed(trusted)
    : failed(`it is a promise of the log ${named}; you trust ${trusted}: name the profile of that log`);
}

/** Returns the newest final block. */
export async function findFinal({ profile, chain, asOf }: AskedAsOf): Promise<Outcome<FinalBlock>> {
  const block = asOf - profile.finalityDepth + 1;
  if (block < 0) return notChecked("no block of the chain is final yet; ask again in a while");
  const time = await chain.blockTime(block);
  return established(`block ${block}, ${utc(time)}`, { block, time });
}

/** A receipt key of the log. */
export interface ReceiptKey {
  readonly fromBlock: number;
  /** Block from which on the log has another; null while it is in use. */
  readonly replacedFrom: number | null;
}

/** One of the receipt keys that the log ever had signed it: a promise binds the log beyond the life of its key. */
export async function isSignedByReceiptKey({
  profile,
  chain,
  asOf,
  final,
  parsed: { jws },
}: AskedAsOf & { final: FinalBlock; parsed: ParsedReceipt }): Promise<Outcome<ReceiptKey>> {
  const versions = await chain.keyVersions(profile.anchorRegistry, profile.logId, asOf);
  const first = versions.findIndex(({ receipt }) => keyId("EdDSA", receipt) === jws.header.kid);
  const version = versions[first];
  if (version === undefined) return failed("the key it names was never a receipt key of the log");
  if (version.fromBlock > final.block)
    return notChecked(`its key is the log's from block ${version.fromBlock} on, which is not final yet`);
  const key = { alg: "EdDSA", key: version.receipt } as const;
  if (!isSafePublicKey(key))
    return failed("the key is no safe point of its curve: signatures with it prove nothing");
  if (!verifyJws(jws, key)) return failed("the signature is not of the log's receipt key");
  const { fromBlock } = version;
  const next = versions.slice(first).find(({ receipt }) => !equal(receipt, version.receipt));
  const detail = `signed by the key ${jws.header.kid}, the log's from block ${fromBlock} on`;
  return established(detail, { fromBlock, replacedFrom: next?.fromBlock ?? null });
}

/** What came of the promise to anchor the events. */
export async function keepingOfAnchor(asked: AskedAboutReceipt): Promise<Keeping> {
  return judge(asked.receipt.anchorBy, await anchorOf(asked), asked);
}

/** What came of the promise to index the events, or null where none was made. */
export async function keepingOfIndex(asked: AskedAboutReceipt): Promise<Keeping | null> {
  const { profile, chain, asOf, receipt } = asked;
  if (receipt.indexBy === 0) return null;
  const last = lastIndex(receipt);
  const anchor = await chain.anchorIndexing(profile.anchorRegistry, profile.logId, last, asOf);
  if (anchor !== null && anchor.indexSize <= last)
    throw contradiction(chain, `its anchor that indexes entry ${last} indexes ${anchor.indexSize} entries`);
  return judge(receipt.indexBy, anchor, asked);
}

/** The first anchor that covers all events of a receipt, or null. */
export async function anchorOf({
  profile,
  chain,
  asOf,
  receipt,
}: Omit<AskedAboutReceipt, "final">): Promise<Anchor | null> {
  const last = lastIndex(receipt);
  const anchor = await chain.anchorCovering(profile.anchorRegistry, profile.logId, last, asOf);
  if (anchor !== null && anchor.size <= last)
    throw contradiction(chain, `its anchor of entry ${last} has ${anchor.size} entries`);
  return anchor;
}

/** `by` is Unix seconds; the last second still counts. */
function judge(
  by: number,
  anchor: Anchor | null,
  { chain, asOf, final }: Pick<AskedAboutReceipt, "chain" | "asOf" | "final">,
): Keeping {
  if (anchor !== null && anchor.block > asOf)
    throw contradiction(chain, `it is at block ${asOf}, before its own anchor's, ${anchor.block}`);
  if (anchor !== null && isFinalAnchor(anchor, final)) {
    if (anchor.time > final.time) throw contradiction(chain, "an anchor is later than a later block");
    return anchor.time <= by ? { state: "kept", anchor } : { state: "late", anchor };
  }
  // Whatever anchor becomes final from here on stands in a block that is no earlier than the last final one.
  return final.time > by ? { state: "late", anchor: null } : { state: "not-due", pending: anchor };
}

export function isFinalAnchor(anchor: Anchor, final: FinalBlock): boolean {
  return anchor.block <= final.block;
}

/** Whether the log holds the events that were receipted. Fails where the proof shows nothing. */
export function contentAt(
  receipt: Receipt,
  anchor: Anchor,
  { leafHashes, path }: ContentProof,
): Outcome<"same" | "other"> {
  if (leafHashes.length !== receipt.count)
    return failed(`there are ${leafHashes.length} entries, the receipt is of ${receipt.count}`);
  const { size, root } = anchor;
  if (!verifyRange({ begin: receipt.index, leafHashes, size, proof: path, root }))
    return failed(`the hashes do not lead to the root ${toHex(root)} of the first anchor that covers them`);
  const held = rootHash(leafHashes);
  return equal(held, receipt.root)
    ? established("the log holds the events that were receipted", "same")
    : established(`the log holds events with the root ${toHex(held)} in their place`, "other");
}

/** A key that was replaced may have been lost: its reader should know. */
export function isKeyInUse({ key: { replacedFrom } }: { key: ReceiptKey }): Outcome<true> {
  return replacedFrom === null
    ? passed("it is the log's receipt key")
    : warning(
        `the log has another from block ${replacedFrom} on; what the old one signed before still binds it`,
      );
}

/** Index of the receipt's last event. */
export function lastIndex({ index, count }: Receipt): number {
  return index + count - 1;
}

/** What is known of a deadline, in words. */
export function describeKeeping(keeping: Keeping, by: number, final: FinalBlock): string {
  switch (keeping.state) {
    case "kept":
      return `kept: block ${keeping.anchor.block}, ${utc(keeping.anchor.time)}, due ${utc(by)}`;
    case "not-due":
      return keeping.pending === null
        ? `not due before ${utc(by)}; the newest final block is of ${utc(final.time)}`
        : `not settled yet: block ${keeping.pending.block}, ${utc(keeping.pending.time)}, is not final; due ${utc(by)}`;
    case "late":
      return keeping.anchor === null
        ? `broken: it was due ${utc(by)}, and up to block ${final.block}, ${utc(final.time)}, there is none`
        : `broken: it was due ${utc(by)}, and came in block ${keeping.anchor.block}, ${utc(keeping.anchor.time)}`;
  }
}
