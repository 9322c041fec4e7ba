import type { Category } from "../registers/configurations.ts";
import type { Fact } from "../registers/facts.ts";
import type { Conclusion, Occasion, RuleInputs } from "../rules/rule.ts";

/** What one register said, once it was asked. */
export interface DoneReading {
  /** Place of the reading among the rule's. */
  readonly place: number;
  readonly messageId: string;
  readonly facts: Readonly<Partial<Record<Category, Fact>>>;
  /** Why nothing was read, when it was refused. */
  readonly refused?: string;
}

/** A message on its way. */
export interface Attempt {
  readonly channel: string;
  /** `trying` while it is under way; what is found so at a start has no known end. */
  readonly state: "trying" | "delivered" | "failed" | "unknown";
  readonly attempts: number;
}

/** What a person answered. */
export const ANSWERS = ["accept", "correct", "decline", "later", "object"] as const;
export type Answer = (typeof ANSWERS)[number];

/** One of the procedures that an acceptance starts. */
export interface Step {
  readonly name: string;
  readonly state: "waiting" | "trying" | "done" | "failed" | "undone" | "officer";
  readonly attempts: number;
  readonly reason?: string;
}

/** Where a case stands, and what the next thing to do is. */
export type Stage =
  | { readonly at: "reading" }
  | { readonly at: "concluding" }
  | { readonly at: "recording" }
  | { readonly at: "telling"; readonly notBefore: number }
  | { readonly at: "waiting"; readonly until: number }
  | { readonly at: "carrying-out"; readonly notBefore: number }
  | { readonly at: "officer"; readonly why: string }
  | { readonly at: "closed"; readonly outcome: Outcome };

export type Outcome = "nothing-to-do" | "told" | "declined" | "objected" | "unanswered" | "completed";

/** One occasion that the administration acts on, from noticing it to its end. */
export interface Case {
  readonly id: string;
  readonly procedure: string;
  readonly ruleVersion: string;
  readonly occasion: Occasion;
  readonly stage: Stage;
  readonly readings: readonly DoneReading[];
  readonly inputs?: RuleInputs;
  readonly conclusion?: Conclusion;
  /** Number of the `action` event at our own source. */
  readonly actionSeq?: number;
  readonly attempts: readonly Attempt[];
  readonly answer?: Answer;
  readonly steps: readonly Step[];
  /** Milliseconds since 1970. */
  readonly noticedAt: number;
}

/** Whether nothing more is done about a case by itself. */
export function isResting({ stage }: Case): boolean {
  return stage.at === "closed" || stage.at === "officer";
}

/** The answer a person may give now; an answer to what is over changes nothing. */
export function mayAnswer({ stage, conclusion }: Case, answer: Answer): boolean {
  if (answer === "object") return stage.at !== "closed";
  return stage.at === "waiting" && conclusion?.outcome === "offer";
}

/** How long a person may take before an offer lapses: nothing is lost by it, the usual way stays open. */
export const ANSWER_DAYS = 30;
/** When somebody says "later". */
const LATER_DAYS = 7;
const DAY_MS = 86_400_000;

/** The case after an answer that `mayAnswer` allows. */
export function afterAnswer(before: Case, answer: Answer, now: number): Case {
  switch (answer) {
    case "accept":
      return {
        ...before,
        answer,
        steps: (before.conclusion?.starts ?? []).map((name) => ({ name, state: "waiting", attempts: 0 })),
        stage: { at: "carrying-out", notBefore: now },
      };
    case "decline":
      return { ...before, answer, stage: { at: "closed", outcome: "declined" } };
    case "later":
      return {
        ...before,
        answer,
        attempts: [],
        stage: { at: "telling", notBefore: now + LATER_DAYS * DAY_MS },
      };
    case "correct":
      // What was wrong is looked at by a person; the agencies that hold it are told (cases/corrections.ts).
      return { ...before, answer, stage: { at: "officer", why: "data-disputed" } };
    case "object":
      return { ...before, answer, stage: { at: "closed", outcome: "objected" } };
  }
}

/** The stage after the person was told, or could not be. */
export function afterTelling({ conclusion }: Pick<Case, "conclusion">, now: number): Stage {
  if (conclusion?.outcome === "offer") return { at: "waiting", until: now + ANSWER_DAYS * DAY_MS };
  return { at: "closed", outcome: "told" };
}
