import { type Source, splitSource } from "../../protocol/source.ts";
import { LedgerError } from "../errors.ts";

/** What a sender is told when its submission cannot be taken, and what to do about it. */

export function sequenceGap(source: Source, first: number, next: number): LedgerError {
  const message =
    `The next event of ${source} has the number ${next}, not ${first}. Send from ${next}; ` +
    `if you hold a receipt for ${next} or beyond, post it to /v1/receipts.`;
  return new LedgerError("sequence-gap", message, { members: { next } });
}

export function partialOverlap(receipts: readonly string[], next: number): LedgerError {
  const message = `The events before ${next} are stored already; here are their receipts. Sign a new submission from ${next}.`;
  return new LedgerError("partial-overlap", message, { members: { receipts, next } });
}

export function equivocation(source: Source, seq: number): LedgerError {
  const message =
    `Event ${seq} of ${source} is recorded already with other content, and so is this contradiction. ` +
    "If the recorder was restored from a backup, continue under a new source.";
  return new LedgerError("equivocation", message, { members: { seq } });
}

export function agencyElsewhere(source: Source, logId: number): LedgerError {
  const { agency } = splitSource(source);
  const message =
    `The chain says that ${agency} records in log ${logId}. Send new events to that log's ledger, under a new recorder; ` +
    "what is stored here stays, and is answered with its receipts.";
  return new LedgerError("agency-of-another-log", message, { members: { agency, logId } });
}

export function tooManyWait(): LedgerError {
  return new LedgerError("overloaded", "Too many submissions wait already. Send the same again in a second.");
}

export function chainUnread(): LedgerError {
  return new LedgerError(
    "starting",
    "The ledger has not read the chain yet. Send the same again in a second.",
  );
}

export function wrongKeys(): LedgerError {
  return new LedgerError(
    "wrong-keys",
    "The ledger's keys are not those the chain names for this log, so its receipts would bind nobody. " +
      "Keep everything and send the same again later; the operator has to put the keys right.",
  );
}
