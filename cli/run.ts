import { type Command, type ExitCode, type Surroundings, UnusableInput } from "./command.ts";
import { printable } from "./terminal.ts";

const HELP_FLAGS = ["--help", "-h"];

/** Runs the command that the arguments name. Faults of the input go to standard error with what to do next. */
export async function runCommandLine(
  args: readonly string[],
  commands: readonly Command[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { out, err } = surroundings.terminal;
  const command = commands.find(({ name }) => isNamed(name, args));
  if (command === undefined) {
    const isHelp = args.length === 0 || HELP_FLAGS.includes(args[0] ?? "");
    const complaint = `minhbach: there is no command ${JSON.stringify(printable(args.join(" ")))}\n\n`;
    (isHelp ? out : err)(`${isHelp ? "" : complaint}${overview(commands)}`);
    return isHelp ? 0 : 2;
  }
  const rest = args.slice(command.name.split(" ").length);
  if (rest.some((arg) => HELP_FLAGS.includes(arg))) {
    out(command.help);
    return 0;
  }
  try {
    return await command.run(rest, surroundings);
  } catch (error) {
    if (!(error instanceof UnusableInput)) throw error;
    err(`minhbach: ${printable(error.message)}\nSee: minhbach ${command.name} --help\n`);
    return 2;
  }
}

function isNamed(name: string, args: readonly string[]): boolean {
  return name.split(" ").every((word, at) => args[at] === word);
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}\n`);
  return `Usage: minhbach COMMAND [--help]\n\n${lines.join("")}`;
}
