import { type RequestHandler, Router } from "express";
import { isJsonObject } from "../../protocol/json.ts";
import type { Recorder } from "../../recorder/index.ts";
import { onceOnly } from "../exchange/gate.ts";
import { askingAgency, messageIn, personIn } from "../exchange/message.ts";
import type { CheckPermission } from "../exchange/permission.ts";
import { type Problem, sendProblem } from "../exchange/problem.ts";
import { strictBody } from "../exchange/strict-body.ts";
import { correctionIn } from "./correction.ts";
import type { Register } from "./register.ts";

export interface RegisterRoutesOptions {
  readonly register: Pick<Register, "configuration" | "read" | "correct">;
  /** The agency's own; the caller closes it after the service. */
  readonly recorder: Pick<Recorder, "record">;
  readonly check: CheckPermission;
  /** Codes of the agencies whose corrections are taken; nobody's by default. */
  readonly correctors?: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A person, and categories or one value: a fraction of this. */
const MAX_BODY_BYTES = 16 * 1024;

/**
 * A register as other agencies use it: `POST /read` behind the once-only gate, and `POST /corrections`. Who asks is what `X-Road-Client` says, so this is
 * mounted where only the agency's security server (or whatever authenticates there) passes requests on. Failures go to the application's error handler.
 */
export function registerRoutes(options: RegisterRoutesOptions): Router {
  const { register, recorder, check, now } = options;
  const { agency, code, holds } = register.configuration;
  const body = strictBody(MAX_BODY_BYTES);
  const gate = onceOnly({
    ...{ service: `${agency}/${code}`, recorder, check, now },
    categories: Object.fromEntries(holds.map((category) => [category, category])),
    subjectOf: ({ body: asked }) => (isJsonObject(asked) ? personIn(asked["subject"]) : undefined),
    askedOf: ({ body: asked }) => textsIn(isJsonObject(asked) ? asked["personalData"] : undefined),
  });
  const router = Router();
  router.post("/read", body, gate, answerReading(register));
  router.post("/corrections", body, takeCorrection(options));
  router.all(["/read", "/corrections"], (_request, response) =>
    sendProblem(response, {
      ...{ status: 405, code: "method-not-allowed", detail: "This address takes another method." },
    }),
  );
  return router;
}

/** Behind the gate: the categories are those that the register holds and the decision allows. */
function answerReading(register: Pick<Register, "configuration" | "read">): RequestHandler {
  return (request, response) => {
    const { subject, personalData }: { subject?: unknown; personalData?: unknown } = isJsonObject(
      request.body,
    )
      ? request.body
      : {};
    const person = personIn(subject);
    const asked = textsIn(personalData);
    const categories = register.configuration.holds.filter((category) => asked.includes(category));
    // No number of one scheme is one of another's, so the number alone finds the person.
    const facts = person && register.read(person.id, categories);
    if (facts === undefined) response.status(404).json({ code: "unknown-person" });
    else response.json(facts);
  };
}

/** Nothing that could be asked for where it is no list of texts: the gate refuses that. */
function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string") ? value : [];
}

/** What another agency learnt to be wrong is put right: recorded as this agency's own act, then changed. */
function takeCorrection({ register, recorder, correctors = [], now }: RegisterRoutesOptions): RequestHandler {
  return async (request, response) => {
    const found = messageIn((name) => request.header(name));
    if ("fault" in found) return sendProblem(response, badRequest(`Send the header ${found.fault}.`));
    const { message } = found;
    const { issue } = message;
    if (issue === undefined)
      return sendProblem(response, badRequest("Send the header x-road-issue: the case."));
    if (!correctors.includes(askingAgency(message)))
      return sendProblem(response, {
        ...{ status: 403, code: "no-corrector" },
        detail: "This register takes no corrections from this agency: ask who keeps it to agree on them.",
      });
    const correction = correctionIn(request.body, register.configuration.holds);
    if (correction === undefined)
      return sendProblem(
        response,
        badRequest("Send subject, category and value, the category being one that this register holds."),
      );
    const { subject, category, value } = correction;
    if (register.read(subject.id, []) === undefined)
      return sendProblem(response, { status: 404, code: "unknown-person" });
    await recorder.record(
      {
        type: "action",
        subject,
        purpose: { procedure: message.procedure },
        case: issue,
        ...(message.userId !== undefined && { agent: { id: message.userId } }),
        data: { action: "U", personalData: [category] },
        explanation: explanationOf(askingAgency(message)),
        outcome: { code: "success" },
        time: { occurred: new Date(now()).toISOString() },
      },
      // The same notice may come again; another value under its id is another correction.
      { idempotencyKey: JSON.stringify(["correction", message.client, message.messageId, correction]) },
    );
    await register.correct(subject.id, category, value);
    response.status(204).end();
  };
}

function explanationOf(agency: string): { readonly vi: string; readonly en: string } {
  return {
    vi: `Dữ liệu được sửa theo thông báo của ${agency}.`,
    en: `The entry was corrected upon notice by ${agency}.`,
  };
}

function badRequest(detail: string): Problem {
  return { status: 400, code: "bad-request", detail };
}
