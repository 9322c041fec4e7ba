import type { PlainEvent } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import { UNKNOWN_PERSON } from "../exchange/reading.ts";
import type { Fact } from "../registers/facts.ts";
import type { ReadRegister } from "../registers/reading.ts";
import {
  memberOf,
  type ReadFacts,
  type Reading,
  type Rule,
  type RuleInputs,
  type Text,
} from "../rules/rule.ts";
import { ruleId } from "../rules/rules.ts";
import { type Case, type DoneReading, pauseAfter } from "./case.ts";
import { documentsOf } from "./once-only.ts";

export interface ReadingParts {
  /** Reads from a register by the once-only exchange; the same message id again is the same exchange. */
  readonly read: ReadRegister;
  /** The person as the ledger names them; undefined for a number of no scheme that it knows. */
  readonly personOf: (subject: string) => PlainEvent["subject"];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface RecordingParts {
  readonly recorder: Pick<Recorder, "record">;
  /** The person as the ledger names them. */
  readonly personOf: (subject: string) => PlainEvent["subject"];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The ledger's reasons to refuse a machine what it would let an official do: the person objects to being served unasked. */
const OBJECTED = "objected";
/** A register that is away is asked again for days, at least every hour. */
const MAX_TRIES = 60;
const LONGEST_PAUSE_MS = 3_600_000;

/**
 * The case after one more reading. Where a register cannot be reached the same exchange is tried again later. Whoever's number the ledger does not know,
 * such as one that a register holds of a parent, nobody can be asked about: an officer gets the case, with whose it is.
 */
export async function readNext(
  before: Case,
  rule: Rule,
  { read, personOf, now }: ReadingParts,
): Promise<Case> {
  const place = before.readings.length;
  const reading = rule.readings[place];
  if (reading === undefined) return { ...before, tries: 0, stage: { at: "concluding" } };
  const subject = subjectOf(before, reading.of);
  // Nobody to read about: the rule concludes without it.
  if (subject === undefined) return withReading(before, { place, messageId: "", facts: {} });
  if (personOf(subject) === undefined) {
    const why = `${reading.of ?? "person"}-unknown`;
    return { ...before, tries: 0, stage: { at: "officer", why, retry: "read" } };
  }
  const round = before.round === 1 ? "" : `${before.round}.`;
  const messageId = `${before.id}/${round}${place + 1}`;
  const { register, categories } = reading;
  const { procedure, id: caseId } = before;
  const result = await read({ register, categories, subject, procedure, caseId, messageId, automated: true });
  switch (result.kind) {
    case "failed":
      // It was asked, and answered that it knows nothing of this person.
      if (result.reason === UNKNOWN_PERSON) return withReading(before, { place, messageId, facts: {} });
      return notRead(before, now());
    case "refused":
      if (result.reason === OBJECTED) return { ...before, stage: { at: "closed", outcome: "objected" } };
      return withReading(before, { place, messageId, facts: {}, refused: result.reason });
    case "read":
      return withReading(before, { place, messageId, facts: result.answer, decision: result.decision.jws });
  }
}

function notRead(before: Case, now: number): Case {
  const tries = before.tries + 1;
  if (tries >= MAX_TRIES)
    return { ...before, tries: 0, stage: { at: "officer", why: "register-unreachable", retry: "read" } };
  return { ...before, tries, stage: { at: "reading", notBefore: now + pauseAfter(tries, LONGEST_PAUSE_MS) } };
}

function withReading(before: Case, done: DoneReading): Case {
  return {
    ...{ ...before, readings: [...before.readings, done], tries: 0 },
    stage: { at: "reading", notBefore: 0 },
  };
}

/** Whose data a reading is about: of the person of the case, or of somebody whom an earlier reading named. */
export function subjectOf({ occasion, readings }: Case, of: Reading["of"]): string | undefined {
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
    return { ...before, stage: { at: "officer", why: `reading-refused: ${refused}`, retry: "read" } };
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
  const conclusion = rule.conclude(inputs);
  const documents = documentsOf(rule, before.readings, conclusion);
  return { ...before, inputs, conclusion, documents, stage: { at: "recording" } };
}

/** The case with its `action` event recorded: which rule, from which inputs, with which result, and what the person reads about it. */
export async function record(
  before: Case,
  rule: Rule,
  { recorder, personOf, now }: RecordingParts,
): Promise<Case> {
  const { conclusion, inputs, occasion, id, round } = before;
  if (conclusion === undefined || inputs === undefined) return { ...before, stage: { at: "concluding" } };
  const subject = personOf(occasion.subject);
  if (subject === undefined)
    return { ...before, stage: { at: "officer", why: "person-unknown", retry: "read" } };
  const isFirst = round === 1;
  const decision = lastDecision(before, rule);
  const { seq } = await recorder.record(
    {
      type: "action",
      subject,
      purpose: { procedure: before.procedure },
      case: id,
      rule: { id: ruleId(rule), version: rule.version, inputs },
      ...(decision !== undefined && { decision }),
      outcome: {
        code: "success",
        detail: `${conclusion.outcome}: ${conclusion.reason}${isFirst ? "" : " (concluded anew)"}`,
      },
      explanation: isFirst ? conclusion.explanation : concludedAnew(conclusion.explanation),
      time: { occurred: new Date(now()).toISOString() },
    },
    { idempotencyKey: isFirst ? `${id} action` : `${id} action ${round}` },
  );
  const recorded = { ...before, actionSeq: seq };
  switch (conclusion.outcome) {
    case "none":
      return { ...recorded, stage: { at: "closed", outcome: "nothing-to-do" } };
    case "officer":
      return { ...recorded, stage: { at: "officer", why: conclusion.reason, retry: "read" } };
    case "offer":
    case "notify":
      return { ...recorded, stage: { at: "telling", notBefore: now() } };
  }
}

/** The last decision about the person themselves: it says that they did not object to machines then, should they since. */
function lastDecision({ readings }: Case, rule: Rule): string | undefined {
  const own = readings.filter(({ place }) => rule.readings[place]?.of === undefined);
  return own.findLast(({ decision }) => decision !== undefined)?.decision;
}

function concludedAnew({ vi, en }: Text): Text {
  return { vi: `Xem xét lại: ${vi}`, en: `Looked at again: ${en}` };
}
