import { isJsonObject } from "../../protocol/json.ts";
import { jsonAnswer } from "../exchange/bounded-answer.ts";
import { headersOf, type PersonNumber } from "../exchange/message.ts";
import { type RegisterCode, REGISTERS } from "../registers/configurations.ts";
import { stepPlan } from "../rules/steps.ts";
import type { OrderResult, Orders, StepOrder } from "./order.ts";

export interface OrderClientOptions {
  /** Base URL of each agency's services, by its code. */
  readonly urls: Readonly<Record<string, string>>;
  /** Who orders: `<agency>/<system>`. */
  readonly client: string;
  /** The person as the ledger names them; undefined for a number of no known scheme. */
  readonly personOf: (subject: string) => PersonNumber | undefined;
  readonly timeoutMs?: number;
}

/** Longer than an agency takes that reads from another one for it. */
const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 16 * 1024;
/** The agency has heard the order and will never take it as it is: an officer has to look. */
const FINAL_STATUSES = [400, 403, 404, 413, 415];

/** Gives orders to the agencies over HTTP. */
export function orderClient({
  urls,
  client,
  personOf,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: OrderClientOptions): Orders {
  async function post(path: string, order: StepOrder): Promise<OrderResult> {
    const { key, procedure, step, caseId, subject } = order;
    const plan = stepPlan(procedure, step);
    const person = personOf(subject);
    if (plan === undefined) return { refused: "unknown-step" };
    if (person === undefined) return { refused: "unknown-person" };
    const response = await fetch(addressOf(urls, plan.register) + path, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...headersOf({ client, messageId: key, issue: caseId, procedure }),
      },
      body: JSON.stringify({ subject: { scheme: person.scheme, id: person.id }, step }),
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return resultIn(response.status, await jsonAnswer(response, MAX_ANSWER_BYTES));
  }

  return {
    perform: async (order) => await post("/orders", order),
    undo: async (order) => await post("/orders/undo", order),
  };
}

function addressOf(urls: Readonly<Record<string, string>>, register: RegisterCode): string {
  const url = urls[REGISTERS[register].agency];
  if (url === undefined) throw new RangeError(`no address is known of ${REGISTERS[register].agency}`);
  return url;
}

function resultIn(status: number, answer: unknown): OrderResult {
  const { result, reason, code }: { result?: unknown; reason?: unknown; code?: unknown } = isJsonObject(
    answer,
  )
    ? answer
    : {};
  if (status === 200 && result === "done") return "done";
  if (status === 200 && result === "refused") return { refused: codeOf(reason) };
  // An address that answers 404 without a code is no agency's service: nothing was heard there.
  if (FINAL_STATUSES.includes(status) && typeof code === "string") return { refused: codeOf(code) };
  throw new Error(`the agency answered ${status}: the order is given again later`);
}

function codeOf(value: unknown): string {
  return typeof value === "string" && /^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(value) ? value : "refused";
}
