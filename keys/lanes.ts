import { KeyError } from "./errors.ts";

/** Work that waits for a lane. */
interface Waiting {
  readonly start: (lane: number) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * A few lanes in which calls to a library run beside each other, and no more: each holds one of the process's few threads for native work, and a
 * token that never answers must not take them all. Work that takes longer than the limit is given up, and so is all that waits behind it; its
 * lane stays closed until the call does come back.
 */
export class Lanes {
  readonly #limitMs: number;
  readonly #free: number[];
  readonly #count: number;
  #waiting: Waiting[] = [];
  #late = 0;
  /** Somebody who waits until all lanes are empty, or has them all. */
  #alone: (Waiting & { begun: boolean }) | undefined;

  constructor(count: number, limitMs: number) {
    this.#count = count;
    this.#free = Array.from({ length: count }, (_, lane) => lane);
    this.#limitMs = limitMs;
  }

  /** Runs in the next free lane, in the order of asking. @throws KeyError `unavailable` when it or what is before it takes too long */
  async run<T>(work: (lane: number) => Promise<T>): Promise<T> {
    if (this.#late === this.#count || (this.#alone?.begun === true && this.#late > 0)) throw tooLong();
    const lane = await new Promise<number>((start, fail) => {
      this.#waiting.push({ start, fail });
      this.#next();
    });
    return await this.#limited(work(lane), () => this.#leave(lane));
  }

  /** Runs while every lane is empty, one at a time. @throws KeyError `unavailable` */
  async runAlone(work: () => Promise<void>): Promise<void> {
    if (this.#late > 0 || this.#alone !== undefined) throw tooLong();
    await new Promise<number>((start, fail) => {
      this.#alone = { start, fail, begun: false };
      this.#next();
    });
    await this.#limited(work(), () => {
      this.#alone = undefined;
      this.#next();
    });
  }

  /** Whatever waits would meet the same trouble, one after the other. */
  refuseWaiting(error: unknown): void {
    for (const { fail } of this.#waiting.splice(0)) fail(error);
  }

  async #limited<T>(work: Promise<T>, done: () => void): Promise<T> {
    const { promise: limit, reject } = Promise.withResolvers<never>();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#late++;
      reject(tooLong());
      this.refuseWaiting(tooLong());
      if (this.#alone?.begun === false) {
        this.#alone.fail(tooLong());
        this.#alone = undefined;
      }
    }, this.#limitMs);
    const finished = work.finally(() => {
      clearTimeout(timer);
      if (isLate) this.#late--;
      done();
    });
    return await Promise.race([finished, limit]);
  }

  #leave(lane: number): void {
    this.#free.push(lane);
    this.#next();
  }

  #next(): void {
    if (this.#alone !== undefined) {
      if (this.#alone.begun || this.#free.length < this.#count) return;
      this.#alone.begun = true;
      this.#alone.start(0);
      return;
    }
    while (this.#free.length > 0) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.start(this.#free.pop() ?? 0);
    }
  }
}

function tooLong(): KeyError {
  return new KeyError(
    "unavailable",
    "The PKCS#11 token does not answer. See to it that it does, then try again.",
  );
}
