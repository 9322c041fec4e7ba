import { auditCommand } from "./audit.ts";
import { accuseCommand } from "./accuse.ts";
import { checkReceiptCommand } from "./check-receipt.ts";
import { gatherCommand } from "./gather.ts";
import { inputReader, writeOwnFile } from "./input.ts";
import { recorderImportCommand } from "./recorder-import.ts";
import {
  recorderContinueCommand,
  recorderKeyCommand,
  recorderRefusedCommand,
  recorderResumeCommand,
  recorderTokenCommand,
} from "./recorder-operate.ts";
import { recorderStartCommand } from "./recorder-start.ts";
import { revealCommand } from "./reveal.ts";
import { runCommandLine } from "./run.ts";
import { processTerminal } from "./terminal.ts";
import { trustShowCommand } from "./trust.ts";
import { verifyCommand } from "./verify.ts";

const COMMANDS = [
  verifyCommand(fetch),
  checkReceiptCommand(fetch),
  accuseCommand(fetch),
  gatherCommand(fetch),
  revealCommand,
  auditCommand(fetch),
  trustShowCommand,
  recorderStartCommand,
  recorderImportCommand("xroad"),
  recorderImportCommand("fhir"),
  recorderKeyCommand,
  recorderTokenCommand,
  recorderRefusedCommand,
  recorderResumeCommand,
  recorderContinueCommand,
];

/** Of a fault of the program itself, where Node would end with 1, which means "invalid": sysexits' EX_SOFTWARE. */
const FAULT = 70;

try {
  process.exitCode = await runCommandLine(process.argv.slice(2), COMMANDS, {
    terminal: processTerminal(process, process.env),
    read: inputReader(process.stdin),
    write: writeOwnFile,
    env: process.env,
    progress: process.stderr,
    interruption() {
      const controller = new AbortController();
      for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => controller.abort());
      return controller.signal;
    },
  });
} catch (error) {
  console.error(error);
  process.exitCode = FAULT;
}
