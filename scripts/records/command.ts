import { SingleBar } from "cli-progress";
import { LedgerError } from "../../server/errors.ts";
import type { RecordsCount } from "../../server/store/transfer-check.ts";
import { TransferError } from "../../server/store/transfer-error.ts";
import { ChainError } from "../../verifier/chain.ts";
import { RecordsInputError } from "./error.ts";

/** As `minhbach audit` does it. */
const EXIT_CODES = { wrong: 1, unusable: 2 } as const;

/** Runs a command that moves records; what it rejects with is shown as a person needs it. */
export async function runRecordsCommand(usage: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof TransferError || error instanceof LedgerError || error instanceof ChainError) {
      console.error(error.message);
      process.exitCode = EXIT_CODES.wrong;
    } else if (error instanceof RecordsInputError || isBadArgument(error)) {
      console.error(`${error.message}\n${usage}`);
      process.exitCode = EXIT_CODES.unusable;
    } else if (isMissingFile(error)) {
      console.error(`${error.path} cannot be read: there is no such file.\n${usage}`);
      process.exitCode = EXIT_CODES.unusable;
    } else throw error;
  }
}

function isBadArgument(error: unknown): error is TypeError {
  return error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

function isMissingFile(error: unknown): error is Error & { readonly path: string } {
  return error instanceof Error && "code" in error && error.code === "ENOENT" && "path" in error;
}

/** One bar a stage, on a terminal. */
export function progressBars(stream: NodeJS.WriteStream) {
  let stage = "";
  let bar: SingleBar | undefined;
  return {
    show: (name: string, done: number, of: number): void => {
      if (!stream.isTTY) return;
      if (name !== stage) {
        bar?.stop();
        const format = `${name.padEnd(9)} {bar} {percentage}%, {value} of {total}, {eta_formatted} left`;
        bar = new SingleBar({ stream, format, hideCursor: true });
        bar.start(of, done);
        stage = name;
      }
      bar?.update(done);
    },
    end: (): void => bar?.stop(),
  };
}

/** What was counted, for people. */
export function countedText(count: RecordsCount): string {
  const { events, submissions, eventsWithoutKey, attachments, anchors, indexKeys } = count;
  const others = `${attachments} attachments, ${anchors} anchors, ${indexKeys} keys of the index`;
  return `${events} events (${eventsWithoutKey} without a key) in ${submissions} submissions, ${others}`;
}
