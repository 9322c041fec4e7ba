import { type Request, type Response, Router } from "express";
import type { Outcome } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import { askingAgency, messageIn } from "../exchange/message.ts";
import { type Problem, sendProblem } from "../exchange/problem.ts";
import { strictBody } from "../exchange/strict-body.ts";
import type { Occasion } from "../rules/rule.ts";
import { noticeHalf } from "./half.ts";
import { LEADS, noticeIn } from "./notice.ts";

export interface NoticeRoutesOptions {
  /** Code of the agency that takes the notices. */
  readonly agency: string;
  readonly recorder: Pick<Recorder, "record">;
  /** Takes an occasion of a procedure that this agency leads, from the agency that noticed it. Resolves when it survives any crash: begun now, or known before. */
  readonly take: (procedure: string, occasion: Occasion, from: string) => Promise<"new" | "known">;
  /** Whether an agency may tell of occasions of a procedure. */
  readonly mayNotify: (agency: string, procedure: string) => boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** One occasion: a fraction of this. */
const MAX_BODY_BYTES = 16 * 1024;

/**
 * `POST /notices`: another agency tells of an occasion; 201 when it is new, 200 when it was known. What is taken and what is refused is recorded first, as
 * this side's half of it. Who tells is what `X-Road-Client` says, as for readings.
 */
export function noticeRoutes(options: NoticeRoutesOptions): Router {
  const router = Router();
  router.post("/notices", strictBody(MAX_BODY_BYTES), async (request, response) => {
    await takeNotice(options, request, response);
  });
  router.all("/notices", (_request, response) =>
    sendProblem(response, {
      ...{ status: 405, code: "method-not-allowed", detail: "This address takes another method." },
    }),
  );
  return router;
}

async function takeNotice(
  { agency, recorder, take, mayNotify, now }: NoticeRoutesOptions,
  request: Request,
  response: Response,
): Promise<void> {
  const found = messageIn((name) => request.header(name));
  if ("fault" in found) return sendProblem(response, badRequest(`Send the header ${found.fault}.`));
  const { client, procedure, messageId } = found.message;
  const from = askingAgency(found.message);
  const notice = noticeIn(request.body);
  if (notice?.procedure !== procedure)
    return sendProblem(response, badRequest("Send the procedure of the message, and an occasion of it."));
  if (LEADS[procedure] !== agency)
    return sendProblem(response, {
      ...{ status: 404, code: "not-the-lead" },
      detail: "This agency does not lead the procedure: tell the one that does.",
    });
  const half = noticeHalf(notice, client);
  if (half?.exchange?.messageId !== messageId)
    return sendProblem(
      response,
      badRequest("Send the message id that names the occasion, with a person's number."),
    );
  const mayTell = mayNotify(from, procedure);
  const outcome: Outcome = mayTell ? { code: "success" } : { code: "refused", detail: "not-agreed" };
  await recorder.record(
    {
      ...{ ...half, exchange: { ...half.exchange, side: "provider" }, outcome },
      time: { occurred: new Date(now()).toISOString() },
    },
    { idempotencyKey: JSON.stringify([client, messageId, outcome.code]) },
  );
  if (!mayTell)
    return sendProblem(response, {
      ...{ status: 403, code: "not-agreed" },
      detail: "This agency takes no notices of this procedure from this agency: agree on them first.",
    });
  const taken = await take(procedure, notice.occasion, from);
  response.status(taken === "new" ? 201 : 200).json({ occasion: taken });
}

function badRequest(detail: string): Problem {
  return { status: 400, code: "bad-request", detail };
}
