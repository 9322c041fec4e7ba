import { MAX_SUBMISSION_BYTES, MAX_SUBMISSION_EVENTS, makeSubmission } from "../protocol/submission.ts";
import type { LogId } from "../protocol/log-id.ts";
import { signLater } from "../protocol/sign-later.ts";
import type { Source } from "../protocol/source.ts";
import type { SigningKey } from "./signing-key.ts";
import type { Spool } from "./spool.ts";
import type { PendingSubmission } from "./spool-rows.ts";

/** A compact JWS and the JSON around it stay below this. */
const ENVELOPE_BYTES = 8192;
/** Quotes and comma around each event. */
const BYTES_PER_EVENT = 3;

/** How many of these texts, from the first on, fit one submission. */
function fittingEvents(texts: readonly string[]): number {
  let bytes = ENVELOPE_BYTES;
  for (const [at, text] of texts.entries()) {
    bytes += text.length + BYTES_PER_EVENT;
    if (bytes > MAX_SUBMISSION_BYTES) return at;
  }
  return texts.length;
}

/**
 * Signs the next events without a receipt, at most `limit`, and stores the signature before anything is sent. Returns
 * undefined when there are none.
 */
export async function prepareSubmission(
  spool: Spool,
  limit: number,
  signer: { log: LogId; source: Source; key: SigningKey },
  now: number,
): Promise<PendingSubmission | undefined> {
  const first = spool.state.receiptedThrough + 1;
  const waiting = await spool.events(first, Math.min(limit, MAX_SUBMISSION_EVENTS));
  const events = waiting.slice(0, fittingEvents(waiting));
  if (events.length === 0) return undefined;
  const { log, source, key } = signer;
  const issuedAt = Math.floor(now / 1000);
  const draft = { log, source, first, events, issuedAt, alg: key.alg, kid: key.kid };
  const { jws } = await signLater((sign) => makeSubmission({ ...draft, sign }), key.sign);
  const bytes = events.reduce((sum, event) => sum + event.length, 0);
  const pending = { first, count: events.length, bytes, jws };
  await spool.putPending(pending);
  return pending;
}

/**
 * The request body of a stored submission: the same bytes each time, since the signature and the events are stored
 * and this is all there is to them.
 */
export async function submissionBody(spool: Spool, pending: PendingSubmission): Promise<string> {
  return JSON.stringify({ jws: pending.jws, events: await spool.events(pending.first, pending.count) });
}
