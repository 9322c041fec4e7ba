import { fromUtf8 } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { readBody } from "../../verifier/http-body.ts";

/** Why an inspection does not go on. */
export type InspectionCode =
  /** The ledger cannot be reached, or is not ready; ask again later. */
  | "unreachable"
  /** The ledger refused; `reason` is its own code. */
  | "refused"
  /** The ledger's answer is not what its interface says. */
  | "malformed"
  /** What the ledger answered does not agree with the chain, or with itself: nothing may be concluded from it. */
  | "not-proven";

export class InspectionError extends Error {
  override readonly name = "InspectionError";
  readonly code: InspectionCode;
  /** The ledger's own code of a refusal. */
  readonly reason: string | undefined;

  constructor(
    code: InspectionCode,
    message: string,
    { reason, cause }: { reason?: string; cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.reason = reason;
  }
}

export interface LedgerCallsOptions {
  /** Base URL of the ledger. */
  readonly url: string;
  /** A bearer token of an inspector that is good now. */
  readonly token: () => Promise<string>;
  readonly client?: typeof fetch;
}

/** Asks the ledger; a body makes it a POST. Resolves with the text of an answer of status 200 or 201. @throws InspectionError */
export type LedgerCalls = (path: string, body?: object) => Promise<string>;

const TIMEOUT_MS = 30_000;
/** Evidence of a sample and ten thousand places. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
const MAX_DEPTH = 32;
/** Where the ledger says no for now. */
const LATER = new Set(["not-yet-anchored", "starting", "overloaded", "rate-limited", "look-not-recorded"]);

export function ledgerCalls({ url, token, client = fetch }: LedgerCallsOptions): LedgerCalls {
  return async (path, body) => {
    const { status, text } = await answered(path, body);
    if (status === 200 || status === 201) return text;
    const problem = jsonObject(text);
    const reason = typeof problem?.["code"] === "string" ? problem["code"] : `status ${status}`;
    const detail = typeof problem?.["detail"] === "string" ? problem["detail"] : "";
    const code = status >= 500 || LATER.has(reason) ? "unreachable" : "refused";
    throw new InspectionError(code, `the ledger says ${reason}: ${detail}`, { reason });
  };

  async function answered(
    path: string,
    body: object | undefined,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const authorization = `Bearer ${await token()}`;
    try {
      const response = await client(new URL(path, url), {
        ...(body === undefined
          ? { headers: { authorization } }
          : {
              method: "POST",
              headers: { authorization, "content-type": "application/json" },
              body: JSON.stringify(body),
            }),
        ...{ redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) },
      });
      const bytes = await readBody(response, MAX_ANSWER_BYTES);
      if (bytes === undefined) throw new InspectionError("malformed", "the ledger's answer is too long");
      return { status: response.status, text: fromUtf8(bytes) };
    } catch (cause) {
      if (cause instanceof InspectionError) throw cause;
      throw new InspectionError("unreachable", "the ledger cannot be reached; try again", { cause });
    }
  }
}

/** The members of an answer. @throws InspectionError `malformed` */
export function membersOf(text: string): Readonly<Record<string, unknown>> {
  const members = jsonObject(text);
  if (members === undefined) throw new InspectionError("malformed", "the ledger's answer is no JSON object");
  return members;
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseStrictJson(text, { maxDepth: MAX_DEPTH });
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
