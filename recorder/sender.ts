import { payloadOf } from "../protocol/event.ts";
import { parseCompactJws } from "../protocol/jws.ts";
import type { LogId } from "../protocol/log-id.ts";
import { MAX_SUBMISSION_EVENTS } from "../protocol/submission.ts";
import type { Source } from "../protocol/source.ts";
import { prepareSubmission, submissionBody } from "./batch.ts";
import type { Ledger, LedgerAnswer } from "./ledger.ts";
import { checkReceipts, type ReceiptKeys } from "./receipts.ts";
import type { SigningKey } from "./signing-key.ts";
import type { Spool } from "./spool.ts";
import type { PendingSubmission, StopReason } from "./spool-rows.ts";
import { backoffMilliseconds, type Timing } from "./timing.ts";
import { isTombstone, makeTombstone, poisonRecord } from "./tombstone.ts";

/** What a log line may hold: numbers, codes and the ledger's own words, never an event. */
export interface RecorderLog {
  info: (fields: Record<string, unknown>, message: string) => void;
  warn: (fields: Record<string, unknown>, message: string) => void;
  error: (fields: Record<string, unknown>, message: string) => void;
}

/** How sending goes, for status, readiness and metrics. */
export interface SenderStatus {
  /**
   * `sending`: all is well (also when idle). `outage`: the ledger does not answer or answers unusably; retried with backoff.
   * `blocked`: the ledger refuses this key, this log or these submissions, or is behind its promises; retried slowly, and a
   * person has to look. `stopped`: nothing is sent until the operator acts (see StopRecord).
   */
  state: "sending" | "outage" | "blocked" | "stopped";
  /** The code and the words of the last failure; absent while sending. */
  code?: string;
  detail?: string;
  submissionsSent: number;
  tombstones: number;
}

export interface SenderParts {
  spool: Spool;
  ledger: Ledger;
  receiptKeys: ReceiptKeys;
  log: LogId;
  source: Source;
  key: SigningKey;
  timing: Timing;
  logger: RecorderLog;
  /** Most events of one submission. */
  batchEvents: number;
  /** How long to gather events for a submission that would not be full. */
  lingerMs: number;
  /** More events than this refused one after the other stop the recorder. */
  maxTombstonesInARow: number;
  /** Called after receipts were stored. */
  onReceipts: () => void;
}

/** How often a refused key or a ledger behind its promises is tried again: an operator's action is noticed within this. */
const BLOCKED_RETRY_MS = 30_000;

/**
 * Sends what is spooled, in order, one submission at a time. Whatever happens, the next step is decided from the spool
 * alone, so a restart continues where a crash interrupted: the stored submission is sent again, byte for byte.
 */
export class Sender {
  readonly #parts: SenderParts;
  readonly #closing = new AbortController();
  #wake = new AbortController();
  #running: Promise<void> | undefined;
  #status: SenderStatus = { state: "sending", submissionsSent: 0, tombstones: 0 };
  #failures = 0;
  #limit: number;
  #tombstonesInARow = 0;
  /** Number of the newest of them: only an event after it that is accepted ends the row. */
  #lastTombstone = 0;
  /** The spool's next number when it was opened: the ledger can't hold more, unless the spool is a restored copy. */
  readonly #openedAt: number;
  #heldChecked = false;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#limit = Math.min(parts.batchEvents, MAX_SUBMISSION_EVENTS);
    this.#openedAt = parts.spool.state.nextSeq;
  }

  get status(): SenderStatus {
    const { stop } = this.#parts.spool.state;
    if (stop === undefined) return this.#status;
    return { ...this.#status, state: "stopped", code: stop.reason, detail: stop.detail };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** There is something new to send, or a reason to try again now. */
  wake(): void {
    this.#wake.abort();
  }

  /** Ends after the request under way, whose answer is still taken. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    await this.#dropOtherKeysSubmission().catch((error: unknown) => this.#noteFailure("spool-failed", error));
    while (!this.#closing.signal.aborted) {
      try {
        await this.#parts.spool.recover();
        await this.#step();
      } catch (error) {
        // A failed write: what was decided may or may not be on the disk. Look again, from there.
        this.#noteFailure("spool-failed", error);
        await this.#pause(this.#backoff());
      }
    }
  }

  async #step(): Promise<void> {
    const { spool } = this.#parts;
    if (spool.state.stop !== undefined) return this.#idle();
    if (!this.#heldChecked && !(await this.#checkHeld())) return;
    const pending = spool.state.pending ?? (await this.#prepare());
    if (pending === undefined) {
      // The receipts of the last submission may have come to light by `recover`, after a write that seemed to fail.
      if (this.#status.state !== "sending") this.#delivered();
      return this.#idle();
    }
    const answer = await this.#parts.ledger.submit(await submissionBody(spool, pending));
    this.#status = { ...this.#status, submissionsSent: this.#status.submissionsSent + 1 };
    await this.#take(answer, pending);
  }

  async #prepare(): Promise<PendingSubmission | undefined> {
    const { spool, lingerMs, timing } = this.#parts;
    if (spool.backlogEvents === 0) return undefined;
    if (spool.backlogEvents < this.#limit) await timing.sleep(lingerMs, this.#closing.signal);
    return prepareSubmission(spool, this.#limit, this.#parts, timing.now());
  }

  /** Decides what an answer means. Only a stored receipt, a stored tombstone or a stored stop moves the recorder on. */
  async #take(answer: LedgerAnswer, pending: PendingSubmission): Promise<void> {
    switch (answer.kind) {
      case "receipts":
        return this.#takeReceipts(answer.receipts, pending);
      case "overlap":
        if (answer.next > this.#parts.spool.state.nextSeq) {
          return this.#stop("restored", `the ledger holds events of this source up to ${answer.next - 1}`);
        }
        return this.#takeReceipts(answer.receipts, pending);
      case "gap":
        return this.#takeGap(answer.next, answer.detail);
      case "equivocation":
        return this.#stop("equivocation", answer.detail);
      case "poison":
        return pending.count > 1 ? this.#halve(pending) : this.#bury(pending, answer);
      case "too-large":
        if (pending.count > 1) return this.#halve(pending);
        return this.#block("submission-too-large", "the ledger refuses even a single event as too large");
      case "blocked":
        return this.#block(answer.code, answer.detail);
      case "outage":
        this.#noteFailure("outage", answer.detail);
        return this.#pause(Math.max(this.#backoff(), answer.retryAfterSeconds * 1000));
    }
  }

  async #takeReceipts(texts: readonly string[], pending: PendingSubmission): Promise<void> {
    const { spool, receiptKeys, batchEvents } = this.#parts;
    const verdict = await checkReceipts(texts, spool, receiptKeys, pending);
    if (verdict.kind === "restored") return this.#stop("restored", verdict.detail);
    if (verdict.kind === "bad") {
      this.#noteFailure("bad-receipt", verdict.detail);
      return this.#pause(this.#backoff());
    }
    await spool.settle(verdict.receipts, verdict.bytes);
    if (spool.state.receiptedThrough > this.#lastTombstone) this.#tombstonesInARow = 0;
    this.#limit = Math.min(this.#limit * 2, batchEvents, MAX_SUBMISSION_EVENTS);
    this.#delivered();
  }

  /** Ends what was noted of failures, and tells whoever waits for receipts. */
  #delivered(): void {
    this.#failures = 0;
    const { submissionsSent, tombstones } = this.#status;
    this.#status = { state: "sending", submissionsSent, tombstones };
    this.#parts.onReceipts();
  }

  /** The ledger wants earlier events than we have left to send: it is shown what it signed for them. */
  async #takeGap(next: number, detail: string): Promise<void> {
    const { spool, ledger } = this.#parts;
    const last = await spool.lastReceipt();
    const shown =
      last === undefined || next > spool.state.receiptedThrough
        ? undefined
        : await ledger.showReceipt(last.receipt);
    if (shown?.kind === "behind") return this.#block("ledger-behind", shown.detail);
    this.#noteFailure("sequence-gap", shown?.kind === "outage" ? shown.detail : detail);
    return this.#pause(this.#backoff());
  }

  /** Half as many events next time: the refused one is closed in upon, the others get through. */
  async #halve(pending: PendingSubmission): Promise<void> {
    await this.#parts.spool.dropPending();
    this.#limit = Math.ceil(pending.count / 2);
  }

  async #bury(pending: PendingSubmission, refusal: { code: string; detail: string }): Promise<void> {
    const { spool, ledger, source, timing, logger, maxTombstonesInARow } = this.#parts;
    const held = await ledger.held();
    if (held.kind === "outage") {
      this.#noteFailure("outage", held.detail);
      return this.#pause(this.#backoff());
    }
    // A tombstone at a number the ledger holds would be equivocation.
    if (held.next > pending.first) return this.#stop("refused-but-held", refusal.detail);
    if (this.#tombstonesInARow >= maxTombstonesInARow) return this.#stop("too-many-refusals", refusal.detail);
    const event = await spool.event(pending.first);
    if (event === undefined) return;
    if (isTombstone(event)) return this.#stop("too-many-refusals", `even a tombstone: ${refusal.detail}`);
    await spool.bury(
      pending.first,
      makeTombstone(source, pending.first, event, refusal.code),
      poisonRecord(event, refusal, timing.now()),
    );
    this.#tombstonesInARow += 1;
    this.#lastTombstone = pending.first;
    this.#status = { ...this.#status, tombstones: this.#status.tombstones + 1 };
    logger.error(
      { seq: pending.first, code: refusal.code, detail: refusal.detail },
      "the ledger refused an event; a tombstone takes its number, the event is kept aside",
    );
  }

  /**
   * Before anything is sent in this run: does the ledger hold more of this source than the spool ever issued, or another event
   * under its newest number? Then the spool is a copy restored from a backup, and sending would be equivocation. Returns
   * whether sending may begin.
   */
  async #checkHeld(): Promise<boolean> {
    const { spool, ledger } = this.#parts;
    const held = await ledger.held();
    if (held.kind === "outage") return this.#cannotCheck(held.detail);
    const last = held.next - 1;
    if (last >= this.#openedAt) {
      await this.#stop("restored", `the ledger holds events of this source up to ${last}`);
      return false;
    }
    const event = last > spool.state.receiptedThrough ? await spool.event(last) : undefined;
    // We have no receipt for it: it came from an interrupted run of this spool, or from a copy.
    if (event !== undefined) {
      const isOurs = await ledger.holds(last, payloadOf(event));
      if (isOurs === undefined) return this.#cannotCheck("it does not show the newest event it holds");
      if (!isOurs) {
        await this.#stop("restored", `the ledger holds another event ${last} of this source`);
        return false;
      }
    }
    this.#heldChecked = true;
    return true;
  }

  async #cannotCheck(detail: string): Promise<false> {
    this.#noteFailure("outage", detail);
    await this.#pause(this.#backoff());
    return false;
  }

  /** A submission signed with a key that was replaced since would be refused for ever; its events are signed anew. */
  async #dropOtherKeysSubmission(): Promise<void> {
    const { spool, key } = this.#parts;
    const { pending } = spool.state;
    if (pending === undefined) return;
    if (parseCompactJws(pending.jws, "submission+jws").header.kid !== key.kid) await spool.dropPending();
  }

  async #stop(reason: StopReason, seen: string): Promise<void> {
    const detail = `${STOP_WORDS[reason]} (${seen})`;
    await this.#parts.spool.stop({ reason, detail, since: this.#parts.timing.now() });
    this.#parts.logger.error({ reason }, detail);
  }

  #block(code: string, detail: string): Promise<void> {
    this.#note("blocked", code, detail);
    return this.#pause(BLOCKED_RETRY_MS);
  }

  #noteFailure(code: string, what: unknown): void {
    this.#failures += 1;
    this.#note("outage", code, what instanceof Error ? what.message : String(what));
  }

  /** Logs a new condition once, not every retry. */
  #note(state: "outage" | "blocked", code: string, detail: string): void {
    if (this.#status.state !== state || this.#status.code !== code) {
      this.#parts.logger.warn({ state, code, detail }, "sending is interrupted; events stay spooled");
    }
    this.#status = { ...this.#status, state, code, detail };
  }

  #backoff(): number {
    return backoffMilliseconds(Math.max(1, this.#failures), this.#parts.timing.random);
  }

  /** Waits for the time to pass; only closing cuts it short, so that new events don't turn into retries. */
  #pause(milliseconds: number): Promise<void> {
    return this.#parts.timing.sleep(milliseconds, this.#closing.signal);
  }

  /** Waits until woken. */
  async #idle(): Promise<void> {
    const { signal } = this.#wake;
    if (!signal.aborted) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    }
    if (!this.#closing.signal.aborted) this.#wake = new AbortController();
  }
}

const STOP_WORDS: Readonly<Record<StopReason, string>> = {
  restored:
    "This spool was restored from a backup, so its numbers are used up. Do not delete it: continue under a new source id with `minhbach recorder continue`, which moves the unsent events",
  equivocation:
    "The ledger holds another event under a number this spool used: the spool was restored from a backup or copied. Do not delete it: continue under a new source id with `minhbach recorder continue`",
  "too-many-refusals":
    "The ledger refused several events one after the other, so the fault is probably not in the events. Compare the versions of recorder and ledger, then run `minhbach recorder resume`",
  "refused-but-held":
    "The ledger refuses an event at a number it already holds. Ask the ledger's operator which event that is before you run `minhbach recorder resume`",
};
