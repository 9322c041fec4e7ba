import express, { type RequestHandler } from "express";
import { fromUtf8 } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { parseStrictJson } from "../../protocol/json.ts";
import { type Problem, sendProblem } from "./problem.ts";

/** Objects of a request nest less. */
const MAX_DEPTH = 16;

/**
 * Reads a request's JSON body into `request.body`: at most so many bytes, not compressed, and only JSON that no two readers understand differently (no
 * member twice). A request without a body passes, with `request.body` undefined. Anything else is answered with a problem.
 */
export function strictBody(limitBytes: number): RequestHandler {
  const raw: RequestHandler = express.raw({ type: () => true, limit: limitBytes, inflate: false });
  return (request, response, next) => {
    raw(request, response, (error: unknown) => {
      if (error !== undefined) return sendProblem(response, bodyProblem(error, limitBytes));
      const body: unknown = request.body;
      if (!Buffer.isBuffer(body) || body.length === 0) {
        request.body = undefined;
        return next();
      }
      // A page of another site cannot send this type without asking first.
      if (request.is("application/json") === false)
        return sendProblem(response, {
          ...{ status: 415, code: "unsupported-media-type", detail: "Send content-type application/json." },
        });
      try {
        request.body = parseStrictJson(fromUtf8(body), { maxDepth: MAX_DEPTH });
      } catch (cause) {
        if (!(cause instanceof FormatError)) return next(cause);
        return sendProblem(response, {
          ...{ status: 400, code: "bad-json", detail: "Send JSON in UTF-8 in which no member stands twice." },
        });
      }
      next();
    });
  };
}

function bodyProblem(error: unknown, limitBytes: number): Problem {
  const status = error instanceof Error && "status" in error ? error.status : undefined;
  if (status === 413)
    return { status, code: "body-too-large", detail: `Send at most ${limitBytes} bytes at once.` };
  if (status === 415)
    return { status, code: "unsupported-media-type", detail: "Send the body as it is, not compressed." };
  return { status: 400, code: "bad-request", detail: "The request broke off. Send it again." };
}
