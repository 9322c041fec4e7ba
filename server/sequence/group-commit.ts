import { equal } from "../../protocol/bytes.ts";
import { appendAll, frontierRoot } from "../../protocol/frontier.ts";
import { FIRST_SEQ } from "../../protocol/payload.ts";
import type { Source } from "../../protocol/source.ts";
import { type LedgerError, NumbersTaken, RecordsBehind, shuttingDown, StoreConflict } from "../errors.ts";
import type { Group, Head, NewSubmission, TurnWork } from "../store/store.ts";
import { conflictName, proofOfConflict } from "./conflict.ts";
import { compareWithStore, leafAt } from "./known.ts";
import { type OwnEvent, ownSource } from "./own-source.ts";
import { planRound, type Sequenced, type Waiting } from "./queue.ts";
import { isHonoured, isOfLog, receiptFor } from "./receipts.ts";
import {
  agencyElsewhere,
  chainUnread,
  equivocation,
  partialOverlap,
  sequenceGap,
  tooManyWait,
  wrongKeys,
} from "./refusals.ts";
import type { SequencerLimits, SequencerParts, SequencerState } from "./parts.ts";
import type { VerifiedSubmission } from "./verified.ts";

type TurnRecords = Parameters<TurnWork>[1];

/** What was acknowledged is not in the store. */
class PromiseLost extends Error {}

const DEFAULT_LIMITS: SequencerLimits = {
  // Some seconds of work at the speeds we aim for; who waits longer had better be told.
  maxWaiting: 4096,
  // More than two workers can differ by, less than a sender with a real gap minds.
  reorderMs: 200,
};

/** The sequencer's work: rounds of planning, signing and committing. See `Sequencer` for what it promises. */
export class GroupCommit {
  readonly #parts: SequencerParts;
  readonly #limits: SequencerLimits;
  readonly #recordOwn: ReturnType<typeof ownSource>;
  #state: SequencerState = { kind: "starting" };
  #closed = false;
  #waiting: Waiting[] = [];
  /** Submissions with no answer yet, wherever they are. */
  #unanswered = 0;
  #running: Promise<void> | undefined;
  /** Something came since the round under way began. */
  #arrived = false;
  /** The head that `#next` is of; undefined before the first group and after a failed commit. */
  #head: Head | undefined;
  readonly #next = new Map<Source, number>();
  /** The last submission whose receipt was handed out. */
  #acknowledged: Pick<NewSubmission, "index" | "receipt"> | undefined;
  /** Found here, and not known to be in the store yet, for all servers. */
  #unmarked: { readonly reason: string; readonly ofLogOnly: boolean } | undefined;

  /** One after the other; never rejects. */
  #marking: Promise<void> = Promise.resolve();

  constructor(parts: SequencerParts) {
    this.#parts = parts;
    this.#limits = { ...DEFAULT_LIMITS, ...parts.limits };
    this.#recordOwn = ownSource(parts.own, {
      clock: parts.clock,
      store: parts.store,
      log: parts.terms.log,
      append: async (submission, attachment) => await this.#enqueue(submission, { attachment, own: true }),
    });
  }

  state(): SequencerState {
    return this.#state;
  }

  open(): void {
    if (this.#state.kind !== "halted") this.#state = { kind: "open" };
  }

  suspend(reason: string): void {
    if (this.#state.kind === "halted") return;
    this.#parts.log.error(
      { reason },
      "sequencing suspended: receipts would be signed by keys that are not the log's",
    );
    this.#state = { kind: "suspended", reason };
  }

  halt(reason: string): void {
    this.#stop(reason);
    // The chain was read with this server's settings: what they are wrong about is no mark on the records of another log.
    this.#unmarked ??= { reason, ofLogOnly: true };
    void this.#mark();
  }

  async look(): Promise<void> {
    await this.#mark();
    const reason = await this.#parts.store.behind();
    if (reason !== undefined) this.#stop(reason);
  }

  #stop(reason: string): void {
    if (this.#state.kind === "halted") return;
    this.#parts.log.fatal({ reason }, "sequencing halted: the store is behind what was promised");
    this.#state = { kind: "halted", reason };
  }

  /** Nothing is sequenced by then; other servers do not know yet, nor does the next start. Not in a turn, which it would wait for. */
  async #mark(): Promise<void> {
    this.#marking = this.#marking.then(async () => await this.#markNow());
    await this.#marking;
  }

  async #markNow(): Promise<void> {
    const { store, terms, log } = this.#parts;
    const unmarked = this.#unmarked;
    if (unmarked === undefined) return;
    const { reason, ofLogOnly } = unmarked;
    try {
      if (!ofLogOnly || (await isOfLog(store, terms.log))) await store.setBehind(reason);
      if (this.#unmarked === unmarked) this.#unmarked = undefined;
    } catch (error) {
      log.error({ err: error }, "the records could not be marked as behind; it is tried again");
    }
  }

  async submit(submission: VerifiedSubmission): Promise<Sequenced> {
    if (this.#unanswered >= this.#limits.maxWaiting) {
      throw tooManyWait();
    }
    return await this.#enqueue(submission);
  }

  async submitOwn(submission: VerifiedSubmission): Promise<Sequenced> {
    return await this.#enqueue(submission, { own: true });
  }

  async showReceipt(receipt: string): Promise<void> {
    const { store, terms, receiptKeys } = this.#parts;
    if (await isHonoured(store, terms.log, receiptKeys(), receipt)) return;
    await this.#lost("a receipt of ours was shown whose events the store does not hold");
    this.requireOpen();
  }

  /** Known from our own signature, whatever the chain says. */
  async #lost(reason: string): Promise<void> {
    this.#stop(reason);
    this.#unmarked = { reason, ofLogOnly: false };
    await this.#mark();
  }

  async record(event: OwnEvent): Promise<number> {
    return await this.#recordOwn(event);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    const waiting = this.#waiting.splice(0);
    for (const each of waiting) each.refuse(shuttingDown());
  }

  requireOpen(): void {
    if (this.#closed) throw shuttingDown();
    if (this.#state.kind === "starting") throw chainUnread();
    if (this.#state.kind === "suspended") throw wrongKeys();
    if (this.#state.kind === "halted") throw new RecordsBehind(this.#state.reason);
  }

  async #enqueue(
    submission: VerifiedSubmission,
    extra: Pick<Waiting, "attachment" | "own"> = {},
  ): Promise<Sequenced> {
    this.requireOpen();
    this.#unanswered++;
    try {
      return await new Promise<Sequenced>((answer, refuse) => {
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
    let committed = false;
    try {
      this.requireOpen();
      await this.#parts.store.turn(async (head, records) => {
        committed = await this.#roundAfter(head, records, waiting);
      });
    } catch (error) {
      if (error instanceof PromiseLost) await this.#lost(error.message);
      if (error instanceof RecordsBehind) this.#stop(error.reason);
      const refusal = error instanceof PromiseLost ? new RecordsBehind(error.message) : error;
      // What was signed is not stored: nothing was lost, and the same submissions may come again.
      for (const each of waiting) each.refuse(refusal);
    }
    return committed;
  }

  /** With the durable head, which nobody else moves meanwhile; whether there was something to commit. */
  async #roundAfter(head: Head, records: TurnRecords, waiting: readonly Waiting[]): Promise<boolean> {
    if (!isSameHead(head, this.#head)) {
      await this.#requireAcknowledged(head, records);
      // Another process committed, or a commit of ours was kept that seemed to fail.
      this.#next.clear();
      this.#head = head;
    }
    this.requireOpen();
    await this.#loadSources(records, waiting);
    const here = waiting.filter((each) => !this.#refuseElsewhere(each));
    const round = planRound(here, (source) => this.#nextOf(source));
    for (const each of round.known) void this.#answerKnown(each, this.#nextOf(each.submission.source));
    const early = round.early.filter((each) => !this.#refuseExpired(each));
    this.#waiting.unshift(...round.later, ...early);
    if (round.accepted.length > 0) await this.#commit(head, round.accepted);
    return round.accepted.length > 0;
  }

  /** After a database fell back to an older state and others went on, its size may be what it was: the very receipt tells. @throws PromiseLost */
  async #requireAcknowledged({ size }: Head, records: TurnRecords): Promise<void> {
    if (this.#acknowledged === undefined) return;
    const { index, receipt } = this.#acknowledged;
    if (size <= index || (await records.submissionOfIndex(index))?.receipt !== receipt)
      throw new PromiseLost("it lost events that it had confirmed as durable");
  }

  async #commit(head: Head, accepted: readonly Waiting[]): Promise<void> {
    const started = performance.now();
    let group: Group;
    try {
      group = await this.#groupAfter(head, accepted);
      await this.#parts.store.commit(group, head.size);
    } catch (error) {
      // The group may have been kept or lost. What memory knows of the log is void until the store is asked again.
      this.#head = undefined;
      this.#parts.log.error({ err: error, index: head.size }, "a group could not be committed");
      if (error instanceof StoreConflict) this.#waiting.unshift(...accepted);
      else for (const each of accepted) each.refuse(error);
      return;
    }
    this.#parts.metrics.committed(accepted.length, group.head.size - head.size, performance.now() - started);
    this.#head = group.head;
    this.#acknowledged = group.submissions.at(-1) ?? this.#acknowledged;
    for (const [at, { submission, answer }] of accepted.entries()) {
      this.#next.set(submission.source, submission.first + submission.count);
      const receipt = group.submissions[at]?.receipt;
      if (receipt !== undefined) answer({ receipts: [receipt], created: true });
    }
  }

  /** Receipts are signed before the commit, so that what is durable and what is promised are one write. */
  async #groupAfter(head: Head, accepted: readonly Waiting[]): Promise<Group> {
    const time = Math.floor(this.#parts.clock.now() / 1000);
    const submissions: Promise<NewSubmission>[] = [];
    const leaves: Uint8Array[] = [];
    for (const { submission, attachment } of accepted) {
      const { source, first, count, jws, payloads, sealed, keys } = submission;
      const index = head.size + leaves.length;
      const stored = { source, first, count, index, time, jws, payloads, sealed, keys };
      // All at once: an HSM signs several beside each other, and the places are given already.
      submissions.push(
        receiptFor(this.#parts.terms, submission, index, time).then((receipt) => ({
          ...{ ...stored, receipt },
          ...(attachment !== undefined && { attachment }),
        })),
      );
      for (let n = 0; n < count; n++) leaves.push(leafAt(submission, n));
    }
    const frontier = appendAll(head.frontier, leaves);
    const signed = await Promise.all(submissions);
    return { head: { size: frontier.size, frontier, commits: head.commits + 1 }, submissions: signed };
  }

  /** Runs beside the groups: what is stored does not change. */
  async #answerKnown({ submission, own, answer, refuse }: Waiting, next: number): Promise<void> {
    try {
      const comparison = await compareWithStore(this.#parts.store, submission, next);
      if (comparison.kind === "different" && own === true) {
        refuse(new NumbersTaken(submission.source, submission.first));
      } else if (comparison.kind === "different") {
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
    const recordedIndex = await this.#recordOwn({
      facets: () => ({ type: "equivocation", equivocation: proofOfConflict(submission, seq, storedIndex) }),
      attachment: { name: conflictName(submission, seq), body: submission.body },
    });
    this.#parts.metrics.conflict();
    this.#parts.log.warn(
      { source, seq, storedIndex, recordedIndex },
      "equivocation: a second leaf for a used number",
    );
    return equivocation(source, seq);
  }

  /** Before planning: what is refused must not be what a later submission of its source goes on from. */
  #refuseElsewhere({ submission, refuse }: Waiting): boolean {
    const { source, first, elsewhere } = submission;
    if (elsewhere === undefined || first < this.#nextOf(source)) return false;
    refuse(agencyElsewhere(source, elsewhere));
    return true;
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

  async #loadSources(records: TurnRecords, waiting: readonly Waiting[]): Promise<void> {
    const unknown = new Set(
      waiting.map(({ submission }) => submission.source).filter((source) => !this.#next.has(source)),
    );
    for (const source of unknown) {
      this.#next.set(source, (await records.source(source))?.next ?? FIRST_SEQ);
    }
  }

  #nextOf(source: Source): number {
    return this.#next.get(source) ?? FIRST_SEQ;
  }
}

/** The same events in the same order: the roots tell. */
function isSameHead(a: Head, b: Head | undefined): boolean {
  return (
    a.size === b?.size && a.commits === b.commits && equal(frontierRoot(a.frontier), frontierRoot(b.frontier))
  );
}
