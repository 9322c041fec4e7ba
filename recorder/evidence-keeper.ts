import { leafOf } from "./erasure-check.ts";
import type { EvidenceCheck, ExpectedEvidence } from "./evidence-check.ts";
import { payloadIn, withDisclosures, withoutDisclosures } from "./evidence-text.ts";
import type { Ledger } from "./ledger.ts";
import type { RecorderLog } from "./sender.ts";
import type { Spool } from "./spool.ts";
import type { Timing } from "./timing.ts";

/**
 * What stays in the spool. `receipts`: disclosures go once the ledger gave its receipt, and no evidence is fetched.
 * `evidence`: disclosures go once they stand in the kept evidence. `everything`: the evidence, and the events too.
 */
export const KEEP_POLICIES = ["receipts", "evidence", "everything"] as const;
export type KeepPolicy = (typeof KEEP_POLICIES)[number];

export interface EvidenceKeeperParts {
  spool: Spool;
  ledger: Ledger;
  checkEvidence: EvidenceCheck;
  timing: Timing;
  logger: RecorderLog;
  keep: KeepPolicy;
  /** Follows what was erased; between the keeper's own work, because both write evidence. */
  followErasures: () => Promise<void>;
  /** How often to look for new anchors. */
  pollMs: number;
}

/** Requests for evidence at a time: the ledger's first work is to record. */
const FETCHES_AT_ONCE = 8;
/** Events pruned in one write. */
const PRUNE_CHUNK = 500;

/**
 * Fetches the evidence of this recorder's own events once an anchor covers them, opens it with the recorder's own
 * disclosures, checks and keeps it; then prunes what the policy lets go. Of an event that was erased it keeps what proves that it was recorded. Works behind the sender and never in its way.
 */
export class EvidenceKeeper {
  readonly #parts: EvidenceKeeperParts;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #anchoredSize = 0;
  #fault: string | undefined;

  constructor(parts: EvidenceKeeperParts) {
    this.#parts = parts;
  }

  /** Size of the newest anchor seen: events with a lower index are anchored. */
  get anchoredSize(): number {
    return this.#anchoredSize;
  }

  /** What is wrong with the evidence the ledger gives, if anything. */
  get fault(): string | undefined {
    return this.#fault;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { timing, pollMs, logger } = this.#parts;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#parts.followErasures();
        await this.#lookForAnchors();
        while (await this.#inItsTurn(() => this.#keepSome())) continue;
        while (await this.#inItsTurn(() => this.#pruneSome())) continue;
      } catch (error) {
        logger.warn(
          { detail: error instanceof Error ? error.message : String(error) },
          "keeping evidence was interrupted",
        );
      }
      await timing.sleep(pollMs, this.#closing.signal);
    }
  }

  /** Does some work, and rests as long as it took while events still wait to be sent: those come first. */
  async #inItsTurn(work: () => Promise<boolean>): Promise<boolean> {
    const { timing, spool } = this.#parts;
    const begun = timing.now();
    const isMore = !this.#closing.signal.aborted && (await work());
    if (isMore && spool.backlogEvents > 0) await timing.sleep(timing.now() - begun, this.#closing.signal);
    return isMore;
  }

  async #lookForAnchors(): Promise<void> {
    const { spool, ledger, keep } = this.#parts;
    const next = spool.state.evidenceThrough + 1;
    const receipt = keep === "receipts" ? undefined : await spool.receiptOf(next);
    if (receipt === undefined) return;
    const index = receipt.index + next - receipt.first;
    if (index < this.#anchoredSize) return;
    this.#anchoredSize = Math.max(this.#anchoredSize, (await ledger.anchoredSize(index)) ?? 0);
  }

  /** Fetches, checks and keeps the evidence of the next few anchored events. Returns whether there may be more. */
  async #keepSome(): Promise<boolean> {
    const { spool, keep } = this.#parts;
    if (keep === "receipts") return false;
    const first = spool.state.evidenceThrough + 1;
    const receipt = await spool.receiptOf(first);
    if (receipt === undefined) return false;
    const anchored =
      Math.min(receipt.first + receipt.count, receipt.first + this.#anchoredSize - receipt.index) - first;
    const count = Math.min(FETCHES_AT_ONCE, anchored);
    if (count <= 0) return false;
    const index = receipt.index + first - receipt.first;
    const fetched = await Promise.all(
      Array.from({ length: count }, (_, at) =>
        this.#fetch(first + at, { index: index + at, submission: receipt.submission }),
      ),
    );
    const missing = fetched.indexOf(undefined);
    const kept = missing === -1 ? fetched : fetched.slice(0, missing);
    if (kept.length > 0) await spool.keepEvidence(first, kept);
    return missing === -1;
  }

  /** The evidence of one event with all its disclosures, or undefined when it can't be had (yet). */
  async #fetch(seq: number, expected: ExpectedEvidence): Promise<string | undefined> {
    const { spool, ledger, checkEvidence, logger } = this.#parts;
    const { index } = expected;
    const text = await ledger.evidence(index);
    if (text === undefined) return undefined;
    const event = await spool.event(seq);
    const erased = event === undefined ? await spool.erased(seq) : undefined;
    if (event === undefined && erased === undefined) return undefined;
    const opened = event === undefined ? ofErased(text, erased) : withDisclosures(text, event);
    const fault = opened === undefined ? "it is not about this event" : await checkEvidence(opened, expected);
    if (fault !== undefined && fault !== this.#fault) {
      logger.error({ seq, index, detail: fault }, "the ledger gives evidence that does not prove this event");
    }
    this.#fault = fault;
    return fault === undefined ? opened : undefined;
  }

  async #pruneSome(): Promise<boolean> {
    const { spool, keep } = this.#parts;
    if (keep === "everything") return false;
    const { receiptedThrough, evidenceThrough, prunedThrough } = spool.state;
    const through = Math.min(
      keep === "receipts" ? receiptedThrough : evidenceThrough,
      prunedThrough + PRUNE_CHUNK,
    );
    if (through <= prunedThrough) return false;
    await spool.prune(through);
    return true;
  }
}

/** The evidence of an event that was erased before; undefined when it is about another. */
function ofErased(text: string, leaf: string | undefined): string | undefined {
  const payload = payloadIn(text);
  return payload !== undefined && leafOf(payload) === leaf ? withoutDisclosures(text) : undefined;
}
