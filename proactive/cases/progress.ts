import type { CaseProgress, CaseState, ShownStep, StepState } from "../inbox/message.ts";
import { stepPlan } from "../rules/steps.ts";
import type { Case, Stage, Step } from "./case.ts";

/** What the person sees of a case in their inbox. @param at when it came so, milliseconds since 1970 */
export function progressOf({ procedure, stage, steps, given }: Case, at: number): CaseProgress {
  const state = stage.at === "answered" ? stateWhileLookedAt(given) : stateOf(stage);
  return { state, steps: steps.map((step) => shown(procedure, step)), at };
}

/** As before the answer, but for an acceptance: for the person it is under way. */
function stateWhileLookedAt(given: Case["given"]): CaseState {
  return given === undefined || given.answer === "accept" ? "carrying-out" : stateOf(given.before);
}

function stateOf(stage: Stage): CaseState {
  switch (stage.at) {
    case "answered":
    case "reading":
    case "concluding":
    case "recording":
    case "telling":
    case "correcting":
      return "preparing";
    case "closed":
      return stage.outcome === "settled" ? "nothing-to-do" : stage.outcome;
    case "waiting":
    case "carrying-out":
    case "officer":
      return stage.at;
  }
}

function shown(procedure: string, { name, state }: Step): ShownStep {
  const plan = stepPlan(procedure, name);
  // To be taken back, or being taken back: for the person it is under way.
  const seen: StepState = state === "undoing" ? "trying" : state;
  return { name, state: seen, ...(plan && { text: plan.text }) };
}
