import { isDeepStrictEqual } from "node:util";
import type { Rule } from "../rules/rule.ts";
import { type Case, type CorrectionSent, type OfficerDecision, pauseAfter, readAnew } from "./case.ts";
import { subjectOf } from "./deciding.ts";

export interface CorrectingParts {
  /** Tells a register what is right; resolves with the HTTP status, 204 when it was taken. Rejects when it cannot be reached. */
  readonly correct: (
    correction: Omit<CorrectionSent, "state" | "attempts" | "reason"> & {
      readonly procedure: string;
      readonly caseId: string;
    },
  ) => Promise<number>;
  readonly now: () => number;
}

/** Attempts at a register that does not answer, before an officer gets it: a week of them. */
const MAX_ATTEMPTS = 20;
const LONGEST_PAUSE_MS = 12 * 3_600_000;
const TAKEN = 204;

/** The corrections that a decision makes necessary: at every register whose last reading in this case held another value of the category. */
export function correctionsOf(
  current: Case,
  rule: Rule,
  { category, value, of }: Extract<OfficerDecision, { decide: "correct" }>,
): readonly CorrectionSent[] {
  const subject = subjectOf(current, of);
  if (subject === undefined) return [];
  const wrong = current.readings.flatMap(({ place, facts }) => {
    const reading = rule.readings[place];
    if (reading?.of !== of || reading === undefined || !(category in facts)) return [];
    return isDeepStrictEqual(facts[category], value) ? [] : [reading.register];
  });
  // The newest stands last; its number may be higher than there are, since refused ones are let go.
  const last = Number(current.corrections.at(-1)?.messageId.split("/").at(-1) ?? 0);
  return [...new Set(wrong)].map((register, at) => ({
    ...{ register, subject, category, value, state: "waiting" as const, attempts: 0 },
    messageId: `${current.id}/correction/${last + at + 1}`,
  }));
}

/** The case after telling each register that was not told yet. When all have taken it everything is read and concluded anew. */
export async function sendCorrections(
  before: Case,
  { correct, now }: CorrectingParts,
  keep: (trying: Case) => Promise<void>,
): Promise<Case> {
  const { procedure, id: caseId } = before;
  let current = before;
  for (const each of before.corrections) {
    if (each.state !== "waiting") continue;
    const { state: _state, attempts, reason: _reason, ...correction } = each;
    const status = await correct({ ...correction, procedure, caseId }).catch(() => undefined);
    current = withCorrection(
      current,
      afterSending({ ...correction, state: "waiting", attempts: attempts + 1 }, status),
    );
    await keep(current);
  }
  const waiting = current.corrections.filter(({ state }) => state === "waiting");
  if (waiting.length > 0) {
    const failures = Math.max(...waiting.map(({ attempts }) => attempts));
    return {
      ...current,
      stage: { at: "correcting", notBefore: now() + pauseAfter(failures, LONGEST_PAUSE_MS) },
    };
  }
  if (current.corrections.some(({ state }) => state === "refused"))
    return { ...current, stage: { at: "officer", why: "correction-refused", retry: "corrections" } };
  return readAnew(current, now());
}

/** The case with its refused corrections to be sent once more, as an officer wants it. */
export function correctionsAgain(before: Case, now: number): Case {
  const corrections = before.corrections.map((each): CorrectionSent => {
    const { reason: _reason, ...kept } = each;
    return each.state === "refused" ? { ...kept, state: "waiting", attempts: 0 } : each;
  });
  return { ...before, corrections, tries: 0, stage: { at: "correcting", notBefore: now } };
}

function afterSending(sent: CorrectionSent, status: number | undefined): CorrectionSent {
  if (status === TAKEN) return { ...sent, state: "done" };
  const isFinal = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
  if (isFinal) return { ...sent, state: "refused", reason: `HTTP ${status}` };
  return sent.attempts >= MAX_ATTEMPTS ? { ...sent, state: "refused", reason: "unreachable" } : sent;
}

function withCorrection(before: Case, sent: CorrectionSent): Case {
  return {
    ...before,
    corrections: before.corrections.map((each) => (each.messageId === sent.messageId ? sent : each)),
  };
}
