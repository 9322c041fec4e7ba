import { setImmediate } from "node:timers/promises";

/** Lets requests through between pieces of long work, so that none waits longer than a piece takes. */
export interface Turns {
  /** Whether the piece has taken its time: then `next` must be awaited before more is done. */
  isOver: () => boolean;
  next: () => Promise<void>;
}

/** Pieces of about this many milliseconds. */
export function turnsOf(milliseconds: number): Turns {
  let until = performance.now() + milliseconds;
  return {
    isOver: () => performance.now() >= until,
    next: async () => {
      await setImmediate();
      until = performance.now() + milliseconds;
    },
  };
}
