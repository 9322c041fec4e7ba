import { randomBytes } from "node:crypto";
import { utf8 } from "../../protocol/bytes.ts";
import { makeEvent } from "../../protocol/event.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { FIRST_SEQ } from "../../protocol/payload.ts";
import type { LogId } from "../../protocol/log-id.ts";
import type { Source } from "../../protocol/source.ts";
import { signLater } from "../../protocol/sign-later.ts";
import { makeSubmission } from "../../protocol/submission.ts";
import type { Clock } from "../clock.ts";
import { LedgerError, NumbersTaken } from "../errors.ts";
import type { Attachment, StoreReader } from "../store/store.ts";
import type { Sequenced } from "./queue.ts";
import type { Signer } from "./receipts.ts";
import type { VerifiedSubmission } from "./verified.ts";

/** Servers that record at the same time; more than there are would have to be quicker each time. */
const MAX_ATTEMPTS = 16;

/** A source of the operator's: `<operator>/ledger`, in whose name the ledger records what it alone can know, or its desk. */
export interface OwnSourceParts {
  readonly source: Source;
  readonly signer: Signer;
  /** The same checks as for everybody's submissions (receive/): our own events are no exception. */
  readonly verify: (body: Uint8Array) => Promise<VerifiedSubmission>;
}

interface Surroundings {
  readonly clock: Clock;
  readonly store: Pick<StoreReader, "source" | "attachmentIndex">;
  readonly log: LogId;
  readonly append: (submission: VerifiedSubmission, attachment: Attachment) => Promise<Sequenced>;
}

/** An event that the ledger itself records; it is recorded as occurring now. */
export interface OwnEvent {
  /** Asked for only when the event is not recorded yet. */
  readonly facets: () => Omit<Facets, "time">;
  /** Kept beside the event. By its name the same event is recorded once. */
  readonly attachment: Attachment;
}

/**
 * The function that records an event of the own source and resolves, once that is durable, with the event's index. One at a
 * time, so that the own numbers run without gaps. An event whose attachment's name is in the store already is not recorded
 * again, so whoever does not know how the last try ended tries again.
 */
export function ownSource(own: OwnSourceParts, around: Surroundings): (event: OwnEvent) => Promise<number> {
  let last: Promise<unknown> = Promise.resolve();
  return async (event) => {
    const turn = last.then(async () => await record(own, around, event));
    last = turn.catch(() => undefined);
    return await turn;
  };
}

async function record(own: OwnSourceParts, around: Surroundings, event: OwnEvent): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    // The number first: what another server records after it takes the number, what it recorded before is found.
    const seq = (await around.store.source(own.source))?.next ?? FIRST_SEQ;
    const recorded = await around.store.attachmentIndex(event.attachment.name);
    if (recorded !== undefined) return recorded;
    try {
      await recordAs(seq, own, around, event);
    } catch (error) {
      // Another server recorded something in the same moment, maybe this very event.
      if (!(error instanceof NumbersTaken) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

async function recordAs(
  seq: number,
  own: OwnSourceParts,
  { clock, log, append }: Surroundings,
  event: OwnEvent,
): Promise<void> {
  const time = { occurred: new Date(clock.now()).toISOString() };
  const verified = await ownSubmission(
    own,
    { clock, log },
    { first: seq, facets: [{ ...event.facets(), time }] },
  ).catch((cause: unknown) => {
    if (cause instanceof LedgerError && cause.code === "signer-unavailable") throw cause;
    // Whatever is wrong with our own submission is not the answer to somebody else's.
    throw new Error("the ledger could not record an event of its own: its submission was refused", { cause });
  });
  await append(verified, event.attachment);
}

/**
 * Makes, signs and verifies a submission of one of the operator's own sources: events with these facets, numbered from `first`.
 * @throws FormatError for facets that can form no event, LedgerError `signer-unavailable`, and what `verify` throws.
 */
export async function ownSubmission(
  own: OwnSourceParts,
  { clock, log }: Pick<Surroundings, "clock" | "log">,
  { first, facets }: { readonly first: number; readonly facets: readonly Facets[] },
): Promise<VerifiedSubmission> {
  const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count));
  const events = facets.map((each, at) =>
    makeEvent({ source: own.source, seq: first + at, facets: each, random }),
  );
  const issuedAt = Math.floor(clock.now() / 1000);
  const draft = { log, source: own.source, first, events, issuedAt, ...own.signer };
  const body = await signLater((sign) => makeSubmission({ ...draft, sign }), own.signer.sign);
  return await own.verify(utf8(JSON.stringify(body)));
}
