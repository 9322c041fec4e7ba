import type { Case, Step } from "./case.ts";

export interface CarryOutParts {
  /** Does one step at the agency that is responsible; the same key again does it once. Rejects when the agency cannot be reached. */
  readonly perform: (step: StepOrder) => Promise<"done" | { readonly refused: string }>;
  readonly now: () => number;
}

export interface StepOrder {
  readonly key: string;
  readonly procedure: string;
  readonly step: string;
  readonly caseId: string;
  readonly subject: string;
}

/** Attempts at a step whose agency does not answer, before an officer gets it: two days of them. */
const MAX_ATTEMPTS = 10;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 12 * 3_600_000;

/**
 * The case after trying each step that is not done. Steps do not wait for each other; one that was refused, or that could not be done for days, is an
 * officer's, and the others stay as they are: what was done is undone only where the procedure says how.
 */
export async function carryOut(
  before: Case,
  { perform, now }: CarryOutParts,
  keep: (trying: Case) => Promise<void>,
): Promise<Case> {
  let current = before;
  for (const { name, state, attempts } of before.steps) {
    if (state !== "waiting" && state !== "trying") continue;
    current = withStep(current, { name, state: "trying", attempts: attempts + 1 });
    await keep(current);
    current = withStep(current, await tried(current, { name, attempts: attempts + 1 }, perform));
  }
  const open = current.steps.filter(({ state }) => state === "waiting" || state === "trying");
  if (open.length > 0) {
    const tries = Math.max(...open.map(({ attempts }) => attempts));
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
    return { ...current, stage: { at: "carrying-out", notBefore: now() + pause } };
  }
  const isRefused = current.steps.some(({ state }) => state === "officer");
  return {
    ...current,
    stage: isRefused ? { at: "officer", why: "step-refused" } : { at: "closed", outcome: "completed" },
  };
}

async function tried(
  { id, procedure, occasion }: Case,
  { name, attempts }: Pick<Step, "name" | "attempts">,
  perform: CarryOutParts["perform"],
): Promise<Step> {
  const order = { key: `${id} ${name}`, procedure, step: name, caseId: id, subject: occasion.subject };
  const result = await perform(order).catch(() => "unreachable" as const);
  if (result === "done") return { name, state: "done", attempts };
  if (result !== "unreachable") return { name, state: "officer", attempts, reason: result.refused };
  if (attempts < MAX_ATTEMPTS) return { name, state: "waiting", attempts };
  return { name, state: "officer", attempts, reason: "unreachable" };
}

function withStep(before: Case, step: Step): Case {
  return { ...before, steps: before.steps.map((each) => (each.name === step.name ? step : each)) };
}
