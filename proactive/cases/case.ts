import { isDeepStrictEqual } from "node:util";
import type { PersonNumber } from "../exchange/message.ts";
import type { Answer, DisputedData, GivenAnswer } from "../inbox/message.ts";
import type { Category, RegisterCode } from "../registers/configurations.ts";
import type { Fact } from "../registers/facts.ts";
import type { Conclusion, Occasion, RuleInputs } from "../rules/rule.ts";
import { STEPS } from "../rules/steps.ts";

/** What one register said, once it was asked. */
export interface DoneReading {
  /** Place of the reading among the rule's. */
  readonly place: number;
  readonly messageId: string;
  readonly facts: Readonly<Partial<Record<Category, Fact>>>;
  /** Why nothing was read, when it was refused. */
  readonly refused?: string;
  /** The ledger's signed decision by which it was read. */
  readonly decision?: string;
}

/** A message on its way. */
export interface Attempt {
  readonly channel: string;
  /** `trying` while it is under way; what is found so at a start has no known end. */
  readonly state: "trying" | "delivered" | "failed" | "unknown";
  readonly attempts: number;
}

/** One of the steps that an acceptance starts. */
export interface Step {
  readonly name: string;
  /** `officer`: refused, or its agency was away for days. `undoing`: done, and to be taken back since a step that builds on it was refused. */
  readonly state: "waiting" | "trying" | "done" | "undoing" | "undone" | "officer";
  /** How often it was ordered: a refusal is final for its order, so an officer's retry is another one. */
  readonly order: number;
  /** Attempts at this order, or at taking it back. */
  readonly attempts: number;
  /** Not tried again before (milliseconds since 1970). */
  readonly notBefore?: number;
  /** A code: why it is an officer's. */
  readonly reason?: string;
}

/** The reason of a step whose agency did not answer: whether it was done is not known, so the same order is given again. */
export const UNREACHABLE = "unreachable";

/** One register is told what is right. */
export interface CorrectionSent {
  readonly register: RegisterCode;
  readonly subject: string;
  readonly category: Category;
  readonly value: Fact;
  /** Names it at the register. */
  readonly messageId: string;
  readonly state: "waiting" | "done" | "refused";
  readonly attempts: number;
  readonly reason?: string;
}

/** What a person would have had to bring, and did not: the measure of once-only. */
export interface Documents {
  /** The registers that were read instead, each named once per person it was read about. */
  readonly reused: readonly string[];
  /** What the person still has to bring, as the rule names it. */
  readonly asked: readonly string[];
}

/** What an officer's "once more" does about a case. */
export type Retry = "read" | "tell" | "steps" | "corrections" | "answer";

/** Where a case stands, and what the next thing to do is. */
export type Stage =
  | { readonly at: "reading"; readonly notBefore: number }
  | { readonly at: "concluding" }
  | { readonly at: "recording" }
  /** `begun`: under way; without it the person is told anew, under a new key. */
  | { readonly at: "telling"; readonly notBefore: number; readonly begun?: true }
  | { readonly at: "waiting"; readonly until: number }
  /** Somebody answered; it counts once it is known that they may answer now. */
  | { readonly at: "answered"; readonly notBefore: number }
  | { readonly at: "carrying-out"; readonly notBefore: number }
  | { readonly at: "correcting"; readonly notBefore: number }
  | { readonly at: "officer"; readonly why: string; readonly retry: Retry }
  | { readonly at: "closed"; readonly outcome: Outcome };

/** `settled`: an officer closed it. */
export type Outcome =
  "nothing-to-do" | "told" | "declined" | "objected" | "unanswered" | "completed" | "settled";

/** What an officer of the agency decides about a case that is theirs. */
export type OfficerDecision =
  /** The registers that hold another value of this category are told; then everything is read anew. */
  | {
      readonly decide: "correct";
      readonly category: Category;
      readonly value: Fact;
      /** Whose; the person of the case when absent. */
      readonly of?: "mother" | "guardian";
    }
  | { readonly decide: "retry" }
  | { readonly decide: "close"; readonly reason: string };

/** An answer that does not count yet: whether whoever gave it still answers for the person is not known. */
export interface UncheckedAnswer extends GivenAnswer {
  /** Whom the message went to. */
  readonly by?: PersonNumber;
  /** Where the case stood, and stands again if the answer does not count. */
  readonly before: Stage;
}

/** One occasion that the administration acts on, from noticing it to its end. */
export interface Case {
  readonly id: string;
  readonly procedure: string;
  readonly ruleVersion: string;
  readonly occasion: Occasion;
  readonly stage: Stage;
  /** How often the registers are read: once, and once more after every correction. */
  readonly round: number;
  readonly readings: readonly DoneReading[];
  readonly inputs?: RuleInputs;
  readonly conclusion?: Conclusion;
  /** Number of the last `action` event with a conclusion, at our own source. */
  readonly actionSeq?: number;
  readonly documents?: Documents;
  /** How often the person was told, the time that is under way included; 0: not yet. */
  readonly telling: number;
  /** Whom, the last time: for a child, whoever answered for them then. */
  readonly toldTo?: PersonNumber;
  /** Whom the times before, in order. */
  readonly toldBefore?: readonly PersonNumber[];
  /** Until when an answer is taken (milliseconds since 1970). */
  readonly answerBy?: number;
  /** Of the last telling. */
  readonly attempts: readonly Attempt[];
  readonly answer?: Answer;
  readonly given?: UncheckedAnswer;
  /** What the person says is wrong. */
  readonly disputed?: DisputedData;
  readonly steps: readonly Step[];
  readonly corrections: readonly CorrectionSent[];
  /** What officers decided, in order. */
  readonly decisions: readonly {
    readonly decide: OfficerDecision["decide"];
    readonly official: string;
    readonly at: number;
  }[];
  /** The person objects to machines, and accepted before or all the same: an official goes on in the machine's place. */
  readonly byOfficer?: boolean;
  /** Failures in a row at this stage. */
  readonly tries: number;
  /** Milliseconds since 1970. */
  readonly noticedAt: number;
}

/** Whether nothing more is done about a case by itself. */
export function isResting({ stage }: Pick<Case, "stage">): boolean {
  return stage.at === "closed" || stage.at === "officer";
}

/** When the case may go on by itself; 0: at once; undefined: it rests. */
export function dueAt({ stage }: Pick<Case, "stage">): number | undefined {
  switch (stage.at) {
    case "reading":
    case "telling":
    case "answered":
    case "carrying-out":
    case "correcting":
      return stage.notBefore;
    case "waiting":
      return stage.until;
    case "concluding":
    case "recording":
      return 0;
    case "officer":
    case "closed":
      return undefined;
  }
}

/** The key of the last message about a case; the agency's own name for it. */
export function messageKey({ id, telling }: Pick<Case, "id" | "telling">): string {
  return telling <= 1 ? `${id} message` : `${id} message ${telling}`;
}

/** An answer as it came to the agency. */
export interface AnswerToCase extends GivenAnswer {
  /** Of the message that was answered; without it, of the last one. */
  readonly key?: string;
  /** When the person answered (milliseconds since 1970); now when absent. */
  readonly at?: number;
}

/** Whether an answer is to the last message about a case: another one may have gone to somebody else. */
function isToLastMessage(current: Case, { key }: Pick<AnswerToCase, "key">): boolean {
  return key === undefined || key === messageKey(current);
}

/** Whom the message that is answered went to; undefined when that is no message about this case, or nobody was told. */
function answererOf(current: Case, given: Pick<AnswerToCase, "key">): PersonNumber | undefined {
  if (isToLastMessage(current, given)) return current.toldTo;
  const { id, toldBefore = [] } = current;
  return toldBefore.find((_, at) => messageKey({ id, telling: at + 1 }) === given.key);
}

/** The case as it was before the answer that does not count yet, where there is one. */
export function withoutAnswer(answered: Case): Case {
  const { given, ...kept } = answered;
  return given === undefined ? answered : { ...kept, tries: 0, stage: given.before };
}

/** Whether the same person gave the same answer already. */
export function isAnswered(current: Case, given: AnswerToCase): boolean {
  const last = current.given;
  if (last === undefined) return current.answer === given.answer && isToLastMessage(current, given);
  return last.answer === given.answer && isDeepStrictEqual(last.by, answererOf(current, given));
}

/** The case with an answer that `mayAnswer` allows, to be looked at. */
export function withAnswer(current: Case, given: AnswerToCase, now: number): Case {
  const { answer, correction } = given;
  const { stage } = withoutAnswer(current);
  const by = answererOf(current, given);
  return {
    ...{ ...current, tries: 0, stage: { at: "answered", notBefore: now } },
    given: { answer, ...(correction && { correction }), ...(by && { by }), before: stage },
  };
}

/** Whether an answer may be given now; an answer to what is over, or to a message that another one took the place of, changes nothing. */
export function mayAnswer(current: Case, given: AnswerToCase, now: number): boolean {
  const { conclusion, answerBy = Infinity } = current;
  const { stage } = withoutAnswer(current);
  const { answer, key, at } = given;
  const isToLast = isToLastMessage(current, given);
  // It holds though the case is over, or told anew; what was answered to a later message is not given up for it.
  if (answer === "object")
    return isToLast || (current.given === undefined && answererOf(current, given) !== undefined);
  if (!isToLast || !mayTakeThePlace(current)) return false;
  if (conclusion?.outcome !== "offer") return false;
  const isInTime = (at ?? now) < answerBy;
  if (stage.at === "closed") return stage.outcome === "unanswered" && isInTime;
  // The inbox reached them, though nobody was sure of it: the case goes on, and is an officer's no more.
  if (stage.at === "officer") return stage.retry === "tell" && isInTime && key !== undefined;
  if (stage.at !== "telling") return stage.at === "waiting" && isInTime;
  // Who said "later" may say something else before they are told again; and what is in an inbox is answered before the morning's text message.
  return (
    (current.given ?? current).answer === "later" || (isInTime && stage.begun === true && key !== undefined)
  );
}

/** Whether another answer to the last message may take the place of one that does not count yet: of "later", or of somebody's who was told before. */
function mayTakeThePlace({ given, toldTo }: Case): boolean {
  return given === undefined || given.answer === "later" || !isDeepStrictEqual(given.by, toldTo);
}

/** How long a person may take before an offer lapses: nothing is lost by it, the usual way stays open. */
export const ANSWER_DAYS = 30;
/** When somebody says "later". */
const LATER_DAYS = 7;
export const DAY_MS = 86_400_000;

/** The case after an answer of whoever answers now. */
export function afterAnswer(before: Case, { answer, correction }: GivenAnswer, now: number): Case {
  const answered: Case = { ...before, answer, tries: 0 };
  switch (answer) {
    case "accept":
      return {
        ...answered,
        steps: (STEPS[before.procedure] ?? []).map(({ name }) => ({
          ...{ name, state: "waiting", order: 1, attempts: 0 },
        })),
        stage: { at: "carrying-out", notBefore: now },
      };
    case "decline":
      return { ...answered, stage: { at: "closed", outcome: "declined" } };
    case "later":
      return { ...answered, stage: { at: "telling", notBefore: now + LATER_DAYS * DAY_MS } };
    case "correct":
      return {
        ...answered,
        ...(correction && { disputed: correction }),
        stage: { at: "officer", why: "data-disputed", retry: "read" },
      };
    case "object":
      if (before.stage.at === "closed") return before;
      // What was begun is not left half done where nobody sees it.
      if (before.steps.some(({ state, attempts }) => state !== "waiting" || attempts > 0))
        return {
          ...{ ...answered, byOfficer: true },
          stage: { at: "officer", why: "objected-after-steps", retry: "steps" },
        };
      return { ...answered, stage: { at: "closed", outcome: "objected" } };
  }
}

/** The case at its beginning again, after data were put right: everything is read and concluded anew. */
export function readAnew(before: Case, now: number): Case {
  const { inputs: _inputs, conclusion: _conclusion, answer: _answer, disputed: _disputed, ...more } = before;
  const { byOfficer: _byOfficer, given: _given, ...kept } = more;
  return {
    ...{ ...kept, round: before.round + 1, readings: [], steps: [], tries: 0 },
    stage: { at: "reading", notBefore: now },
  };
}

/** How long to wait after so many failures in a row: a minute, twice as long each time, and at most so long. */
export function pauseAfter(failures: number, longestMs: number): number {
  return Math.min(longestMs, FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1));
}
const FIRST_PAUSE_MS = 60_000;
