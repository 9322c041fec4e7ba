import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { Source } from "../../protocol/source.ts";
import type { Clock } from "../clock.ts";
import { problemOf, writeProblem } from "../errors.ts";
import type { Sequenced, Sequencer } from "../sequence/sequencer.ts";
import type { VerifiedSubmission } from "../sequence/verified.ts";
import { bodyLength, ByteBudget, readBody } from "./body.ts";
import { DEFAULT_RECEIVE_LIMITS, sourceLimit, type ReceiveLimits } from "./limits.ts";
import type { ReceiveMetrics } from "./metrics.ts";
import type { VerifierPool } from "./pool.ts";

export interface ReceiveParts {
  readonly pool: Pick<VerifierPool, "verify">;
  readonly sequencer: Pick<Sequencer, "submit">;
  readonly clock: Clock;
  readonly metrics: ReceiveMetrics;
  readonly log: Logger;
  readonly limits?: Partial<ReceiveLimits>;
}

/** A recorder's clock is reported when it is off by more than this, and not again for an hour. */
const SKEW_WARNING_SECONDS = 300;
const SKEW_WARNING_INTERVAL_MS = 3_600_000;

/**
 * The handler of `POST /v1/submissions`, which answers errors too. It takes thousands of requests a second: mount it before
 * any middleware (it reads the body itself). A body that is refused unread is swallowed by Node, within the server's
 * `requestTimeout`.
 */
export function postSubmission(
  parts: ReceiveParts,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { pool, sequencer, metrics, log } = parts;
  const limits = { ...DEFAULT_RECEIVE_LIMITS, ...parts.limits };
  const budget = new ByteBudget(limits.maxBytesInFlight);
  const withinShare = sourceLimit(limits);
  const noteSkew = skewNotes(parts);

  async function take(request: IncomingMessage, response: ServerResponse): Promise<Sequenced> {
    const length = bodyLength(request, limits.maxBodyBytes);
    const share = budget.share();
    try {
      const body = await readBody(request, response, { length, timeoutMs: limits.bodyTimeoutMs, share });
      const submission = await pool.verify(body);
      await withinShare(submission.source, submission.count, length);
      noteSkew(submission);
      return await sequencer.submit(submission);
    } finally {
      share.giveBack();
    }
  }

  function answer(response: ServerResponse, { receipts, created }: Sequenced): void {
    metrics.answered(created ? "created" : "known");
    // A compact JWS has no character that JSON would escape, and each is one byte.
    const body = `{"receipts":["${receipts.join('","')}"]}`;
    response.writeHead(created ? 201 : 200, {
      "content-type": "application/json",
      "content-length": body.length,
      "cache-control": "no-store",
    });
    response.end(body, "latin1");
  }

  function refuse(response: ServerResponse, error: unknown): void {
    const { code } = problemOf(error);
    metrics.answered(code);
    if (code === "internal") log.error({ err: error }, "a submission could not be answered");
    writeProblem(response, error);
  }

  return (request, response) => {
    take(request, response).then(
      (sequenced) => answer(response, sequenced),
      (error: unknown) => refuse(response, error),
    );
  };
}

/** A wrong clock is no reason to refuse evidence: it is measured, logged, and kept as `iat` beside our own time. */
function skewNotes({ clock, metrics, log }: ReceiveParts): (submission: VerifiedSubmission) => void {
  const warnedAt = new Map<Source, number>();
  return ({ source, iat }) => {
    const now = clock.now();
    const skewSeconds = Math.round(now / 1000) - iat;
    metrics.skew(Math.abs(skewSeconds));
    if (Math.abs(skewSeconds) <= SKEW_WARNING_SECONDS) return;
    if (now - (warnedAt.get(source) ?? -SKEW_WARNING_INTERVAL_MS) < SKEW_WARNING_INTERVAL_MS) return;
    warnedAt.set(source, now);
    log.warn({ source, skewSeconds }, "a recorder's clock is off");
  };
}
