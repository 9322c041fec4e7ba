import fakeTimers from "@sinonjs/fake-timers";

/** The time in which a demo world lives. It goes on like any clock, and can be set forward. */
export interface WorldClock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Sets it forward. @throws RangeError for a moment that is over */
  readonly setTo: (ms: number) => void;
  /** Gives the machine's time back to this process. */
  readonly end: () => void;
}

/** `Date` stands still between two of these; nothing here measures less than a second by it. */
const TICK_MS = 10;

/**
 * Lets this process live at another time: `Date` alone is another, so that receipts, tokens, decisions and cases agree on the day, and timers run as
 * they always do. Other processes (the chain) are told by whoever sets it.
 * @param startsAt milliseconds since 1970
 */
export function beginWorldClock(startsAt: number): WorldClock {
  const fake = fakeTimers.install({ now: startsAt, toFake: ["Date"] });
  let [base, since] = [startsAt, performance.now()];
  const follow = (): void => fake.setSystemTime(Math.floor(base + performance.now() - since));
  const ticking = setInterval(follow, TICK_MS);
  ticking.unref();
  return {
    now: () => Date.now(),
    setTo: (ms) => {
      follow();
      if (ms < Date.now()) throw new RangeError("the clock of a demo world is not set back");
      [base, since] = [ms, performance.now()];
      follow();
    },
    end: () => {
      clearInterval(ticking);
      fake.uninstall();
    },
  };
}
