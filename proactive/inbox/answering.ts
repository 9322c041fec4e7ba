import type { InboxFault } from "./errors.ts";
import { type Answer, CASE_STATES, type CaseState, type GivenAnswer } from "./message.ts";

/** What decides whether a message can be answered. */
export interface Answerable {
  readonly answers: readonly Answer[];
  readonly until?: number;
  readonly given?: GivenAnswer;
  /** Whether it is the last that was written about its case, to anybody. */
  readonly isLatest: boolean;
  /** Where its case stands; undefined as long as the agency did not say. */
  readonly caseState: CaseState | undefined;
}

export type AnswerFault = Extract<
  InboxFault,
  "superseded" | "case-over" | "too-late" | "not-offered" | "already-answered"
>;

/** Why an answer cannot be given at `now` (milliseconds since 1970); undefined: it can. */
export function answerFault(message: Answerable, answer: Answer, now: number): AnswerFault | undefined {
  const { answers, until = Infinity, given, isLatest, caseState } = message;
  if (!isLatest) return "superseded";
  if (caseState !== undefined && isOver(caseState)) return "case-over";
  if (now >= until) return "too-late";
  if (!answers.includes(answer)) return "not-offered";
  if (given === undefined || given.answer === "later") return undefined;
  return answer === "object" && given.answer !== "object" ? undefined : "already-answered";
}

/** What can be answered at `now`. */
export function openAnswers(message: Answerable, now: number): readonly Answer[] {
  return message.answers.filter((answer) => answerFault(message, answer, now) === undefined);
}

/** Whether two answers say the same. */
export function isSameAnswer(a: GivenAnswer, b: GivenAnswer): boolean {
  return (
    a.answer === b.answer &&
    a.correction?.category === b.correction?.category &&
    a.correction?.value === b.correction?.value &&
    a.correction?.note === b.correction?.note
  );
}

export function isOver(state: CaseState): boolean {
  return CASE_STATES.indexOf(state) >= CASE_STATES.indexOf("told");
}
