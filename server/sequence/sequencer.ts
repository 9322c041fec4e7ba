import { GroupCommit } from "./group-commit.ts";
import type { OwnEvent } from "./own-source.ts";
import type { SequencerParts, SequencerState } from "./parts.ts";
import type { Sequenced } from "./queue.ts";
import type { VerifiedSubmission } from "./verified.ts";

export type { SequencerLimits, SequencerState } from "./parts.ts";
export type { Sequenced } from "./queue.ts";

/**
 * The single writer of the log. It gives submissions their indexes, signs their receipts, commits them in groups and only then
 * hands the receipts out. While one group is being synced the next one gathers.
 */
export interface Sequencer {
  /**
   * Resolves once the submission is durable, with its receipt (`created`), or at once with the stored receipts when all its
   * events are known. Submissions of one source may come in any order within a short time.
   * @throws LedgerError `sequence-gap` (member `next`), `partial-overlap` (`receipts`, `next`), `equivocation` (`seq`; by then
   * recorded durably), `overloaded`, `starting`, `wrong-keys`, `store-behind`, `disk-full`, `store-unavailable`. After the last two it may
   * have been stored or not: the same submission again settles it.
   */
  submit: (submission: VerifiedSubmission) => Promise<Sequenced>;
  /**
   * As `submit`, for a submission of one of the operator's own sources that this process just made. When another process took its numbers
   * meanwhile it is refused with NumbersTaken and nothing is recorded: a submission that never left the house contradicts nothing.
   */
  submitOwn: (submission: VerifiedSubmission) => Promise<Sequenced>;
  /**
   * Takes a receipt that a recorder shows. One that is ours and that the store does not hold halts the log, on all servers.
   * @throws LedgerError `store-behind`, `wrong-receipt`; FormatError.
   */
  showReceipt: (receipt: string) => Promise<void>;
  /**
   * Records an event of the ledger's own source, unless one with an attachment of the same name is in the store. Resolves with
   * its index once it is durable. @throws as `submit`; then the same call again settles it.
   */
  record: (event: OwnEvent) => Promise<number>;
  state: () => SequencerState;
  /**
   * For whoever answers for the whole log without writing to it: throws as `submit` does while nothing is sequenced, because the chain was not read
   * yet, the records are older than what was promised, or the keys are not the log's.
   */
  requireOpen: () => void;
  /** Begins to sequence, or goes on: the chain was read, the store is not behind it and the keys are the log's. Does nothing when halted. */
  open: () => void;
  /** Refuses every submission (`wrong-keys`) until `open`: the chain does not name the keys that sign here. */
  suspend: (reason: string) => void;
  /**
   * Refuses every submission from now on (`store-behind`), for the reason given in the answer and the log, and marks the records so that every other server
   * does and every later start (`Store.setBehind`), if they are this log's. What could not be marked at once is by the next `look`.
   */
  halt: (reason: string) => void;
  /** Looks whether the records are marked as behind, and halts if so: whoever sends nothing learns it here. To be called first, and now and then. */
  look: () => Promise<void>;
  /** Waits for the group under way; whatever still waits is refused. */
  close: () => Promise<void>;
}

/** A sequencer that begins with `open`. */
export function createSequencer(parts: SequencerParts): Sequencer {
  const writer = new GroupCommit(parts);
  return {
    submit: async (submission) => await writer.submit(submission),
    submitOwn: async (submission) => await writer.submitOwn(submission),
    showReceipt: async (receipt) => await writer.showReceipt(receipt),
    record: async (event) => await writer.record(event),
    state: () => writer.state(),
    requireOpen: () => writer.requireOpen(),
    open: () => writer.open(),
    suspend: (reason) => writer.suspend(reason),
    halt: (reason) => writer.halt(reason),
    look: async () => await writer.look(),
    close: async () => await writer.close(),
  };
}
