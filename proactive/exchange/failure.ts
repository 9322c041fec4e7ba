import type { ErrorRequestHandler } from "express";
import { RecorderError, type RecorderLog } from "../../recorder/index.ts";
import { ChainError } from "../../verifier/chain.ts";
import { sendProblem } from "./problem.ts";

const RETRY_AFTER_SECONDS = 5;

/** Answers a request that failed unexpectedly: 503 while a decision cannot be checked or a release cannot be recorded, else 500. Its text goes nowhere. */
export function answerFailure(logger: Pick<RecorderLog, "error">): ErrorRequestHandler {
  return (error, _request, response, next) => {
    const name = error instanceof Error ? error.name : "unknown";
    const isPassing = error instanceof RecorderError || error instanceof ChainError;
    logger.error({ error: name, ...(isPassing && { code: error.code }) }, "a request for data failed");
    if (response.headersSent) return next(error);
    if (!isPassing)
      return sendProblem(response, { status: 500, code: "internal", detail: "The service's log says why." });
    response.set("retry-after", String(RETRY_AFTER_SECONDS));
    sendProblem(response, {
      ...{ status: 503, code: "unavailable" },
      detail:
        "Nothing can be checked or recorded now, so nothing is released. Ask again with the same message id.",
    });
  };
}
