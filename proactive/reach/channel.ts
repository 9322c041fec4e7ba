import type { Text } from "../rules/rule.ts";

/** How a person can be reached. The inbox always works: it is their own page. */
export interface Addresses {
  readonly language: "vi" | "en";
  readonly phone?: string;
  readonly email?: string;
  /** Names the person's inbox. */
  readonly inbox: string;
}

/** One message to one person. */
export interface Message {
  /** The same for every attempt: a gateway that knows it already does not send again. */
  readonly key: string;
  readonly procedure: string;
  readonly caseId: string;
  readonly text: Text;
}

/** One way to reach people. */
export interface Channel {
  readonly name: "sms" | "email" | "inbox";
  /** Whether a person may be woken by it: such a channel keeps quiet at night. */
  readonly disturbs: boolean;
  /** Whether the same key sent twice reaches the person once. Then an attempt whose end is unknown is made once more. */
  readonly isIdempotent: boolean;
  readonly reaches: (to: Addresses) => boolean;
  /** Sends. `failed` only when it is certain that nothing went out; rejects when the end is not known. */
  readonly send: (to: Addresses, message: Message) => Promise<"delivered" | "failed">;
}

/** No message that rings comes between these hours of the day in Vietnam. */
const QUIET_FROM_HOUR = 21;
const QUIET_UNTIL_HOUR = 7;
const VIETNAM_OFFSET_MS = 7 * 3_600_000;
const HOUR_MS = 3_600_000;

/** The first moment, from `now` on (milliseconds since 1970), at which people may be disturbed. */
export function firstWakingMoment(now: number): number {
  const local = new Date(now + VIETNAM_OFFSET_MS);
  const hour = local.getUTCHours();
  if (hour >= QUIET_UNTIL_HOUR && hour < QUIET_FROM_HOUR) return now;
  const midnight = Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate());
  const morning = midnight + (hour >= QUIET_FROM_HOUR ? 24 : 0) * HOUR_MS + QUIET_UNTIL_HOUR * HOUR_MS;
  return morning - VIETNAM_OFFSET_MS;
}

/** The channels that reach a person, the one to try first in front. */
export function channelsFor(channels: readonly Channel[], to: Addresses): readonly Channel[] {
  return channels.filter((channel) => channel.reaches(to));
}
