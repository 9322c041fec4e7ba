import * as v from "valibot";

import { ApiError } from "./error.ts";

/** Tells the server that one of its own pages asks, and whether a person did something; no other site can send it. */
const PAGE_HEADER = "x-minhbach-portal";

/** RFC 9457, as far as the pages use it. */
const PROBLEM = v.object({ code: v.string(), detail: v.optional(v.string(), "") });

type Schema = v.GenericSchema;

export interface Asking {
  readonly method?: "GET" | "POST" | "PUT";
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** The page asks by itself, which does not keep an idle session alive. */
  readonly background?: boolean;
}

/** Asks the server this page came from, and reads its answer by the schema. @throws ApiError */
export async function ask<S extends Schema>(
  schema: S,
  path: string,
  asking: Asking = {},
): Promise<v.InferOutput<S>> {
  const response = await send(path, asking);
  const answer: unknown = response.status === 204 ? null : await jsonOf(response);
  if (!response.ok) throw problemOf(response, answer);
  const read = v.safeParse(schema, answer);
  if (read.success) return read.output;
  const [issue] = read.issues;
  throw new ApiError("not-understood", `${path}: ${v.getDotPath(issue) ?? ""} ${issue.message}`, {
    status: response.status,
  });
}

/** The answer as it comes, once its status is good. @throws ApiError */
export async function send(path: string, asking: Asking = {}): Promise<Response> {
  const { method = "GET", body, signal, background = false } = asking;
  const headers: Record<string, string> = {
    [PAGE_HEADER]: background ? "background" : "1",
    accept: "application/json",
  };
  if (body !== undefined) headers["content-type"] = "application/json";
  try {
    return await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      redirect: "error",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (cause) {
    if (signal?.aborted === true) throw cause;
    throw new ApiError("unreachable", "The server did not answer.", { cause });
  }
}

/** A file of the server, as it is. @throws ApiError */
export async function fileAt(path: string): Promise<Blob> {
  const response = await send(path);
  if (!response.ok) throw problemOf(response, await jsonOf(response));
  return await response.blob();
}

async function jsonOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    if (!response.ok) return undefined;
    throw new ApiError("not-understood", "The answer is not JSON, or it broke off.", {
      status: response.status,
      cause,
    });
  }
}

/** What a refusal says. */
export function problemOf(response: Response, answer: unknown): ApiError {
  const { status, headers } = response;
  const problem = v.safeParse(PROBLEM, answer);
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return new ApiError(
    problem.success ? problem.output.code : "unknown",
    problem.success ? problem.output.detail : `HTTP ${status}`,
    { status, ...(Number.isFinite(seconds) && { retryAfterSeconds: seconds }) },
  );
}
