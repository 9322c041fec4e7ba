import type { PersonNumber } from "../exchange/message.ts";
import type { Answer, QuietHours } from "../inbox/message.ts";
import { NIGHT } from "../inbox/preferences.ts";
import type { Text } from "../rules/rule.ts";

/** How a person can be reached, and wants to be. The inbox always works: it is their own page. */
export interface Addresses {
  readonly language: "vi" | "en";
  readonly phone?: string;
  readonly email?: string;
  /** Whose inbox: the person, or for a child whoever answers for them. */
  readonly inbox: PersonNumber;
  /** When nothing may ring; at night when absent. */
  readonly quiet?: QuietHours;
}

/** One message to one person. */
export interface Message {
  /** The same for every attempt: a gateway that knows it already does not send again. */
  readonly key: string;
  readonly procedure: string;
  readonly caseId: string;
  readonly text: Text;
  /** What can be answered, in the inbox; nothing when absent. */
  readonly answers?: readonly Answer[];
  /** Until when it can be answered, milliseconds since 1970. */
  readonly until?: number;
}

/** Not sent, or not known to be, and safe to send again and again: there the same key is one message for ever. */
export class NotSentError extends Error {
  override readonly name = "NotSentError";
}

/** One way to reach people. */
export interface Channel {
  readonly name: "sms" | "email" | "inbox";
  /** Whether a person may be woken by it: such a channel keeps quiet at night. */
  readonly disturbs: boolean;
  /** Whether the same key sent twice reaches the person once. Then an attempt whose end is unknown is made once more. */
  readonly isIdempotent: boolean;
  readonly reaches: (to: Addresses) => boolean;
  /**
   * Sends. `failed` only when it is certain that nothing went out, and nothing will; rejects with NotSentError when the same is to be sent again until
   * it is known, which cannot reach the person twice; rejects otherwise when the end is not known.
   */
  readonly send: (to: Addresses, message: Message) => Promise<"delivered" | "failed">;
}

const VIETNAM_OFFSET_MS = 7 * 3_600_000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The first moment, from `now` on (milliseconds since 1970), that is not in the quiet hours of the day in Vietnam. */
export function firstWakingMoment(now: number, quiet: QuietHours = NIGHT): number {
  const [from, until] = [millisecondsOf(quiet.from), millisecondsOf(quiet.until)];
  const timeOfDay = (now + VIETNAM_OFFSET_MS) % DAY_MS;
  const sinceFrom = (timeOfDay - from + DAY_MS) % DAY_MS;
  const length = (until - from + DAY_MS) % DAY_MS;
  return sinceFrom < length ? now + length - sinceFrom : now;
}

/** `HH:MM` as milliseconds from midnight. */
function millisecondsOf(time: string): number {
  const [hours, minutes] = time.split(":").map(Number);
  return ((hours ?? 0) * 60 + (minutes ?? 0)) * MINUTE_MS;
}

/** The channels that reach a person, the one to try first in front. */
export function channelsFor(channels: readonly Channel[], to: Addresses): readonly Channel[] {
  return channels.filter((channel) => channel.reaches(to));
}
