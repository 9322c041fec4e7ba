/** The checks of a statement against what its reader trusts: the log of the trust profile, and what the chain holds about it. */
import { toBase64url, toHex, utf8 } from "../protocol/bytes.ts";
import { indexKey, verifyIndexProof } from "../protocol/index-tree.ts";
import { isJsonObject } from "../protocol/json.ts";
import { formatLogId } from "../protocol/log-id.ts";
import { momentMs } from "../protocol/moment.ts";
import { splitSource } from "../protocol/source.ts";
import { verifyVrf } from "../protocol/vrf.ts";
import { type Anchor, ERASE, SEAL } from "./chain.ts";
import { established, failed, notChecked, type Outcome, passed, warning } from "./checks.ts";
import { type AskedAsOf, contradiction, utc } from "./evidence-anchoring.ts";
import { type EvidenceClaim, verifyEvidence } from "./evidence.ts";
import { entryName, listName, type OpenedLists, plural, type StatementInHand } from "./statement-content.ts";
import { logOf, type TrustProfile } from "./trust-profile.ts";

interface Given {
  readonly statement: StatementInHand;
}

interface GivenAsOf extends Given, AskedAsOf {}

interface WithAnchor {
  readonly anchor: Anchor;
}

/** A statement older than this is still true, but its reader should know that there may be more. */
const FRESH_SECONDS = 24 * 3600;

export function ofTrustedLog({ statement, profile }: Given & { profile: TrustProfile }): Outcome<true> {
  const [stated, trusted] = [formatLogId(statement.log), formatLogId(logOf(profile))];
  return stated === trusted ? passed(trusted) : failed(`it is of the log ${stated}; you trust ${trusted}`);
}

/** The first anchor whose index covers the last entry below the horizon covers no more: its index root is the statement's. */
export async function isAnchoredIndex(given: GivenAsOf): Promise<Outcome<Anchor>> {
  const { profile, chain, asOf, statement } = given;
  const { horizon } = statement;
  const anchor = await chain.anchorIndexing(profile.anchorRegistry, profile.logId, horizon - 1, asOf);
  if (anchor === null)
    return failed(`no anchor on the chain has an index of ${horizon} entries up to block ${asOf}`);
  if (anchor.block > asOf) {
    throw contradiction(chain, `it is at block ${asOf}, before its own anchor's, ${anchor.block}`);
  }
  if (anchor.indexSize < horizon || anchor.size < anchor.indexSize) {
    throw contradiction(chain, `its anchor that indexes ${horizon} entries indexes ${anchor.indexSize}`);
  }
  if (anchor.indexSize !== horizon) {
    return failed(`no index of ${horizon} entries was anchored; the next one covers ${anchor.indexSize}`);
  }
  return established(
    `the index of ${horizon} entries was anchored in block ${anchor.block}, ${utc(anchor.time)}`,
    anchor,
  );
}

/** Only the holder of the log's VRF key can say where an id stands in the index, and it can say only one place. */
export async function keysOfIds(given: GivenAsOf & WithAnchor): Promise<Outcome<readonly Uint8Array[]>> {
  const { profile, chain, asOf, statement, anchor } = given;
  const { vrf: publicKey } = await chain.logKeysAt(profile.anchorRegistry, profile.logId, anchor.block, asOf);
  const keys: Uint8Array[] = [];
  for (const [at, { kind, id, vrf }] of statement.lists.entries()) {
    const tag = vrf === undefined ? utf8(id) : verifyVrf(publicKey, utf8(id), vrf);
    if (tag === undefined) {
      return failed(
        `${listName(statement, at)}the proof of the key is not for this id under the log's key: this may be somebody else's list`,
      );
    }
    keys.push(indexKey(kind, tag));
  }
  return established(keys.map((key) => `key ${toHex(key)}`).join(", "), keys);
}

/** The walk by the key's bits ends at the leaf that is shown, and that is the key's own or shows that there is none. */
export function inIndex({
  statement,
  anchor,
  keys,
}: Given & WithAnchor & { readonly keys: readonly Uint8Array[] }): Outcome<true> {
  for (const [at, { proof, entry }] of statement.lists.entries()) {
    const found = verifyIndexProof(anchor.indexRoot, keys[at] ?? new Uint8Array(), proof);
    const name = listName(statement, at);
    if (found === undefined)
      return failed(`${name}the proof does not lead from this id's key to the anchored index root`);
    if (found.present && entry === undefined)
      return failed(`${name}the index holds events of this id, but none is listed`);
    if (!found.present && entry !== undefined)
      return failed(`${name}the index holds no events of this id, but some are listed`);
  }
  const present = statement.lists.filter(({ entry }) => entry !== undefined).length;
  return passed(
    present === 0 ? "the index holds nothing about this id" : `${plural(present, "id")} found in the index`,
  );
}

/** What an order to close events says, once its evidence is verified. */
export interface ClosingOrder {
  readonly type: "seal" | "erasure";
  readonly authority: string;
  /** When a seal ends, RFC 3339; an erasure does not end. */
  readonly until: string | null;
}

/** Each closed entry is named by the verified order of an agency that could give it; by number of the closure. */
export async function closedByOrder(
  given: GivenAsOf & WithAnchor & { readonly opened: OpenedLists },
): Promise<Outcome<readonly ClosingOrder[]>> {
  const { statement, anchor, opened } = given;
  const orders: ClosingOrder[] = [];
  for (const [number, closure] of statement.closures.entries()) {
    const { claim, checks } = await verifyEvidence(JSON.stringify(closure), given.profile, given.chain);
    const name = `closure ${number + 1}`;
    if (claim === null) {
      const reason =
        checks.find(({ status }) => status === "failed") ??
        checks.find(({ status }) => status === "not-checked");
      const detail = `${name}: ${reason?.detail ?? "it cannot be verified"}`;
      return reason?.status === "not-checked" ? notChecked(detail) : failed(detail);
    }
    const order = orderOf(claim);
    if (order === undefined)
      return failed(`${name} is neither a placed seal nor an erasure that names events`);
    const fault = (await entitlementFault(given, claim, order)) ?? closingFault(given, number, claim, order);
    if (fault !== undefined) return failed(`${name} ${fault}`);
    orders.push(order);
  }
  for (const [list, entries] of opened.entries()) {
    const place = entries.findIndex(({ closedBy = -1 }) => closedBy >= statement.closures.length);
    if (place !== -1) return failed(`${entryName(statement, list, place)} names a closure that is not there`);
  }
  const closed = opened.flat().filter(({ closedBy }) => closedBy !== undefined).length;
  const detail =
    closed === 0
      ? "nothing is closed"
      : `${closed} of the entries closed, by ${plural(orders.length, "order")} in force at ${utc(anchor.time)}`;
  return established(detail, orders);
}

function orderOf({ facets }: EvidenceClaim): ClosingOrder | undefined {
  const { type, seal, erasure } = facets;
  const act = type === "seal" ? seal : type === "erasure" ? erasure : undefined;
  if (!isJsonObject(act) || typeof act["authority"] !== "string") return undefined;
  const { authority, until, state } = act;
  if (type === "erasure") return { type, authority, until: null };
  return state === "placed" && typeof until === "string" ? { type: "seal", authority, until } : undefined;
}

async function entitlementFault(
  { profile, chain, asOf }: AskedAsOf,
  { source, anchor }: EvidenceClaim,
  { type }: ClosingOrder,
): Promise<string | undefined> {
  const bits = await chain.entitlementsAt(profile.agencyRegistry, source, anchor.block, asOf);
  if ((bits & (type === "seal" ? SEAL : ERASE)) !== 0) return undefined;
  const { agency } = splitSource(source);
  return `is of ${agency}, which could not ${type === "seal" ? "seal" : "erase"} at block ${anchor.block}`;
}

/** What is wrong with closing the entries that name this closure by its order. */
function closingFault(
  { statement, anchor, opened }: GivenAsOf & WithAnchor & { readonly opened: OpenedLists },
  number: number,
  { facets }: EvidenceClaim,
  { until }: ClosingOrder,
): string | undefined {
  const act = facets.seal ?? facets.erasure;
  const leaves: unknown = isJsonObject(act) ? act["leaves"] : undefined;
  let named = 0;
  for (const [list, entries] of opened.entries()) {
    for (const [place, { closedBy, leafHash }] of entries.entries()) {
      if (closedBy !== number) continue;
      named++;
      if (!Array.isArray(leaves) || !leaves.includes(toBase64url(leafHash))) {
        return `does not name the event of ${entryName(statement, list, place)}`;
      }
    }
  }
  if (named === 0) return "closes no entry here";
  // Not "until <= time": a time that cannot be read is no end either.
  if (until !== null && !(momentMs(until) > anchor.time * 1000)) {
    return `ended at ${until}, before the statement's anchor: what it closed must be shown`;
  }
  return undefined;
}

export async function isFresh({ chain, asOf, anchor }: AskedAsOf & WithAnchor): Promise<Outcome<true>> {
  const seconds = (await chain.blockTime(asOf)) - anchor.time;
  return seconds > FRESH_SECONDS
    ? warning(
        `it says nothing of what was recorded in the last ${plural(Math.floor(seconds / 3600), "hour")}; ask for a newer one`,
      )
    : passed(`anchored ${plural(Math.max(0, Math.floor(seconds / 60)), "minute")} before the newest block`);
}
