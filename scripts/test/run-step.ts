import { spawn } from "node:child_process";
import type { Readable } from "node:stream";

import type { Step } from "./steps.ts";
import { type Tally, tallyOf } from "./tally.ts";

export interface StepResult {
  readonly step: Step;
  readonly ok: boolean;
  readonly tally: Tally;
  /** Everything it printed; empty if it was shown as it came. */
  readonly output: string;
  readonly seconds: number;
}

/** Runs a step to its end. Never rejects: a program that can't be started is a failed step. Aborting the signal ends it. */
export async function runStep(step: Step, signal: AbortSignal): Promise<StepResult> {
  const started = performance.now();
  const child = spawn(process.execPath, step.command, { stdio: ["ignore", "pipe", "pipe"], signal });
  const [code, stdout, stderr] = await Promise.all([
    new Promise<number>((resolve) => {
      child.once("error", () => {
        resolve(1);
      });
      child.once("exit", (exitCode) => {
        resolve(exitCode ?? 1);
      });
    }),
    collect(child.stdout, step.live ? process.stdout : undefined),
    collect(child.stderr, step.live ? process.stderr : undefined),
  ]);
  const tally = resultOf(step, code, stdout);
  return {
    step,
    ok: code === 0 && tally.failed === 0,
    tally,
    output: step.live ? "" : stdout + stderr,
    seconds: (performance.now() - started) / 1000,
  };
}

/** A check counts as one test. So does a runner that ended badly without counting a failure: the total must show it. */
function resultOf(step: Step, code: number, stdout: string): Tally {
  const failedAsOne = { passed: 0, failed: 1, skipped: 0 };
  if (step.kind === "check") return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : failedAsOne;
  const tally = tallyOf(stdout) ?? failedAsOne;
  return code === 0 || tally.failed > 0 ? tally : { ...tally, failed: 1 };
}

async function collect(stream: Readable, show: NodeJS.WriteStream | undefined): Promise<string> {
  let text = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) {
    text += String(chunk);
    show?.write(String(chunk));
  }
  return text;
}
