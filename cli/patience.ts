import { setTimeout as sleepFor } from "node:timers/promises";
import type { FetchResponse } from "../verifier/http-body.ts";

export interface Patience {
  /** Of one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** How long a server may put us off altogether, in milliseconds. */
  readonly longestMs: number;
  /** Ends the waiting: the answer so far is then the answer. */
  readonly interruption?: AbortSignal;
  /** Resolves after so many milliseconds, or rejects when interrupted; a test's own. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/** Where a server that is asked too often does not say how long it wants to be left alone. */
const UNSAID_MS = 5_000;
/** A server that says "0" is not asked in a tight loop. */
const SHORTEST_MS = 1_000;

/**
 * Asks again when the server says when: 429, or 503 with Retry-After (RFC 9110 section 10.2.3). Any other answer, or one that would take too long to wait for,
 * is returned as it is; what `ask` throws is thrown.
 */
export async function patiently<T extends FetchResponse>(
  ask: (signal: AbortSignal) => Promise<T>,
  { timeoutMs, longestMs, interruption, sleep }: Patience,
): Promise<T> {
  let leftMs = longestMs;
  for (;;) {
    const answer = await ask(AbortSignal.timeout(timeoutMs));
    const waitMs = waitAskedFor(answer);
    if (waitMs === undefined || waitMs > leftMs) return answer;
    leftMs -= waitMs;
    try {
      if (sleep === undefined) await sleepFor(waitMs, undefined, interruption && { signal: interruption });
      else await sleep(waitMs);
    } catch (error) {
      if (interruption?.aborted !== true) throw error;
      return answer;
    }
    await answer.body?.getReader().cancel();
  }
}

function waitAskedFor({ status, headers }: FetchResponse): number | undefined {
  const said = headers?.get("retry-after") ?? undefined;
  if (status !== 429 && (status !== 503 || said === undefined)) return undefined;
  return Math.max(SHORTEST_MS, millisecondsIn(said, headers?.get("date")) ?? UNSAID_MS);
}

/** Seconds, or the date of HTTP, which is held against the server's own clock: ours may be another. */
function millisecondsIn(said: string | undefined, date: string | null | undefined): number | undefined {
  if (said === undefined) return undefined;
  if (/^\d{1,9}$/.test(said)) return Number(said) * 1000;
  const ms = Date.parse(said) - Date.parse(date ?? "");
  return Number.isNaN(ms) ? undefined : ms;
}
