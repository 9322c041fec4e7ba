import { randomBytes } from "node:crypto";
import { utf8 } from "../../protocol/bytes.ts";
import { makeEvent } from "../../protocol/event.ts";
import { FIRST_SEQ } from "../../protocol/payload.ts";
import type { LogId } from "../../protocol/log-id.ts";
import type { Source } from "../../protocol/source.ts";
import { makeSubmission } from "../../protocol/submission.ts";
import type { Clock } from "../clock.ts";
import type { Attachment, StoreReader } from "../store/store.ts";
import { proofOfConflict } from "./conflict.ts";
import type { Sequenced } from "./queue.ts";
import type { Signer } from "./receipts.ts";
import type { VerifiedSubmission } from "./verified.ts";

/** The source `<operator>/ledger`, in whose name the ledger records what it alone can know. */
export interface OwnSourceParts {
  readonly source: Source;
  readonly signer: Signer;
  /** The same checks as for everybody's submissions (receive/): our own events are no exception. */
  readonly verify: (body: Uint8Array) => Promise<VerifiedSubmission>;
}

interface Surroundings {
  readonly clock: Clock;
  readonly store: StoreReader;
  readonly log: LogId;
  readonly append: (submission: VerifiedSubmission, attachment: Attachment) => Promise<Sequenced>;
}

export interface Conflict {
  readonly submission: VerifiedSubmission;
  /** The number it contradicts, and where the first leaf for it stands. */
  readonly seq: number;
  readonly storedIndex: number;
  /** Its name: the same conflict is recorded once. */
  readonly conflict: Uint8Array;
}

/**
 * The function that records a conflict as an `equivocation` event of the own source and resolves, once that is durable,
 * with the event's index. One at a time, so that the own numbers run without gaps.
 */
export function ownSource(
  own: OwnSourceParts,
  around: Surroundings,
): (conflict: Conflict) => Promise<number> {
  let last: Promise<unknown> = Promise.resolve();
  return async (conflict) => {
    const turn = last.then(async () => await record(own, around, conflict));
    last = turn.catch(() => undefined);
    return await turn;
  };
}

async function record(own: OwnSourceParts, around: Surroundings, conflict: Conflict): Promise<number> {
  const { clock, store, log, append } = around;
  const recorded = await store.conflictIndex(conflict.conflict);
  if (recorded !== undefined) return recorded;
  const seq = (await store.source(own.source))?.next ?? FIRST_SEQ;
  const facets = {
    type: "equivocation",
    equivocation: proofOfConflict(conflict.submission, conflict.seq, conflict.storedIndex),
    time: { occurred: new Date(clock.now()).toISOString() },
  } as const;
  const event = makeEvent({
    source: own.source,
    seq,
    facets,
    random: (count) => new Uint8Array(randomBytes(count)),
  });
  const issuedAt = Math.floor(clock.now() / 1000);
  const body = makeSubmission({
    log,
    source: own.source,
    first: seq,
    events: [event],
    issuedAt,
    ...own.signer,
  });
  const verified = await own.verify(utf8(JSON.stringify(body))).catch((cause: unknown) => {
    // Whatever is wrong with our own submission is not the answer to somebody else's.
    throw new Error("the ledger could not record a contradiction: its own submission was refused", { cause });
  });
  await append(verified, { conflict: conflict.conflict, body: conflict.submission.body });
  const index = await store.conflictIndex(conflict.conflict);
  if (index === undefined) throw new Error("the store lost the conflict it just took");
  return index;
}
