import { ConfigError, type Env } from "../../server/config.ts";
import { LedgerError } from "../../server/errors.ts";
import { KeysError } from "./error.ts";

/** What a command about keys or logs does with its arguments and the environment. */
export type KeysCommand = (args: readonly string[], env: Env, print: (line: string) => void) => Promise<void>;

/** Runs the command as the program. What the person can mend is said without a trace, and ends with 1; anything else is thrown. */
export async function runMain(command: KeysCommand): Promise<void> {
  try {
    await command(process.argv.slice(2), process.env, (line) => console.log(line));
  } catch (error) {
    const isExplained =
      error instanceof KeysError || error instanceof ConfigError || error instanceof LedgerError;
    if (!isExplained) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
