import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Terminal } from "./terminal.ts";

/**
 * What a command ends with.
 * 0: done, or the verdict is valid (or development). 1: the verdict is invalid, or the work failed. 2: the input, a file or the
 * command line cannot be used. 3: not everything could be checked.
 */
export type ExitCode = 0 | 1 | 2 | 3;

/** What a command works with; nothing else of the process is read. */
export interface Surroundings {
  readonly terminal: Terminal;
  /** Reads a file, or standard input where the name is `-`; throws UnusableInput when it cannot, or when it is longer than `maxBytes`. */
  readonly read: (file: string, maxBytes: number) => Promise<Uint8Array>;
  /** Writes a file that its owner alone can read, over one that is there; throws UnusableInput when it cannot. */
  readonly write: (file: string, text: string) => Promise<void>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where a progress bar may be drawn. */
  readonly progress: NodeJS.WriteStream;
  /** From the first call on, an interruption (SIGINT, SIGTERM) aborts the signal instead of ending the process. */
  readonly interruption: () => AbortSignal;
}

export interface Command {
  /** One or two words, as typed. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  readonly run: (args: readonly string[], surroundings: Surroundings) => Promise<ExitCode>;
}

/** The input cannot be used; the message tells the person at the keyboard what to do. */
export class UnusableInput extends Error {
  override readonly name = "UnusableInput";
}

/** Parses a command's arguments by `node:util`. Throws UnusableInput naming what nobody can mean. */
export function parseArguments<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (cause) {
    // parseArgs throws a TypeError whose message names the argument in its first sentence.
    if (!(cause instanceof TypeError)) throw cause;
    throw new UnusableInput(cause.message.split(". ")[0] ?? "the arguments cannot be read", { cause });
  }
}
