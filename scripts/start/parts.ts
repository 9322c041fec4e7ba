import { StartError } from "./error.ts";

/** One running part of the system: the chain, the ledger, a recorder. */
export interface Part {
  readonly name: string;
  /** Resolves when it ends, with how: "exit code 1", "SIGKILL". */
  readonly ended: Promise<string>;
  /** Ends it in order; resolves when it has ended. */
  readonly stop: () => Promise<void>;
  /** Where its output is, if it goes to a file. */
  readonly logFile?: string;
}

/** A part that ended without being stopped, and how. */
export interface Loss {
  readonly part: Part;
  readonly how: string;
}

/** The running parts, in the order they were started. */
export class Parts {
  /** Resolves with the first part that is lost. */
  readonly lost: Promise<Loss>;
  readonly #running: Part[] = [];
  readonly #reportLost: (loss: Loss) => void;
  /** The part that is being started: its process may run before it is a part of ours. */
  #starting: Promise<unknown> = Promise.resolve();
  #stopping = false;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<Loss>();
    this.lost = promise;
    this.#reportLost = resolve;
  }

  /** Takes over a part that was just started; the returned value is the part. @throws StartError if all is being stopped already. */
  add<T extends Part>(starting: Promise<T>): Promise<T> {
    const adding = this.#add(starting);
    this.#starting = adding.catch(() => undefined);
    return adding;
  }

  async #add<T extends Part>(starting: Promise<T>): Promise<T> {
    const part = await starting;
    if (this.#stopping) {
      await part.stop();
      throw new StartError("The start was interrupted.");
    }
    this.#running.push(part);
    void part.ended.then((how) => {
      if (this.#stopping) return;
      this.#running.splice(this.#running.indexOf(part), 1);
      this.#reportLost({ part, how });
    });
    return part;
  }

  /**
   * Stops all parts, the last one started first: whoever needs another part ends before it.
   * @returns what went wrong; the other parts are stopped all the same
   */
  async stop(): Promise<readonly string[]> {
    this.#stopping = true;
    await this.#starting;
    const problems: string[] = [];
    for (let part = this.#running.pop(); part !== undefined; part = this.#running.pop()) {
      try {
        await part.stop();
      } catch (error) {
        problems.push(`The ${part.name} did not stop in order: ${String(error)}`);
      }
    }
    return problems;
  }
}
