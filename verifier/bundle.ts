/**
 * Verifies an evidence bundle: every item's evidence and receipt, each as if it had come alone. What the bundle says besides (who made it, what was
 * found) is repeated as the ledger's word, once the rest is good.
 */
import { type BundleFinding, type BundleHead, type BundleItem, parseBundle } from "../protocol/bundle.ts";
import { formatLogId } from "../protocol/log-id.ts";
import { parseSubmissionPayload } from "../protocol/submission.ts";
import { parseCompactJws } from "../protocol/jws.ts";
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
import {
  type EvidenceClaim,
  type EvidenceReport,
  type Verdict,
  verdictOf,
  verifyEvidence,
} from "./evidence.ts";
import { checkReceiptPromises, type ReceiptWorth } from "./receipt-promises.ts";
import { logOf, type TrustProfile } from "./trust-profile.ts";

/** What a bundle with a good verdict proves, and what the ledger says besides. */
export interface BundleClaim {
  /** `chainId:registry:logId`. */
  readonly log: string;
  /** The ledger's word. */
  readonly stated: Pick<BundleHead, "madeAt" | "madeFor" | "about" | "record">;
  readonly items: readonly BundleItemClaim[];
}

export interface BundleItemClaim {
  /** What its evidence proves. */
  readonly evidence: EvidenceClaim;
  /** What became of the promises of its receipt. */
  readonly receipt: ReceiptWorth;
  /** The ledger's word. */
  readonly findings: readonly BundleFinding[];
}

export interface BundleReport {
  readonly verdict: Verdict;
  readonly checks: readonly Check[];
  /** Null unless the verdict is `valid` or `development`: nothing unverified is repeated. */
  readonly claim: BundleClaim | null;
}

/** Every check of a bundle, in order: its stable id, and what it asserts. */
export const BUNDLE_CHECKS = {
  format: "The file is an evidence bundle in a known format",
  log: "It is of the trusted log",
  evidence: "The evidence of every event is good",
  places: "Every event stands in the log where the bundle says",
  receipts: "Every receipt is the log's promise about its event",
} as const;

interface CheckedItem {
  readonly item: BundleItem;
  readonly report: EvidenceReport;
}

/**
 * Verifies a bundle. Without a profile, or without a chain to ask, the verdict is at best `incomplete`. Never throws on a hostile file or a
 * hostile chain.
 */
export async function verifyBundle(
  input: Uint8Array | string,
  profile: TrustProfile | undefined,
  chain: ChainReader | undefined,
): Promise<BundleReport> {
  const list = new CheckList(BUNDLE_CHECKS);
  const bundle = list.check("format", {}, () => {
    const parsed = parseBundle(input);
    return established(`${parsed.items.length} events`, parsed);
  });
  list.check("log", { profile, bundle }, (given) => {
    const [stated, trusted] = [formatLogId(given.bundle.log), formatLogId(logOf(given.profile))];
    return stated === trusted ? passed(trusted) : failed(`it is of the log ${stated}; you trust ${trusted}`);
  });
  const items: CheckedItem[] = [];
  for (const item of bundle?.items ?? []) {
    items.push({ item, report: await verifyEvidence(JSON.stringify(item.evidence), profile, chain) });
  }
  list.check("evidence", { bundle }, () => evidenceOutcome(items));
  list.check("places", { bundle }, () => placesOutcome(items));
  const worths = await worthsOf(items, profile, chain);
  list.check("receipts", { bundle }, () => receiptsOutcome(worths));

  const verdict = verdictOf(list.checks, profile);
  const isGood = verdict === "valid" || verdict === "development";
  return { verdict, checks: list.checks, claim: isGood && bundle ? claimOf(bundle, items, worths) : null };
}

/** The worst of the items' verdicts, and which item has it for which reason. */
function evidenceOutcome(items: readonly CheckedItem[]): Outcome<true> {
  const bad = items.find(({ report }) => report.verdict === "invalid");
  if (bad !== undefined) return failed(`${nameOf(bad.item)}: ${reasonOf(bad.report.checks, "failed")}`);
  const open = items.find(({ report }) => report.verdict === "incomplete");
  if (open !== undefined)
    return notChecked(`${nameOf(open.item)}: ${reasonOf(open.report.checks, "not-checked")}`);
  const warned = items.filter(({ report }) => report.checks.some(({ status }) => status === "warning"));
  const [first] = warned;
  return first === undefined
    ? passed(`that of ${items.length} events`)
    : warning(
        `that of ${items.length} events; of ${warned.length} there is something to know, such as ${nameOf(first.item)}: ` +
          reasonOf(first.report.checks, "warning"),
      );
}

/** What evidence does not prove is a place that its verifier would not repeat; then the check of the evidence tells. */
function placesOutcome(items: readonly CheckedItem[]): Outcome<true> {
  const wrong = items.find(({ item, report }) => report.claim !== null && report.claim.index !== item.index);
  if (wrong !== undefined)
    return failed(`${nameOf(wrong.item)} is entry ${wrong.report.claim?.index ?? "?"} by its evidence`);
  return items.every(({ report }) => report.claim !== null)
    ? passed("every index is the one that is proven")
    : notChecked("not all of the evidence is good");
}

/** Each receipt is judged once, however many events came with it. */
async function worthsOf(
  items: readonly CheckedItem[],
  profile: TrustProfile | undefined,
  chain: ChainReader | undefined,
): Promise<readonly { readonly item: BundleItem; readonly worth: ReceiptWorth }[]> {
  const judged = new Map<string, ReceiptWorth>();
  const worths: { item: BundleItem; worth: ReceiptWorth }[] = [];
  for (const { item, report } of items) {
    const { receipt, evidence } = item;
    // Of what is no evidence there is no submission to compare the receipt with.
    if (report.verdict === "invalid") {
      worths.push({ item, worth: "unknown" });
      continue;
    }
    const { jws } = evidence.submission;
    const name = `${receipt} ${jws}`;
    let worth = judged.get(name);
    if (worth === undefined) {
      const submission = parseSubmissionPayload(parseCompactJws(jws, "submission+jws").payload);
      ({ worth } = await checkReceiptPromises(receipt, { profile, chain, submission }));
      judged.set(name, worth);
    }
    worths.push({ item, worth });
  }
  return worths;
}

function receiptsOutcome(
  worths: readonly { readonly item: BundleItem; readonly worth: ReceiptWorth }[],
): Outcome<true> {
  const unusable = worths.find(({ worth }) => worth === "unusable");
  if (unusable !== undefined)
    return failed(`the receipt of ${nameOf(unusable.item)} is none of the trusted log for its submission`);
  const unknown = worths.find(({ worth }) => worth === "unknown");
  if (unknown !== undefined) return notChecked(`the receipt of ${nameOf(unknown.item)} could not be judged`);
  const broken = worths.find(({ worth }) => worth === "broken");
  return broken === undefined
    ? passed("the log's, and none was broken")
    : warning(
        `the log broke a promise of the receipt of ${nameOf(broken.item)}; minhbach check-receipt proves it`,
      );
}

function claimOf(
  { log, madeAt, madeFor, about, record }: BundleHead,
  items: readonly CheckedItem[],
  worths: readonly { readonly worth: ReceiptWorth }[],
): BundleClaim {
  return {
    log: formatLogId(log),
    stated: { madeAt, madeFor, about, record },
    items: items.flatMap(({ item: { findings }, report }, at) => {
      const receipt = worths[at]?.worth ?? "unknown";
      return report.claim === null ? [] : [{ evidence: report.claim, receipt, findings }];
    }),
  };
}

function nameOf({ index }: BundleItem): string {
  return `entry ${index}`;
}

function reasonOf(checks: readonly Check[], status: Check["status"]): string {
  const check = checks.find((each) => each.status === status);
  return check === undefined ? "" : `${check.title}: ${check.detail}`;
}
