import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { Outcome, PlainEvent } from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { Decision } from "../../protocol/decision-jws.ts";
import { type ExchangeMessage, messageIn, type PersonNumber } from "./message.ts";
import { type Problem, problemDocument, sendProblem } from "./problem.ts";
import { type CheckPermission, type RefusalReason, REFUSALS } from "./permission.ts";

export interface GateOptions {
  /** Names the service in the records: `<agency>/<service>`. */
  readonly service: string;
  readonly recorder: Pick<Recorder, "record">;
  readonly check: CheckPermission;
  /** Member of the answers' JSON object -> category of the catalogue. A member that is not here never passes. */
  readonly categories: Readonly<Record<string, string>>;
  /** Whose data a request asks for, from wherever this service has it; undefined when it cannot be told. */
  readonly subjectOf: (request: Request) => PersonNumber | undefined;
  /** Which of the members a request asks for; all of them when undefined. */
  readonly askedOf?: (request: Request) => readonly string[] | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A request that the gate let through. */
export interface Admitted {
  /** Categories that may be released. */
  readonly categories: readonly string[];
  /**
   * The answer without what may not be released. Resolves when the release is recorded: only then may it be sent. An answer that is no JSON object
   * holds nothing that could be told apart, so nothing of it is released; of a failure (status not 2xx) only the status and a code are.
   */
  readonly release: (status: number, answer: unknown) => Promise<unknown>;
}

export type Gate = (
  request: Request,
) => Promise<{ readonly admitted: Admitted } | { readonly refusal: Problem }>;

interface Exchanged {
  readonly message: ExchangeMessage;
  readonly subject: PersonNumber;
  readonly personalData: readonly string[];
}

/**
 * What stands before an agency's data service. Nothing passes without the ledger's decision, no more passes than it allows, and both what passes and
 * what is refused is recorded before the answer leaves.
 */
function exchangeGate(options: GateOptions): Gate {
  const { service, recorder, check, categories, now } = options;

  async function recordHalf(
    exchanged: Exchanged,
    outcome: Outcome,
    more: Pick<PlainEvent, "explanation" | "purpose">,
  ): Promise<void> {
    const { message, subject, personalData } = exchanged;
    const { client, messageId, issue, userId, decision } = message;
    const half: Omit<PlainEvent, "time"> = {
      type: "access",
      subject,
      exchange: { messageId, client, service, side: "provider", ...(issue !== undefined && { issue }) },
      ...(userId !== undefined && { agent: { id: userId } }),
      ...(issue !== undefined && { case: issue }),
      ...(decision !== undefined && isStorable(decision) && { decision }),
      data: { action: "R", personalData: [...personalData] },
      outcome,
      ...more,
    };
    // Who asks may ask again with the same message id: it is one exchange. But they chose that id, so anything else under it is recorded by itself: one
    // record must not stand for several releases.
    const idempotencyKey = JSON.stringify(half);
    await recorder.record({ ...half, time: { occurred: new Date(now()).toISOString() } }, { idempotencyKey });
  }

  async function refuse(exchanged: Exchanged, reason: RefusalReason): Promise<{ readonly refusal: Problem }> {
    const { procedure } = exchanged.message;
    await recordHalf(
      exchanged,
      { code: "refused", detail: reason },
      { purpose: { procedure }, explanation: REFUSALS[reason] },
    );
    return { refusal: { status: 403, code: reason, detail: REFUSALS[reason].en } };
  }

  function admit(exchanged: Exchanged, decision: Decision): Admitted {
    const { basis, consent, procedure } = decision;
    const purpose = {
      procedure,
      ...(basis && { legalBasis: basis }),
      ...(consent !== undefined && { consent }),
    };
    return {
      categories: exchanged.personalData,
      release: async (status, answer) => {
        const isSuccess = status >= 200 && status < 300;
        const released = isSuccess ? allowedPart(answer, categories, exchanged.personalData) : {};
        const passed = releasedCategories(released, categories);
        await recordHalf(
          { ...exchanged, personalData: passed.length > 0 ? passed : exchanged.personalData },
          isSuccess ? { code: "success" } : { code: "failure", detail: `HTTP ${status}` },
          { purpose },
        );
        return isSuccess ? released : failure(status, answer);
      },
    };
  }

  return async (request) => {
    const found = messageIn((name) => request.header(name));
    if ("fault" in found) return badRequest(`Send the header ${found.fault}.`);
    const subject = options.subjectOf(request);
    if (subject === undefined) return badRequest("Say whose data are asked for, by scheme and number.");
    const members = options.askedOf?.(request) ?? Object.keys(categories);
    const unknown = members.find((member) => !Object.hasOwn(categories, member));
    if (unknown !== undefined || members.length === 0)
      return badRequest("Ask for members that this service has.");
    const personalData = [...new Set(members.flatMap((member) => categories[member] ?? []))];
    const exchanged = { message: found.message, subject, personalData };
    const permission = await check(exchanged);
    if (!permission.permits) return await refuse(exchanged, permission.reason);
    return { admitted: admit(exchanged, permission.decision) };
  };
}

/** The members that may be released, in the answer's order. */
function allowedPart(
  answer: unknown,
  categories: Readonly<Record<string, string>>,
  allowed: readonly string[],
): Record<string, unknown> {
  if (!isJsonObject(answer)) return {};
  return Object.fromEntries(
    Object.entries(answer).filter(([member]) => {
      const category = Object.hasOwn(categories, member) ? categories[member] : undefined;
      return category !== undefined && allowed.includes(category);
    }),
  );
}

/** A failure's answer may hold anything. */
function failure(status: number, answer: unknown): Record<string, unknown> {
  const code = isJsonObject(answer) ? answer["code"] : undefined;
  const isCode = typeof code === "string" && /^[a-z][a-z0-9-]{0,63}$/.test(code);
  return problemDocument({ status, code: isCode ? code : "failed" });
}

function releasedCategories(
  released: Record<string, unknown>,
  categories: Readonly<Record<string, string>>,
): string[] {
  return [...new Set(Object.keys(released).flatMap((member) => categories[member] ?? []))];
}

/** The facet takes any compact JWS; what is none stands in no record. */
function isStorable(decision: string): boolean {
  return /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(decision);
}

function badRequest(detail: string): { readonly refusal: Problem } {
  return { refusal: { status: 400, code: "bad-request", detail } };
}

/**
 * The gate as an Express middleware: the way for an agency's existing service. The handler behind it answers as it always did, with
 * `response.json`; what may not be released is taken out, and nothing leaves before it is recorded.
 */
export function onceOnly(options: GateOptions): RequestHandler {
  const gate = exchangeGate(options);
  return (request: Request, response: Response, next: NextFunction) => {
    gate(request)
      .then((result) => {
        if ("refusal" in result) sendProblem(response, result.refusal);
        else {
          // Express would answer 304 and send nothing, where a release was recorded.
          delete request.headers["if-none-match"];
          delete request.headers["if-modified-since"];
          releaseThrough(response, result.admitted, next);
          next();
        }
      })
      .catch(next);
  };
}

/** The ways to answer that end in the connection; Express's others end in these. */
const WAYS_OUT = ["json", "send", "write", "end"] as const;

/**
 * Whatever the handler sends goes through the gate, by `json`. Any other way to answer is closed: what is sent by it is dropped, and the exchange has
 * failed, with the status that the handler (or whoever answers for its error) chose.
 */
function releaseThrough(response: Response, { release }: Admitted, next: NextFunction): void {
  const own = Object.fromEntries(WAYS_OUT.map((name) => [name, response[name].bind(response)]));
  const json = response.json.bind(response);
  let isAnswered = false;

  function answer(status: number, content: unknown): void {
    if (isAnswered) return;
    isAnswered = true;
    release(status, content).then(
      (released) => {
        Object.assign(response, own);
        if (status >= 400) response.type("application/problem+json");
        response.status(status);
        json(released);
      },
      (error: unknown) => {
        Object.assign(response, own);
        next(error);
      },
    );
  }

  function fail(): void {
    answer(response.statusCode >= 400 ? response.statusCode : 500, undefined);
  }

  const closed = {
    json: (content: unknown) => {
      answer(response.statusCode, content);
      return response;
    },
    write: () => {
      fail();
      return true;
    },
    end: () => {
      fail();
      return response;
    },
  };
  Object.assign(response, { ...closed, send: closed.end });
  // Who asked may have gone before there was an answer. They record that they asked, and so does this side.
  response.on("close", () => {
    if (isAnswered) return;
    isAnswered = true;
    release(500, undefined).catch(next);
  });
}
