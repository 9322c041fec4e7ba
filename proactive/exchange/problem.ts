import { STATUS_CODES } from "node:http";
import type { Response } from "express";

/** Why a request is not answered (RFC 9457). */
export interface Problem {
  /** HTTP status, 400 or above. */
  readonly status: number;
  readonly code: string;
  /** What to do next; never anything of what was sent or asked for. */
  readonly detail?: string;
}

export function problemDocument({ status, code, detail }: Problem): Record<string, unknown> {
  return { title: STATUS_CODES[status] ?? "Error", status, code, ...(detail !== undefined && { detail }) };
}

/** Answers with a problem document, and ends the connection where the rest of a refused body is not read. */
export function sendProblem(response: Response, problem: Problem): void {
  if (problem.status === 413) response.set("connection", "close");
  response
    .status(problem.status)
    .set("cache-control", "no-store")
    .type("application/problem+json")
    .end(JSON.stringify(problemDocument(problem)));
}
