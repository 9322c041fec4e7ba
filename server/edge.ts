import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { Logger } from "pino";
import { readSmallBody } from "./body.ts";
import { LedgerError, problemOf, writeProblem } from "./errors.ts";
import type { Caller } from "./identity/caller.ts";
import type { ShownCredentials } from "./identity/tokens.ts";
import type { HttpMetrics } from "./metrics.ts";
import type { BudgetShare, ByteBudget } from "./receive/body.ts";
import type { Answer, HeaderOf, Route, RouteRequest } from "./route.ts";

type StreamedAnswer = Extract<Answer, { readonly chunks: unknown }>;
type WholeAnswer = Exclude<Answer, StreamedAnswer>;

export interface EdgeOptions {
  /** `POST /v1/submissions`: reads its body and answers by itself, before anything else touches the request. */
  readonly postSubmission: (request: IncomingMessage, response: ServerResponse) => void;
  readonly routes: readonly Route[];
  /** Memory that the bodies of all routes may hold together. */
  readonly bodies: Pick<ByteBudget, "share">;
  /** Who sends a request. @throws LedgerError `unauthenticated`, `session-ended`, `cross-origin`. */
  readonly callerOf: (shown: ShownCredentials, header: HeaderOf) => Promise<Caller>;
  /** The `Set-Cookie` that goes with `session-ended`, so that the browser shows the session no more. */
  readonly forgetSession?: string | undefined;
  /** Kinds of signatures of a proof (RFC 9449), with spaces between them. */
  readonly dpopAlgorithms: string;
  /** What answers everything below a path by itself, and is no part of the API: the development sign-on. */
  readonly beside: Beside | undefined;
  /** Gives the check of one route's permission. @throws Error for a route that no permission names. */
  readonly permissionOf: (routeName: string) => (caller: Caller) => void;
  readonly metrics: HttpMetrics;
  readonly log: Logger;
  /** Time for a streamed answer to be taken whole: a reader who trickles holds what it is made of. */
  readonly maxStreamMs?: number;
}

export interface Beside {
  readonly path: string;
  /** Gets the request with the path cut off its URL. What it throws is answered as a problem document. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
}

/** The longest statement over a line of 4 Mbit/s. */
const DEFAULT_MAX_STREAM_MS = 10 * 60_000;

export interface ConnectionLimits {
  /** Requests are read whole in this time; a submission's body has its own, shorter limit. */
  readonly requestTimeoutMs: number;
  /** A connection on which nothing moves is ended, also one whose client does not take its answer. */
  readonly idleTimeoutMs: number;
  /** Further ones are dropped: each may hold a small body and an answer, and a file descriptor that the records need. */
  readonly maxConnections: number;
}

const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  requestTimeoutMs: 30_000,
  // Longer than any answer takes to be made.
  idleTimeoutMs: 60_000,
  // Recorders keep a few each; what serves many browsers stands behind a proxy.
  maxConnections: 2_000,
};

/** A resting connection is kept so long, and clients are told: short of that, one that is busy meets it as it closes, and its request is lost. */
const KEEP_ALIVE_MS = 30_000;

/** The server that listens for the edge, with every connection bounded. */
export function boundedServer(edge: RequestListener, limits: Partial<ConnectionLimits> = {}): Server {
  const { requestTimeoutMs, idleTimeoutMs, maxConnections } = { ...DEFAULT_CONNECTION_LIMITS, ...limits };
  const server = createServer({ requestTimeout: requestTimeoutMs }, edge);
  server.setTimeout(idleTimeoutMs);
  server.keepAliveTimeout = Math.min(KEEP_ALIVE_MS, idleTimeoutMs);
  server.maxConnections = maxConnections;
  return server;
}

export const SUBMISSION_ROUTE = { name: "postSubmission", method: "post", path: "/v1/submissions" } as const;

/** On every answer: nothing we send may run, be framed, or be taken for another type. Pages that need more say so. */
const SECURITY_HEADERS = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
};

/**
 * The HTTP side of the server: mounts the routes, finds out who calls, checks their permission, and turns what routes return
 * or throw into answers. Errors are problem documents (RFC 9457), unknown paths and methods included.
 */
export function httpEdge(options: EdgeOptions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  // One parser for all: a parameter is a string, never a list or an object.
  app.set("query parser", (query: string | null) => new URLSearchParams(query ?? ""));
  options.permissionOf(SUBMISSION_ROUTE.name);
  app.post(SUBMISSION_ROUTE.path, options.postSubmission);
  app.use(echoRequestId);
  if (options.beside !== undefined) app.use(options.beside.path, besideHandler(options.beside));
  for (const route of options.routes) app[route.method](route.path, handlerOf(route, options));
  for (const path of new Set([SUBMISSION_ROUTE, ...options.routes].map((route) => route.path))) {
    const methods = methodsOf(path, options.routes);
    app.options(path, answerPreflight(methods));
    app.all(path, refuseMethod(methods));
  }
  app.use(() => {
    throw new LedgerError("not-found", "There is nothing here. The API is described at /openapi.yaml.");
  });
  app.use(problemEdge(options));
  return app;
}

function besideHandler({ handle }: Beside): RequestHandler {
  return async (request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    await handle(request, response);
  };
}

/** What a client names its request by, so that it finds the answer to it again (AuthZEN Authorization API 1.0, section 10.1.3). */
const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

const echoRequestId: RequestHandler = (request, response, next) => {
  const id = request.headers["x-request-id"];
  if (typeof id === "string" && REQUEST_ID.test(id)) response.setHeader("x-request-id", id);
  next();
};

/** @throws LedgerError `bad-request` when the body is declared as something else than the route reads. */
function checkBodyType({ bodyType }: Route, { headers }: Request): void {
  if (bodyType === undefined) return;
  const [declared = ""] = (headers["content-type"] ?? "").split(";", 1);
  if (declared.trim().toLowerCase() !== bodyType)
    throw new LedgerError("bad-request", `Send the body with the header: Content-Type: ${bodyType}`);
}

function handlerOf(route: Route, options: EdgeOptions): RequestHandler {
  const permit = options.permissionOf(route.name);
  return async (request, response) => {
    const started = performance.now();
    response.on("close", () => {
      options.metrics.answered(route.name, response.statusCode, (performance.now() - started) / 1000);
    });
    const caller = await options.callerOf(credentialsOf(request), headersOf(request));
    permit(caller);
    checkBodyType(route, request);
    const share = options.bodies.share();
    try {
      const answer = await route.handle(await routeRequest(request, route.maxBodyBytes, share), caller);
      if ("chunks" in answer) await streamAnswer(request, response, answer, options);
      else writeAnswer(response, answer);
    } finally {
      share.giveBack();
    }
  };
}

function credentialsOf(request: Request): ShownCredentials {
  const { headers, method, originalUrl } = request;
  return {
    authorization: headers.authorization,
    // Node joins a header that is sent twice, which makes it no proof.
    dpop: headersOf(request)("dpop"),
    method,
    path: originalUrl.split("?", 1)[0] ?? "",
  };
}

function headersOf({ headers }: Request): HeaderOf {
  return (name) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  };
}

async function routeRequest(
  request: Request,
  maxBodyBytes: number | undefined,
  share: BudgetShare,
): Promise<RouteRequest> {
  const query: unknown = request.query;
  const { accept } = request.headers;
  return {
    path: request.path,
    parameter: (name) => {
      const value = request.params[name];
      return typeof value === "string" ? value : "";
    },
    query: (name) => {
      const values = query instanceof URLSearchParams ? query.getAll(name) : [];
      return values.length === 1 ? values[0] : undefined;
    },
    queryNames: query instanceof URLSearchParams ? [...query.keys()] : [],
    accept: accept ?? "",
    header: headersOf(request),
    body: maxBodyBytes === undefined ? new Uint8Array() : await readSmallBody(request, maxBodyBytes, share),
  };
}

/** Express's own `json()` and `send()` cost two thirds of the throughput of a small answer. */
function writeAnswer(response: Response, answer: WholeAnswer): void {
  const [type, body] =
    "json" in answer ? ["application/json", JSON.stringify(answer.json)] : [answer.type, answer.body];
  response.writeHead(answer.status ?? 200, {
    ...SECURITY_HEADERS,
    "cache-control": "no-store",
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    ...answer.headers,
  });
  response.end(body);
}

/** Its first chunk is made before anything is sent: what goes wrong until then is answered as a problem document. */
async function streamAnswer(
  request: Request,
  response: Response,
  { status = 200, type, headers, chunks, maxMs }: StreamedAnswer,
  { log, maxStreamMs = DEFAULT_MAX_STREAM_MS }: EdgeOptions,
): Promise<void> {
  const iterator = chunks[Symbol.asyncIterator]();
  let next = await iterator.next();
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    "cache-control": "no-store",
    "content-type": type,
    ...headers,
  });
  const timer = setTimeout(() => {
    log.warn({ route: routePathOf(request) }, "an answer was taken too slowly and broken off");
    response.destroy();
  }, maxMs ?? maxStreamMs);
  try {
    for (; next.done !== true && request.method !== "HEAD"; next = await iterator.next()) {
      if (!response.destroyed && !response.write(next.value)) await drained(response);
      if (response.destroyed) break;
    }
    response.end();
  } catch (error) {
    log.error({ err: error, route: routePathOf(request) }, "an answer was broken off");
    response.destroy();
  } finally {
    clearTimeout(timer);
    // What it still holds open is let go.
    await iterator.return?.();
  }
}

/** When the client has taken what was written, or has gone. */
async function drained(response: Response): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}

function methodsOf(path: string, routes: readonly Route[]): string {
  const methods = [SUBMISSION_ROUTE, ...routes]
    .filter((route) => route.path === path)
    .map(({ method }) => method);
  return methods
    .flatMap((method) => (method === "get" ? ["GET", "HEAD"] : [method.toUpperCase()]))
    .join(", ");
}

/**
 * What a browser asks before a page of another origin may call (Fetch standard, CORS preflight). Whether the page may read the answer
 * is said by the answer itself. The header that the portal's session needs is not among those allowed: no other page can use it.
 */
function answerPreflight(allowed: string): RequestHandler {
  return (_request, response) => {
    response.writeHead(204, {
      ...SECURITY_HEADERS,
      allow: allowed,
      "access-control-allow-origin": "*",
      "access-control-allow-methods": allowed,
      "access-control-allow-headers": "authorization, content-type, dpop",
      "access-control-max-age": "86400",
    });
    response.end();
  };
}

function refuseMethod(allowed: string): RequestHandler {
  return (request, response) => {
    response.setHeader("allow", allowed);
    throw new LedgerError("method-not-allowed", `${request.method} is not possible here; use ${allowed}.`);
  };
}

/** Express knows an error handler by its four parameters. */
function problemEdge({ log, dpopAlgorithms, forgetSession }: EdgeOptions): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const error = isBadUri(thrown)
      ? new LedgerError("bad-request", "The path is not percent-encoded UTF-8.")
      : thrown;
    if (problemOf(error).code === "internal") {
      log.error(
        { err: error, method: request.method, route: routePathOf(request) },
        "a request could not be answered",
      );
    }
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    response.setHeader("cache-control", "no-store");
    if (problemOf(error).status === 401)
      response.setHeader("www-authenticate", challengeOf(error, request, dpopAlgorithms));
    if (forgetSession !== undefined && problemOf(error).code === "session-ended")
      response.setHeader("set-cookie", forgetSession);
    writeProblem(response, error);
  };
}

/** What a client has to do (RFC 6750 section 3, RFC 9449 section 7.1). */
function challengeOf(error: unknown, { headers }: Request, dpopAlgorithms: string): string {
  if (problemOf(error).code === "wrong-dpop-proof")
    return `DPoP error="invalid_dpop_proof", algs="${dpopAlgorithms}"`;
  if (headers.authorization === undefined) return "Bearer";
  const scheme = /^dpop /i.test(headers.authorization) ? "DPoP" : "Bearer";
  return `${scheme} error="invalid_token"`;
}

function isBadUri(error: unknown): boolean {
  return error instanceof URIError;
}

/** The pattern, not the path: what was asked for may be about a person. */
function routePathOf(request: Request): string | undefined {
  const route: unknown = request.route;
  return typeof route === "object" && route !== null && "path" in route ? String(route.path) : undefined;
}
