import { isJsonObject } from "../../protocol/json.ts";
import { type PersonNumber, personIn } from "../exchange/message.ts";
import type { Text } from "../rules/rule.ts";
import { answerIn, hasOnly, isText, quietHoursIn } from "./answer-form.ts";
import {
  type Answer,
  ANSWERS,
  CASE_STATES,
  type CaseProgress,
  type NewMessage,
  type Preferences,
  type ShownStep,
  STEP_STATES,
} from "./message.ts";

const KEY = /^[\x20-\x7e]{1,200}$/;
const CASE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const PROCEDURE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MAX_TEXT = 4_000;
const MAX_STEP_TEXT = 500;
const MAX_STEP_NAME = 128;
const MAX_STEPS = 32;
/** More than a catalogue has. */
const MAX_PROCEDURES = 500;

/** The message in a request's body; undefined when it is none. */
export function newMessageIn(value: unknown): NewMessage | undefined {
  const members = ["key", "person", "caseId", "procedure", "text", "answers", "until"];
  if (!isJsonObject(value) || !hasOnly(value, members)) return undefined;
  const { key, caseId, procedure, until } = value;
  const person = personIn(value["person"]);
  const text = textIn(value["text"], MAX_TEXT);
  const answers = answersIn(value["answers"]);
  if (typeof key !== "string" || !KEY.test(key) || !isCaseId(caseId) || !isProcedure(procedure))
    return undefined;
  if (person === undefined || text === undefined || answers === undefined) return undefined;
  if (until === undefined) return { key, person, caseId, procedure, text, answers };
  return isMoment(until) ? { key, person, caseId, procedure, text, answers, until } : undefined;
}

/** Each once, in the order of the list. */
function answersIn(value: unknown): readonly Answer[] | undefined {
  if (!Array.isArray(value) || value.length > ANSWERS.length) return undefined;
  const given = new Set(value.map(answerIn));
  return given.has(undefined) ? undefined : ANSWERS.filter((answer) => given.has(answer));
}

/** What a case is to show, in a request's body. */
export function caseProgressIn(value: unknown): CaseProgress | undefined {
  if (!isJsonObject(value) || !hasOnly(value, ["state", "steps", "at"])) return undefined;
  const { steps, at } = value;
  const state = CASE_STATES.find((each) => each === value["state"]);
  if (state === undefined || !isMoment(at) || !Array.isArray(steps) || steps.length > MAX_STEPS)
    return undefined;
  const shown = steps.map(stepIn);
  return shown.every((step) => step !== undefined) ? { state, steps: shown, at } : undefined;
}

function stepIn(value: unknown): ShownStep | undefined {
  if (!isJsonObject(value) || !hasOnly(value, ["name", "state", "text"])) return undefined;
  const { name } = value;
  const state = STEP_STATES.find((each) => each === value["state"]);
  if (!isText(name, MAX_STEP_NAME) || state === undefined) return undefined;
  if (value["text"] === undefined) return { name, state };
  const text = textIn(value["text"], MAX_STEP_TEXT);
  return text && { name, state, text };
}

/** Whose wishes an agency asks for, and about which procedure. */
export function wishesQuestionIn(
  value: unknown,
): { readonly person: PersonNumber; readonly procedure: string } | undefined {
  if (!isJsonObject(value) || !hasOnly(value, ["person", "procedure"])) return undefined;
  const { procedure } = value;
  const person = personIn(value["person"]);
  return person && isProcedure(procedure) ? { person, procedure } : undefined;
}

export function preferencesIn(value: unknown): Preferences | undefined {
  const members = ["language", "sms", "email", "quiet", "noSms"];
  if (!isJsonObject(value) || !hasOnly(value, members)) return undefined;
  const { language, sms, email, noSms } = value;
  const quiet = quietHoursIn(value["quiet"]);
  if ((language !== "vi" && language !== "en") || quiet === undefined) return undefined;
  if (typeof sms !== "boolean" || typeof email !== "boolean") return undefined;
  if (!Array.isArray(noSms) || noSms.length > MAX_PROCEDURES || !noSms.every(isProcedure)) return undefined;
  return { language, sms, email, quiet, noSms: [...new Set(noSms)].sort() };
}

export function isCaseId(value: unknown): value is string {
  return typeof value === "string" && CASE_ID.test(value);
}

function isProcedure(value: unknown): value is string {
  return typeof value === "string" && PROCEDURE.test(value);
}

/** Milliseconds since 1970. */
function isMoment(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

function textIn(value: unknown, maxLength: number): Text | undefined {
  if (!isJsonObject(value) || !hasOnly(value, ["vi", "en"])) return undefined;
  const { vi, en } = value;
  return isText(vi, maxLength) && isText(en, maxLength) ? { vi, en } : undefined;
}
