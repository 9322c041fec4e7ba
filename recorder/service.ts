import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import type { ClientTokens } from "./client-tokens.ts";
import { RecorderError } from "./errors.ts";
import type { Recorder } from "./index.ts";
import { recorderMetrics, type RecorderMetrics } from "./metrics.ts";
import type { RecorderLog } from "./sender.ts";
import { readEvents } from "./service-body.ts";
import { codeOf, RequestError, writeProblem } from "./service-errors.ts";

export interface RecorderServiceOptions {
  recorder: Recorder;
  logger: RecorderLog;
  /** Address to listen on; loopback by default. */
  host?: string;
  /** 0 for any free port. */
  port: number;
  /** Who may call; without it the service listens on loopback only. */
  tokens?: ClientTokens;
}

export interface RecorderService {
  /** Where it listens, such as `http://127.0.0.1:8090`. */
  url: string;
  port: number;
  /** Stops listening and finishes what is under way; the recorder stays open. */
  close: () => Promise<void>;
}

const LOOPBACK = "127.0.0.1";
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set([LOOPBACK, "localhost", "[::1]"]);
/** A client that sends slower than this holds a connection for nothing. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;
/** More than the systems of one agency open at once. */
const MAX_CONNECTIONS = 1_024;
const MAX_IDEMPOTENCY_KEY_LENGTH = 200;

/**
 * Serves a recorder to the agency's systems: `POST /v1/events`, `GET /v1/events/{seq}`, `GET /v1/events/{seq}/evidence` and `/receipt`,
 * `/live`, `/ready`, `/metrics`. Beyond loopback every call but the two probes needs a client's bearer token; without tokens
 * it refuses (`bad-setting`) to listen there.
 */
export async function createRecorderService(options: RecorderServiceOptions): Promise<RecorderService> {
  const { host = LOOPBACK, port, tokens } = options;
  if (tokens === undefined && !isLoopback(host)) {
    throw new RecorderError(
      "bad-setting",
      `Listening on ${host} lets others in: name a file of client tokens (RECORDER_TOKENS), made with: minhbach recorder token`,
    );
  }
  const metrics = recorderMetrics(options.recorder);
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS },
    routes(options, metrics),
  );
  server.maxConnections = MAX_CONNECTIONS;
  const address = await listen(server, host, port);
  return {
    url: `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}`,
    port: address.port,
    close: () => close(server),
  };
}

function routes(options: RecorderServiceOptions, metrics: RecorderMetrics): Express {
  const { recorder, tokens, logger } = options;
  const app = express();
  app.disable("x-powered-by").disable("etag").set("query parser", false);
  const admit = (request: Request, _response: Response, next: NextFunction) => {
    if (tokens === undefined) refuseOtherHosts(request);
    else refuseStrangers(request, tokens);
    next();
  };

  app.post("/v1/events", admit, (request, response) => takeEvents(request, response, recorder, metrics));
  app.get("/v1/events/:seq", admit, async (request, response) => {
    answer(response, 200, await describeEvent(recorder, seqOf(request)));
  });
  app.get("/v1/events/:seq/evidence", admit, async (request, response) => {
    const evidence = await recorder.evidenceOf(seqOf(request));
    if (evidence === undefined) {
      throw new RequestError(
        "no-evidence",
        "no evidence of this event is kept (yet); GET the event says how far it is",
      );
    }
    response.writeHead(200, JSON_HEADERS).end(evidence);
  });
  app.get("/v1/events/:seq/receipt", admit, async (request, response) => {
    const kept = await recorder.receiptOf(seqOf(request));
    if (kept === undefined) {
      throw new RequestError(
        "no-receipt",
        "the ledger gave no receipt of this event (yet); GET the event says how far it is",
      );
    }
    response.writeHead(200, JOSE_HEADERS).end(kept.receipt);
  });
  app.get("/v1/status", admit, (_request, response) => answer(response, 200, recorder.status()));
  app.get("/live", (_request, response) => answer(response, 200, { live: true }));
  app.get("/ready", (_request, response) => {
    const readiness = readinessOf(recorder);
    answer(response, readiness.ready ? 200 : 503, readiness);
  });
  app.get("/metrics", admit, async (_request, response) => {
    response
      .writeHead(200, { "content-type": metrics.registry.contentType })
      .end(await metrics.registry.metrics());
  });
  app.all(
    [
      "/v1/events",
      "/v1/events/:seq",
      "/v1/events/:seq/evidence",
      "/v1/events/:seq/receipt",
      "/v1/status",
      "/live",
      "/ready",
      "/metrics",
    ],
    () => {
      throw new RequestError("method-not-allowed", "this address takes another method");
    },
  );
  app.use(() => {
    throw new RequestError("not-found", "there is nothing at this address; events go to POST /v1/events");
  });
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    const code = codeOf(error);
    if (request.method === "POST") metrics.countEvents(code, 1);
    if (code === "internal") {
      logger.error(
        { error: error instanceof Error ? error.name : "unknown" },
        "a request failed unexpectedly",
      );
    }
    writeProblem(response, error);
  });
  return app;
}

/** Answers 202 only when everything asked for is durable: the client may forget its events then, and not before. */
async function takeEvents(
  request: IncomingMessage,
  response: ServerResponse,
  recorder: Recorder,
  metrics: RecorderMetrics,
): Promise<void> {
  const begun = performance.now();
  const idempotencyKey = idempotencyKeyOf(request);
  const { events, isList } = await readEvents(request);
  const recorded = await recorder.recordAll(events, idempotencyKey === undefined ? {} : { idempotencyKey });
  const list = recorded.map(({ source, seq }) => ({ source, seq }));
  // Draft-ietf-httpapi-idempotency-key-header has no header for this; clients know the name from payment services.
  if (recorded.some(({ created }) => !created)) response.setHeader("idempotent-replayed", "true");
  answer(response, 202, isList ? list : list[0]);
  metrics.countEvents("accepted", events.length);
  metrics.observeAcknowledged((performance.now() - begun) / 1000);
}

async function describeEvent(recorder: Recorder, seq: number): Promise<object> {
  const state = await recorder.stateOf(seq);
  if (state === undefined) throw new RequestError("unknown-event", "this number was not given out yet");
  const receipt = await recorder.receiptOf(seq);
  const refusal = await recorder.refusalOf(seq);
  return {
    source: recorder.status().source,
    seq,
    state,
    ...(receipt === undefined
      ? {}
      : { index: receipt.index + seq - receipt.first, anchorBy: receipt.anchorBy, receipt: receipt.receipt }),
    ...(refusal === undefined ? {} : { refused: { code: refusal.code, detail: refusal.detail } }),
  };
}

/** Ready means: events are taken in. Trouble with the ledger is told, but does not keep an agency from recording. */
function readinessOf(recorder: Recorder): { ready: boolean; [detail: string]: unknown } {
  const { full, spoolFailed, sending, backlogEvents, evidenceFault, erasureFault } = recorder.status();
  const ready = !full && !spoolFailed && !(sending.state === "stopped" && isFinal(sending.code));
  return {
    ready,
    full,
    spoolFailed,
    sending,
    backlogEvents,
    ...(evidenceFault === undefined ? {} : { evidenceFault }),
    ...(erasureFault === undefined ? {} : { erasureFault }),
  };
}

function isFinal(code: string | undefined): boolean {
  return code === "restored" || code === "equivocation";
}

/** On loopback a web page could reach us through a name of its own that points here; such requests name another host. */
function refuseOtherHosts(request: IncomingMessage): void {
  const host = request.headers.host?.replace(/:\d+$/, "") ?? "";
  if (!LOOPBACK_HOSTS.has(host)) {
    throw new RequestError(
      "wrong-host",
      "call this recorder as 127.0.0.1 or localhost, or give it client tokens",
    );
  }
}

function refuseStrangers(request: IncomingMessage, tokens: ClientTokens): void {
  const [, token] = /^Bearer ([A-Za-z0-9_-]{1,128})$/i.exec(request.headers.authorization ?? "") ?? [];
  if (token === undefined || tokens.clientOf(token) === undefined) {
    throw new RequestError("unauthenticated", "send the client's token as: Authorization: Bearer TOKEN");
  }
}

function idempotencyKeyOf(request: IncomingMessage): string | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key !== "string" || key === "" || key.length > MAX_IDEMPOTENCY_KEY_LENGTH) {
    throw new RequestError(
      "bad-request",
      `an Idempotency-Key has 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} characters`,
    );
  }
  return key;
}

function seqOf(request: Request): number {
  const { seq } = request.params;
  if (typeof seq !== "string" || !/^[1-9][0-9]{0,14}$/.test(seq)) {
    throw new RequestError("bad-request", "an event is named by its number, from 1");
  }
  return Number(seq);
}

/** A compact JWS as it is (RFC 7515 section 9.2.1). */
const JOSE_HEADERS = { "content-type": "application/jose", "cache-control": "no-store" } as const;
const JSON_HEADERS = { "content-type": "application/json", "cache-control": "no-store" } as const;

function answer(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { ...JSON_HEADERS, "content-length": Buffer.byteLength(body) }).end(body);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new RecorderError("bad-setting", `Cannot listen on ${host}:${port}: is the port taken?`, { cause }),
      ),
    );
    server.listen(port, host, () => {
      const address = server.address();
      if (address !== null && typeof address === "object") resolve(address);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
