import { splitSource } from "../../protocol/source.ts";
import { TAG_KINDS } from "../../protocol/tag-kinds.ts";
import { ERASE, SEAL, type ChainReader } from "../../verifier/chain.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { type AuditedEvent, fault } from "./event-audit.ts";

/** What each kind of order about other events takes, and what it does. */
const ORDERS: ReadonlyMap<number, readonly [bit: number, verb: string]> = new Map([
  [TAG_KINDS.seals, [SEAL, "seal"]],
  [TAG_KINDS.lifts, [SEAL, "lift a seal"]],
  [TAG_KINDS.erases, [ERASE, "erase"]],
]);

/**
 * Whether the agency of a seal or an erasure was entitled to it, when the event was anchored or at the latest block.
 * @throws AuditFault `erasures`.
 */
export async function requireEntitled(
  { index, source, tags }: AuditedEvent,
  {
    chain,
    profile,
    asOf,
  }: { readonly chain: ChainReader; readonly profile: TrustProfile; readonly asOf: number },
): Promise<void> {
  const kind = tags.map((tag) => tag[0] ?? 0).find((each) => ORDERS.has(each));
  const order = kind === undefined ? undefined : ORDERS.get(kind);
  if (order === undefined) return;
  const [bit, verb] = order;
  const anchor = await chain.anchorCovering(profile.anchorRegistry, profile.logId, index, asOf);
  const block = anchor?.block ?? asOf;
  const entitlements = await chain.entitlementsAt(profile.agencyRegistry, source, block, asOf);
  if ((entitlements & bit) !== 0) return;
  throw fault(
    "erasures",
    index,
    `${splitSource(source).agency} was not entitled to ${verb} at block ${block}`,
  );
}
