import type { Source } from "../../protocol/source.ts";
import type { Attachment } from "../store/store.ts";
import type { VerifiedSubmission } from "./verified.ts";

/** A submission that waits for its answer. */
export interface Waiting {
  readonly submission: VerifiedSubmission;
  readonly attachment?: Attachment;
  /** Made in this process, by which it has not been shown to anybody. */
  readonly own?: boolean;
  readonly answer: (outcome: Sequenced) => void;
  readonly refuse: (error: unknown) => void;
  /** Set once it came before its predecessor and waited for it as long as it may. */
  expired: boolean;
  /** Its time to wait for the predecessor runs. */
  waitsForPredecessor: boolean;
}

/** The receipts of a submission: one when it is new, else those of the submissions that hold its events already. */
export interface Sequenced {
  readonly receipts: readonly string[];
  readonly created: boolean;
}

/** What is to be done with the waiting submissions, given each source's next number in the store. */
export interface Round {
  /** To be committed, in this order: each continues its source's numbers. */
  readonly accepted: readonly Waiting[];
  /** They begin at a number that is in the store. */
  readonly known: readonly Waiting[];
  /** They begin beyond the next number. */
  readonly early: readonly Waiting[];
  /** For the next round: the group is full, or they repeat what this round accepts. */
  readonly later: readonly Waiting[];
}

/** Bytes of events a group may hold: some tens of milliseconds of writing. */
const MAX_GROUP_BYTES = 16 * 1024 * 1024;
/** Each gets a receipt while the group is made, and a key in a token signs some hundreds in a second. */
const MAX_GROUP_SUBMISSIONS = 512;

/**
 * Sorts the waiting submissions into a round. Sources take their turns in the order they came; within a source the numbers
 * decide, so what was sent in order is accepted in order whichever worker was faster.
 */
export function planRound(waiting: readonly Waiting[], nextInStore: (source: Source) => number): Round {
  const accepted: Waiting[] = [];
  const known: Waiting[] = [];
  const early: Waiting[] = [];
  const later: Waiting[] = [];
  let bytes = 0;
  for (const [source, ofSource] of bySource(waiting)) {
    const stored = nextInStore(source);
    let next = stored;
    let postponed = false;
    for (const each of ofSource.sort((a, b) => a.submission.first - b.submission.first)) {
      const { first, count, payloads, sealed } = each.submission;
      if (first < next) (Math.min(first + count, next) <= stored ? known : later).push(each);
      else if (first > next) (postponed ? later : early).push(each);
      else if (bytes >= MAX_GROUP_BYTES || accepted.length >= MAX_GROUP_SUBMISSIONS) {
        postponed = true;
        later.push(each);
      } else {
        accepted.push(each);
        bytes += payloads.length + sealed.length + (each.attachment?.body.length ?? 0);
        next = first + count;
      }
    }
  }
  return { accepted, known, early, later };
}

function bySource(waiting: readonly Waiting[]): Map<Source, Waiting[]> {
  const groups = new Map<Source, Waiting[]>();
  for (const each of waiting) {
    const group = groups.get(each.submission.source);
    if (group === undefined) groups.set(each.submission.source, [each]);
    else group.push(each);
  }
  return groups;
}
