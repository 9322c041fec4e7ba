import { isJsonObject } from "../../protocol/json.ts";
import {
  type Answer,
  ANSWERS,
  type DisputedData,
  type GivenAnswer,
  type QuietHours,
  type ReceivedAnswer,
  type Wishes,
} from "./message.ts";

const MAX_VALUE = 1_000;
const MAX_NOTE = 2_000;
const CATEGORY = /^[a-z]{1,16}:[A-Za-z]{1,64}$/;
const TIME = /^([01][0-9]|2[0-3]):[0-5][0-9]$/;

/** The answer in `{answer, correction?}`; undefined when it is none. */
export function givenAnswerIn(value: unknown): GivenAnswer | undefined {
  if (!isJsonObject(value) || !hasOnly(value, ["answer", "correction"])) return undefined;
  const answer = answerIn(value["answer"]);
  if (answer === undefined) return undefined;
  if (answer !== "correct") return value["correction"] === undefined ? { answer } : undefined;
  const correction = disputedIn(value["correction"]);
  return correction && { answer, correction };
}

export function answerIn(value: unknown): Answer | undefined {
  return ANSWERS.find((answer) => answer === value);
}

function disputedIn(value: unknown): DisputedData | undefined {
  if (!isJsonObject(value) || !hasOnly(value, ["category", "value", "note"])) return undefined;
  const { category, value: right, note } = value;
  if (typeof category !== "string" || !CATEGORY.test(category)) return undefined;
  if (right !== undefined && !isText(right, MAX_VALUE)) return undefined;
  if (note !== undefined && !isText(note, MAX_NOTE)) return undefined;
  return {
    category,
    ...(right !== undefined && { value: right }),
    ...(note !== undefined && { note }),
  };
}

/** The answers in `{answers: [...]}`, as the feed gives them. */
export function receivedAnswersIn(value: unknown): readonly ReceivedAnswer[] | undefined {
  const list = isJsonObject(value) ? value["answers"] : undefined;
  if (!Array.isArray(list)) return undefined;
  const answers = list.map(receivedAnswerIn);
  return answers.every((each) => each !== undefined) ? answers : undefined;
}

function receivedAnswerIn(value: unknown): ReceivedAnswer | undefined {
  if (!isJsonObject(value)) return undefined;
  const { number, caseId, procedure, key, at, answer, correction } = value;
  const given = givenAnswerIn({ answer, ...(correction !== undefined && { correction }) });
  if (given === undefined || typeof number !== "number" || typeof at !== "number") return undefined;
  if (typeof caseId !== "string" || typeof procedure !== "string" || typeof key !== "string")
    return undefined;
  return { number, caseId, procedure, key, at, ...given };
}

/** What an agency is told of somebody's preferences. */
export function wishesIn(value: unknown): Wishes | undefined {
  if (!isJsonObject(value)) return undefined;
  const { language, sms, email } = value;
  const quiet = quietHoursIn(value["quiet"]);
  if (typeof sms !== "boolean" || typeof email !== "boolean" || quiet === undefined) return undefined;
  if (language === undefined) return { sms, email, quiet };
  return language === "vi" || language === "en" ? { language, sms, email, quiet } : undefined;
}

export function quietHoursIn(value: unknown): QuietHours | undefined {
  if (!isJsonObject(value) || !hasOnly(value, ["from", "until"])) return undefined;
  const { from, until } = value;
  return isTime(from) && isTime(until) ? { from, until } : undefined;
}

function isTime(value: unknown): value is string {
  return typeof value === "string" && TIME.test(value);
}

/** A text that says something, of at most so many UTF-16 units. */
export function isText(value: unknown, maxLength: number): value is string {
  return typeof value === "string" && value.trim() !== "" && value.length <= maxLength;
}

/** Whether an object has no other members. What is not known is refused: it would be lost. */
export function hasOnly(value: object, names: readonly string[]): boolean {
  return Object.keys(value).every((name) => names.includes(name));
}
