/**
 * The public part of an audit: everything that anybody can check of a running ledger with the chain and nothing else. All of the log is
 * fetched and recomputed: every entry, its submission, its tiles, and every anchor.
 */
import { equal, fromUtf8 } from "../../protocol/bytes.ts";
import { parseCheckpoint, type SignedCheckpoint } from "../../protocol/checkpoint.ts";
import { FormatError } from "../../protocol/errors.ts";
import { parsePayload } from "../../protocol/payload.ts";
import { isCount } from "../../protocol/submission.ts";
import { ChainError, type ChainReader, type KeyVersion } from "../chain.ts";
import { CheckList, established, failed, notChecked, type Outcome } from "../checks.ts";
import { haveCode, isTrustedChain } from "../evidence-anchoring.ts";
import type { TrustProfile } from "../trust-profile.ts";
import { EntryReader } from "./entry-reader.ts";
import { AuditFault, LOG_CHECKS, type LogCheckId, type Remarks } from "./fault.ts";
import { type AuditedSubmission, LogAudit, type LogProgress } from "./log-audit.ts";
import { checkpointFault, PublishedAnchors } from "./published-anchors.ts";
import { LedgerUnreachable, type PublishedLog } from "./published-log.ts";
import { type AuditReport, verdictOf, walkChecks, type WalkEnd } from "./report.ts";
import { type BuiltTile, firstWrongEntry } from "./tile-builder.ts";

export interface AuditOptions {
  readonly ledger: PublishedLog;
  readonly profile: TrustProfile | undefined;
  readonly chain: ChainReader | undefined;
  /** Where an earlier audit of this log ended, or `NO_PROGRESS`. */
  readonly from: LogProgress;
  /** Told after every submission. Asking for the progress costs something, the rest is free. */
  readonly onProgress: (step: AuditStep) => Promise<void>;
  /** Ends the audit between two submissions. */
  readonly signal: AbortSignal;
}

/** How far an audit is. */
export interface AuditStep {
  /** Entries checked, and entries there are. */
  readonly size: number;
  readonly of: number;
  readonly progress: () => LogProgress;
}

const WALK_CHECKS = [
  ...(["entries", "submissions", "sequences", "signatures", "receipts", "promises"] as const),
  ...(["tiles", "anchors", "published-anchors", "root"] as const),
];

/** Audits a running ledger. Never throws on a hostile ledger or a hostile chain. */
export async function auditPublishedLog(options: AuditOptions): Promise<AuditReport> {
  const { ledger, profile, chain, from } = options;
  const list = new CheckList<LogCheckId>(LOG_CHECKS);
  const asOf = await list.ask("chain", { profile, chain }, isTrustedChain);
  const coded = await list.ask("registries", { profile, chain, asOf }, haveCode);
  const asked = { profile, chain, asOf, coded };
  // After the block is fixed: what was anchored by then, the ledger has to have.
  const basis = await list.ask("checkpoint", asked, async (given) => await readBasis(ledger, given));
  const size = basis?.checkpoint.size ?? 0;
  let end: WalkEnd = { kind: "stopped", reason: "not reached, because an earlier check did not pass" };
  let walked: { readonly size: number; readonly remarks: Remarks } = {
    size: from.frontier.size,
    remarks: {},
  };
  if (basis !== undefined && profile !== undefined && chain !== undefined) {
    const walk = new Walk(options, { ...basis, profile, chain });
    end = await walk.run();
    walked = { size: walk.size, remarks: walk.remarks };
  }
  const done =
    from.frontier.size === 0
      ? `${size} entries`
      : `${size} entries, ${from.frontier.size} of them in an earlier run`;
  const checks = [
    ...list.checks,
    ...walkChecks(LOG_CHECKS, WALK_CHECKS, end, { remarks: walked.remarks, done }),
  ];
  const fault =
    end.kind === "fault"
      ? { check: end.fault.check, index: end.fault.index, detail: end.fault.message }
      : null;
  const entries = { checked: walked.size, before: from.frontier.size, of: size };
  return { verdict: verdictOf(checks, profile), checks, entries, fault };
}

/** What the walk starts from. */
interface Basis {
  readonly checkpoint: SignedCheckpoint;
  readonly anchorCount: number;
  readonly asOf: number;
  readonly logKeys: readonly KeyVersion[];
  /** The time of that block: promises that have run out by then are due. */
  readonly now: number;
}

interface Trusted {
  readonly profile: TrustProfile;
  readonly chain: ChainReader;
}

async function readBasis(
  ledger: PublishedLog,
  { profile, chain, asOf }: Trusted & { readonly asOf: number },
): Promise<Outcome<Basis>> {
  const text = await orUnreachable(() => ledger.checkpoint());
  if (typeof text !== "string")
    return notChecked(text?.message ?? "the ledger has no checkpoint yet; ask again later");
  const { anchorRegistry, logId } = profile;
  const logKeys = await chain.keyVersions(anchorRegistry, logId, asOf);
  const checkpoint = parseCheckpoint(text);
  const fault = checkpointFault(text, checkpoint, { profile, logKeys });
  if (fault !== undefined) return failed(`the checkpoint ${fault}`);
  const anchorCount = await chain.anchorCount(anchorRegistry, logId, asOf);
  const now = await chain.blockTime(asOf);
  return established(`${checkpoint.size} entries`, { checkpoint, anchorCount, asOf, logKeys, now });
}

async function orUnreachable<T>(ask: () => Promise<T>): Promise<T | LedgerUnreachable> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof LedgerUnreachable) return error;
    throw error;
  }
}

/** One walk from where the last audit ended to the checkpoint. */
class Walk {
  readonly #options: AuditOptions;
  readonly #basis: Basis;
  readonly #audit: LogAudit;
  readonly #anchors: PublishedAnchors;
  readonly #entries: EntryReader;

  constructor(options: AuditOptions, given: Basis & Trusted) {
    const { ledger, from } = options;
    const { checkpoint, profile, chain, logKeys, anchorCount, asOf, now } = given;
    this.#options = options;
    this.#basis = given;
    this.#entries = new EntryReader(ledger, checkpoint.size);
    const listed = { ledger, chain, profile, logKeys, count: anchorCount };
    this.#anchors = new PublishedAnchors(listed, from.anchors, from.anchoredSize);
    const compareTile = async (tile: BuiltTile): Promise<void> => await this.#compareTile(tile);
    const onAnchor: PublishedAnchors["compare"] = async (anchor, place) =>
      await this.#anchors.compare(anchor, place);
    this.#audit = new LogAudit(
      { profile, chain, anchorCount, asOf, logKeys, compareTile, onAnchor, now },
      from,
    );
  }

  get size(): number {
    return this.#audit.size;
  }

  get remarks(): Remarks {
    return this.#audit.remarks;
  }

  async run(): Promise<WalkEnd> {
    try {
      return await this.#run();
    } catch (error) {
      if (error instanceof AuditFault) return { kind: "fault", fault: error };
      if (error instanceof LedgerUnreachable || error instanceof ChainError)
        return { kind: "stopped", reason: error.message };
      throw error;
    }
  }

  async #run(): Promise<WalkEnd> {
    const { signal, onProgress } = this.#options;
    const { checkpoint } = this.#basis;
    if (this.size > checkpoint.size) {
      const message = `an earlier audit saw ${this.size} entries, and the ledger's checkpoint has only ${checkpoint.size}`;
      throw new AuditFault("root", checkpoint.size, message);
    }
    while (this.size < checkpoint.size) {
      if (signal.aborted) return { kind: "stopped", reason: `interrupted at entry ${this.size}` };
      await this.#audit.add(await this.#nextSubmission());
      await onProgress({ size: this.size, of: checkpoint.size, progress: () => this.#audit.progress() });
    }
    await this.#audit.finish();
    await this.#anchors.finish();
    for (const tile of this.#audit.partialTiles()) await this.#compareTile(tile);
    if (!equal(checkpoint.root, this.#audit.root())) {
      const message = "the entries lead to another root than the checkpoint's";
      throw new AuditFault("root", Math.max(0, checkpoint.size - 1), message);
    }
    return { kind: "done" };
  }

  /** The submission that the next entry says it is in. */
  async #nextSubmission(): Promise<AuditedSubmission> {
    const index = this.size;
    const [entry = new Uint8Array()] = await this.#entries.read(index, index + 1);
    const { src, seq } = reading("entries", index, () => parsePayload(fromUtf8(entry)));
    const submission = await this.#options.ledger.submission(src, seq).catch((cause: unknown) => {
      throw cause instanceof FormatError ? unreadable("submissions", index, cause) : cause;
    });
    if (submission === undefined)
      throw new AuditFault(
        "submissions",
        index,
        `the ledger shows no submission of ${src} with number ${seq}`,
      );
    const { first, count } = submission;
    const end = index + count;
    if (submission.index !== index || first !== seq || !isCount(count) || end > this.#basis.checkpoint.size) {
      const message = `number ${seq} of ${src} is here, in a submission of ${count} from number ${first} on at ${submission.index}`;
      throw new AuditFault("submissions", index, message);
    }
    return { ...submission, payloads: await this.#entries.read(index, end) };
  }

  async #compareTile(tile: BuiltTile): Promise<void> {
    const first = tile.index * 256 ** (tile.level + 1);
    const given = await this.#options.ledger.tile(tile).catch((cause: unknown) => {
      throw cause instanceof FormatError ? unreadable("tiles", first, cause) : cause;
    });
    const name = `tile ${tile.index} of level ${tile.level}`;
    if (given === undefined)
      throw new AuditFault("tiles", first, `the ledger has no ${name} of ${tile.width} hashes`);
    const wrong = firstWrongEntry(tile, given);
    if (wrong !== undefined) throw new AuditFault("tiles", wrong, `${name} has a wrong hash for it`);
  }
}

function reading<T>(check: LogCheckId, index: number, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof FormatError ? unreadable(check, index, cause) : cause;
  }
}

function unreadable(check: LogCheckId, index: number, cause: FormatError): AuditFault {
  return new AuditFault(check, index, `${cause.message} (${cause.code})`, { cause });
}
