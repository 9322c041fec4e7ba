import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import type { PersonNumber } from "./message.ts";

/** What an agency asks: may it read these categories of this person for this procedure? */
export interface ReadingQuestion {
  readonly procedure: string;
  readonly subject: PersonNumber;
  readonly personalData: readonly string[];
  /** The provider's agency code. */
  readonly provider: string;
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
const MAX_DEPTH = 8;

/** Asks the ledger's decision point (OpenID AuthZEN Authorization API 1.0, `POST /access/v1/evaluation`). @throws UndecidedError */
export function decisionPoint({ url, agency, token }: DecisionPointOptions): AskDecision {
  return async ({ procedure, subject, personalData, provider, emergency }) => {
    const question = {
      subject: { type: "agency", id: agency },
      action: { name: "read" },
      resource: { type: "person", id: `${subject.scheme}:${subject.id}`, properties: { personalData } },
      context: { procedure, provider, ...(emergency && { emergency }) },
    };
    const response = await fetch(new URL("/access/v1/evaluation", url), {
      method: "POST",
      headers: { authorization: `Bearer ${await token()}`, "content-type": "application/json" },
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new UndecidedError("the ledger cannot be reached; nothing may be read until it decides", {
        cause,
      });
    });
    const answer = parseStrictJson(await response.text(), { maxDepth: MAX_DEPTH });
    if (!response.ok) {
      const code =
        isJsonObject(answer) && typeof answer["code"] === "string" ? answer["code"] : response.status;
      throw new UndecidedError(`the ledger did not decide (${code})`);
    }
    return givenDecision(answer);
  };
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
