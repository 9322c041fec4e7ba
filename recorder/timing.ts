/** Time as the recorder sees it; tests give their own. */
export interface Timing {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Resolves after `milliseconds`, or at once when `signal` aborts. Never rejects. */
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** Uniform in [0, 1): jitter only, never a secret. */
  random: () => number;
}

/** The system's clock and timers. A pending sleep does not keep the process alive. */
export const systemTiming: Timing = {
  now: () => Date.now(),
  random: () => Math.random(),
  sleep: (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", finish);
        resolve();
      };
      const timer = setTimeout(finish, milliseconds);
      timer.unref();
      signal.addEventListener("abort", finish);
    }),
};

/** First delay after a failure. */
const BACKOFF_FIRST_MS = 250;
/** Longest delay: an outage of hours is noticed to be over within this. */
const BACKOFF_LONGEST_MS = 30_000;

/**
 * Delay before the next try after `failures` failures in a row (from 1): exponential with equal jitter, so that the
 * recorders of a province do not come back in step after an outage.
 */
export function backoffMilliseconds(failures: number, random: () => number): number {
  const full = Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return full / 2 + random() * (full / 2);
}
