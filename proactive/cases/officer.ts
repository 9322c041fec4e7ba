import type { PlainEvent } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { Rule } from "../rules/rule.ts";
import { type Case, type OfficerDecision, readAnew, type Retry, withoutAnswer } from "./case.ts";
import { stepsAgain } from "./carrying-out.ts";
import { correctionsAgain, correctionsOf } from "./correcting.ts";

/** Why an officer's decision was not taken. */
export type DecisionFault =
  | "no-such-case"
  /** It goes on by itself, or is over. */
  | "not-with-an-officer"
  /** No register that was read holds another value. */
  | "nothing-to-correct";

export interface OfficerParts {
  readonly recorder: Pick<Recorder, "record">;
  readonly personOf: (subject: string) => PlainEvent["subject"];
  readonly now: () => number;
}

/** The case after an officer's decision. It is recorded before it counts: who decided, and what, but no value. */
export async function decided(
  current: Case,
  rule: Rule,
  { decision, official }: { readonly decision: OfficerDecision; readonly official: string },
  parts: OfficerParts,
): Promise<Case | DecisionFault> {
  if (current.stage.at !== "officer") return "not-with-an-officer";
  const { retry } = current.stage;
  const corrections = decision.decide === "correct" ? correctionsOf(current, rule, decision) : [];
  if (decision.decide === "correct" && corrections.length === 0) return "nothing-to-correct";
  const at = parts.now();
  await recordDecision(current, { decision, official }, parts);
  const noted: Case = {
    ...{ ...(decision.decide === "retry" ? current : withoutAnswer(current)), tries: 0 },
    decisions: [...current.decisions, { decide: decision.decide, official, at }],
  };
  switch (decision.decide) {
    case "correct":
      return {
        ...noted,
        // What another register refused before is not sent again with this.
        corrections: [...noted.corrections.filter(({ state }) => state === "done"), ...corrections],
        stage: { at: "correcting", notBefore: at },
      };
    case "retry":
      return again(noted, retry, at);
    case "close":
      return { ...noted, stage: { at: "closed", outcome: "settled" } };
  }
}

function again(before: Case, retry: Retry, now: number): Case {
  switch (retry) {
    case "read":
      return readAnew(before, now);
    case "tell":
      return { ...before, stage: { at: "telling", notBefore: now } };
    case "steps":
      return stepsAgain(before, now);
    case "answer":
      return { ...before, stage: { at: "answered", notBefore: now } };
    case "corrections":
      return correctionsAgain(before, now);
  }
}

async function recordDecision(
  { id, procedure, occasion, decisions }: Case,
  { decision, official }: { readonly decision: OfficerDecision; readonly official: string },
  { recorder, personOf, now }: OfficerParts,
): Promise<void> {
  const subject = personOf(occasion.subject);
  if (subject === undefined) return;
  await recorder.record(
    {
      ...{ type: "action", subject, purpose: { procedure }, case: id, agent: { id: official } },
      outcome: { code: "success", detail: `officer: ${decision.decide}` },
      explanation: explanationOf(decision),
      time: { occurred: new Date(now()).toISOString() },
    },
    { idempotencyKey: JSON.stringify([id, "officer", decisions.length + 1, official, decision]) },
  );
}

function explanationOf(decision: OfficerDecision): { readonly vi: string; readonly en?: string } {
  switch (decision.decide) {
    case "correct":
      return {
        vi: `Cán bộ xác định dữ liệu đúng (${decision.category}) và báo cho cơ quan đang giữ giá trị sai.`,
        en: `An officer found out what is right (${decision.category}) and tells the agencies that hold another value.`,
      };
    case "retry":
      return { vi: "Cán bộ cho thực hiện lại.", en: "An officer has it tried once more." };
    case "close":
      // In the officer's own words.
      return { vi: decision.reason };
  }
}
