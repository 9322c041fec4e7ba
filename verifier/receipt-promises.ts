/**
 * What a receipt is worth: whether the log kept what it promised, and if not, the file that proves it to anybody. The log is
 * not asked about itself: what was anchored when comes from the chain, and what it holds is proven against that.
 */
import { type BrokenPromise, type ContentProof, formatBreach } from "../protocol/breach.ts";
import { proveRange } from "../protocol/range-proof.ts";
import { parseReceipt, type Receipt } from "../protocol/receipt.ts";
import type { SubmissionPayload } from "../protocol/submission.ts";
import type { Anchor, ChainReader } from "./chain.ts";
import {
  type Check,
  CheckList,
  established,
  failed,
  isComplete,
  notChecked,
  type Outcome,
  passed,
} from "./checks.ts";
import { haveCode, isStillOpen, isTrustedChain } from "./evidence-anchoring.ts";
import { type LogTiles, TilesError } from "./log-tiles.ts";
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
  type Keeping,
  keepingOfAnchor,
  keepingOfIndex,
  lastIndex,
} from "./promise-keeping.ts";
import { differingMember } from "./receipt.ts";
import type { TrustProfile } from "./trust-profile.ts";

/** Every check of a receipt's promises, in order: its stable id, and what it asserts. */
export const RECEIPT_PROMISE_CHECKS = {
  format: "The receipt can be read",
  submission: "It is about the submission that was sent",
  deadlines: "Its deadlines lie after the time of receipt",
  log: "It is a promise of the trusted log",
  chain: "The node serves the trusted chain",
  registries: "Both registries are on it",
  final: "The chain has a final block to judge by",
  signature: "A receipt key of the log signed it",
  "anchor-by": "The events were anchored in time",
  "index-by": "The events were indexed in time",
  content: "The log holds the events that were receipted",
  "key-since": "The key was not replaced later",
  "log-since": "The log goes on",
} as const;

/**
 * `kept`: every promise was kept. `not-due`: none was broken, and at least one may still be kept in time. `broken`: one was broken.
 * `unusable`: it is no receipt of the trusted log for this submission. `unknown`: nothing was found broken, but not everything
 * could be checked.
 */
export type ReceiptWorth = "kept" | "not-due" | "broken" | "unusable" | "unknown";

export interface ReceiptPromisesReport {
  readonly worth: ReceiptWorth;
  readonly checks: readonly Check[];
  /** The receipt; null when it is unusable or its signature was not checked. */
  readonly receipt: Receipt | null;
  /** Files that prove the breaches, for anybody who reads the chain: one per broken promise, as `parseBreach` reads them. */
  readonly breaches: readonly string[];
}

/** What to judge a receipt by. Without the last two, their checks are not made. */
export interface ReceiptPremises {
  readonly profile: TrustProfile | undefined;
  readonly chain: ChainReader | undefined;
  /** The submission that was sent. */
  readonly submission?: SubmissionPayload | undefined;
  /** Where to read what the log holds. */
  readonly tiles?: LogTiles | undefined;
}

/** A failure of these says that the receipt is no promise of the trusted log. */
const ABOUT_THE_RECEIPT: ReadonlySet<string> = new Set([
  "format",
  "submission",
  "deadlines",
  "log",
  "signature",
]);

/** How one promise stands. */
type Standing = "kept" | "not-due" | "broken" | "none";

/**
 * Tells of each promise of a receipt whether it was kept. Never throws on a hostile receipt, a hostile chain or hostile tiles; none of
 * them can make an honest log seem to have broken a promise, unless all nodes of the chain that were named lie alike.
 */
export async function checkReceiptPromises(
  jws: string,
  { profile, chain, submission, tiles }: ReceiptPremises,
): Promise<ReceiptPromisesReport> {
  const list = new CheckList(RECEIPT_PROMISE_CHECKS);

  // What the receipt says in itself.
  const parsed = list.check("format", {}, () => {
    const found = parseReceipt(jws);
    return established(`a receipt for ${found.receipt.count} events of ${found.receipt.src}`, found);
  });
  if (submission !== undefined)
    list.check("submission", { parsed }, (given) => isAbout(given.parsed.receipt, submission));
  const sound = list.check("deadlines", { parsed }, isSound);

  // Whether the log that the user trusts gave it.
  const trusted = list.check("log", { profile, parsed }, isOfTrustedLog);
  const asOf = await list.ask("chain", { profile, chain }, isTrustedChain);
  const asked = { profile, chain, asOf };
  const coded = await list.ask("registries", asked, haveCode);
  const final = await list.ask("final", { ...asked, coded }, findFinal);
  const key = await list.ask("signature", { ...asked, final, parsed, trusted }, isSignedByReceiptKey);

  // What became of it.
  const given = { ...asked, final, receipt: sound, key };
  const ledger = new Standings();
  await list.ask("anchor-by", given, async (about) =>
    ledger.deadline("anchorBy", await keepingOfAnchor(about), about),
  );
  await list.ask("index-by", given, async (about) => {
    const keeping = await keepingOfIndex(about);
    return keeping === null
      ? ledger.note("none", "no promise to index them was made")
      : ledger.deadline("indexBy", keeping, about);
  });
  if (tiles !== undefined) {
    await list.ask("content", given, async (about) => compareContent(about, tiles, ledger));
  }

  // What happened since.
  list.check("key-since", { key }, isKeyInUse);
  await list.ask("log-since", { ...asked, key }, isStillOpen);

  const worth = worthOf(list.checks, ledger);
  return {
    worth,
    checks: list.checks,
    receipt: worth === "unusable" || key === undefined ? null : (sound ?? null),
    breaches: worth === "broken" ? ledger.broken.map((promise) => formatBreach(jws, promise)) : [],
  };
}

/** How the promises stand, as far as they were judged. */
class Standings {
  readonly broken: BrokenPromise[] = [];
  readonly #standings = new Set<Standing>();

  has(standing: Standing): boolean {
    return this.#standings.has(standing);
  }

  deadline(
    promise: "anchorBy" | "indexBy",
    keeping: Keeping,
    { receipt, final }: AskedAboutReceipt,
  ): Outcome<true> {
    const detail = describeKeeping(keeping, receipt[promise], final);
    return keeping.state === "late"
      ? this.breach({ promise, proof: null }, detail)
      : this.note(keeping.state, detail);
  }

  note(standing: Exclude<Standing, "broken">, detail: string): Outcome<true> {
    this.#standings.add(standing);
    return passed(detail);
  }

  breach(broken: BrokenPromise, detail: string): Outcome<true> {
    this.#standings.add("broken");
    this.broken.push(broken);
    return failed(detail);
  }
}

async function compareContent(
  about: AskedAboutReceipt,
  tiles: LogTiles,
  ledger: Standings,
): Promise<Outcome<true>> {
  const { receipt, final } = about;
  const anchor = await anchorOf(about);
  if (anchor === null || !isFinalAnchor(anchor, final))
    return ledger.note("not-due", "nothing to compare yet: no final anchor covers the events");
  const proof = await readContent(receipt, anchor, tiles);
  if (typeof proof === "string") return notChecked(proof);
  const content = contentAt(receipt, anchor, proof);
  if (!("value" in content)) {
    return notChecked(
      `${tiles.name} does not show what it anchored: ${content.detail}; ask another mirror of the log, or the operator`,
    );
  }
  return content.value === "same"
    ? ledger.note("kept", content.detail)
    : ledger.breach({ promise: "content", proof }, `broken: ${content.detail}`);
}

/** What the tiles hold in the places of the receipt's events, with the path to the anchored root; or why it cannot be read. */
async function readContent(
  receipt: Receipt,
  { size }: Anchor,
  tiles: LogTiles,
): Promise<ContentProof | string> {
  const leaves = Array.from({ length: receipt.count }, (_, at) => ({ level: 0, index: receipt.index + at }));
  const range = { begin: receipt.index, end: lastIndex(receipt) + 1 };
  try {
    const leafHashes = await tiles.readNodes(leaves, size);
    return { leafHashes, path: await proveRange(range, size, (nodes) => tiles.readNodes(nodes, size)) };
  } catch (error) {
    if (!(error instanceof TilesError)) throw error;
    return error.message;
  }
}

/** The first member that differs from what was sent fails it. */
function isAbout(receipt: Receipt, sent: SubmissionPayload): Outcome<true> {
  const other = differingMember(receipt, { ...sent, source: sent.src });
  return other === undefined
    ? passed(`${receipt.src} ${receipt.first}, ${receipt.count} events, from index ${receipt.index}`)
    : failed(`its ${other} is another than the submission's: find the receipt that answered it`);
}

function worthOf(checks: readonly Check[], ledger: Standings): ReceiptWorth {
  if (checks.some(({ id, status }) => status === "failed" && ABOUT_THE_RECEIPT.has(id))) return "unusable";
  if (ledger.has("broken")) return "broken";
  if (!isComplete(checks)) return "unknown";
  return ledger.has("not-due") ? "not-due" : "kept";
}
