/** Who wants to hear that there is something new, by what it is about. Nothing is kept for them: whoever hears of it reads what it is. */
export interface Listeners {
  /** Calls back after every change, as long as it is not ended by the function that it returns. */
  readonly listen: (name: string, listener: () => void) => () => void;
  readonly tell: (name: string) => void;
  readonly count: (name: string) => number;
  readonly total: () => number;
}

export function listeners(): Listeners {
  const all = new Map<string, Set<() => void>>();
  let total = 0;
  return {
    listen: (name, callback) => {
      // Each its own, also where the same function listens twice.
      const listener = (): void => callback();
      const here = all.get(name) ?? new Set();
      all.set(name, here.add(listener));
      total += 1;
      return () => {
        if (!here.delete(listener)) return;
        total -= 1;
        if (here.size === 0 && all.get(name) === here) all.delete(name);
      };
    },
    tell: (name) => {
      for (const listener of all.get(name) ?? []) listener();
    },
    count: (name) => all.get(name)?.size ?? 0,
    total: () => total,
  };
}

/** One listener's bell: rung any number of times while nobody waits, it wakes once. */
export interface Bell {
  readonly ring: () => void;
  /** Resolves with true when it was rung since the last time, at once or later; with false after so many milliseconds. */
  readonly heard: (withinMs: number) => Promise<boolean>;
}

export function bell(): Bell {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      isRung = true;
      wake?.();
    },
    heard: async (withinMs) => {
      if (!isRung) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, withinMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        wake = undefined;
      }
      const wasRung = isRung;
      isRung = false;
      return wasRung;
    },
  };
}
