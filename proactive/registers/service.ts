import { createServer, type Server } from "node:http";
import express, { type Express } from "express";
import type { Recorder, RecorderLog } from "../../recorder/index.ts";
import { answerFailure } from "../exchange/failure.ts";
import { sendProblem } from "../exchange/problem.ts";
import { registerRoutes, type RegisterRoutesOptions } from "./routes.ts";

export interface RegisterServiceOptions extends RegisterRoutesOptions {
  readonly recorder: Pick<Recorder, "record" | "status">;
  readonly logger: Pick<RecorderLog, "error">;
  /** Address to listen on; loopback by default. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
}

export interface RegisterService {
  /** Where it listens, such as `http://127.0.0.1:8101`. */
  readonly url: string;
  /** Stops listening, and resolves when what was under way is answered. */
  readonly close: () => Promise<void>;
}

const LOOPBACK = "127.0.0.1";
/** Who sends slower than this holds a connection for nothing. */
const REQUEST_TIMEOUT_MS = 10_000;
/** More than all agencies of a province have open at once. */
const MAX_CONNECTIONS = 1_024;
const CLOSING_POLL_MS = 20;

/** Serves a register by itself: its routes, and the probes `/live` and `/ready`. Listens on loopback, where the agency's security server passes requests on. */
export async function startRegisterService(options: RegisterServiceOptions): Promise<RegisterService> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    application(options),
  );
  server.maxConnections = MAX_CONNECTIONS;
  const url = await listening(server, options);
  return { url, close: () => closed(server) };
}

function application(options: RegisterServiceOptions): Express {
  const { recorder } = options;
  const app = express();
  app.disable("x-powered-by").disable("etag").set("query parser", false);
  app.use((_request, response, next) => {
    response.set("cache-control", "no-store");
    next();
  });
  app.use(registerRoutes(options));
  app.get("/live", (_request, response) => void response.json({ live: true }));
  app.get("/ready", (_request, response) => {
    const { full, spoolFailed, sending } = recorder.status();
    // What cannot be recorded is not released: then there is nothing to ask here.
    const ready = !full && !spoolFailed && sending.state !== "stopped";
    response.status(ready ? 200 : 503).json({ ready, full, spoolFailed, sending: sending.state });
  });
  app.use((_request, response) =>
    sendProblem(response, {
      ...{
        status: 404,
        code: "not-found",
        detail: "Readings go to POST /read, corrections to POST /corrections.",
      },
    }),
  );
  app.use(answerFailure(options.logger));
  return app;
}

async function listening(server: Server, { host = LOOPBACK, port }: RegisterServiceOptions): Promise<string> {
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
