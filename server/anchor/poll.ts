import type { Logger } from "pino";

export interface PollOptions {
  /** Does the work once; what it rejects with is logged, and the work is done again later. */
  readonly run: () => Promise<void>;
  readonly intervalMs: number;
  readonly log: Logger;
  /** What failed, for the log: "reading the keys". */
  readonly subject: string;
}

export interface Poll {
  /** Runs soon, without waiting for the interval. */
  wake: () => void;
  /** Resolves when the run under way is done; none begins after it. */
  close: () => Promise<void>;
}

/** A node that is down is not asked more seldom than this: it should be noticed soon when it is back. */
const MAX_BACKOFF_MS = 5_000;

/** Runs the work at once and then at an interval, never two at a time; after failures less and less often. */
export function startPoll({ run, intervalMs, log, subject }: PollOptions): Poll {
  let failures = 0;
  let lastProblem: string | undefined;
  let isClosed = false;
  let isWoken = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function runOnce(): Promise<void> {
    isWoken = false;
    try {
      await run();
      if (failures > 0) log.info({ failures }, `${subject}: works again`);
      [failures, lastProblem] = [0, undefined];
    } catch (error) {
      failures += 1;
      // The same problem twice a second for an hour says nothing new.
      const problem = error instanceof Error ? error.message : String(error);
      log[problem === lastProblem ? "debug" : "error"]({ err: error, failures }, `${subject}: ${problem}`);
      lastProblem = problem;
    }
  }

  function schedule(): void {
    running = undefined;
    if (isClosed) return;
    const backoffMs = failures === 0 ? intervalMs : Math.min(intervalMs * 2 ** failures, MAX_BACKOFF_MS);
    timer = setTimeout(next, isWoken && failures === 0 ? 0 : backoffMs);
  }

  function next(): void {
    running = runOnce().then(schedule);
  }

  next();
  return {
    wake: () => {
      isWoken = true;
      if (running !== undefined || isClosed || failures > 0) return;
      clearTimeout(timer);
      next();
    },
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
