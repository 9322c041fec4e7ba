import type { PlainEvent } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { OrderResult, Orders, StepOrder } from "../orders/order.ts";
import type { Rule } from "../rules/rule.ts";
import { ruleId } from "../rules/rules.ts";
import { buildsOn, stepPlan } from "../rules/steps.ts";
import { type Case, pauseAfter, type Step, UNREACHABLE } from "./case.ts";
import type { TellingParts } from "./telling.ts";

export interface CarryOutParts extends Pick<TellingParts, "objects"> {
  /** The agencies that are responsible for the steps. */
  readonly orders: Orders;
  readonly recorder: Pick<Recorder, "record">;
  readonly personOf: (subject: string) => PlainEvent["subject"];
  readonly now: () => number;
}

type Keep = (trying: Case) => Promise<void>;

/** Attempts at a step whose agency does not answer, before an officer gets it: two days of them. */
const MAX_ATTEMPTS = 13;
const LONGEST_PAUSE_MS = 12 * 3_600_000;

/**
 * The case after trying each step that may be tried now. A step waits for those it builds on, and for no other. One that was refused, or that could not be
 * done for days, is an officer's; what was done stays, unless the procedure says how it is taken back and what builds on it was refused. Who objects to machines,
 * before they accepted or while the steps go on, is served by an officer: that is asked anew each time.
 */
export async function carryOut(before: Case, rule: Rule, parts: CarryOutParts, keep: Keep): Promise<Case> {
  const { now } = parts;
  const held = await heldUp(before, parts);
  if (held !== undefined) return held;
  let current: Case = { ...before, tries: 0 };
  for (let next = nextStep(current, now()); next !== undefined; next = nextStep(current, now())) {
    const trying: Step = { ...withoutPause(next), attempts: next.attempts + 1 };
    current = withStep(current, next.state === "undoing" ? trying : { ...trying, state: "trying" });
    await keep(current);
    const isUndoing = next.state === "undoing";
    const order = orderOf(current, trying);
    const result = await (isUndoing ? parts.orders.undo(order) : parts.orders.perform(order)).catch(
      (): typeof UNREACHABLE => UNREACHABLE,
    );
    const after = isUndoing ? undone(trying, result, now()) : performed(trying, result, now());
    current = withUndoing(withStep(current, after));
  }
  const dues = current.steps.filter((step) => mayGoOn(current, step)).map(({ notBefore }) => notBefore ?? 0);
  if (dues.length > 0) return { ...current, stage: { at: "carrying-out", notBefore: Math.min(...dues) } };
  if (current.steps.some(({ state }) => state !== "done"))
    return { ...current, stage: { at: "officer", why: "step-refused", retry: "steps" } };
  await recordGranted(current, rule, parts);
  return { ...current, stage: { at: "closed", outcome: "completed" } };
}

/** The case where a machine may not go on, or nobody can say now whether it may. What is to be taken back is taken back all the same. */
async function heldUp(before: Case, { objects, now }: CarryOutParts): Promise<Case | undefined> {
  const { procedure, occasion, byOfficer, steps } = before;
  if (byOfficer === true || steps.some(({ state }) => state === "undoing")) return undefined;
  try {
    if ((await objects?.(procedure, occasion.subject)) !== true) return undefined;
  } catch {
    const tries = before.tries + 1;
    return {
      ...{ ...before, tries },
      stage: { at: "carrying-out", notBefore: now() + pauseAfter(tries, LONGEST_PAUSE_MS) },
    };
  }
  return {
    ...{ ...before, tries: 0, byOfficer: true },
    stage: { at: "officer", why: "accepted-after-objection", retry: "steps" },
  };
}

/** The case with its steps to be tried once more, as an officer wants it: under another order where one was refused, under the same where its end is not known. */
export function stepsAgain(before: Case, now: number): Case {
  const steps = before.steps.map((step): Step => {
    const { name, order } = step;
    if (step.state === "undoing") return { name, state: "undoing", order, attempts: 0 };
    const isUnknown = step.state === "officer" && step.reason === UNREACHABLE;
    if (isUnknown) return { name, state: "waiting", order, attempts: 0 };
    const isOver = step.state === "officer" || step.state === "undone";
    return isOver ? { name, state: "waiting", order: order + 1, attempts: 0 } : step;
  });
  return { ...before, steps, tries: 0, stage: { at: "carrying-out", notBefore: now } };
}

function orderOf({ id, procedure, occasion }: Case, { name, order }: Step): StepOrder {
  const key = order === 1 ? `${id}/${name}` : `${id}/${name}/${order}`;
  return { key, procedure, step: name, caseId: id, subject: occasion.subject };
}

/** The first step that may be tried at this moment; what is to be taken back goes first. */
function nextStep(current: Case, now: number): Step | undefined {
  const ready = current.steps.filter((step) => mayGoOn(current, step) && (step.notBefore ?? 0) <= now);
  return ready.find(({ state }) => state === "undoing") ?? ready[0];
}

/** Whether a step goes on by itself: it is open, and what it builds on is done. */
function mayGoOn({ procedure, steps }: Case, { name, state, attempts }: Step): boolean {
  if (state === "undoing") return attempts < MAX_ATTEMPTS;
  if (state !== "waiting" && state !== "trying") return false;
  const after = stepPlan(procedure, name)?.after ?? [];
  return after.every((other) => steps.some((step) => step.name === other && step.state === "done"));
}

function performed(trying: Step, result: OrderResult | typeof UNREACHABLE, now: number): Step {
  if (result === "done") return { ...trying, state: "done" };
  if (result !== UNREACHABLE) return { ...trying, state: "officer", reason: result.refused };
  if (trying.attempts >= MAX_ATTEMPTS) return { ...trying, state: "officer", reason: UNREACHABLE };
  return { ...trying, state: "waiting", notBefore: now + pauseAfter(trying.attempts, LONGEST_PAUSE_MS) };
}

function undone(trying: Step, result: OrderResult | typeof UNREACHABLE, now: number): Step {
  if (result === "done") return { ...trying, state: "undone" };
  // It stays done, and somebody has to see to it.
  if (result !== UNREACHABLE) return { ...trying, state: "officer", reason: `undo: ${result.refused}` };
  return { ...trying, notBefore: now + pauseAfter(trying.attempts, LONGEST_PAUSE_MS) };
}

/** The case with every step to be taken back that a refused one builds on. An agency that was merely away has refused nothing. */
function withUndoing(current: Case): Case {
  const { procedure } = current;
  const refused = current.steps.filter(({ state, reason }) => state === "officer" && reason !== UNREACHABLE);
  const steps = current.steps.map((step): Step => {
    const isUseless =
      step.state === "done" &&
      stepPlan(procedure, step.name)?.undo === true &&
      refused.some(({ name }) => buildsOn(procedure, name, step.name));
    return isUseless ? { name: step.name, state: "undoing", order: step.order, attempts: 0 } : step;
  });
  return { ...current, steps };
}

/**
 * The last `action` of a case: all is done. It names the rule and its inputs, by which an inspector looks at it afterwards; or the official, where one
 * did it in the machine's place.
 */
async function recordGranted(
  { id, procedure, occasion, inputs, byOfficer, decisions }: Case,
  rule: Rule,
  { recorder, personOf, now }: CarryOutParts,
): Promise<void> {
  const subject = personOf(occasion.subject);
  if (subject === undefined) return;
  const official = byOfficer === true ? decisions.at(-1)?.official : undefined;
  const actor =
    official === undefined
      ? { rule: { id: ruleId(rule), version: rule.version, ...(inputs && { inputs }) } }
      : { agent: { id: official } };
  await recorder.record(
    {
      ...{ type: "action", subject, purpose: { procedure }, case: id, ...actor },
      outcome: { code: "success", detail: official === undefined ? "granted" : "granted by an officer" },
      explanation: {
        vi: "Ông/bà đã đồng ý; mọi bước của thủ tục đã hoàn thành.",
        en: "You accepted; every step of the procedure is done.",
      },
      time: { occurred: new Date(now()).toISOString() },
    },
    { idempotencyKey: `${id} granted` },
  );
}

function withStep(before: Case, step: Step): Case {
  return { ...before, steps: before.steps.map((each) => (each.name === step.name ? step : each)) };
}

function withoutPause({ notBefore: _pause, ...step }: Step): Step {
  return step;
}
