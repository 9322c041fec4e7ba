/**
 * Verifies a gathered statement: each part on its own, as the statement of the log it is of, and then whether the parts belong together and no
 * log is missing. Which logs there are, the chain says. A bad part is named, and takes nothing from the others.
 */
import { equal } from "../protocol/bytes.ts";
import { formatLogId, type LogId } from "../protocol/log-id.ts";
import type { IndexKind } from "../protocol/index-keys.ts";
import { FormatError } from "../protocol/errors.ts";
import { type GatheredPart, parseGathered } from "../protocol/gathered.ts";
import { parseStatement } from "../protocol/statement.ts";
import type { ChainReader } from "./chain.ts";
import {
  type Check,
  CheckList,
  established,
  failed,
  notChecked,
  type Outcome,
  passed,
  warning,
} from "./checks.ts";
import { type AskedAsOf, contradiction, haveCode, isTrustedChain } from "./evidence-anchoring.ts";
import { type Verdict, verdictOf } from "./evidence.ts";
import { type StatementClaim, type StatementOptions, verifyStatement } from "./statement.ts";
import { plural } from "./statement-content.ts";
import type { TrustProfile } from "./trust-profile.ts";

/** What one log's part comes to. */
export interface PartReport {
  /** `chainId:registry:logId`, as the file names it. */
  readonly log: string;
  readonly verdict: Verdict;
  /** Those of a statement. */
  readonly checks: readonly Check[];
  /** Null unless this part is good, whatever the others are. */
  readonly claim: StatementClaim | null;
}

/** What a gathered statement with a good verdict proves: everything that all the logs' indexes hold about a person. */
export interface GatheredClaim {
  readonly kind: IndexKind;
  readonly id: string;
  /** Every log that has a part. */
  readonly logs: readonly (Pick<StatementClaim, "log" | "horizon" | "anchor"> & {
    /** Events in all its lists. */
    readonly events: number;
  })[];
}

export interface GatheredReport {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** In the order of the file; none where it cannot be read. */
  readonly parts: readonly PartReport[];
  /** Null unless the verdict is `valid` or `development`. */
  readonly claim: GatheredClaim | null;
}

/** Every check of a gathered statement as a whole, in order: its stable id, and what it asserts. */
export const GATHERED_CHECKS = {
  format: "The file is a gathered statement in a known format",
  once: "No log has two parts",
  parts: "Every part is good",
  person: "Every part is about the same person",
  numbers: "Every part covers the same numbers of that person",
  recorders: "No recorder stands in two logs",
  chain: "The node serves the trusted chain",
  registries: "Both registries are on it",
  "one-registry": "The agencies' logs are those of the trusted registry",
  complete: "No log is missing",
} as const;

export type GatheredCheckId = keyof typeof GATHERED_CHECKS;

/** More logs than this are not asked about one by one. */
const MAX_LOGS = 1024;

interface Verified {
  readonly part: GatheredPart;
  readonly report: PartReport;
  /** The ids of its lists, the one it is about first; none where it cannot be read. */
  readonly ids: readonly Id[];
}

interface Id {
  readonly kind: IndexKind;
  readonly id: string;
}

/**
 * Verifies a gathered statement. The profile's log number says nothing here: every log of its registry counts. Without a profile, or without a chain
 * to ask, the verdict is at best `incomplete`; so it is where a log is missing. Never throws on a hostile file or a hostile chain.
 */
export async function verifyGathered(
  input: Uint8Array | string,
  profile: TrustProfile | undefined,
  chain: ChainReader | undefined,
  { about }: Pick<StatementOptions, "about"> = {},
): Promise<GatheredReport> {
  const list = new CheckList(GATHERED_CHECKS);
  const file = list.check("format", {}, () => {
    const parsed = parseGathered(input);
    return established(plural(parsed.length, "part"), parsed);
  });
  const parts: Verified[] = [];
  for (const part of file ?? []) parts.push(await verifyPart(part, profile, chain, about));
  const verified = file === undefined ? undefined : parts;

  // Whether each part is good, and whether they belong together.
  list.check("once", { verified }, eachOnce);
  list.check("parts", { verified }, allGood);
  const whom = list.check("person", { verified }, ofOnePerson);
  list.check("numbers", { verified, whom }, sameNumbers);
  list.check("recorders", { verified }, eachInOneLog);

  // Whether these are all the logs there are.
  const asOf = await list.ask("chain", { profile, chain }, isTrustedChain);
  const asked = { profile, chain, asOf };
  const coded = await list.ask("registries", asked, haveCode);
  const named = await list.ask("one-registry", { ...asked, coded }, ofNamedRegistry);
  await list.ask("complete", { ...asked, verified, named }, noneMissing);

  const verdict = verdictOf(list.checks, profile);
  const isGood = verdict === "valid" || verdict === "development";
  const claim = isGood && whom !== undefined ? { ...whom, logs: parts.flatMap(logOfPart) } : null;
  return { verdict, checks: list.checks, parts: parts.map(({ report }) => report), claim };
}

/** As the statement of the very log that it is said to be of, under the reader's registries: by that log's keys and that log's anchors. */
async function verifyPart(
  part: GatheredPart,
  profile: TrustProfile | undefined,
  chain: ChainReader | undefined,
  about: StatementOptions["about"],
): Promise<Verified> {
  const ofLog = profile === undefined ? undefined : { ...profile, logId: part.log.logId };
  const found = await verifyStatement(part.statement, ofLog, chain, about === undefined ? {} : { about });
  const stated = found.checks.find(({ id }) => id === "log");
  const report = { log: formatLogId(part.log), ...found };
  // The profile above says nothing of the chain and registry that the file gives the part.
  const isNamed = profile === undefined || isOfRegistry(part.log, profile);
  const misnamed = stated?.status === "passed" && !isNamed;
  return {
    part,
    report: misnamed ? { ...report, ...misnamedPart(report) } : report,
    ids: idsIn(part.statement),
  };
}

function misnamedPart({ checks }: PartReport): Pick<PartReport, "verdict" | "checks" | "claim"> {
  const detail = "the file names another registry for this part than its statement does";
  const renamed = checks.map((check) =>
    check.id === "log" ? { ...check, status: "failed" as const, detail } : check,
  );
  return { verdict: "invalid", checks: renamed, claim: null };
}

function idsIn(statement: string): readonly Id[] {
  try {
    return parseStatement(statement).lists.map(({ kind, id }) => ({ kind, id }));
  } catch (error) {
    if (error instanceof FormatError) return [];
    throw error;
  }
}

interface Given {
  readonly verified: readonly Verified[];
}

function eachOnce({ verified }: Given): Outcome<true> {
  const logs = verified.map(({ report }) => report.log);
  const twice = logs.find((log, at) => logs.indexOf(log) !== at);
  return twice === undefined
    ? passed(plural(logs.length, "log"))
    : failed(`the log ${twice} has two parts: which of them is meant?`);
}

/** The worst of the parts' verdicts, and which part has it for which reason. */
function allGood({ verified }: Given): Outcome<true> {
  const bad = verified.filter(({ report }) => report.verdict === "invalid");
  if (bad.length > 0)
    return failed(bad.map((each) => `${nameOf(each)}: ${reasonOf(each, "failed")}`).join("; "));
  const open = verified.find(({ report }) => report.verdict === "incomplete");
  if (open !== undefined) return notChecked(`${nameOf(open)}: ${reasonOf(open, "not-checked")}`);
  const told = verified.filter(({ report }) => report.checks.some(({ status }) => status === "warning"));
  return told.length === 0
    ? passed(`all ${plural(verified.length, "part")}`)
    : warning(told.map((each) => `${nameOf(each)}: ${reasonOf(each, "warning")}`).join("; "));
}

/** Each part is good in itself, also when somebody put another person's beside it. */
function ofOnePerson({ verified }: Given): Outcome<Id> {
  const about = verified.flatMap((each) => (each.ids[0] === undefined ? [] : [{ each, id: each.ids[0] }]));
  const [first, ...others] = about;
  if (first === undefined) return notChecked("no part says whom it is about");
  const other = others.find(({ id }) => id.kind !== first.id.kind || id.id !== first.id.id);
  if (other !== undefined)
    return failed(
      `${nameOf(first.each)} is about the ${first.id.kind} ${first.id.id}, ${nameOf(other.each)} about the ${other.id.kind} ${other.id.id}`,
    );
  return about.length < verified.length
    ? notChecked("not every part says whom it is about")
    : established(`all are about the ${first.id.kind} ${first.id.id}; compare the number`, first.id);
}

/** A number that one log joins to the person is known to another log only if it was told there too. */
function sameNumbers({ verified }: Given & { readonly whom: Id }): Outcome<true> {
  const known = new Map(verified.flatMap(({ ids }) => ids).map((each) => [`${each.kind} ${each.id}`, each]));
  const gaps = verified.flatMap((each) => {
    const covered = new Set(each.ids.map(({ kind, id }) => `${kind} ${id}`));
    return [...known.keys()]
      .filter((name) => !covered.has(name))
      .map((name) => `${nameOf(each)} has no list of the ${name}`);
  });
  return gaps.length === 0
    ? passed(plural(known.size, "number"))
    : warning(`${gaps.join("; ")}: what that log holds under it is not shown`);
}

/** An agency that moves gives its recorders new names, so that a source and a number name one event in all the logs. */
function eachInOneLog({ verified }: Given): Outcome<true> {
  const logs = new Map<string, string>();
  for (const { report } of verified) {
    const events = report.claim?.lists.flatMap((list) => list.events) ?? [];
    for (const { source } of events) {
      const before = logs.get(source);
      if (before !== undefined && before !== report.log)
        return warning(
          `${source} stands in the logs ${before} and ${report.log}: its numbers may name two events; ask its agency`,
        );
      logs.set(source, report.log);
    }
  }
  return passed(plural(logs.size, "recorder"));
}

async function ofNamedRegistry({ profile, chain, asOf }: AskedAsOf): Promise<Outcome<true>> {
  const named = await chain.namedAnchorRegistry(profile.agencyRegistry, asOf);
  if (named === null) return passed("no agency was assigned a log: each may record in any");
  return named === profile.anchorRegistry
    ? passed(named)
    : failed(`the agencies' logs are those of ${named}; you trust ${profile.anchorRegistry}`);
}

/**
 * Every log of the registry that has an anchor may hold something of anybody, whichever agencies it holds now: also one that lost its agencies, or
 * took some before any were assigned. A log that is down is missing, which says nothing against the parts that are there.
 */
async function noneMissing(given: AskedAsOf & Given): Promise<Outcome<true>> {
  const { profile, chain, asOf, verified } = given;
  const count = await chain.logCount(profile.anchorRegistry, asOf);
  if (count > MAX_LOGS)
    return notChecked(`the registry has ${count} logs, and only ${MAX_LOGS} are looked for`);
  const here = new Set(
    verified.flatMap(({ part }) => (isOfRegistry(part.log, profile) ? [part.log.logId] : [])),
  );
  const missing: number[] = [];
  const continued: string[] = [];
  const cut: string[] = [];
  for (let logId = 1; logId <= count; logId++) {
    if (here.has(logId)) continue;
    const anchors = await chain.anchorCount(profile.anchorRegistry, logId, asOf);
    if (anchors === 0) continue;
    const { successor } = await chain.logState(profile.anchorRegistry, logId, asOf);
    const gap = successor === 0 ? undefined : await gapBefore(successor, logId, anchors, given);
    if (successor !== 0 && gap === undefined)
      continued.push(`log ${logId} is frozen; log ${successor} continues it`);
    else missing.push(logId);
    if (gap !== undefined) cut.push(gap);
  }
  if (missing.length > 0)
    return notChecked(
      [
        `${missing.map((logId) => `log ${logId}`).join(", ")} of the registry ${missing.length === 1 ? "is" : "are"} missing: nothing is shown of what they hold`,
        ...cut,
      ].join("; "),
    );
  const detail = `the registry has ${plural(count, "log")} up to block ${asOf}`;
  return continued.length === 0 ? passed(detail) : warning(`${detail}; ${continued.join("; ")}`);
}

/**
 * What the successor of a log does not take the place of, if anything. One that goes on from an earlier anchor holds nothing of what the later ones
 * anchored, and one of another VRF key begins its index anew: what the old log's index lists, only its own part shows.
 */
async function gapBefore(
  successor: number,
  logId: number,
  anchors: number,
  { profile: { anchorRegistry }, chain, asOf }: AskedAsOf,
): Promise<string | undefined> {
  const { predecessor, predecessorAnchor } = await chain.logState(anchorRegistry, successor, asOf);
  if (predecessor !== logId || predecessorAnchor >= anchors)
    throw contradiction(chain, `log ${successor} continues log ${logId}, and is said to continue another`);
  if (predecessorAnchor !== anchors - 1)
    return `log ${successor} goes on from anchor ${predecessorAnchor + 1} of the ${anchors} of log ${logId}`;
  const former = await chain.logKeysAt(anchorRegistry, logId, asOf, asOf);
  const present = await chain.logKeysAt(anchorRegistry, successor, asOf, asOf);
  return equal(former.vrf, present.vrf)
    ? undefined
    : `log ${successor} continues log ${logId} with another VRF key, so its index began anew`;
}

function isOfRegistry({ chainId, registry }: LogId, profile: TrustProfile): boolean {
  return chainId === profile.chainId && registry === profile.anchorRegistry;
}

function logOfPart({ report: { claim } }: Verified): GatheredClaim["logs"][number][] {
  if (claim === null) return [];
  const { log, horizon, anchor, lists } = claim;
  return [{ log, horizon, anchor, events: lists.reduce((sum, { count }) => sum + count, 0) }];
}

function nameOf({ part }: Verified): string {
  return `log ${part.log.logId}`;
}

function reasonOf({ report }: Verified, status: Check["status"]): string {
  const check = report.checks.find((each) => each.status === status);
  return check === undefined ? "" : `${check.title}: ${check.detail}`;
}
