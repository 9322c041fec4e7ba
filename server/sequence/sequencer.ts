import type { Logger } from "pino";
import type { PublicKey } from "../../protocol/jws.ts";
import { FIRST_SEQ } from "../../protocol/payload.ts";
import { appendAll } from "../../protocol/frontier.ts";
import type { Source } from "../../protocol/source.ts";
import type { Clock } from "../clock.ts";
import { LedgerError, shuttingDown, StoreConflict } from "../errors.ts";
import type { Attachment, Group, Head, NewSubmission, Store } from "../store/store.ts";
import { conflictName } from "./conflict.ts";
import { compareWithStore, leafAt } from "./known.ts";
import { ownSource, type OwnSourceParts } from "./own-source.ts";
import { planRound, type Sequenced, type Waiting } from "./queue.ts";
import { isHonoured, receiptFor, type ReceiptTerms } from "./receipts.ts";
import type { SequenceMetrics } from "./metrics.ts";
import type { VerifiedSubmission } from "./verified.ts";

export type { Sequenced } from "./queue.ts";

/** `starting` until `open`; `halted` until the process is started again on a store that is not behind. */
export type SequencerState =
  { readonly kind: "starting" | "open" } | { readonly kind: "halted"; readonly reason: string };

export interface SequencerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly terms: ReceiptTerms;
  /** All receipt keys this log ever had, to recognise receipts of ours. */
  readonly receiptKeys: readonly PublicKey[];
  /** The ledger's own source, for what it has to record itself. */
  readonly own: OwnSourceParts;
  readonly metrics: SequenceMetrics;
  readonly log: Logger;
  readonly limits?: Partial<SequencerLimits>;
}

export interface SequencerLimits {
  /** Submissions that wait for their answer; more are refused as `overloaded`. */
  readonly maxWaiting: number;
  /** How long a submission that overtook its predecessor waits for it. */
  readonly reorderMs: number;
}

const DEFAULT_LIMITS: SequencerLimits = {
  // Some seconds of work at the speeds we aim for; who waits longer had better be told.
  maxWaiting: 4096,
  // More than two workers can differ by, less than a sender with a real gap minds.
  reorderMs: 200,
};

/**
 * The single writer of the log. It gives submissions their indexes, signs their receipts, commits them in groups and only then
 * hands the receipts out. While one group is being synced the next one gathers.
 */
export interface Sequencer {
  /**
   * Resolves once the submission is durable, with its receipt (`created`), or at once with the stored receipts when all its
   * events are known. Submissions of one source may come in any order within a short time.
   * @throws LedgerError `sequence-gap` (member `next`), `partial-overlap` (`receipts`, `next`), `equivocation` (`seq`; by then
   * recorded durably), `overloaded`, `starting`, `store-behind`, `disk-full`, `store-unavailable`. After the last two it may
   * have been stored or not: the same submission again settles it.
   */
  submit: (submission: VerifiedSubmission) => Promise<Sequenced>;
  /**
   * Takes a receipt that a recorder shows. One that is ours and that the store does not hold halts the log.
   * @throws LedgerError `store-behind`, `wrong-receipt`; FormatError.
   */
  showReceipt: (receipt: string) => Promise<void>;
  state: () => SequencerState;
  /** Begins to sequence: the chain's head was read and the store is not behind it. Does nothing when halted. */
  open: () => void;
  /** Refuses every submission from now on (`store-behind`), for the reason given in the answer and the log. */
  halt: (reason: string) => void;
  /** Waits for the group under way; whatever still waits is refused. */
  close: () => Promise<void>;
}

export function createSequencer(parts: SequencerParts): Sequencer {
  const writer = new GroupCommit(parts);
  return {
    submit: async (submission) => await writer.submit(submission),
    showReceipt: async (receipt) => await writer.showReceipt(receipt),
    state: () => writer.state(),
    open: () => writer.open(),
    halt: (reason) => writer.halt(reason),
    close: async () => await writer.close(),
  };
}

class GroupCommit {
  readonly #parts: SequencerParts;
  readonly #limits: SequencerLimits;
  readonly #recordConflict: ReturnType<typeof ownSource>;
  #state: SequencerState = { kind: "starting" };
  #closed = false;
  #waiting: Waiting[] = [];
  /** Submissions with no answer yet, wherever they are. */
  #unanswered = 0;
  #running: Promise<void> | undefined;
  /** Something came since the round under way began. */
  #arrived = false;
  /** Undefined whenever memory may differ from the store: before the first group and after a failed commit. */
  #head: Head | undefined;
  readonly #next = new Map<Source, number>();

  constructor(parts: SequencerParts) {
    this.#parts = parts;
    this.#limits = { ...DEFAULT_LIMITS, ...parts.limits };
    this.#recordConflict = ownSource(parts.own, {
      clock: parts.clock,
      store: parts.store,
      log: parts.terms.log,
      append: async (submission, attachment) => await this.#enqueue(submission, attachment),
    });
  }

  state(): SequencerState {
    return this.#state;
  }

  open(): void {
    if (this.#state.kind === "starting") this.#state = { kind: "open" };
  }

  halt(reason: string): void {
    this.#parts.log.fatal({ reason }, "sequencing halted: the store is behind what was promised");
    this.#state = { kind: "halted", reason };
  }

  async submit(submission: VerifiedSubmission): Promise<Sequenced> {
    if (this.#unanswered >= this.#limits.maxWaiting) {
      throw new LedgerError(
        "overloaded",
        "Too many submissions wait already. Send the same again in a second.",
      );
    }
    return await this.#enqueue(submission);
  }

  async showReceipt(receipt: string): Promise<void> {
    const { store, terms, receiptKeys } = this.#parts;
    if (await isHonoured(store, terms.log, receiptKeys, receipt)) return;
    this.halt("a receipt of ours was shown whose events the store does not hold");
    this.#assertOpen();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    const waiting = this.#waiting.splice(0);
    for (const each of waiting) each.refuse(shuttingDown());
  }

  #assertOpen(): void {
    if (this.#closed) throw shuttingDown();
    if (this.#state.kind === "starting") {
      throw new LedgerError(
        "starting",
        "The ledger has not read the chain yet. Send the same again in a second.",
      );
    }
    if (this.#state.kind === "halted") {
      const reason = `The ledger's store is older than its promises: ${this.#state.reason}.`;
      throw new LedgerError(
        "store-behind",
        `${reason} Keep everything; the operator has to restore the records.`,
      );
    }
  }

  async #enqueue(submission: VerifiedSubmission, attachment?: Attachment): Promise<Sequenced> {
    this.#assertOpen();
    this.#unanswered++;
    try {
      return await new Promise<Sequenced>((answer, refuse) => {
        const extra = attachment === undefined ? {} : { attachment };
        this.#waiting.push({
          submission,
          answer,
          refuse,
          expired: false,
          waitsForPredecessor: false,
          ...extra,
        });
        this.#run();
      });
    } finally {
      this.#unanswered--;
    }
  }

  #run(): void {
    this.#arrived = true;
    this.#running ??= this.#rounds();
  }

  async #rounds(): Promise<void> {
    let more = true;
    while (!this.#closed && (more || this.#arrived)) {
      this.#arrived = false;
      more = await this.#round();
    }
    this.#running = undefined;
  }

  /** One group; whether there is something to do right away. */
  async #round(): Promise<boolean> {
    const waiting = this.#waiting.splice(0);
    try {
      this.#assertOpen();
      this.#head ??= await this.#parts.store.reload();
      await this.#loadSources(waiting);
    } catch (error) {
      // What was signed is not stored: nothing was lost, and the same submissions may come again.
      for (const each of waiting) each.refuse(error);
      return false;
    }
    const round = planRound(waiting, (source) => this.#nextOf(source));
    for (const each of round.known) void this.#answerKnown(each, this.#nextOf(each.submission.source));
    const early = round.early.filter((each) => !this.#refuseExpired(each));
    this.#waiting.unshift(...round.later, ...early);
    if (round.accepted.length > 0) await this.#commit(this.#head, round.accepted);
    return round.accepted.length > 0;
  }

  async #commit(head: Head, accepted: readonly Waiting[]): Promise<void> {
    const group = this.#groupAfter(head, accepted);
    const started = performance.now();
    try {
      await this.#parts.store.commit(group, head.size);
    } catch (error) {
      // The group may have been kept or lost. What memory knows of the log is void until the store is asked again.
      this.#head = undefined;
      this.#next.clear();
      this.#parts.log.error({ err: error, index: head.size }, "a group could not be committed");
      if (error instanceof StoreConflict) this.#waiting.unshift(...accepted);
      else for (const each of accepted) each.refuse(error);
      return;
    }
    this.#parts.metrics.committed(accepted.length, group.head.size - head.size, performance.now() - started);
    this.#head = group.head;
    for (const [at, { submission, answer }] of accepted.entries()) {
      this.#next.set(submission.source, submission.first + submission.count);
      const receipt = group.submissions[at]?.receipt;
      if (receipt !== undefined) answer({ receipts: [receipt], created: true });
    }
  }

  /** Receipts are signed before the commit, so that what is durable and what is promised are one write. */
  #groupAfter(head: Head, accepted: readonly Waiting[]): Group {
    const time = Math.floor(this.#parts.clock.now() / 1000);
    const submissions: NewSubmission[] = [];
    const leaves: Uint8Array[] = [];
    for (const { submission, attachment } of accepted) {
      const { source, first, count, jws, payloads, sealed, keys } = submission;
      const index = head.size + leaves.length;
      const receipt = receiptFor(this.#parts.terms, submission, index, time);
      const stored = { source, first, count, index, time, jws, receipt, payloads, sealed, keys };
      submissions.push(attachment === undefined ? stored : { ...stored, attachment });
      for (let n = 0; n < count; n++) leaves.push(leafAt(submission, n));
    }
    const frontier = appendAll(head.frontier, leaves);
    return { head: { size: frontier.size, frontier, commits: head.commits + 1 }, submissions };
  }

  /** Runs beside the groups: what is stored does not change. */
  async #answerKnown({ submission, answer, refuse }: Waiting, next: number): Promise<void> {
    try {
      const comparison = await compareWithStore(this.#parts.store, submission, next);
      if (comparison.kind === "different") {
        refuse(await this.#equivocation(submission, comparison.seq, comparison.storedIndex));
      } else if (submission.first + submission.count > next) {
        refuse(partialOverlap(comparison.receipts, next));
      } else {
        answer({ receipts: comparison.receipts, created: false });
      }
    } catch (error) {
      refuse(error);
    }
  }

  /** The refusal, after the conflict was recorded durably. */
  async #equivocation(
    submission: VerifiedSubmission,
    seq: number,
    storedIndex: number,
  ): Promise<LedgerError> {
    const { source } = submission;
    const conflict = conflictName(submission, seq);
    const recordedIndex = await this.#recordConflict({ submission, seq, storedIndex, conflict });
    this.#parts.metrics.conflict();
    this.#parts.log.warn(
      { source, seq, storedIndex, recordedIndex },
      "equivocation: a second leaf for a used number",
    );
    const message =
      `Event ${seq} of ${source} is recorded already with other content, and so is this contradiction. ` +
      "If the recorder was restored from a backup, continue under a new source.";
    return new LedgerError("equivocation", message, { members: { seq } });
  }

  #refuseExpired(each: Waiting): boolean {
    const { source, first } = each.submission;
    if (each.expired || this.#limits.reorderMs === 0) {
      each.refuse(sequenceGap(source, first, this.#nextOf(source)));
      return true;
    }
    if (!each.waitsForPredecessor) {
      each.waitsForPredecessor = true;
      setTimeout(() => {
        each.expired = true;
        this.#run();
      }, this.#limits.reorderMs).unref();
    }
    return false;
  }

  async #loadSources(waiting: readonly Waiting[]): Promise<void> {
    const unknown = new Set(
      waiting.map(({ submission }) => submission.source).filter((source) => !this.#next.has(source)),
    );
    for (const source of unknown) {
      this.#next.set(source, (await this.#parts.store.source(source))?.next ?? FIRST_SEQ);
    }
  }

  #nextOf(source: Source): number {
    return this.#next.get(source) ?? FIRST_SEQ;
  }
}

function sequenceGap(source: Source, first: number, next: number): LedgerError {
  const message =
    `The next event of ${source} has the number ${next}, not ${first}. Send from ${next}; ` +
    `if you hold a receipt for ${next} or beyond, post it to /v1/receipts.`;
  return new LedgerError("sequence-gap", message, { members: { next } });
}

function partialOverlap(receipts: readonly string[], next: number): LedgerError {
  const message = `The events before ${next} are stored already; here are their receipts. Sign a new submission from ${next}.`;
  return new LedgerError("partial-overlap", message, { members: { receipts, next } });
}
