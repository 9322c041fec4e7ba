import express, { type Express, type Router } from "express";
import type { Recorder, RecorderLog } from "../../recorder/index.ts";
import { answerFailure } from "../exchange/failure.ts";
import { sendProblem } from "../exchange/problem.ts";

export interface ApplicationOptions {
  /** What this agency answers to, each for its own addresses. */
  readonly routers: readonly Router[];
  readonly recorder: Pick<Recorder, "status">;
  readonly logger: Pick<RecorderLog, "error">;
}

/** An agency's HTTP application: its routes, and the probes `/live` and `/ready`. */
export function agencyApplication({ routers, recorder, logger }: ApplicationOptions): Express {
  const app = express();
  app.disable("x-powered-by").disable("etag").set("query parser", "simple");
  app.use((_request, response, next) => {
    response.set("cache-control", "no-store");
    next();
  });
  for (const router of routers) app.use(router);
  app.get("/live", (_request, response) => void response.json({ live: true }));
  app.get("/ready", (_request, response) => {
    const { full, spoolFailed, sending } = recorder.status();
    // What cannot be recorded is not released: then there is nothing to ask here.
    const ready = !full && !spoolFailed && sending.state !== "stopped";
    response.status(ready ? 200 : 503).json({ ready, full, spoolFailed, sending: sending.state });
  });
  app.use((_request, response) =>
    sendProblem(response, { status: 404, code: "not-found", detail: "This agency has no such address." }),
  );
  app.use(answerFailure(logger));
  return app;
}
