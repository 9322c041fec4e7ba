import { type Request, type RequestHandler, Router } from "express";
import { isJsonObject } from "../../protocol/json.ts";
import type { RecorderLog } from "../../recorder/index.ts";
import { AnswerTooLongError, jsonAnswer } from "./bounded-answer.ts";
import { answerFailure } from "./failure.ts";
import { type GateOptions, onceOnly } from "./gate.ts";
import { sendProblem } from "./problem.ts";
import { strictBody } from "./strict-body.ts";

export interface ProxyOptions extends GateOptions {
  /** Where the existing service is, such as `http://10.1.2.3:8080/population`; requests go below it. */
  readonly upstream: string;
  /** Names of further request headers that the service needs, lowercase, such as `authorization`. Those of X-Road pass anyway. */
  readonly passHeaders?: readonly string[];
  readonly logger: Pick<RecorderLog, "error">;
  readonly maxRequestBytes?: number;
  readonly maxAnswerBytes?: number;
  readonly timeoutMs?: number;
}

const DEFAULT_MAX_REQUEST_BYTES = 64 * 1024;
/** An answer is held whole, to be filtered. */
const DEFAULT_MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * The gate as a reverse proxy before an existing HTTP service that cannot be changed. Requests that read (`GET`, and `POST` with JSON) pass with their path,
 * query, body and X-Road headers; answers that are JSON objects pass by category, recorded before they leave. Nothing else comes back: no other
 * kind of body, no headers, no text of an error.
 *
 * `subjectOf` says whose data a request asks for, and the service must understand the request in the same way. Therefore what two readers could read
 * differently is refused: paths that are not in normal form, a query parameter or a member twice, a `GET` with a body; a body is passed on as it was parsed.
 */
export function onceOnlyProxy(options: ProxyOptions): RequestHandler {
  const router = Router();
  router.use(plainRequests(options), strictBody(options.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES));
  router.use((request, response, next) => {
    if (request.method === "POST" || request.body === undefined) return next();
    sendProblem(response, { status: 400, code: "bad-request", detail: "Send GET without a body." });
  });
  router.use(onceOnly(options), async (request, response) => {
    const { status, body } = await answerOfUpstream(request, options);
    response.status(status).json(body);
  });
  router.use(answerFailure(options.logger));
  return router;
}

/** Lets pass what can be read in one way only. */
function plainRequests({ upstream }: ProxyOptions): RequestHandler {
  return (request, response, next) => {
    if (request.method !== "GET" && request.method !== "POST")
      return sendProblem(response, {
        ...{ status: 405, code: "method-not-allowed", detail: "Only GET and POST pass here." },
      });
    if (targetOf(request.url, upstream) === undefined)
      return sendProblem(response, {
        ...{ status: 400, code: "bad-request" },
        detail: "Write the path in normal form, without encoded separators, and each query parameter once.",
      });
    next();
  };
}

/** Where a request goes; undefined for a path or a query that could be read in two ways. */
function targetOf(url: string, upstream: string): URL | undefined {
  const base = new URL(upstream);
  const prefix = base.origin + base.pathname.replace(/\/$/, "");
  if (!url.startsWith("/") || !URL.canParse(prefix + url)) return undefined;
  const target = new URL(prefix + url);
  // Dots, backslashes, tabs and fragments would be gone now.
  if (target.href !== prefix + url || target.hash !== "") return undefined;
  if (/\/\/|%2e|%2f|%5c|%25|%00|;/i.test(target.pathname)) return undefined;
  const names = [...target.searchParams.keys()].map((name) => name.toLowerCase());
  if (names.length !== new Set(names).size || names.some((name) => /[[\].]/.test(name))) return undefined;
  return target;
}

/** The service's answer, or why there is none: everything that is not a JSON object is a failure. */
async function answerOfUpstream(
  request: Request,
  options: ProxyOptions,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const target = targetOf(request.url, options.upstream);
  if (target === undefined) throw new RangeError("a request that cannot be passed on came through");
  try {
    const body: unknown = request.body;
    const response = await fetch(target, {
      method: request.method,
      headers: passedHeaders(request, options.passHeaders ?? []),
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: "manual",
      signal: AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS),
    });
    const answer = await jsonAnswer(response, options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES);
    if (!response.ok) return failed(statusOfFailure(response.status), "upstream-refused");
    return isJsonObject(answer) ? { status: 200, body: answer } : failed(502, "upstream-no-object");
  } catch (error) {
    if (error instanceof AnswerTooLongError) return failed(502, "upstream-too-long");
    if (error instanceof Error && error.name === "TimeoutError") return failed(504, "upstream-late");
    return failed(502, "upstream-unreachable");
  }
}

function failed(status: number, code: string): { readonly status: number; readonly body: unknown } {
  return { status, body: { code } };
}

/** What the service has against the request passes; that it does not know the proxy, or is broken, is not the asking agency's affair. */
function statusOfFailure(status: number): number {
  const isAboutRequest = status >= 400 && status < 500 && ![401, 403, 407].includes(status);
  return isAboutRequest ? status : 502;
}

function passedHeaders({ headers }: Request, more: readonly string[]): Record<string, string> {
  const passed = Object.entries(headers).flatMap(([name, value]) => {
    const isPassed = name.startsWith("x-road-") || name.startsWith("minhbach-") || more.includes(name);
    return isPassed && typeof value === "string" ? [[name, value] as const] : [];
  });
  return {
    ...Object.fromEntries(passed),
    accept: "application/json",
    ...(headers["content-type"] !== undefined && { "content-type": "application/json" }),
  };
}
