import { FormatError } from "../../protocol/errors.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { LedgerError, problemOf } from "../errors.ts";
import type { Caller } from "../identity/caller.ts";
import type { Route } from "../route.ts";
import type { Decisions, SignedDecision } from "./decisions.ts";
import { type Batch, bodyObject, parseBatch, parseQuestion, type Semantic } from "./question.ts";
import { REASON_TEXTS } from "./reason-texts.ts";

/** One question is under 8 KiB; a hundred are a batch. */
const MAX_EVALUATION_BYTES = 16 * 1024;
const MAX_EVALUATIONS_BYTES = 512 * 1024;

const EVALUATION_PATH = "/access/v1/evaluation";
const EVALUATIONS_PATH = "/access/v1/evaluations";
const METADATA_PATH = "/.well-known/authzen-configuration";

/** One answer (section 6.2). */
interface EvaluationAnswer {
  readonly decision: boolean;
  readonly context: Readonly<Record<string, unknown>>;
}

export interface DecisionRoutesOptions {
  readonly decisions: Decisions;
  /** How this ledger is reached, without a slash at the end. */
  readonly baseUrl: () => string;
}

/**
 * The decision point for agencies, in the shape of the OpenID AuthZEN Authorization API 1.0: a refusal is an answer like any other, with status
 * 200. An agency asks for itself alone: who may read what is nobody else's business.
 */
export function decisionRoutes({ decisions, baseUrl }: DecisionRoutesOptions): Route[] {
  async function answer(value: unknown, caller: Caller): Promise<EvaluationAnswer> {
    if (!isJsonObject(value)) throw new LedgerError("bad-question", "Each evaluation is a JSON object.");
    const question = parseQuestion(value);
    if (caller.role !== "agency" || caller.agency !== question.agency) {
      throw new LedgerError(
        "forbidden",
        "An agency asks for itself: the subject must be the agency that the token was issued to.",
      );
    }
    return answerOf(await decisions.decide(question));
  }

  async function answers({ items, semantic }: Batch, caller: Caller): Promise<EvaluationAnswer[]> {
    const given: EvaluationAnswer[] = [];
    for (const item of items) {
      const next = await answer(item, caller).catch(answerOfError);
      given.push(next);
      if (isLast(next, semantic)) break;
    }
    return given;
  }

  return [
    {
      name: "postEvaluation",
      method: "post",
      path: EVALUATION_PATH,
      maxBodyBytes: MAX_EVALUATION_BYTES,
      bodyType: "application/json",
      handle: async ({ body }, caller) => ({ json: await answer(bodyObject(body), caller) }),
    },
    {
      name: "postEvaluations",
      method: "post",
      path: EVALUATIONS_PATH,
      maxBodyBytes: MAX_EVALUATIONS_BYTES,
      bodyType: "application/json",
      handle: async ({ body }, caller) => {
        const value = bodyObject(body);
        const batch = parseBatch(value);
        if (batch === undefined) return { json: await answer(value, caller) };
        return { json: { evaluations: await answers(batch, caller) } };
      },
    },
    {
      name: "getAuthzenConfiguration",
      method: "get",
      path: METADATA_PATH,
      handle: () => ({
        json: {
          policy_decision_point: baseUrl(),
          access_evaluation_endpoint: baseUrl() + EVALUATION_PATH,
          access_evaluations_endpoint: baseUrl() + EVALUATIONS_PATH,
        },
      }),
    },
  ];
}

function answerOf({ decision, jws }: SignedDecision): EvaluationAnswer {
  const {
    decision: permits,
    reason,
    basis,
    consent,
    obligations,
    catalogue,
    size,
    exp,
    automated,
    emergency,
  } = decision;
  return {
    decision: permits,
    context: {
      ...{ id: decision.jti, reason, reason_user: REASON_TEXTS[reason] },
      ...(basis && { basis }),
      ...(consent !== undefined && { consent }),
      ...(automated && { automated }),
      ...(emergency && { emergency: true, overrides: emergency.overrides }),
      ...{ obligations, catalogue, size, expires: exp },
      jws,
    },
  };
}

/** A question of a batch that cannot be asked is denied (section 7.2.1); what the ledger itself cannot do now fails the whole request. */
function answerOfError(error: unknown): EvaluationAnswer {
  const { status, code, detail } = problemOf(error);
  const isOfQuestion = error instanceof FormatError || (error instanceof LedgerError && status < 500);
  if (!isOfQuestion) throw error;
  return { decision: false, context: { error: { status, code, message: detail } } };
}

function isLast({ decision }: EvaluationAnswer, semantic: Semantic): boolean {
  return semantic === (decision ? "permit_on_first_permit" : "deny_on_first_deny");
}
