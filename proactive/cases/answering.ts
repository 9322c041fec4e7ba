import { isSamePerson } from "../../protocol/subject.ts";
import { afterAnswer, type Case, pauseAfter, withoutAnswer } from "./case.ts";
import type { RecordingParts } from "./deciding.ts";
import { recordObjection } from "./objecting.ts";
import { recordBrokenOff, type TellingParts } from "./telling.ts";

export type AnsweringParts = Pick<TellingParts, "addressesOf"> & RecordingParts;

/** Failures in a row to find out who answers now, before an officer gets it: a week of them. */
const MAX_TRIES = 20;
const LONGEST_PAUSE_MS = 12 * 3_600_000;

/**
 * The case after an answer was looked at: whether it came from whoever answers now. A guardian who is one no more decides nothing and objects to nothing; an
 * offer that they answered goes to whoever answers now. Where nobody does any more (the person died or left), or nobody can say for a week who does, an
 * officer looks; their "once more" looks again.
 */
export async function settle(answered: Case, parts: AnsweringParts): Promise<Case> {
  const { given, procedure, id: caseId, occasion } = answered;
  const before = withoutAnswer(answered);
  if (given === undefined) return before;
  const { by, answer } = given;
  // Whom the next telling would go to.
  const about = { subject: occasion.subject, procedure, caseId, telling: before.telling + 1 };
  const found = await parts.addressesOf(about).then(
    (to) => ({ to }),
    () => undefined,
  );
  if (found === undefined) return lookAgain(answered, parts.now());
  const { to } = found;
  if (to === undefined)
    return before.stage.at === "closed"
      ? before
      : { ...answered, tries: 0, stage: { at: "officer", why: "nobody-to-serve", retry: "answer" } };
  if (by === undefined || isSamePerson(by, to.inbox)) {
    // First: an objection that only the case knew of would be lost with what comes next. It holds though the case is over.
    if (answer === "object") await recordObjection(before, by, parts);
    await recordBrokenOff(before, parts);
    return afterAnswer(before, given, parts.now());
  }
  const { toldTo } = before;
  const isToldAlready = toldTo !== undefined && isSamePerson(toldTo, to.inbox);
  if (isToldAlready || (answer === "object" && !isOffered(before))) return before;
  await recordBrokenOff(before, parts);
  return { ...before, tries: 0, stage: { at: "telling", notBefore: parts.now() } };
}

function lookAgain(answered: Case, now: number): Case {
  const tries = answered.tries + 1;
  if (tries >= MAX_TRIES)
    return { ...answered, tries: 0, stage: { at: "officer", why: "answerer-unknown", retry: "answer" } };
  return {
    ...{ ...answered, tries },
    stage: { at: "answered", notBefore: now + pauseAfter(tries, LONGEST_PAUSE_MS) },
  };
}

/** Whether somebody is to be told, by an officer's help too, or was and is waited for. */
function isOffered({ stage }: Case): boolean {
  if (stage.at === "officer") return stage.retry === "tell";
  return stage.at === "waiting" || stage.at === "telling";
}
