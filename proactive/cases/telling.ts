import type { PlainEvent } from "../../protocol/facet-values.ts";
import type { Recorder } from "../../recorder/index.ts";
import { ANSWERS } from "../inbox/message.ts";
import {
  type Addresses,
  type Channel,
  channelsFor,
  firstWakingMoment,
  type Message,
  NotSentError,
} from "../reach/channel.ts";
import { ANSWER_DAYS, type Attempt, type Case, DAY_MS, messageKey, pauseAfter } from "./case.ts";

/** About whom somebody is told, and in which telling of which case. */
export interface AboutWhom {
  readonly subject: string;
  readonly procedure: string;
  readonly caseId: string;
  /** Counted within the case, from 1. */
  readonly telling: number;
}

export interface TellingParts {
  /** The preferred one first. Where the inbox is among them it comes before all others: an offer is answered there. */
  readonly channels: readonly Channel[];
  /**
   * How the person can be reached, and wants to be; undefined when nobody knows. For a child or a newborn, whoever answers for them now: it is asked
   * whenever somebody is told, and once more when an offer was accepted. Rejects when that cannot be found out now.
   */
  readonly addressesOf: (about: AboutWhom) => Promise<Addresses | undefined>;
  /** Whether the person objects to being served unasked in this procedure. Rejects when that cannot be found out now. Nobody is asked when absent. */
  readonly objects?: (procedure: string, subject: string) => Promise<boolean>;
  readonly recorder: Pick<Recorder, "record">;
  readonly personOf: (subject: string) => PlainEvent["subject"];
  readonly now: () => number;
}

type Keep = (trying: Case) => Promise<void>;

/** One more attempt after one whose end nobody knows, where a gateway tells the same key apart; then never again. */
const MAX_UNCERTAIN_ATTEMPTS = 2;
/** Failures in a row until the case goes on without the inbox, or to an officer: a week of them. */
const MAX_TRIES = 20;
const LONGEST_PAUSE_MS = 12 * 3_600_000;

/**
 * The case after trying to tell the person. What is about to be sent is kept before it is sent, so that a process that dies in between does not send
 * twice: what is found `trying` at a start has no known end.
 */
export async function tell(before: Case, parts: TellingParts, keep: Keep): Promise<Case> {
  const { channels, now } = parts;
  if (before.conclusion?.message === undefined)
    return { ...before, stage: { at: "closed", outcome: "told" } };
  const ready = await withAddressee(before, parts);
  if (ready.to === undefined) return ready.current;
  const { to } = ready;
  let current = withLostAttempt(ready.current);
  const message = messageOf(current);
  const ways = channelsFor(channels, to);
  for (const channel of [...ways].sort((a, b) => Number(isInbox(b)) - Number(isInbox(a)))) {
    const earlier = current.attempts.find((attempt) => attempt.channel === channel.name);
    if (earlier?.state === "failed" || (isInbox(channel) && earlier?.state === "delivered")) continue;
    if (earlier?.state === "delivered") break;
    if (earlier !== undefined && !mayTryAgain(channel, earlier)) continue;
    const waking = channel.disturbs ? firstWakingMoment(now(), to.quiet) : now();
    if (waking > now()) return { ...current, stage: { at: "telling", notBefore: waking, begun: true } };
    const attempts = (earlier?.attempts ?? 0) + 1;
    current = withAttempt(current, { channel: channel.name, state: "trying", attempts });
    await keep(current);
    const sent = await channel.send(to, message).catch((error: unknown) => error);
    const state = stateAfter(sent, { channel, isUncertain: earlier?.state === "unknown" });
    current = withAttempt(current, { channel: channel.name, state, attempts });
    // What came of it is known from here on, though it cannot be recorded now.
    await keep(current);
    // Sent again until it is known: there the same key is one message for ever.
    if (sent instanceof NotSentError && current.tries + 1 < MAX_TRIES) return later(current, now());
    if (state === "delivered" && !isInbox(channel)) break;
  }
  await recordTelling(current, message.key, parts);
  return told(current, ways, now());
}

/** The case with whom to tell, and a new telling begun where one is due; without an address, the case as it is to be kept. */
async function withAddressee(
  before: Case,
  parts: TellingParts,
): Promise<{ readonly current: Case; readonly to?: Addresses }> {
  const { addressesOf, objects, now } = parts;
  const { stage, occasion, procedure, toldTo, id: caseId } = before;
  const { subject } = occasion;
  const isBegun = stage.at === "telling" && stage.begun === true;
  try {
    // Also in the morning, of what was begun in the evening.
    if ((await objects?.(procedure, subject)) === true) {
      await recordBrokenOff(before, parts);
      return { current: { ...before, stage: { at: "closed", outcome: "objected" } } };
    }
    const telling = isBegun ? before.telling : before.telling + 1;
    const to = await addressesOf({ subject, procedure, caseId, telling });
    if (to === undefined)
      return { current: { ...before, stage: { at: "officer", why: "nobody-to-tell", retry: "tell" } } };
    // Somebody else answers for the child since the telling began: nothing of it has reached them.
    const isOther = toldTo?.scheme !== to.inbox.scheme || toldTo.id !== to.inbox.id;
    return { current: isBegun && !isOther ? before : newTelling(before, to, now()), to };
  } catch {
    if (before.tries + 1 < MAX_TRIES) return { current: later(before, now()) };
    await recordBrokenOff(before, parts);
    return { current: notReached(before) };
  }
}

function newTelling(before: Case, { inbox }: Addresses, now: number): Case {
  const { answer: _answer, toldTo, toldBefore = [], ...kept } = before;
  return {
    ...{ ...kept, telling: before.telling + 1, attempts: [], tries: 0 },
    ...(toldTo !== undefined && { toldBefore: [...toldBefore, toldTo] }),
    ...{ toldTo: { scheme: inbox.scheme, id: inbox.id }, answerBy: now + ANSWER_DAYS * DAY_MS },
    stage: { at: "telling", notBefore: now, begun: true },
  };
}

function messageOf(current: Case): Message {
  const { procedure, id: caseId, conclusion, answerBy } = current;
  const isOffer = conclusion?.outcome === "offer";
  return {
    ...{ key: messageKey(current), procedure, caseId },
    text: conclusion?.message ?? { vi: "", en: "" },
    ...(isOffer && { answers: ANSWERS, ...(answerBy !== undefined && { until: answerBy }) }),
  };
}

/** Records a telling that ends before it was done: the person answered in the inbox, or objected, or cannot be found, and nothing is sent any more. Nothing where none has begun. */
export async function recordBrokenOff(current: Case, parts: RecordTellingParts): Promise<void> {
  const { stage, attempts } = current;
  if (stage.at !== "telling" || stage.begun !== true || attempts.length === 0) return;
  await recordTelling(withLostAttempt(current), messageKey(current), parts);
}

type RecordTellingParts = Pick<TellingParts, "recorder" | "personOf" | "now">;

/** What came of it is on the ledger: which way and whether it arrived, never where to. */
async function recordTelling(
  { id, procedure, occasion, attempts }: Case,
  key: string,
  { recorder, personOf, now }: RecordTellingParts,
): Promise<void> {
  const subject = personOf(occasion.subject);
  if (subject === undefined) return;
  const isDelivered = attempts.some(({ state }) => state === "delivered");
  const states = attempts.map(({ channel, state }) => `${channel} ${state}`).join(", ");
  await recorder.record(
    {
      ...{ type: "action", subject, purpose: { procedure }, case: id },
      outcome: { code: isDelivered ? "success" : "failure", detail: `told: ${states || "by nothing"}` },
      explanation: isDelivered
        ? { vi: "Đã thông báo cho người dân.", en: "The person was told." }
        : {
            vi: "Chưa chắc người dân đã nhận được thông báo.",
            en: "It is not certain that the person was told.",
          },
      time: { occurred: new Date(now()).toISOString() },
    },
    // A telling that came to another end after a crash is another record.
    { idempotencyKey: `${key} told ${states}` },
  );
}

/** The case after everything was tried. */
function told(current: Case, ways: readonly Channel[], now: number): Case {
  const { attempts, conclusion, answerBy = now } = current;
  const arrived = attempts.filter(({ state }) => state === "delivered" || state === "unknown");
  const isOffer = conclusion?.outcome === "offer";
  // An offer that is in no inbox cannot be answered there.
  const inbox = attempts.find(({ channel }) => channel === "inbox");
  const isAnswerable = !ways.some(isInbox) || inbox?.state === "delivered";
  if (arrived.length === 0 || (isOffer && !isAnswerable)) return notReached(current);
  return {
    ...{ ...current, tries: 0 },
    stage: isOffer ? { at: "waiting", until: answerBy } : { at: "closed", outcome: "told" },
  };
}

/** An officer's to reach. Whoever got the message all the same may answer it in the inbox until then: `mayAnswer` takes that. */
function notReached(current: Case): Case {
  return { ...current, tries: 0, stage: { at: "officer", why: "not-reached", retry: "tell" } };
}

function later(before: Case, now: number): Case {
  const tries = before.tries + 1;
  const begun = before.stage.at === "telling" && before.stage.begun === true;
  const notBefore = now + pauseAfter(tries, LONGEST_PAUSE_MS);
  return { ...before, tries, stage: { at: "telling", notBefore, ...(begun && { begun }) } };
}

/** That a second attempt failed for certain says nothing of the first, except in the inbox: there the same key is one message. */
function stateAfter(
  sent: unknown,
  { channel, isUncertain }: { readonly channel: Channel; readonly isUncertain: boolean },
): Attempt["state"] {
  if (sent === "delivered") return sent;
  return sent === "failed" && (isInbox(channel) || !isUncertain) ? sent : "unknown";
}

function isInbox({ name }: Pick<Channel, "name">): boolean {
  return name === "inbox";
}

function mayTryAgain(channel: Channel, { state, attempts }: Attempt): boolean {
  if (state !== "unknown" || !channel.isIdempotent) return false;
  // In the inbox the same key is one message for ever, and nothing rings.
  return isInbox(channel) || attempts < MAX_UNCERTAIN_ATTEMPTS;
}

/** An attempt that the process died in. */
function withLostAttempt(before: Case): Case {
  return {
    ...before,
    attempts: before.attempts.map((attempt) =>
      attempt.state === "trying" ? { ...attempt, state: "unknown" as const } : attempt,
    ),
  };
}

function withAttempt(before: Case, attempt: Attempt): Case {
  const others = before.attempts.filter(({ channel }) => channel !== attempt.channel);
  return { ...before, attempts: [...others, attempt] };
}
