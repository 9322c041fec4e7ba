import type { PlainEvent } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { ReadingResult } from "../exchange/reading.ts";
import type { Category, RegisterCode } from "../registers/configurations.ts";
import type { Fact } from "../registers/facts.ts";
import { memberOf, type ReadFacts, type Reading, type Rule, type RuleInputs } from "../rules/rule.ts";
import { ruleId } from "../rules/rules.ts";
import type { Case, DoneReading } from "./case.ts";

export interface ReadingParts {
  /** Reads from a register by the once-only exchange; the same message id again is the same exchange. */
  readonly read: (asked: RegisterReading) => Promise<ReadingResult>;
  /** SHA-256 of the text, base64url. */
  readonly digest: (text: string) => string;
}

export interface RegisterReading {
  readonly register: RegisterCode;
  readonly categories: readonly Category[];
  /** A citizen's number or a newborn's notice. */
  readonly subject: string;
  readonly procedure: string;
  readonly caseId: string;
  readonly messageId: string;
}

export interface RecordingParts {
  readonly recorder: Pick<Recorder, "record">;
  /** The person as the ledger names them. */
  readonly personOf: (subject: string) => PlainEvent["subject"];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The case after one more reading; the same case when the register cannot be reached, which is tried again later. */
export async function readNext(before: Case, rule: Rule, { read }: ReadingParts): Promise<Case> {
  const place = before.readings.length;
  const reading = rule.readings[place];
  if (reading === undefined) return { ...before, stage: { at: "concluding" } };
  const subject = subjectOf(before, reading);
  // Nobody to read about: the rule concludes without it.
  if (subject === undefined) return withReading(before, { place, messageId: "", facts: {} });
  const messageId = `${before.id}/${place + 1}`;
  const { register, categories } = reading;
  const asked = { register, categories, subject, procedure: before.procedure, caseId: before.id, messageId };
  const result = await read(asked);
  switch (result.kind) {
    case "failed":
      return before;
    case "refused":
      return withReading(before, { place, messageId, facts: {}, refused: result.reason });
    case "read":
      return withReading(before, { place, messageId, facts: result.answer });
  }
}

function withReading(before: Case, done: DoneReading): Case {
  return { ...before, readings: [...before.readings, done] };
}

/** Whose data a reading is about: of the person of the case, or of somebody whom an earlier reading named. */
function subjectOf({ occasion, readings }: Case, { of }: Reading): string | undefined {
  if (of === undefined) return occasion.subject;
  for (const { facts } of readings) {
    const person = memberOf(facts["pd:Parent"], of);
    if (typeof person === "string") return person;
  }
  return undefined;
}

/** The case with its inputs and its conclusion. Where a reading was refused no machine concludes anything. */
export function conclude(before: Case, rule: Rule): Case {
  const refused = before.readings.find((reading) => reading.refused !== undefined)?.refused;
  if (refused !== undefined)
    return { ...before, stage: { at: "officer", why: `reading-refused: ${refused}` } };
  const readFacts: ReadFacts = ({ register, of }, category): Fact | undefined => {
    for (const { place, facts } of before.readings) {
      const reading = rule.readings[place];
      if (reading?.register === register && reading.of === of && category in facts) return facts[category];
    }
    return undefined;
  };
  const references: RuleInputs = Object.fromEntries(
    before.readings.flatMap(({ place, messageId }) =>
      messageId === "" ? [] : [[`access.${place + 1}`, messageId]],
    ),
  );
  const inputs = { ...rule.inputs(readFacts, before.occasion), ...references };
  return { ...before, inputs, conclusion: rule.conclude(inputs), stage: { at: "recording" } };
}

/** The case with its `action` event recorded: which rule, from which inputs, with which result, and what the person reads about it. */
export async function record(
  before: Case,
  rule: Rule,
  { recorder, personOf, now }: RecordingParts,
): Promise<Case> {
  const { conclusion, inputs, occasion, id } = before;
  if (conclusion === undefined || inputs === undefined) return { ...before, stage: { at: "concluding" } };
  const subject = personOf(occasion.subject);
  if (subject === undefined) return { ...before, stage: { at: "officer", why: "person-unknown" } };
  const { seq } = await recorder.record(
    {
      type: "action",
      subject,
      purpose: { procedure: before.procedure },
      case: id,
      rule: { id: ruleId(rule), version: rule.version, inputs },
      outcome: { code: "success", detail: `${conclusion.outcome}: ${conclusion.reason}` },
      explanation: conclusion.explanation,
      time: { occurred: new Date(now()).toISOString() },
    },
    { idempotencyKey: `${id} action` },
  );
  const recorded = { ...before, actionSeq: seq };
  switch (conclusion.outcome) {
    case "none":
      return { ...recorded, stage: { at: "closed", outcome: "nothing-to-do" } };
    case "officer":
      return { ...recorded, stage: { at: "officer", why: conclusion.reason } };
    case "offer":
    case "notify":
      return { ...recorded, stage: { at: "telling", notBefore: now() } };
  }
}
