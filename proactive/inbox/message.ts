import type { PersonNumber } from "../exchange/message.ts";
import type { Text } from "../rules/rule.ts";

/** What a person can answer to a message. */
export const ANSWERS = ["accept", "correct", "decline", "later", "object"] as const;
export type Answer = (typeof ANSWERS)[number];

/** Where a case stands, as the person sees it. From `told` on it is over. */
export const CASE_STATES = [
  "preparing",
  "waiting",
  "carrying-out",
  "officer",
  "told",
  "declined",
  "objected",
  "unanswered",
  "completed",
  "nothing-to-do",
  // An officer closed it.
  "settled",
] as const;
export type CaseState = (typeof CASE_STATES)[number];

/** Where one step of a case stands. */
export const STEP_STATES = ["waiting", "trying", "done", "failed", "undone", "officer"] as const;
export type StepState = (typeof STEP_STATES)[number];

/** What an agency writes to one person. */
export interface NewMessage {
  /** The agency's own name for it. The same key again is the same message; telling somebody anew takes a new key. */
  readonly key: string;
  /** Whose inbox it goes to: for a child, whoever answers for them. From now on the case is this person's. */
  readonly person: PersonNumber;
  readonly caseId: string;
  /** Code of the catalogue. */
  readonly procedure: string;
  readonly text: Text;
  /** What can be answered; nothing where the person is only told. */
  readonly answers: readonly Answer[];
  /** Until when (milliseconds since 1970); without it, as long as the case is open. */
  readonly until?: number;
}

/** What the agency lets the person see of a case. */
export interface CaseProgress {
  readonly state: CaseState;
  readonly steps: readonly ShownStep[];
  /** When it came so (milliseconds since 1970). What is older than what is shown changes nothing: it was held up on its way. */
  readonly at: number;
}

export interface ShownStep {
  /** The step's name in the plan of the procedure. */
  readonly name: string;
  readonly state: StepState;
  /** What it is, in the person's words. */
  readonly text?: Text;
}

/** What a person says is wrong: which category, what it should be, and whatever else helps. */
export interface DisputedData {
  readonly category: string;
  readonly value?: string;
  readonly note?: string;
}

/** A person's answer; `correction` stands with `correct` alone. */
export interface GivenAnswer {
  readonly answer: Answer;
  readonly correction?: DisputedData;
}

/** A person's answer as the agency gets it. Numbers run from 1 for each agency, in the order in which people answered, and stay. */
export interface ReceivedAnswer extends GivenAnswer {
  readonly number: number;
  readonly caseId: string;
  readonly procedure: string;
  /** Of the message that was answered. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A message as the person sees it. */
export interface ShownMessage {
  /** Its place in this person's inbox, from 1. */
  readonly number: number;
  readonly agency: string;
  readonly caseId: string;
  readonly procedure: string;
  readonly text: Text;
  /** When it came (milliseconds since 1970). */
  readonly at: number;
  /** What can be answered now. */
  readonly answers: readonly Answer[];
  readonly until?: number;
  readonly given?: GivenAnswer & { readonly at: number };
}

/** A case as the person sees it. */
export interface ShownCase extends CaseProgress {
  readonly agency: string;
  readonly caseId: string;
  readonly procedure: string;
}

/** One thing that is new or different in an inbox. `gone`: the case is another person's now. */
export type Change =
  | { readonly kind: "message"; readonly message: ShownMessage }
  | { readonly kind: "case"; readonly case: ShownCase }
  | { readonly kind: "gone"; readonly gone: Pick<ShownCase, "agency" | "caseId"> };

/** How a person wants to be told. */
export interface Preferences {
  readonly language: "vi" | "en";
  readonly sms: boolean;
  readonly email: boolean;
  /** No text message comes in these hours in Vietnam: `21:00` to `07:00` unless the person says otherwise; none where both are the same. */
  readonly quiet: QuietHours;
  /** Procedures about which no text message comes. */
  readonly noSms: readonly string[];
}

export interface QuietHours {
  /** `HH:MM`. */
  readonly from: string;
  readonly until: string;
}

/** What an agency learns of a person's preferences: what it needs for one procedure. */
export interface Wishes {
  /** Absent where the person never said: then the agency's own knowledge stands. */
  readonly language?: "vi" | "en";
  readonly sms: boolean;
  readonly email: boolean;
  readonly quiet: QuietHours;
}
