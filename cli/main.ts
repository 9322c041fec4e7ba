import { inputReader } from "./input.ts";
import { runCommandLine } from "./run.ts";
import { processTerminal } from "./terminal.ts";
import { trustShowCommand } from "./trust.ts";
import { verifyCommand } from "./verify.ts";

process.exitCode = await runCommandLine(process.argv.slice(2), [verifyCommand(fetch), trustShowCommand], {
  terminal: processTerminal(process, process.env),
  read: inputReader(process.stdin),
  env: process.env,
});
