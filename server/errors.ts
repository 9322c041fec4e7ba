import { STATUS_CODES, type ServerResponse } from "node:http";
import { FormatError, type FormatCode } from "../protocol/errors.ts";

/**
 * Every refusal the ledger itself can answer with, and its HTTP status. A code is part of the interface: clients branch on
 * it, so it is never renamed. Malformed input has a code of its own too (`FormatCode`), always answered with 400.
 */
const STATUS_OF = {
  // The request
  "bad-request": 400,
  unauthenticated: 401,
  "wrong-dpop-proof": 401,
  "session-ended": 401,
  forbidden: 403,
  "cross-origin": 403,
  "not-found": 404,
  "method-not-allowed": 405,
  "slow-body": 408,
  "length-required": 411,
  "body-too-large": 413,
  "submission-too-large": 413,
  "rate-limited": 429,
  // Who signed a submission, and what it may say
  "unknown-key": 403,
  "revoked-key": 403,
  "key-of-another-source": 403,
  "key-out-of-range": 403,
  "wrong-signature": 403,
  "not-entitled": 403,
  "agency-of-another-log": 403,
  "reserved-type": 403,
  "wrong-log": 422,
  "schema-violation": 422,
  "wrong-receipt": 422,
  // Where a submission belongs
  "sequence-gap": 409,
  "partial-overlap": 409,
  equivocation: 409,
  // Reading
  "unknown-source": 404,
  "unknown-event": 404,
  "unknown-sample": 404,
  "not-in-sample": 422,
  "result-exists": 409,
  "unknown-queue": 404,
  "unknown-submission": 404,
  "not-yet-anchored": 404,
  "no-mandate": 403,
  "since-beyond": 400,
  "statement-not-ready": 503,
  "disclosures-missing": 500,
  "look-not-recorded": 503,
  "unknown-catalogue": 404,
  // Findings
  "unknown-finding": 404,
  "finding-state": 409,
  // Decisions
  "bad-question": 400,
  "no-catalogue": 503,
  // Erasing
  "unknown-erasure": 404,
  "not-erasable": 422,
  "erasure-conflict": 409,
  // Consents and mandates
  "unknown-consent": 404,
  "unknown-procedure": 422,
  "outside-catalogue": 422,
  "consent-not-needed": 422,
  "consent-exists": 409,
  "consent-state": 409,
  "catalogue-changed": 409,
  "wrong-consent-receipt": 422,
  "unknown-objection": 404,
  // Complaints and seals
  "unknown-complaint": 404,
  "complaint-exists": 409,
  "complaint-state": 409,
  "unknown-seal": 404,
  "seal-state": 409,
  "not-sealable": 422,
  // The portal
  "no-inbox": 404,
  "inbox-unavailable": 502,
  // The ledger's own condition
  internal: 500,
  "chain-unavailable": 502,
  "sign-on-unavailable": 503,
  starting: 503,
  overloaded: 503,
  "disk-full": 503,
  "store-unavailable": 503,
  "store-behind": 503,
  "wrong-keys": 503,
  "signer-unavailable": 503,
  "desk-not-entitled": 503,
} as const;

export type LedgerCode = keyof typeof STATUS_OF;

/** Seconds after which a refused client should try again, for the codes where trying again helps. */
const RETRY_AFTER_SECONDS: Partial<Record<LedgerCode, number>> = {
  "rate-limited": 1,
  overloaded: 1,
  starting: 1,
  "not-yet-anchored": 2,
  "statement-not-ready": 2,
  "no-catalogue": 5,
  "look-not-recorded": 2,
  "store-unavailable": 2,
  "signer-unavailable": 2,
  "chain-unavailable": 5,
  "inbox-unavailable": 5,
  "sign-on-unavailable": 5,
  "disk-full": 60,
  "wrong-keys": 60,
};

/** Members that an error adds to its problem document, e.g. `{ next: 1043 }` beside `sequence-gap`. */
export type ProblemMembers = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/**
 * A refusal by the ledger. The message tells the caller what to do next and holds no personal data: it is sent on the
 * wire and logged.
 */
export class LedgerError extends Error {
  readonly code: LedgerCode;
  readonly members: ProblemMembers;
  /** When trying again may help; each code has a default. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: LedgerCode,
    message: string,
    options: { members?: ProblemMembers; cause?: unknown; retryAfterSeconds?: number } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = "LedgerError";
    this.code = code;
    this.members = options.members ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds ?? RETRY_AFTER_SECONDS[code];
  }
}

/** What every part answers while the process ends. */
export function shuttingDown(): LedgerError {
  return new LedgerError("store-unavailable", "The ledger is shutting down. Send the same again later.");
}

/** Somebody else extended the log meanwhile: the head is not the one the group was built on. Nothing was stored. */
export class StoreConflict extends LedgerError {
  constructor(expectedSize: number, size: number) {
    super("store-unavailable", `The group was built on size ${expectedSize}, but the log has size ${size}.`);
    this.name = "StoreConflict";
  }
}

/** Somebody found that the records are behind what was promised, and marked them (see `Store.setBehind`). Nothing was stored. */
export class RecordsBehind extends LedgerError {
  readonly reason: string;

  constructor(reason: string) {
    const message = `The ledger's store is older than its promises: ${reason.replace(/\.$/, "")}.`;
    super("store-behind", `${message} Keep everything; the operator has to restore the records.`);
    this.name = "RecordsBehind";
    this.reason = reason;
  }
}

/** Another server of this log leads now. Nothing was written. */
export class LeadLost extends LedgerError {
  constructor() {
    super("store-unavailable", "Another server of this log leads now.");
    this.name = "LeadLost";
  }
}

/** Another process took the numbers of a submission of one of our own sources. Nothing of it was stored. */
export class NumbersTaken extends LedgerError {
  constructor(source: string, first: number) {
    super("store-unavailable", `The number ${first} of ${source} was taken meanwhile.`);
    this.name = "NumbersTaken";
  }
}

/**
 * Parses what our own records hold. What is malformed there is damage, not the caller's mistake: it is answered as `internal`, and the
 * log says what is damaged.
 */
export async function parsingRecords<T>(what: string, parse: () => T | Promise<T>): Promise<T> {
  try {
    return await parse();
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw new Error(`the records are damaged (${what}): restore them from a copy`, { cause });
  }
}

/** Problem details (RFC 9457 section 3.1) with our `code` as an extension member. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly code: LedgerCode | FormatCode;
  readonly detail: string;
  readonly [member: string]: ProblemMembers[string];
}

/** The problem document of any thrown value. What is neither a LedgerError nor a FormatError is `internal`, without its message. */
export function problemOf(error: unknown): Problem {
  if (error instanceof LedgerError)
    return problem(STATUS_OF[error.code], error.code, error.message, error.members);
  if (error instanceof FormatError) return problem(400, error.code, error.message, {});
  return problem(500, "internal", "The ledger failed to answer; its log says why. Try again later.", {});
}

function problem(status: number, code: Problem["code"], detail: string, members: ProblemMembers): Problem {
  return { ...members, title: STATUS_CODES[status] ?? "Error", status, code, detail };
}

/** Answers with the problem document of `error`. The HTTP edge calls it; no other code knows about statuses. */
export function writeProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const document = problemOf(error);
  const retryAfter = error instanceof LedgerError ? error.retryAfterSeconds : undefined;
  const body = JSON.stringify(document);
  response.writeHead(document.status, {
    "content-type": "application/problem+json",
    "content-length": Buffer.byteLength(body),
    ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
  });
  response.end(body);
}
