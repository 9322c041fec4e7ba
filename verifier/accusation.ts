/**
 * Verifies an accusation: that a log's index left out an event. The event is proven to be in the log below the statement's horizon and to
 * be about the id of a list; the list is proven to be all that the index held about that id; and the event is not in it. Nobody but
 * whoever anchored that index root can have done that.
 */
import { fromUtf8 } from "../protocol/bytes.ts";
import { type Accusation, MAX_ACCUSATION_LENGTH, parseAccusation } from "../protocol/accusation.ts";
import { formatEvidence } from "../protocol/evidence.ts";
import { type IndexKind, shownIndexKeys } from "../protocol/index-keys.ts";
import type { Source } from "../protocol/source.ts";
import { formatStatement } from "../protocol/statement.ts";
import type { ChainReader } from "./chain.ts";
import { type Check, CheckList, established, failed, notChecked, type Outcome, passed } from "./checks.ts";
import { type EvidenceClaim, type Verdict, verdictOf, verifyEvidence } from "./evidence.ts";
import { plural } from "./statement-content.ts";
import { type ListClaim, type StatementClaim, verifyStatement } from "./statement.ts";
import type { TrustProfile } from "./trust-profile.ts";

/** What an accusation with a good verdict proves. */
export interface AccusationClaim {
  /** `chainId:registry:logId`. */
  readonly log: string;
  /** Whose list lacks the event. */
  readonly kind: IndexKind;
  readonly id: string;
  /** The event: its place in the log, who recorded it, its leaf hash in lowercase hexadecimal. */
  readonly event: {
    readonly index: number;
    readonly source: Source;
    readonly seq: number;
    readonly leafHash: string;
  };
  /** The index covered the log's events below it, and held so many of the id's. */
  readonly horizon: number;
  readonly listed: number;
  /** The anchor of that index; `time` is its block's, Unix seconds. */
  readonly anchor: { readonly block: number; readonly time: number };
}

export interface AccusationReport {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** Null unless the verdict is `valid` or `development`: nothing unverified is repeated. */
  readonly claim: AccusationClaim | null;
}

/** Every check of an accusation, in order: its stable id, and what it asserts. */
export const ACCUSATION_CHECKS = {
  format: "The file is an accusation in a known format",
  whole: "The statement leaves out no earlier events",
  evidence: "The evidence of the event is valid",
  statement: "The statement is valid",
  named: "The event names somebody whose list the statement holds",
  horizon: "The event lies below the statement's horizon",
  missing: "The event is not in that list",
} as const;

/** No character of well-formed UTF-8 takes more bytes. */
const MAX_UTF8_BYTES = 4;

/**
 * Verifies an accusation file. Without a profile, or without a chain to ask, the verdict is at best `incomplete`. Never throws on a
 * hostile file or a hostile chain.
 */
export function verifyAccusation(
  input: Uint8Array | string,
  profile: TrustProfile | undefined,
  chain: ChainReader | undefined,
): Promise<AccusationReport> {
  return judgeAccusation(() => readAccusation(input), profile, chain);
}

/** The same for evidence and a statement in hand: whether they make an accusation. */
export function checkAccusation(
  accusation: Accusation,
  profile: TrustProfile | undefined,
  chain: ChainReader | undefined,
): Promise<AccusationReport> {
  return judgeAccusation(() => established("evidence and a statement", accusation), profile, chain);
}

async function judgeAccusation(
  read: () => Outcome<Accusation>,
  profile: TrustProfile | undefined,
  chain: ChainReader | undefined,
): Promise<AccusationReport> {
  const list = new CheckList(ACCUSATION_CHECKS);
  const accusation = list.check("format", {}, read);
  const whole = list.check("whole", { accusation }, isWhole);
  const event = await list.ask("evidence", { accusation }, async (given) =>
    claimOf(await verifyEvidence(formatEvidence(given.accusation.evidence), profile, chain)),
  );
  const statement = await list.ask("statement", { accusation, whole }, async (given) =>
    claimOf(await verifyStatement(formatStatement(given.accusation.statement), profile, chain)),
  );
  const lists = list.check("named", { event, statement }, namedLists);
  const covered = list.check("horizon", { event, statement }, isBelowHorizon);
  const lacking = list.check("missing", { event, lists, covered }, listWithout);

  const verdict = verdictOf(list.checks, profile);
  const isProven = verdict === "valid" || verdict === "development";
  const claim =
    isProven && event !== undefined && statement !== undefined && lacking !== undefined
      ? omissionOf(event, statement, lacking)
      : null;
  return { verdict, checks: list.checks, claim };
}

function readAccusation(input: Uint8Array | string): Outcome<Accusation> {
  if (input.length > MAX_UTF8_BYTES * MAX_ACCUSATION_LENGTH)
    return failed("the file is too long for an accusation");
  const accusation = parseAccusation(typeof input === "string" ? input : fromUtf8(input));
  return established("evidence and a statement", accusation);
}

/** What an earlier statement listed may hold the event. */
function isWhole({ accusation }: { accusation: Accusation }): Outcome<true> {
  const left = accusation.statement.lists.reduce((sum, { since }) => sum + (since?.size ?? 0), 0);
  return left === 0
    ? passed("every list begins with the first event")
    : failed(
        `it leaves out ${plural(left, "earlier event")}, and this one may be among them: fetch the whole statement, without since`,
      );
}

/** The claim of a report with a good verdict, else why there is none. */
function claimOf<T>({
  verdict,
  checks,
  claim,
}: {
  verdict: Verdict;
  checks: readonly Check[];
  claim: T | null;
}): Outcome<T> {
  if (claim !== null) return established(`${verdict}: all its ${checks.length} checks passed`, claim);
  const reason =
    checks.find(({ status }) => status === "failed") ?? checks.find(({ status }) => status === "not-checked");
  const detail = `not established of it: ${reason?.title ?? ""}: ${reason?.detail ?? ""}`;
  return verdict === "invalid" ? failed(detail) : notChecked(detail);
}

interface Given {
  readonly event: EvidenceClaim;
  readonly statement: StatementClaim;
}

/** The lists under whose ids the shown parts of the event prove it to belong. */
function namedLists({ event, statement }: Given): Outcome<readonly ListClaim[]> {
  const keys = shownIndexKeys(event.source, event.facets, event.closedDigests === 0);
  const lists = statement.lists.filter(({ kind, id }) =>
    keys.some((key) => key.kind === kind && key.id === id),
  );
  return lists.length > 0
    ? established(`${plural(lists.length, "list")} of an id that the event names`, lists)
    : failed(
        "what the evidence shows of the event names nobody whose list is here: take evidence that shows the person (of an official, the exchange too), and the statement of that one",
      );
}

/** An index that lags lists what it had come to, and no more was said. */
function isBelowHorizon({ event, statement }: Given): Outcome<true> {
  return event.index < statement.horizon
    ? passed(
        `the event is entry ${event.index}, and the index covered the entries below ${statement.horizon}`,
      )
    : failed(
        `the event is entry ${event.index}, and the index covered only those below ${statement.horizon}: it had not come so far; ask for a newer statement`,
      );
}

/** A closed entry is listed all the same: its leaf hash is there. */
function listWithout({
  event,
  lists,
}: {
  event: EvidenceClaim;
  lists: readonly ListClaim[];
}): Outcome<ListClaim> {
  for (const list of lists) {
    if (list.events.every(({ leafHash }) => leafHash !== event.leafHash)) {
      return established(`the list holds ${plural(list.count, "event")}, and not this one`, list);
    }
  }
  const entry = lists[0]?.events.find(({ leafHash }) => leafHash === event.leafHash);
  return failed(
    entry !== undefined && entry.closed !== null
      ? `the list holds the event, closed by ${entry.closed.type === "seal" ? "a seal" : "an erasure"} of ${entry.closed.authority}: nothing is missing`
      : "the list holds the event: nothing is missing",
  );
}

function omissionOf(event: EvidenceClaim, statement: StatementClaim, list: ListClaim): AccusationClaim {
  const { index, source, seq, leafHash } = event;
  return {
    log: statement.log,
    kind: list.kind,
    id: list.id,
    event: { index, source, seq, leafHash },
    horizon: statement.horizon,
    listed: list.count,
    anchor: statement.anchor,
  };
}
