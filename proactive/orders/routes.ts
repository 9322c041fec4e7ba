import { type Request, type RequestHandler, Router } from "express";
import { isJsonObject } from "../../protocol/json.ts";
import { askingAgency, messageIn, personIn } from "../exchange/message.ts";
import { type Problem, sendProblem } from "../exchange/problem.ts";
import { strictBody } from "../exchange/strict-body.ts";
import type { OrderResult, StepOrder } from "./order.ts";
import { NotNowError, type Performer } from "./performer.ts";

export interface OrderRoutesOptions extends Pick<Performer, "perform" | "undo"> {
  /** Whether this agency does that step upon the order of that one. */
  readonly mayOrder: (agency: string, procedure: string, step: string) => boolean;
}

/** A person and a step: a fraction of this. */
const MAX_BODY_BYTES = 4 * 1024;
const RETRY_AFTER_SECONDS = 5;

/**
 * `POST /orders` and `POST /orders/undo`: another agency's orders, each named by its message id. The answer is 200 with `{"result": "done"}` or `{"result":
 * "refused", "reason"}`, once it is kept; 503 while nothing can be said: the same order is given again. Who orders is what `X-Road-Client` says, as
 * with readings.
 */
export function orderRoutes({ perform, undo, mayOrder }: OrderRoutesOptions): Router {
  const body = strictBody(MAX_BODY_BYTES);
  const answering =
    (act: Performer["perform"]): RequestHandler =>
    async (request, response) => {
      const found = orderIn(request);
      if ("fault" in found) return sendProblem(response, badRequest(found.fault));
      const { order, from } = found;
      if (!mayOrder(from, order.procedure, order.step))
        return sendProblem(response, {
          ...{ status: 403, code: "may-not-order" },
          detail:
            "Only the agency that leads the procedure orders its steps, each of the agency whose step it is.",
        });
      try {
        response.set("cache-control", "no-store").json(answerOf(await act(order, from)));
      } catch (error) {
        if (!(error instanceof NotNowError)) throw error;
        response.set("retry-after", String(RETRY_AFTER_SECONDS));
        sendProblem(response, { status: 503, code: "not-now", detail: "Give the same order again later." });
      }
    };
  const router = Router();
  router.post("/orders", body, answering(perform));
  router.post("/orders/undo", body, answering(undo));
  return router;
}

function answerOf(result: OrderResult): object {
  return result === "done" ? { result } : { result: "refused", reason: result.refused };
}

function orderIn(
  request: Request,
): { readonly order: StepOrder; readonly from: string } | { readonly fault: string } {
  const found = messageIn((name) => request.header(name));
  if ("fault" in found) return { fault: `Send the header ${found.fault}.` };
  const { messageId, issue, procedure } = found.message;
  if (issue === undefined) return { fault: "Send the header x-road-issue: the case." };
  const body: unknown = request.body;
  const person = isJsonObject(body) ? personIn(body["subject"]) : undefined;
  if (!isJsonObject(body) || person === undefined)
    return { fault: "Say whose case it is, as subject with scheme and id." };
  const { step } = body;
  if (typeof step !== "string") return { fault: "Say which step of the procedure is ordered." };
  return {
    order: { key: messageId, procedure, step, caseId: issue, subject: person.id },
    from: askingAgency(found.message),
  };
}

function badRequest(detail: string): Problem {
  return { status: 400, code: "bad-request", detail };
}
