import { createServer, type Server } from "node:http";
import express, { type Express, type RequestHandler } from "express";
import { isJsonObject } from "../../protocol/json.ts";
import type { Recorder, RecorderLog } from "../../recorder/index.ts";
import { answerFailure } from "../exchange/failure.ts";
import { onceOnly } from "../exchange/gate.ts";
import { askingAgency, messageIn, personIn } from "../exchange/message.ts";
import type { CheckPermission } from "../exchange/permission.ts";
import { type Problem, sendProblem } from "../exchange/problem.ts";
import { strictBody } from "../exchange/strict-body.ts";
import { correctionIn } from "./correction.ts";
import type { Register } from "./register.ts";

export interface RegisterServiceOptions {
  readonly register: Register;
  /** The agency's own; the caller closes it after the service. */
  readonly recorder: Pick<Recorder, "record" | "status">;
  readonly check: CheckPermission;
  /** Codes of the agencies whose corrections are taken; nobody's by default. */
  readonly correctors?: readonly string[];
  readonly logger: Pick<RecorderLog, "error">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Address to listen on; loopback by default. */
  readonly host?: string;
  /** 0 for any free port. */
  readonly port: number;
}

export interface RegisterService {
  /** Where it listens, such as `http://127.0.0.1:8101`. */
  readonly url: string;
  /** Stops listening, and resolves when what was under way is answered. */
  readonly close: () => Promise<void>;
}

const LOOPBACK = "127.0.0.1";
/** A person, and categories or one value: a fraction of this. */
const MAX_BODY_BYTES = 16 * 1024;
/** Who sends slower than this holds a connection for nothing. */
const REQUEST_TIMEOUT_MS = 10_000;
/** More than all agencies of a province have open at once. */
const MAX_CONNECTIONS = 1_024;
const CLOSING_POLL_MS = 20;

/**
 * Serves a register to other agencies: `POST /read` behind the once-only gate, `POST /corrections`, and the probes `/live` and `/ready`. Who asks is
 * what `X-Road-Client` says, so it listens on loopback, where the agency's security server (or whatever authenticates there) passes requests on.
 */
export async function startRegisterService(options: RegisterServiceOptions): Promise<RegisterService> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    routes(options),
  );
  server.maxConnections = MAX_CONNECTIONS;
  const url = await listening(server, options);
  return { url, close: () => closed(server) };
}

function routes(options: RegisterServiceOptions): Express {
  const { register, recorder, check, now } = options;
  const { agency, code, holds } = register.configuration;
  const body = strictBody(MAX_BODY_BYTES);
  const gate = onceOnly({
    ...{ service: `${agency}/${code}`, recorder, check, now },
    categories: Object.fromEntries(holds.map((category) => [category, category])),
    subjectOf: ({ body: asked }) => (isJsonObject(asked) ? personIn(asked["subject"]) : undefined),
    askedOf: ({ body: asked }) => textsIn(isJsonObject(asked) ? asked["personalData"] : undefined),
  });
  const app = express();
  app.disable("x-powered-by").disable("etag").set("query parser", false);
  app.use((_request, response, next) => {
    response.set("cache-control", "no-store");
    next();
  });
  app.post("/read", body, gate, answerReading(register));
  app.post("/corrections", body, takeCorrection(options));
  app.get("/live", (_request, response) => void response.json({ live: true }));
  app.get("/ready", (_request, response) => {
    const { full, spoolFailed, sending } = recorder.status();
    // What cannot be recorded is not released: then there is nothing to ask here.
    const ready = !full && !spoolFailed && sending.state !== "stopped";
    response.status(ready ? 200 : 503).json({ ready, full, spoolFailed, sending: sending.state });
  });
  app.all(["/read", "/corrections", "/live", "/ready"], (_request, response) =>
    sendProblem(response, {
      ...{ status: 405, code: "method-not-allowed", detail: "This address takes another method." },
    }),
  );
  app.use((_request, response) =>
    sendProblem(response, {
      ...{
        status: 404,
        code: "not-found",
        detail: "Readings go to POST /read, corrections to POST /corrections.",
      },
    }),
  );
  app.use(answerFailure(options.logger));
  return app;
}

/** Behind the gate: the categories are those that the register holds and the decision allows. */
function answerReading(register: Register): RequestHandler {
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
function takeCorrection({
  register,
  recorder,
  correctors = [],
  now,
}: RegisterServiceOptions): RequestHandler {
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
    register.correct(subject.id, category, value);
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

async function listening(server: Server, { host = LOOPBACK, port }: RegisterServiceOptions): Promise<string> {
  return await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      if (typeof address !== "object" || address === null) return;
      const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
      resolve(`http://${name}:${address.port}`);
    });
  });
}

async function closed(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    // A connection whose answer is under way becomes idle after it, and would be kept for seconds.
    const closeIdle = setInterval(() => server.closeIdleConnections(), CLOSING_POLL_MS);
    server.close(() => {
      clearInterval(closeIdle);
      resolve();
    });
    server.closeIdleConnections();
  });
}
