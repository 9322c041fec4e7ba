/**
 * Verifies a statement: bytes in, an ordered list of checks and a verdict out. With a good verdict the statement lists every event that
 * the log's index held about the id up to the horizon, and nothing else. What the index leaves out no statement can show; who holds the
 * evidence of an event can.
 */
import { toHex } from "../protocol/bytes.ts";
import type { OpenedFacets } from "../protocol/facet-values.ts";
import type { IndexKind } from "../protocol/index-keys.ts";
import { formatLogId } from "../protocol/log-id.ts";
import type { Source } from "../protocol/source.ts";
import type { Anchor, ChainReader } from "./chain.ts";
import { type Check, CheckList } from "./checks.ts";
import { haveCode, isFinal, isStillOpen, isTrustedChain } from "./evidence-anchoring.ts";
import { type Verdict, verdictOf } from "./evidence.ts";
import {
  closedByOrder,
  type ClosingOrder,
  inIndex,
  isAnchoredIndex,
  isFresh,
  keysOfIds,
  ofTrustedLog,
} from "./statement-anchoring.ts";
import {
  continuesEarlier,
  coversLinked,
  entriesAreAll,
  inOrder,
  isAbout,
  type ListInHand,
  openEntries,
  type OpenedEntry,
  type OpenedLists,
  readStatement,
  type StatementInHand,
} from "./statement-content.ts";
import type { TrustProfile } from "./trust-profile.ts";

/** What a statement with a good verdict proves. */
export interface StatementClaim {
  /** `chainId:registry:logId`. */
  readonly log: string;
  /** The statement covers the log's events with an index below it. */
  readonly horizon: number;
  /** The anchor of the index; `time` is its block's, Unix seconds. */
  readonly anchor: { readonly block: number; readonly time: number };
  readonly lists: readonly ListClaim[];
}

/** Everything that the index holds about one id. */
export interface ListClaim {
  readonly kind: IndexKind;
  readonly id: string;
  /** All events up to the horizon; 0 when nothing happened. */
  readonly count: number;
  /** How many of them an earlier statement lists, and this one leaves out. */
  readonly since: number;
  readonly events: readonly StatedEvent[];
}

export interface StatedEvent {
  /** Where in the log the ledger says the event stands. Only the order is proven here; evidence proves the place. */
  readonly indexHint: number;
  readonly source: Source;
  readonly seq: number;
  /** The parts that are shown, by their names, as the index holds them; that the agency signed them is proven by the event's evidence. */
  readonly facets: OpenedFacets;
  /** How many digests stay closed: hidden facets or padding. */
  readonly closedDigests: number;
  /** The event's leaf hash in lowercase hexadecimal. */
  readonly leafHash: string;
  /** The order by which the event is not shown; null when none is named. */
  readonly closed: ClosingOrder | null;
}

export interface StatementReport {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** Null unless the verdict is `valid` or `development`: nothing unverified is repeated. */
  readonly claim: StatementClaim | null;
}

/** Every check of a statement, in order: its stable id, and what it asserts. */
export const STATEMENT_CHECKS = {
  format: "The file is a statement in a known format",
  log: "It is of the trusted log",
  about: "It is about whom it was asked for",
  chain: "The node serves the trusted chain",
  registries: "Both registries are on it",
  anchor: "The chain holds an index that ends at the horizon",
  finality: "The anchor is final",
  vrf: "Each list is looked up under its own id",
  index: "The index holds what each list says",
  entry: "No entry is missing, added or changed",
  order: "The entries stand in the order of the log, each once",
  entries: "Each entry belongs to its list",
  closures: "What is not shown was ordered closed",
  linked: "Every number of the same person has its list",
  continues: "It goes on from what came before",
  freshness: "It is up to date",
  "log-since": "The log goes on",
} as const;

export type StatementCheckId = keyof typeof STATEMENT_CHECKS;

export interface StatementOptions {
  /** The statement that this one continues: UTF-8 or text, in either spelling. */
  readonly earlier?: Uint8Array | string;
  /** Whose statement it should be: the id of the first list. Without it any id passes, and the reader compares the numbers. */
  readonly about?: { readonly kind: IndexKind; readonly id: string };
}

/**
 * Verifies a statement in either spelling. Without a profile or a chain to ask, and without the earlier statement where it continues
 * one, the verdict is at best `incomplete`. All checks are listed whatever the outcome. Never throws on hostile files or a hostile chain.
 */
export async function verifyStatement(
  input: Uint8Array | string,
  profile: TrustProfile | undefined,
  chain: ChainReader | undefined,
  { earlier, about }: StatementOptions = {},
): Promise<StatementReport> {
  const list = new CheckList(STATEMENT_CHECKS);
  const statement = list.check("format", {}, () => readStatement(input));

  // Whether it stands on an index that the trusted chain holds.
  list.check("log", { profile, statement }, ofTrustedLog);
  list.check("about", { statement }, (given) => isAbout(given, about));
  const asOf = await list.ask("chain", { profile, chain }, isTrustedChain);
  const asked = { profile, chain, asOf };
  const coded = await list.ask("registries", asked, haveCode);
  const anchor = await list.ask("anchor", { ...asked, statement, coded }, isAnchoredIndex);
  const anchored = { ...asked, anchor };
  const settled = list.check("finality", anchored, isFinal);

  // Whether the index says so of these very ids, and of these very events.
  const keys = await list.ask("vrf", { ...anchored, statement }, keysOfIds);
  list.check("index", { statement, anchor, keys }, inIndex);
  list.check("entry", { statement }, entriesAreAll);
  list.check("order", { statement }, inOrder);
  const opened = list.check("entries", { statement }, openEntries);
  const orders = await list.ask("closures", { ...anchored, statement, opened }, closedByOrder);
  list.check("linked", { statement, opened, orders }, coversLinked);
  list.check("continues", { statement }, (given) => continuesEarlier(given, earlier));

  // How old it is, and what happened since; at worst a warning.
  await list.ask("freshness", { ...anchored, settled }, isFresh);
  await list.ask("log-since", { ...asked, settled }, isStillOpen);

  const verdict = verdictOf(list.checks, profile);
  return { verdict, checks: list.checks, claim: claimOf(verdict, { statement, anchor, opened, orders }) };
}

interface Parts {
  readonly statement: StatementInHand | undefined;
  readonly anchor: Anchor | undefined;
  readonly opened: OpenedLists | undefined;
  readonly orders: readonly ClosingOrder[] | undefined;
}

function claimOf(verdict: Verdict, { statement, anchor, opened, orders }: Parts): StatementClaim | null {
  if (verdict !== "valid" && verdict !== "development") return null;
  if (statement === undefined || anchor === undefined || opened === undefined || orders === undefined)
    return null;
  return {
    log: formatLogId(statement.log),
    horizon: statement.horizon,
    anchor: { block: anchor.block, time: anchor.time },
    lists: statement.lists.map((stated, at) => listClaim(stated, opened[at] ?? [], orders)),
  };
}

function listClaim(
  { kind, id, entry, since }: ListInHand,
  entries: readonly OpenedEntry[],
  orders: readonly ClosingOrder[],
): ListClaim {
  const events = entries.map(({ index, shown, facets, leafHash, closedBy }) => ({
    indexHint: index,
    source: shown.payload.src,
    seq: shown.payload.seq,
    facets,
    closedDigests: shown.payload.sd.length - shown.disclosures.length,
    leafHash: toHex(leafHash),
    closed: closedBy === undefined ? null : (orders[closedBy] ?? null),
  }));
  return { kind, id, count: entry?.count ?? 0, since: since?.size ?? 0, events };
}
