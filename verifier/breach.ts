/**
 * Verifies a breach: that a log broke a promise of a receipt it signed. The file holds the log's own signature and, where the chain does
 * not show the breach by itself, the proof; everything else is the chain's.
 */
import { fromUtf8 } from "../protocol/bytes.ts";
import { type Breach, MAX_BREACH_LENGTH, parseBreach } from "../protocol/breach.ts";
import { formatLogId } from "../protocol/log-id.ts";
import type { Receipt } from "../protocol/receipt.ts";
import type { Source } from "../protocol/source.ts";
import type { ChainReader } from "./chain.ts";
import { type Check, CheckList, established, failed, notChecked, type Outcome } from "./checks.ts";
import { haveCode, isStillOpen, isTrustedChain } from "./evidence-anchoring.ts";
import { type Verdict, verdictOf } from "./evidence.ts";
import {
  anchorOf,
  type AskedAboutReceipt,
  contentAt,
  describeKeeping,
  findFinal,
  isFinalAnchor,
  isKeyInUse,
  isOfTrustedLog,
  isSignedByReceiptKey,
  isSound,
  keepingOfAnchor,
  keepingOfIndex,
} from "./promise-keeping.ts";
import type { TrustProfile } from "./trust-profile.ts";

/** What a breach with a good verdict proves. */
export interface BreachClaim {
  /** `chainId:registry:logId`. */
  readonly log: string;
  readonly promise: Breach["promise"];
  /** Whose events were receipted, and which: numbers and log indexes. */
  readonly source: Source;
  readonly first: number;
  readonly count: number;
  readonly index: number;
  /** When the log said it received them, Unix seconds by its clock. */
  readonly receivedAt: number;
  /** When the promise was due, Unix seconds; null for a promise about content. */
  readonly due: number | null;
  /** The first final anchor that does cover them; `time` is its block's, Unix seconds. Null while there is none. */
  readonly anchor: { readonly size: number; readonly block: number; readonly time: number } | null;
}

export interface BreachReport {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** Null unless the verdict is `valid` or `development`: nothing unverified is repeated. */
  readonly claim: BreachClaim | null;
}

/** Every check of a breach, in order: its stable id, and what it asserts. */
export const BREACH_CHECKS = {
  format: "The file is a breach in a known format",
  deadlines: "The receipt's deadlines lie after the time of receipt",
  log: "The receipt is a promise of the trusted log",
  chain: "The node serves the trusted chain",
  registries: "Both registries are on it",
  final: "The chain has a final block to judge by",
  signature: "A receipt key of the log signed the receipt",
  breach: "The log broke the promise",
  "key-since": "The key was not replaced later",
  "log-since": "The log goes on",
} as const;

/** No character of well-formed UTF-8 takes more bytes. */
const MAX_UTF8_BYTES = 4;

/**
 * Verifies a breach file. Without a profile, or without a chain to ask, the verdict is at best `incomplete`; so it is while the block
 * that decides is not final. Never throws on a hostile file or a hostile chain.
 */
export async function verifyBreach(
  input: Uint8Array | string,
  profile: TrustProfile | undefined,
  chain: ChainReader | undefined,
): Promise<BreachReport> {
  const list = new CheckList(BREACH_CHECKS);

  // What the file says in itself.
  const breach = list.check("format", {}, () => readBreach(input));
  const parsed = breach?.receipt;
  const sound = list.check("deadlines", { parsed }, isSound);

  // Whether the log that the user trusts signed it.
  const trusted = list.check("log", { profile, parsed }, isOfTrustedLog);
  const asOf = await list.ask("chain", { profile, chain }, isTrustedChain);
  const asked = { profile, chain, asOf };
  const coded = await list.ask("registries", asked, haveCode);
  const final = await list.ask("final", { ...asked, coded }, findFinal);
  const key = await list.ask("signature", { ...asked, final, parsed, trusted }, isSignedByReceiptKey);

  // What the chain holds about it.
  const found = await list.ask("breach", { ...asked, final, receipt: sound, key, breach }, isBroken);

  // What happened since, which excuses nothing.
  list.check("key-since", { key }, isKeyInUse);
  await list.ask("log-since", { ...asked, key }, isStillOpen);

  const verdict = verdictOf(list.checks, profile);
  const isProven = verdict === "valid" || verdict === "development";
  const claim =
    isProven && breach !== undefined && found !== undefined && sound !== undefined
      ? claimOf(breach.promise, sound, found)
      : null;
  return { verdict, checks: list.checks, claim };
}

function readBreach(input: Uint8Array | string): Outcome<Breach> {
  if (input.length > MAX_UTF8_BYTES * MAX_BREACH_LENGTH) return failed("the file is too long for a breach");
  const breach = parseBreach(typeof input === "string" ? input : fromUtf8(input));
  return established(`a broken ${breach.promise}`, breach);
}

/** The first final anchor that covers the events, if there is one. */
interface Found {
  readonly anchor: BreachClaim["anchor"];
}

async function isBroken(given: AskedAboutReceipt & { readonly breach: Breach }): Promise<Outcome<Found>> {
  const { breach } = given;
  switch (breach.promise) {
    case "anchorBy":
      return lateness("anchorBy", await keepingOfAnchor(given), given);
    case "indexBy":
      return lateness("indexBy", await keepingOfIndex(given), given);
    case "content":
      return otherContent(given, breach.proof);
  }
}

function lateness(
  promise: "anchorBy" | "indexBy",
  keeping: Awaited<ReturnType<typeof keepingOfIndex>>,
  { receipt, final }: AskedAboutReceipt,
): Outcome<Found> {
  if (keeping === null) return failed("the receipt promises no index");
  const detail = describeKeeping(keeping, receipt[promise], final);
  switch (keeping.state) {
    case "late":
      return established(detail, { anchor: keeping.anchor });
    case "not-due":
      return notChecked(detail);
    case "kept":
      return failed(detail);
  }
}

async function otherContent(
  given: AskedAboutReceipt,
  proof: Extract<Breach, { promise: "content" }>["proof"],
): Promise<Outcome<Found>> {
  const anchor = await anchorOf(given);
  if (anchor === null) return failed("no anchor covers the events: nothing can be said about what is there");
  if (!isFinalAnchor(anchor, given.final))
    return notChecked(`the anchor in block ${anchor.block} is not final; ask again in a while`);
  const content = contentAt(given.receipt, anchor, proof);
  if (!("value" in content)) return content;
  return content.value === "other" ? established(content.detail, { anchor }) : failed(content.detail);
}

function claimOf(promise: Breach["promise"], receipt: Receipt, { anchor }: Found): BreachClaim {
  return {
    log: formatLogId(receipt.log),
    promise,
    source: receipt.src,
    first: receipt.first,
    count: receipt.count,
    index: receipt.index,
    receivedAt: receipt.time,
    due: promise === "content" ? null : receipt[promise],
    anchor: anchor === null ? null : { size: anchor.size, block: anchor.block, time: anchor.time },
  };
}
