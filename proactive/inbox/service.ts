import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import type { RecorderLog } from "../../recorder/index.ts";
import { sendProblem } from "../exchange/problem.ts";
import { strictBody } from "../exchange/strict-body.ts";
import { LEADS } from "../noticing/notice.ts";
import { agencyRoutes, type MayWrite } from "./agency-routes.ts";
import { callerOf, type ClaimNames, DEFAULT_CLAIMS, type Shown, type TokenRules } from "./caller.ts";
import { citizenRoutes, type StreamLimits } from "./citizen-routes.ts";
import { InboxRefusal, problemOf } from "./errors.ts";
import { openInboxes } from "./inboxes.ts";
import { issuerKeys } from "./issuer-keys.ts";
import { PROOF_ALGORITHMS, proofs } from "./proofs.ts";
import type { InboxRoute } from "./route.ts";

export interface InboxServiceOptions {
  /** The service's own folder; one process at a time holds it. */
  readonly directory: string;
  /** 32 random bytes or more, the same for the life of the folder. */
  readonly secret: Uint8Array;
  /** The ledger's issuer, exactly as it writes itself. */
  readonly issuer: string;
  /** What tokens may be for: this service, and the ledger where the portal passes people's tokens on. */
  readonly audience: readonly string[];
  /** Where the issuer's claims are named otherwise. */
  readonly claims?: Partial<ClaimNames>;
  /** How its callers reach it, which proofs of bound tokens name; where it listens by default. */
  readonly publicUrl?: string;
  /** Which agency writes about which procedure; by default the one that leads it. */
  readonly mayWrite?: MayWrite;
  readonly logger: Pick<RecorderLog, "warn" | "error">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Address to listen on; loopback by default. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly limits?: Partial<InboxLimits>;
}

export interface InboxLimits extends StreamLimits {
  /** Requests of one agency that wait for answers at a time. */
  readonly waitingPerAgency: number;
  readonly connections: number;
}

/** The inbox service of a province, running. */
export interface InboxService {
  /** Where it listens, such as `http://127.0.0.1:8090`. */
  readonly url: string;
  /** Ends the streams, stops listening, and resolves when what was under way is answered. */
  readonly close: () => Promise<void>;
}

const DEFAULT_LIMITS: InboxLimits = {
  // A page on a phone, and as many on a desk as somebody forgets.
  perPerson: 8,
  total: 10_000,
  // Shorter than what proxies end idle connections after.
  heartbeatMs: 15_000,
  stallMs: 60_000,
  waitingPerAgency: 4,
  connections: 12_000,
};
const LOOPBACK = "127.0.0.1";
/** Who sends slower than this holds a connection for nothing. */
const REQUEST_TIMEOUT_MS = 10_000;
const CLOSING_POLL_MS = 20;

/** Starts the inbox service. @throws WrongSecretError for a folder of another secret; RangeError for a secret that is too short */
export async function startInboxService(options: InboxServiceOptions): Promise<InboxService> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const inboxes = await openInboxes(options);
  const closing = new AbortController();
  const { mayWrite = leads } = options;
  const underWay = new Set<Promise<void>>();
  const routes = [
    ...agencyRoutes({ inboxes, mayWrite, closing: closing.signal, maxWaiting: limits.waitingPerAgency }),
    ...citizenRoutes({ inboxes, now: options.now, closing: closing.signal, streams: limits }),
  ];
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    edge(routes, options, {
      description: await readFile(new URL("openapi.yaml", import.meta.url), "utf8"),
      underWay,
    }),
  );
  server.maxConnections = limits.connections;
  try {
    return {
      url: await listening(server, options),
      close: async () => {
        closing.abort();
        await closed(server);
        // What was asked by somebody who has gone may still be written.
        await Promise.allSettled(underWay);
        await inboxes.close();
      },
    };
  } catch (error) {
    await inboxes.close();
    throw error;
  }
}

function leads(agency: string, procedure: string): boolean {
  return LEADS[procedure] === agency;
}

function edge(
  routes: readonly InboxRoute[],
  options: InboxServiceOptions,
  { description, underWay }: { readonly description: string; readonly underWay: Set<Promise<void>> },
): Express {
  const { issuer, audience, now, logger } = options;
  const claims = { ...DEFAULT_CLAIMS, ...options.claims };
  const rules = {
    issuer,
    audience,
    now,
    claims,
    keys: issuerKeys({ issuer, now, logger }),
    checkProof: proofs(now),
  };
  const app = express();
  app.disable("x-powered-by").disable("etag");
  app.set("query parser", (query: string | null) => new URLSearchParams(query ?? ""));
  app.use((_request, response, next) => {
    response.set({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    next();
  });
  app.get("/live", (_request, response) => void response.json({ live: true }));
  app.get("/ready", (_request, response) => void response.json({ ready: true }));
  app.get("/openapi.yaml", (_request, response) => void response.type("application/yaml").send(description));
  for (const [path, here] of Map.groupBy(routes, (route) => route.path)) {
    const answer = answering(here, { rules, publicUrl: options.publicUrl });
    app.all(path, async (request, response) => {
      const work = answer(request, response);
      underWay.add(work);
      await work.finally(() => underWay.delete(work));
    });
  }
  app.use((_request, response) =>
    sendProblem(response, {
      ...{ status: 404, code: "not-found", detail: "There is nothing here: see /openapi.yaml." },
    }),
  );
  app.use(answerRefusal(logger));
  return app;
}

function shownBy({ headers, method, originalUrl, socket }: Request, publicUrl: string | undefined): Shown {
  const { authorization, dpop } = headers;
  const own = `http://${socket.localFamily === "IPv6" ? `[${socket.localAddress}]` : socket.localAddress}:${socket.localPort}`;
  const path = originalUrl.split("?", 1)[0] ?? "";
  // Node joins a header that is sent twice, which makes it none.
  const proof = Array.isArray(dpop) ? dpop.join(", ") : dpop;
  return { authorization, proof, method, url: (publicUrl ?? own).replace(/\/$/, "") + path };
}

/** Answers at one address: finds the route by its method and who calls by the token, and lets through only whom the route is for. */
function answering(
  here: readonly InboxRoute[],
  { rules, publicUrl }: { readonly rules: TokenRules; readonly publicUrl: string | undefined },
): (request: Request, response: Response) => Promise<void> {
  const methods = here.map(({ method }) => method.toUpperCase()).join(", ");
  const bodies = new Map(here.map((route) => [route, strictBody(route.maxBodyBytes ?? 0)]));
  return async (request, response) => {
    const route = here.find(({ method }) => method.toUpperCase() === request.method);
    if (route === undefined) {
      const detail = `This address takes ${methods}.`;
      return sendProblem(response.set("allow", methods), { status: 405, code: "method-not-allowed", detail });
    }
    const caller = await callerOf(shownBy(request, publicUrl), rules);
    if (route.role !== caller.role)
      throw new InboxRefusal("forbidden", `This is for the role ${route.role}: see /openapi.yaml.`);
    if (!(await isRead(request, response, bodies.get(route)))) return;
    if (route.role === "citizen" && caller.role === "citizen") await route.handle(request, response, caller);
    if (route.role === "agency" && caller.role === "agency") await route.handle(request, response, caller);
  };
}

/** Whether the body could be read; where not, that is answered already. */
async function isRead(request: Request, response: Response, read?: RequestHandler): Promise<boolean> {
  return await new Promise((resolve, reject) => {
    response.on("close", () => resolve(false));
    const done = (error?: unknown): void => {
      if (error === undefined) resolve(true);
      else reject(error instanceof Error ? error : new Error("a body cannot be read"));
    };
    read?.(request, response, done);
  });
}

/** Express knows an error handler by its four parameters. */
function answerRefusal(logger: InboxServiceOptions["logger"]): ErrorRequestHandler {
  return (thrown: unknown, request, response, _next) => {
    if (thrown instanceof InboxRefusal) {
      if (thrown.code === "unauthenticated") response.set("www-authenticate", challengeTo(request));
      if (thrown.code === "sign-on-unavailable") response.set("retry-after", "5");
      return sendProblem(response, problemOf(thrown));
    }
    if (thrown instanceof URIError)
      return sendProblem(response, { status: 400, code: "bad-request", detail: "The path is not UTF-8." });
    const name = thrown instanceof Error ? thrown.name : "unknown";
    logger.error({ error: name, method: request.method }, "a request to the inbox could not be answered");
    // A stream that broke off is begun again by its reader.
    if (response.headersSent) return void response.destroy();
    sendProblem(response, { status: 500, code: "internal", detail: "Send the same again later." });
  };
}

/** What a client has to do (RFC 6750 section 3, RFC 9449 section 7.1). */
function challengeTo({ headers: { authorization } }: Request): string {
  if (authorization === undefined) return "Bearer";
  const isBound = /^dpop /i.test(authorization);
  return isBound
    ? `DPoP error="invalid_token", algs="${PROOF_ALGORITHMS.join(" ")}"`
    : 'Bearer error="invalid_token"';
}

async function listening(server: Server, { host = LOOPBACK, port }: InboxServiceOptions): Promise<string> {
  return await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      if (typeof address !== "object" || address === null) return;
      const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
      resolve(`http://${name}:${address.port}`);
    });
  });
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    // A connection whose answer is under way becomes idle after it, and would be kept for seconds.
    const closeIdle = setInterval(() => server.closeIdleConnections(), CLOSING_POLL_MS);
    server.close(() => {
      clearInterval(closeIdle);
      resolve();
    });
    server.closeIdleConnections();
  });
}
