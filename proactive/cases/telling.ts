import {
  type Addresses,
  type Channel,
  channelsFor,
  firstWakingMoment,
  type Message,
} from "../reach/channel.ts";
import { afterTelling, type Attempt, type Case } from "./case.ts";

export interface TellingParts {
  /** The preferred one first. */
  readonly channels: readonly Channel[];
  /** How the person can be reached; undefined when nobody knows. For a child or a newborn, whoever answers for them. */
  readonly addressesOf: (subject: string) => Promise<Addresses | undefined>;
  readonly now: () => number;
}

/** One more attempt after one whose end nobody knows, where a gateway tells the same key apart; then never again. */
const MAX_UNCERTAIN_ATTEMPTS = 2;

/**
 * The case after trying to tell the person. What is about to be sent is kept before it is sent, so that a process that dies in between does not send
 * twice: what is found `trying` at a start has no known end.
 */
export async function tell(
  before: Case,
  { channels, addressesOf, now }: TellingParts,
  keep: (trying: Case) => Promise<void>,
): Promise<Case> {
  const text = before.conclusion?.message;
  const to = await addressesOf(before.occasion.subject);
  if (text === undefined) return { ...before, stage: { at: "closed", outcome: "told" } };
  if (to === undefined) return { ...before, stage: { at: "officer", why: "nobody-to-tell" } };
  const message: Message = {
    key: `${before.id} message`,
    procedure: before.procedure,
    caseId: before.id,
    text,
  };
  let current = withLostAttempt(before);
  for (const channel of channelsFor(channels, to)) {
    const earlier = current.attempts.find((attempt) => attempt.channel === channel.name);
    if (earlier?.state === "delivered") break;
    if (earlier?.state === "failed" || (earlier !== undefined && !mayTryAgain(channel, earlier))) continue;
    const waking = channel.disturbs ? firstWakingMoment(now()) : now();
    if (waking > now()) {
      // The inbox does not wake anybody: the others wait for the morning.
      return { ...current, stage: { at: "telling", notBefore: waking } };
    }
    const trying: Attempt = {
      channel: channel.name,
      state: "trying",
      attempts: (earlier?.attempts ?? 0) + 1,
    };
    current = withAttempt(current, trying);
    await keep(current);
    const state = await channel.send(to, message).catch(() => "unknown" as const);
    current = withAttempt(current, { ...trying, state });
    if (state === "delivered") break;
  }
  const isTold = current.attempts.some(({ state }) => state === "delivered" || state === "unknown");
  if (!isTold) return { ...current, stage: { at: "officer", why: "not-reached" } };
  return { ...current, stage: afterTelling(current, now()) };
}

function mayTryAgain({ isIdempotent }: Channel, { state, attempts }: Attempt): boolean {
  return state === "unknown" && isIdempotent && attempts < MAX_UNCERTAIN_ATTEMPTS;
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
