import type { PlainEvent } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import { UNKNOWN_PERSON } from "../exchange/reading.ts";
import type { Facts } from "../registers/book.ts";
import type { Category } from "../registers/configurations.ts";
import type { ReadRegister } from "../registers/reading.ts";
import type { Register } from "../registers/register.ts";
import { type StepFacts, type StepPlan, stepPlan } from "../rules/steps.ts";
import { oneAtATime } from "./one-at-a-time.ts";
import type { OrderResult, StepOrder } from "./order.ts";
import { type OrderProgress, type OrderStore, openOrderStore } from "./order-store.ts";

export interface PerformerOptions {
  /** Where the orders are kept. */
  readonly directory: string;
  /** The agency's own register. */
  readonly register: Pick<Register, "configuration" | "read" | "enter">;
  /** Reads from the others by the once-only exchange. */
  readonly read: ReadRegister;
  readonly recorder: Pick<Recorder, "record">;
  /** The person as the ledger names them; undefined for a number of no known scheme. */
  readonly personOf: (subject: string) => PlainEvent["subject"];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** Does this agency's steps. What was answered is kept before it is answered; an order that broke off is finished when it is given again. */
export interface Performer {
  /** @param from code of the agency that orders @throws NotNowError when the same order is to be given again later */
  readonly perform: (order: StepOrder, from: string) => Promise<OrderResult>;
  /** Takes back what the order of this key did. An order that comes only after its undo is refused. */
  readonly undo: (order: StepOrder, from: string) => Promise<OrderResult>;
  readonly close: () => Promise<void>;
}

/** Nothing can be said of an order now: what it needs to read cannot be reached. */
export class NotNowError extends Error {
  override readonly name = "NotNowError";
}

/** What one order entered is not taken back, or held to be done, for somebody else. */
const ANOTHER: OrderResult = { refused: "another-order" };

interface GivenOrder {
  readonly order: StepOrder;
  /** Code of the agency that orders. */
  readonly from: string;
}

export async function openPerformer(options: PerformerOptions): Promise<Performer> {
  const store = await openOrderStore(options.directory);
  return { ...performer(options, store), close: store.close };
}

/** @param store the orders that this agency was given */
export function performer(
  { register, read, recorder, personOf, now }: Omit<PerformerOptions, "directory">,
  store: Pick<OrderStore, "get" | "put">,
): Omit<Performer, "close"> {
  const inTurn = oneAtATime();

  function planOf({ procedure, step }: StepOrder): StepPlan | undefined {
    const plan = stepPlan(procedure, step);
    return plan?.register === register.configuration.code ? plan : undefined;
  }

  /** What comes of a new order: what is to be entered, or why it is refused. @throws NotNowError */
  async function decided(order: StepOrder, plan: StepPlan): Promise<OrderProgress> {
    const { subject, procedure, caseId, key } = order;
    if (personOf(subject) === undefined) return { state: "refusing", reason: "unknown-person" };
    const answer = plan.reads && (await read({ ...plan.reads, subject, procedure, caseId, messageId: key }));
    if (answer?.kind === "refused") return { state: "refusing", reason: answer.reason };
    if (answer?.kind === "failed" && answer.reason !== UNKNOWN_PERSON) throw new NotNowError(answer.reason);
    const facts: StepFacts = {
      read: answer?.kind === "read" ? answer.answer : {},
      own: (category, of = subject) => register.read(of, [category])?.[category],
      on: dayOf(now()),
      subject,
    };
    const reason = plan.refuses?.(facts);
    if (reason !== undefined) return { state: "refusing", reason };
    const enters = plan.enters(facts);
    const consent = answer?.kind === "read" && answer.decision.permits ? answer.decision.consent : undefined;
    return {
      ...{ state: "entering", enters, before: before(enters, facts.own) },
      ...(consent !== undefined && { consent }),
    };
  }

  async function record(
    { order, from }: GivenOrder,
    plan: StepPlan,
    more: Pick<PlainEvent, "outcome" | "explanation"> & { readonly facts?: Facts; readonly consent?: string },
  ): Promise<void> {
    const subject = personOf(order.subject);
    // Nobody whose list it could stand in.
    if (subject === undefined) return;
    const { facts = {}, consent, outcome, explanation } = more;
    const personalData = Object.keys(facts);
    await recorder.record(
      {
        ...{ type: "action", subject, case: order.caseId },
        purpose: { procedure: order.procedure, ...(consent !== undefined && { consent }) },
        ...(personalData.length > 0 && { data: { action: "U", personalData } }),
        ...(outcome && { outcome }),
        ...(explanation && { explanation }),
        time: { occurred: new Date(now()).toISOString() },
      },
      {
        idempotencyKey: JSON.stringify(["order", from, order.key, plan.name, outcome?.code, outcome?.detail]),
      },
    );
  }

  async function perform(order: StepOrder, from: string): Promise<OrderResult> {
    const plan = planOf(order);
    if (plan === undefined) return { refused: "unknown-step" };
    let progress = await store.get(from, order);
    if (progress === "another") return ANOTHER;
    if (progress === undefined) {
      progress = await decided(order, plan);
      await store.put(from, order, progress);
    }
    switch (progress.state) {
      case "entering": {
        const { enters, consent } = progress;
        // First: nothing changes without a record. Dying in between, it is entered when the order is given again.
        await record({ order, from }, plan, {
          ...{
            facts: enters,
            explanation: plan.text,
            outcome: { code: "success", detail: `step: ${plan.name}` },
          },
          ...(consent !== undefined && { consent }),
        });
        await register.enter(order.subject, enters);
        await store.put(from, order, { ...progress, state: "done" });
        return "done";
      }
      case "refusing": {
        const { reason } = progress;
        const outcome = { code: "refused", detail: `step: ${plan.name}: ${reason}` } as const;
        await record({ order, from }, plan, { outcome, explanation: refusedText(plan) });
        await store.put(from, order, { state: "refused", reason });
        return { refused: reason };
      }
      case "done":
        return "done";
      case "refused":
        return { refused: progress.reason };
      case "undoing":
      case "undone":
        return { refused: "undone" };
    }
  }

  async function undo(order: StepOrder, from: string): Promise<OrderResult> {
    const plan = planOf(order);
    if (plan === undefined) return { refused: "unknown-step" };
    if (plan.undo !== true) return { refused: "no-undo" };
    const progress = await store.get(from, order);
    if (progress === "another") return ANOTHER;
    switch (progress?.state) {
      case undefined:
        // The order may be on its way still, behind this one.
        await store.put(from, order, { state: "undone" });
        return "done";
      case "refusing":
      case "refused":
      case "undone":
        return "done";
      case "entering":
      case "done":
      case "undoing": {
        const { before } = progress;
        await store.put(from, order, { ...progress, state: "undoing" });
        const outcome = { code: "success", detail: `step undone: ${plan.name}` } as const;
        await record({ order, from }, plan, { facts: before, outcome, explanation: undoneText(plan) });
        await register.enter(order.subject, before);
        await store.put(from, order, { state: "undone" });
        return "done";
      }
    }
  }

  // One order about a person at a time: what the register held before is what the order before it left.
  return {
    perform: async (order, from) => await inTurn(order.subject, async () => await perform(order, from)),
    undo: async (order, from) => await inTurn(order.subject, async () => await undo(order, from)),
  };
}

/** What the register holds now where it is about to be changed; null where it holds nothing. */
function before(enters: Facts, own: StepFacts["own"]): Facts {
  return Object.fromEntries(
    Object.keys(enters).map((category) => [category, own(category as Category) ?? null]),
  );
}

/** The day in Vietnam. */
function dayOf(now: number): string {
  return new Date(now + VIETNAM_OFFSET_MS).toISOString().slice(0, 10);
}
const VIETNAM_OFFSET_MS = 7 * 3_600_000;

function refusedText({ text }: StepPlan): StepPlan["text"] {
  return { vi: `Chưa thực hiện được: ${text.vi}.`, en: `Could not be done: ${text.en}.` };
}

function undoneText({ text }: StepPlan): StepPlan["text"] {
  return { vi: `Đã hủy: ${text.vi}.`, en: `Taken back: ${text.en}.` };
}
