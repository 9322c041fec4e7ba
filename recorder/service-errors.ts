import { STATUS_CODES, type ServerResponse } from "node:http";
import { FormatError } from "../protocol/errors.ts";
import { RecorderError, type RecorderCode } from "./errors.ts";

/** Refusals of the HTTP edge itself, and their status. */
const REQUEST_STATUS = {
  "bad-request": 400,
  unauthenticated: 401,
  "wrong-host": 403,
  "not-found": 404,
  "unknown-event": 404,
  "no-evidence": 404,
  "no-receipt": 404,
  "method-not-allowed": 405,
  "body-too-large": 413,
  "too-many-events": 413,
  "unsupported-media-type": 415,
} as const;

export type RequestCode = keyof typeof REQUEST_STATUS;

/** The recorder's own refusals as HTTP statuses: the one place where they meet. */
const RECORDER_STATUS: Readonly<Record<RecorderCode, number>> = {
  "invalid-event": 400,
  "spool-full": 507,
  "spool-failed": 503,
  closed: 503,
  stopped: 503,
  "wrong-spool": 500,
  "bad-key-file": 500,
  "bad-setting": 500,
  "bad-mapping": 500,
  "bad-import": 500,
  "bad-record": 500,
};

/** Seconds after which the client should send again, where that helps. */
const RETRY_AFTER_SECONDS: Partial<Record<RecorderCode, number>> = {
  "spool-full": 30,
  "spool-failed": 5,
  closed: 2,
};

/** A request the service refuses before it reaches the recorder. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: RequestCode;

  constructor(code: RequestCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The code an error is counted and answered under. */
export function codeOf(error: unknown): string {
  if (error instanceof RequestError || error instanceof RecorderError || error instanceof FormatError)
    return error.code;
  return "internal";
}

/** Answers with a problem document (RFC 9457) that holds nothing of what was sent. */
export function writeProblem(response: ServerResponse, error: unknown): void {
  const status = statusOf(error);
  const retryAfter = error instanceof RecorderError ? RETRY_AFTER_SECONDS[error.code] : undefined;
  response.writeHead(status, {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
    ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
    // What is left of a refused body is not read.
    ...(status === 413 ? { connection: "close" } : {}),
  });
  response.end(
    JSON.stringify({
      title: STATUS_CODES[status] ?? "Error",
      status,
      code: codeOf(error),
      detail: detailOf(error),
      ...(error instanceof RecorderError && error.facet !== undefined ? { facet: error.facet } : {}),
      ...(error instanceof RecorderError && error.position !== undefined ? { position: error.position } : {}),
    }),
  );
}

function statusOf(error: unknown): number {
  if (error instanceof RequestError) return REQUEST_STATUS[error.code];
  if (error instanceof RecorderError) return RECORDER_STATUS[error.code];
  return error instanceof FormatError ? 400 : 500;
}

function detailOf(error: unknown): string {
  return codeOf(error) === "internal" || !(error instanceof Error)
    ? "The recorder failed to answer; its log says why."
    : error.message;
}
