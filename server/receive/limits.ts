import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Source } from "../../protocol/source.ts";
import { MAX_SUBMISSION_BYTES } from "../../protocol/submission.ts";
import { LedgerError } from "../errors.ts";

export interface ReceiveLimits {
  /** Largest body; no more than the protocol allows. */
  readonly maxBodyBytes: number;
  /** Time for a whole body to arrive. */
  readonly bodyTimeoutMs: number;
  /** Bodies held in memory, all requests together. */
  readonly maxBytesInFlight: number;
  /** What one source may send, on average over the window. */
  readonly eventsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly windowSeconds: number;
}

export const DEFAULT_RECEIVE_LIMITS: ReceiveLimits = {
  maxBodyBytes: MAX_SUBMISSION_BYTES,
  // 8 MiB over a line of 3 Mbit/s.
  bodyTimeoutMs: 25_000,
  maxBytesInFlight: 128 * 1024 * 1024,
  // Half of what a small server takes in all: one agency alone cannot keep the others out.
  eventsPerSecond: 10_000,
  bytesPerSecond: 32 * 1024 * 1024,
  windowSeconds: 10,
};

/** The function that counts what a source sends, and throws LedgerError `rate-limited` once it is more than its share. */
export function sourceLimit(
  limits: ReceiveLimits,
): (source: Source, events: number, bytes: number) => Promise<void> {
  const { windowSeconds } = limits;
  const limiter = (perSecond: number): RateLimiterMemory =>
    new RateLimiterMemory({ points: perSecond * windowSeconds, duration: windowSeconds });
  const events = limiter(limits.eventsPerSecond);
  const bytes = limiter(limits.bytesPerSecond);
  return async (source, eventCount, byteCount) => {
    try {
      await events.consume(source, eventCount);
      await bytes.consume(source, byteCount);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      const retryAfterSeconds = Math.ceil(refusal.msBeforeNext / 1000);
      const message = `${source} sends more than its share. Send the same again in ${retryAfterSeconds} s.`;
      throw new LedgerError("rate-limited", message, { retryAfterSeconds });
    }
  };
}
