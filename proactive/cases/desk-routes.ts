import { createHash, timingSafeEqual } from "node:crypto";
import { type Request, type RequestHandler, Router } from "express";
import { type Problem, sendProblem } from "../exchange/problem.ts";
import { strictBody } from "../exchange/strict-body.ts";
import type { Case } from "./case.ts";
import { decisionIn } from "./decision-form.ts";
import type { Engine } from "./engine.ts";

export interface DeskRoutesOptions {
  readonly engine: Pick<Engine, "get" | "list" | "decide">;
  /** What the agency's own officers are let in with, as a bearer token: random, of 24 characters or more. */
  readonly token: string;
  /** An officer decided: the case may go on. */
  readonly onDecision?: () => void;
}

/** A decision with a value and a reason: a fraction of this. */
const MAX_BODY_BYTES = 16 * 1024;
/** 144 bits, base64url. */
const MIN_TOKEN_LENGTH = 24;
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100;
const CASE_ID = /^[A-Z_]{1,32}-[A-Za-z0-9_-]{1,32}$/;

/**
 * The desk of the agency's own officers: `GET /cases?limit=&before=&at=officer` (the latest noticed first; without what was read of people), `GET
 * /cases/{id}`, and `POST /cases/{id}/decision` with who decides and what (decision-form.ts). The token says that an officer of the agency asks, and the
 * agency that it is the one who is named: it gives the token to its own desk alone, where they sign on.
 * @throws RangeError for a token that could be guessed
 */
export function deskRoutes({ engine, token, onDecision }: DeskRoutesOptions): Router {
  if (token.length < MIN_TOKEN_LENGTH)
    throw new RangeError(`the officers' token needs ${MIN_TOKEN_LENGTH} random characters or more`);
  const router = Router();
  const letIn = officersOnly(token);
  const body = strictBody(MAX_BODY_BYTES);

  router.get("/cases", letIn, async (request, response) => {
    const page = pageIn(new URL(request.originalUrl, "http://desk").searchParams);
    if (page === undefined) {
      const detail = `Send limit=1..${MAX_LIMIT}, before=<id of the last case you have>, at=officer, each at most once.`;
      return sendProblem(response, badRequest(detail));
    }
    const cases = await engine.list(page);
    const next = cases.length === page.limit ? cases.at(-1)?.id : undefined;
    response.json({ cases: cases.map(summary), ...(next !== undefined && { next }) });
  });

  router.get("/cases/:id", letIn, async (request, response) => {
    const id = caseIdIn(request);
    const found = id === undefined ? undefined : await engine.get(id);
    if (found === undefined) return sendProblem(response, NO_SUCH_CASE);
    response.json(found);
  });

  router.post("/cases/:id/decision", letIn, body, async (request, response) => {
    const id = caseIdIn(request);
    if (id === undefined) return sendProblem(response, NO_SUCH_CASE);
    const given = decisionIn(request.body);
    if (given === undefined)
      return sendProblem(
        response,
        badRequest(
          'Send official, and decide: "retry", "close" with a reason that holds nobody\'s number, or "correct" with category and value.',
        ),
      );
    const decided = await engine.decide(id, given.decision, given.official);
    if (typeof decided !== "string") {
      response.json(summary(decided));
      onDecision?.();
      return;
    }
    sendProblem(response, decided === "no-such-case" ? NO_SUCH_CASE : CONFLICTS[decided]);
  });
  return router;
}

const NO_SUCH_CASE: Problem = {
  ...{ status: 404, code: "no-such-case", detail: "This agency has no case of this id." },
};
const CONFLICTS = {
  "not-with-an-officer": {
    ...{ status: 409, code: "not-with-an-officer" },
    detail: "The case goes on by itself, or is over: read it again.",
  },
  "nothing-to-correct": {
    ...{ status: 409, code: "nothing-to-correct" },
    detail: "No register that was read for this case holds another value of this category.",
  },
} as const satisfies Record<string, Problem>;

/** Compared by hashes of equal length, so that the time tells nothing of the token. */
function officersOnly(token: string): RequestHandler {
  const expected = sha256(`Bearer ${token}`);
  return (request, response, next) => {
    response.set("cache-control", "no-store");
    if (timingSafeEqual(sha256(request.header("authorization") ?? ""), expected)) return next();
    response.set("www-authenticate", "Bearer");
    sendProblem(response, {
      ...{ status: 401, code: "officers-only", detail: "Send the bearer token of the agency's officers." },
    });
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function pageIn(query: URLSearchParams): Parameters<Engine["list"]>[0] | undefined {
  const names = [...query.keys()];
  const isKnown = names.every((name) => ["limit", "before", "at"].includes(name));
  if (!isKnown || new Set(names).size < names.length) return undefined;
  const [limitText, before, at] = [query.get("limit"), query.get("before"), query.get("at")];
  const limit = limitText === null ? DEFAULT_LIMIT : /^\d{1,3}$/.test(limitText) ? Number(limitText) : 0;
  const isPage = limit >= 1 && limit <= MAX_LIMIT && (before === null || CASE_ID.test(before));
  if (!isPage || (at !== null && at !== "officer")) return undefined;
  return { limit, ...(before !== null && { before }), ...(at !== null && { atOfficer: true }) };
}

function caseIdIn(request: Request): string | undefined {
  const id = request.params["id"];
  return typeof id === "string" && CASE_ID.test(id) ? id : undefined;
}

/** A case without what was read of anybody. */
function summary({ id, procedure, stage, steps, corrections, decisions, noticedAt, disputed }: Case): object {
  return {
    ...{ id, procedure, stage, noticedAt, decisions },
    steps: steps.map(({ name, state, reason }) => ({ name, state, ...(reason !== undefined && { reason }) })),
    corrections: corrections.map(({ register, category, state }) => ({ register, category, state })),
    ...(disputed && { disputed: disputed.category }),
  };
}

function badRequest(detail: string): Problem {
  return { status: 400, code: "bad-request", detail };
}
