import { execFile } from "node:child_process";
import type Mocha from "mocha";
import { skipBecause } from "../skip-because.ts";

export interface ToolResult {
  readonly code: number;
  /** What it wrote, to both outputs. */
  readonly said: string;
}

/** Runs a program of this machine to its end. Rejects when there is none of this name. */
export async function tool(
  name: string,
  args: readonly string[],
  cwd: string = process.cwd(),
): Promise<ToolResult> {
  return await new Promise((resolve, reject) => {
    execFile(name, args, { cwd }, (error, stdout, stderr) => {
      if (error?.code === "ENOENT") reject(new Error(`there is no ${name} here`));
      else resolve({ code: typeof error?.code === "number" ? error.code : 0, said: stdout + stderr });
    });
  });
}

/** Skips the running test, saying so, where a program is not installed. */
export async function requireTool(
  running: Mocha.Context,
  name: string,
  args: readonly string[],
): Promise<void> {
  await tool(name, args).catch(() => skipBecause(running, `${name} is not installed here`));
}
