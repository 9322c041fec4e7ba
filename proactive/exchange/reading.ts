import { randomUUID } from "node:crypto";
import type { Outcome, PlainEvent } from "../../protocol/facet-values.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { Recorded, Recorder } from "../../recorder/index.ts";
import type { AskDecision, GivenDecision, ReadingQuestion } from "./decision-point.ts";
import { headersOf } from "./message.ts";

/** What one agency wants to know from another, and why. */
export interface Reading extends ReadingQuestion {
  /** The provider's service as the records name it: `<agency>/<service>`. */
  readonly service: string;
  readonly caseId: string;
  /** The official, where one acts; a machine has none. */
  readonly official?: string;
}

/** What came of it. */
export type ReadingResult =
  | {
      readonly kind: "read";
      readonly answer: { readonly [member: string]: unknown };
      readonly messageId: string;
      readonly decision: GivenDecision;
      /** Our own record of it. */
      readonly recorded: Recorded;
    }
  /** The ledger or the provider said no; recorded. */
  | {
      readonly kind: "refused";
      readonly reason: string;
      readonly messageId: string;
      readonly recorded: Recorded;
    }
  /** Nothing was read and nothing was asked of the provider, or it failed: try again with the same message id, unless it is `UNKNOWN_PERSON`. */
  | { readonly kind: "failed"; readonly reason: string; readonly messageId: string };

export interface ReaderOptions {
  /** Who reads: `<agency>/<system>`. */
  readonly client: string;
  readonly ask: AskDecision;
  readonly recorder: Pick<Recorder, "record">;
  /** Sends the request to the provider's service. Rejects when the provider cannot be reached. */
  readonly send: SendReading;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export type SendReading = (
  reading: Reading,
  headers: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly body: unknown }>;

export type Read = (reading: Reading, messageId?: string) => Promise<ReadingResult>;

/**
 * The once-only reading: asks the ledger, asks the provider, records what came of it, and only then hands the data on. Called again with the message id
 * of an earlier reading it repeats the exchange under the same name: both sides have it once for each decision by which something was released.
 */
export function onceOnlyReader({ client, ask, recorder, send, now }: ReaderOptions): Read {
  async function recordHalf(
    reading: Reading,
    exchange: { readonly messageId: string; readonly service: string },
    more: { readonly outcome: Outcome } & Pick<
      PlainEvent,
      "decision" | "purpose" | "explanation" | "handling"
    >,
  ): Promise<Recorded> {
    const { subject, personalData, official, caseId } = reading;
    return await recorder.record(
      {
        type: "access",
        subject,
        exchange: { ...exchange, client, issue: caseId },
        ...(official !== undefined && { agent: { id: official } }),
        data: { action: "R", personalData: [...personalData] },
        case: caseId,
        time: { occurred: new Date(now()).toISOString() },
        ...more,
      },
      { idempotencyKey: JSON.stringify([exchange.messageId, ...endOf(more)]) },
    );
  }

  return async (reading, messageId = randomUUID()) => {
    const { procedure, service } = reading;
    const decision = await ask(reading);
    if (!decision.permits) {
      // Nobody else was asked, so nobody else has a half of it.
      const own = { messageId, service: `${client.split("/", 1)[0] ?? client}/decision` };
      const outcome: Outcome = { code: "refused", detail: decision.reason };
      const explanation = decision.explanation && { explanation: decision.explanation };
      const recorded = await recordHalf(reading, own, { outcome, purpose: { procedure }, ...explanation });
      return { kind: "refused", reason: decision.reason, messageId, recorded };
    }
    const headers = headersOf({
      ...{ client, messageId, issue: reading.caseId, procedure, decision: decision.jws },
      ...(reading.official !== undefined && { userId: reading.official }),
    });
    const sent = await send(reading, headers).catch((error: unknown) => error);
    const purpose = {
      procedure,
      ...(decision.basis && { legalBasis: decision.basis }),
      ...(decision.consent !== undefined && { consent: decision.consent }),
    };
    const handling = reading.emergency && { handling: { emergency: true } };
    const half = { purpose, decision: decision.jws, ...handling };
    if (sent instanceof Error || !isAnswer(sent)) {
      // The answer may have been lost on its way: then the other side has recorded that it gave one, and we say that we asked.
      const outcome: Outcome = { code: "failure", detail: "unreachable" };
      await recordHalf(reading, { messageId, service }, { ...half, outcome });
      return { kind: "failed", reason: "unreachable", messageId };
    }
    if (sent.status === 200 && isJsonObject(sent.body)) {
      const recorded = await recordHalf(
        reading,
        { messageId, service },
        { ...half, outcome: { code: "success" } },
      );
      return { kind: "read", answer: sent.body, messageId, decision, recorded };
    }
    if (sent.status === 403) {
      const reason =
        isJsonObject(sent.body) && typeof sent.body["code"] === "string" ? sent.body["code"] : "refused";
      const outcome: Outcome = { code: "refused", detail: reason.slice(0, 64) };
      const recorded = await recordHalf(reading, { messageId, service }, { ...half, outcome });
      return { kind: "refused", reason, messageId, recorded };
    }
    const outcome: Outcome = { code: "failure", detail: `HTTP ${sent.status}` };
    await recordHalf(reading, { messageId, service }, { ...half, outcome });
    const reason = isUnknownPerson(sent) ? UNKNOWN_PERSON : `HTTP ${sent.status}`;
    return { kind: "failed", reason, messageId };
  };
}

/** What another record of the same exchange would have to differ in: each release by its own decision, as the provider has it; that it failed once. */
function endOf({
  outcome: { code },
  decision,
}: Pick<PlainEvent, "decision"> & { outcome: Outcome }): string[] {
  return code === "failure" || decision === undefined ? [code] : [code, decision];
}

/** Why a reading failed that will fail again: the provider answered, and holds nothing about this person. */
export const UNKNOWN_PERSON = "unknown-person";

function isUnknownPerson({ status, body }: { readonly status: number; readonly body: unknown }): boolean {
  return status === 404 && isJsonObject(body) && body["code"] === UNKNOWN_PERSON;
}

function isAnswer(value: unknown): value is { readonly status: number; readonly body: unknown } {
  return isJsonObject(value) && typeof value["status"] === "number";
}
