import { isJsonObject } from "../../protocol/json.ts";
import { jsonAnswer } from "./bounded-answer.ts";
import type { PersonNumber } from "./message.ts";

/** What an agency asks: may it read these categories of this person for this procedure? */
export interface ReadingQuestion {
  readonly procedure: string;
  readonly subject: PersonNumber;
  readonly personalData: readonly string[];
  /** The provider's agency code. */
  readonly provider: string;
  /** A machine asks of its own accord, nobody applied: denied with the reason `objected` while the person objects to that. */
  readonly automated?: true;
  /** Why it cannot wait for a permission. */
  readonly emergency?: { readonly reason: string };
}

/** The ledger's answer to "may we read this now?". */
export type GivenDecision = {
  /** The signed decision. */
  readonly jws: string;
  readonly reason: string;
} & (
  | {
      readonly permits: true;
      readonly basis?: { readonly law: string; readonly article?: string };
      readonly consent?: string;
      readonly obligations: readonly string[];
    }
  | { readonly permits: false; readonly explanation?: { readonly vi: string; readonly en: string } }
);

export type AskDecision = (question: ReadingQuestion) => Promise<GivenDecision>;

/** The ledger did not decide. Nothing may be read; ask again later. */
export class UndecidedError extends Error {
  override readonly name = "UndecidedError";
}

export interface DecisionPointOptions {
  /** Base URL of the ledger. */
  readonly url: string;
  /** Code of the agency that asks, the one its tokens are issued to. */
  readonly agency: string;
  /** A bearer token that is good now. */
  readonly token: () => Promise<string>;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024;

/** Asks the ledger's decision point (OpenID AuthZEN Authorization API 1.0, `POST /access/v1/evaluation`). @throws UndecidedError */
export function decisionPoint({ url, agency, token }: DecisionPointOptions): AskDecision {
  return async ({ procedure, subject, personalData, provider, automated, emergency }) => {
    const question = {
      subject: { type: "agency", id: agency },
      action: { name: "read" },
      resource: { type: "person", id: `${subject.scheme}:${subject.id}`, properties: { personalData } },
      context: { procedure, provider, ...(automated && { automated }), ...(emergency && { emergency }) },
    };
    const { status, answer } = await answerTo(new URL("/access/v1/evaluation", url), await token(), question);
    if (status !== 200) {
      const code = isJsonObject(answer) && typeof answer["code"] === "string" ? answer["code"] : status;
      throw new UndecidedError(`the ledger did not decide (${code})`);
    }
    return givenDecision(answer);
  };
}

async function answerTo(
  url: URL,
  token: string,
  question: object,
): Promise<{ readonly status: number; readonly answer: unknown }> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(question),
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, answer: await jsonAnswer(response, MAX_ANSWER_BYTES) };
  } catch (cause) {
    throw new UndecidedError("the ledger cannot be reached; nothing may be read until it decides", { cause });
  }
}

function givenDecision(answer: unknown): GivenDecision {
  const context = isJsonObject(answer) ? answer["context"] : undefined;
  if (!isJsonObject(answer) || !isJsonObject(context)) throw new UndecidedError("the answer is no decision");
  const { jws, reason, basis, consent, obligations, reason_user: explanation } = context;
  if (typeof jws !== "string" || typeof reason !== "string")
    throw new UndecidedError("the answer holds no signed decision");
  if (answer["decision"] !== true)
    return { jws, reason, permits: false, ...(isBilingual(explanation) && { explanation }) };
  return {
    ...{ jws, reason, permits: true },
    ...(isBasis(basis) && { basis: plainBasis(basis) }),
    ...(typeof consent === "string" && { consent }),
    obligations: Array.isArray(obligations) ? obligations.filter((each) => typeof each === "string") : [],
  };
}

function plainBasis({ law, article }: { law: string; article?: string }): { law: string; article?: string } {
  return article === undefined ? { law } : { law, article };
}

function isBilingual(value: unknown): value is { vi: string; en: string } {
  return isJsonObject(value) && typeof value["vi"] === "string" && typeof value["en"] === "string";
}

function isBasis(value: unknown): value is { law: string; article?: string } {
  return (
    isJsonObject(value) &&
    typeof value["law"] === "string" &&
    (value["article"] === undefined || typeof value["article"] === "string")
  );
}
