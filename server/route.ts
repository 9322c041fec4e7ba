import type { Request, RequestHandler, Response } from "express";
import type { Caller } from "./identity/caller.ts";

/** One thing the server answers to. Stages export these; app.ts mounts them, and refuses one that no permission names. */
export interface Route {
  /** The `operationId` in openapi.yaml and the row in the permission table. */
  readonly name: string;
  readonly method: "get" | "post";
  /** Express path, such as `/v1/events/:index`. */
  readonly path: string;
  /** Answers the request or throws; what it throws is answered as a problem document. */
  readonly handle: (request: Request, response: Response, caller: Caller) => Promise<void> | void;
  /** Runs before `handle`, for instance to read the body. */
  readonly before?: readonly RequestHandler[];
}

/** Nothing that changes, and nothing that depends on the caller, may be kept by a cache. */
const NO_STORE = { "cache-control": "no-store" } as const;

/** Answers with JSON. Express's own `json()` costs two thirds of the throughput of a small answer. */
export function answerJson(
  response: Response,
  value: unknown,
  { status = 200, headers = NO_STORE }: { status?: number; headers?: Record<string, string> } = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}
