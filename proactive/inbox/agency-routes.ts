import type { Response } from "express";
import { InboxRefusal } from "./errors.ts";
import type { Inboxes } from "./inboxes.ts";
import { bell } from "./listeners.ts";
import type { ReceivedAnswer } from "./message.ts";
import { caseProgressIn, isCaseId, newMessageIn, wishesQuestionIn } from "./message-form.ts";
import { badRequest, numbersIn } from "./parameters.ts";
import { wishesOf } from "./preferences.ts";
import type { AgencyRoute } from "./route.ts";

/** Whether an agency may write to people about a procedure, and ask how they want to be told. */
export type MayWrite = (agency: string, procedure: string) => boolean;

export interface AgencyRouteParts {
  readonly inboxes: Inboxes;
  readonly mayWrite: MayWrite;
  /** Aborted when the service closes. */
  readonly closing: AbortSignal;
  /** How many of an agency's requests may wait for answers at a time. */
  readonly maxWaiting: number;
}

/** Two texts of 4,000 letters of three bytes each, and the rest. */
const MAX_MESSAGE_BYTES = 64 * 1024;
/** Thirty-two steps with their texts. */
const MAX_CASE_BYTES = 128 * 1024;
const MAX_QUESTION_BYTES = 4 * 1024;
const MAX_ANSWERS = 100;
const ANSWERS_QUERY = {
  after: { min: 0, max: 999_999_999_999 },
  limit: { min: 1, max: MAX_ANSWERS },
  /** Seconds. */
  wait: { min: 0, max: 50 },
} as const;

/** What agencies' systems ask. */
export function agencyRoutes(parts: AgencyRouteParts): readonly AgencyRoute[] {
  const { inboxes, mayWrite } = parts;
  const requireMay = (agency: string, procedure: string): void => {
    if (mayWrite(agency, procedure)) return;
    throw new InboxRefusal(
      "not-yours",
      "Another agency serves this procedure: it alone writes to people about it.",
    );
  };
  const awaited = waiting(parts);
  return [
    {
      ...{ name: "postMessage", method: "post", path: "/v1/messages" },
      role: "agency",
      maxBodyBytes: MAX_MESSAGE_BYTES,
      handle: async ({ body }, response, { agency }) => {
        const message = newMessageIn(body);
        if (message === undefined)
          throw badRequest(
            "Send key, person, caseId, procedure, text (vi, en), answers, and until if it ends.",
          );
        requireMay(agency, message.procedure);
        const isNew = await inboxes.write(agency, message);
        response.status(isNew ? 201 : 200).json({ key: message.key });
      },
    },
    {
      ...{ name: "putCase", method: "put", path: "/v1/cases/:caseId" },
      role: "agency",
      maxBodyBytes: MAX_CASE_BYTES,
      handle: async ({ params, body }, response, { agency }) => {
        const { caseId } = params;
        const progress = caseProgressIn(body);
        if (!isCaseId(caseId) || progress === undefined)
          throw badRequest("Send state, steps (name, state, text) and at, in milliseconds since 1970.");
        await inboxes.showCase(agency, caseId, progress);
        response.status(204).end();
      },
    },
    {
      ...{ name: "getAnswers", method: "get", path: "/v1/answers" },
      role: "agency",
      handle: async (request, response, { agency }) => {
        const { after = 0, limit = MAX_ANSWERS, wait = 0 } = numbersIn(request, ANSWERS_QUERY);
        const read = async (): Promise<readonly ReceivedAnswer[]> =>
          await inboxes.answersTo(agency, { after, limit });
        const answers = await read();
        const hasToWait = answers.length === 0 && wait > 0;
        response.json({
          answers: hasToWait ? await awaited(agency, { read, response, waitMs: wait * 1000 }) : answers,
        });
      },
    },
    {
      ...{ name: "postWishes", method: "post", path: "/v1/wishes" },
      role: "agency",
      maxBodyBytes: MAX_QUESTION_BYTES,
      handle: async ({ body }, response, { agency }) => {
        const question = wishesQuestionIn(body);
        if (question === undefined) throw badRequest("Send person (scheme, id) and procedure.");
        const { person, procedure } = question;
        requireMay(agency, procedure);
        response.json(wishesOf(await inboxes.preferences(person), procedure));
      },
    },
  ];
}

interface Waiting {
  readonly read: () => Promise<readonly ReceivedAnswer[]>;
  readonly response: Response;
  readonly waitMs: number;
}

/** What can be read once the agency is answered, or after so long; never waits for whoever has gone. @throws InboxRefusal `too-many-open` */
function waiting({
  inboxes,
  closing,
  maxWaiting,
}: AgencyRouteParts): (agency: string, waiting: Waiting) => Promise<readonly ReceivedAnswer[]> {
  const counts = new Map<string, number>();
  return async (agency, { read, response, waitMs }) => {
    const others = counts.get(agency) ?? 0;
    if (others >= maxWaiting)
      throw new InboxRefusal("too-many-open", "Wait with one request at a time: end the others.");
    counts.set(agency, others + 1);
    const { ring, heard } = bell();
    const end = inboxes.listenForAnswers(agency, ring);
    response.on("close", ring);
    closing.addEventListener("abort", ring);
    try {
      // Read once more after listening: what came in between is not waited for.
      const answers = await read();
      if (answers.length > 0 || closing.aborted || response.destroyed) return answers;
      return (await heard(waitMs)) ? await read() : [];
    } finally {
      end();
      response.off("close", ring);
      closing.removeEventListener("abort", ring);
      const left = (counts.get(agency) ?? 1) - 1;
      if (left === 0) counts.delete(agency);
      else counts.set(agency, left);
    }
  };
}
