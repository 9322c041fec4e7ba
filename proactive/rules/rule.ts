import type { Day } from "../population/calendar.ts";
import type { DocumentKind } from "../population/documents.ts";
import type { Occurrence } from "../population/timeline.ts";
import type { Category, RegisterCode } from "../registers/configurations.ts";
import { type Fact, memberOf } from "../registers/facts.ts";

export { memberOf };

/**
 * What a rule decides from, as the `action` event commits to it: plain values by name, and no person's number. Whoever has them runs the
 * rule again and must come to the same conclusion.
 */
export type RuleInputs = Readonly<Record<string, string | number | boolean | null>>;

/** What is said to a person, in both languages. */
export interface Text {
  readonly vi: string;
  readonly en: string;
}

/** What follows. */
export interface Conclusion {
  /**
   * `offer`: prepared and sent to the person, who accepts or not. `notify`: the person is told, and nothing is prepared.
   * `officer`: a person of the agency has to look. `none`: nothing is to be done.
   */
  readonly outcome: "offer" | "notify" | "officer" | "none";
  /** Why, as a code of the rule's own. */
  readonly reason: string;
  /** Why, as the person understands it. */
  readonly explanation: Text;
  /** What is sent; absent when nobody is written to. */
  readonly message?: Text;
  /** Codes of the papers that the person has to bring, because no register has what they say. */
  readonly asks?: readonly string[];
  /** Procedures that one acceptance starts, beside this one. */
  readonly starts?: readonly string[];
}

/** What makes the administration look. */
export type Trigger =
  | { readonly kind: "document-ends"; readonly document: DocumentKind; readonly withinDays: number }
  | { readonly kind: "occurrence"; readonly occurrence: Occurrence["kind"] }
  | {
      readonly kind: "school-year";
      readonly opens: { readonly month: number; readonly day: number };
      readonly withinDays: number;
    }
  | {
      readonly kind: "yearly-review";
      /** First and last day of the review in each year. */
      readonly from: { readonly month: number; readonly day: number };
      readonly until: { readonly month: number; readonly day: number };
      /** The highest first score (B1) of a household that is a case. */
      readonly line: number;
    };

/** One read that the rule needs, of the person of the case or of somebody the case names. */
export interface Reading {
  readonly register: RegisterCode;
  readonly categories: readonly Category[];
  /** Whose data; the person of the case when absent. */
  readonly of?: "mother" | "guardian";
}

/** What was read: undefined where a register did not know the person, or had nothing. */
export type ReadFacts = (reading: Reading, category: Category) => Fact | undefined;

/** How one procedure of the catalogue is served without being asked for. Versions are for ever: a changed rule is a new version. */
export interface Rule {
  readonly procedure: string;
  readonly version: string;
  readonly trigger: Trigger;
  readonly readings: readonly Reading[];
  /** The inputs, from what was read and from the occasion. Pure. */
  readonly inputs: (read: ReadFacts, occasion: Occasion) => RuleInputs;
  /** The conclusion from the inputs alone. Pure, and never throws: inputs that say too little go to an officer. */
  readonly conclude: (inputs: RuleInputs) => Conclusion;
}

/** Why the administration looks at somebody now. One occasion is acted on once. */
export interface Occasion {
  /** Names it among all occasions of the procedure: a document's number with its last day, a notice's number. */
  readonly key: string;
  /** Citizen's number, or the notice's number of a newborn. */
  readonly subject: string;
  /** The day on which it was noticed. */
  readonly on: Day;
  /** What the lead agency knew already: the last day of a document, the kind of a change. */
  readonly known: RuleInputs;
}

/** The value as an input: what is neither text, number nor truth value counts as unknown. */
export function plain(fact: Fact | undefined): string | number | boolean | null {
  return typeof fact === "string" || typeof fact === "number" || typeof fact === "boolean" ? fact : null;
}

/** The day as people write it in Vietnam and read it everywhere: 03/01/2027. */
export function written(day: string): string {
  const [year, month, date] = day.split("-");
  return `${date}/${month}/${year}`;
}
