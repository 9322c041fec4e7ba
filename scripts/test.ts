/**
 * `npm test`: every check and every test, as much at a time as two cores carry; `npm test -- PART ...` for some of them, where a part
 * is a step (types, lint, imports, format, dead-code, solidity, contracts) or a folder or file below test/.
 * Ends with the sum over all runners alone on a line, and with 1 if anything failed.
 */
import { ensurePortal } from "./portal/fresh.ts";
import { runStep, type StepResult } from "./test/run-step.ts";
import { type Step, stepsFor, UnknownPart } from "./test/steps.ts";
import { sumOf } from "./test/tally.ts";

/** The machine that every part must pass on. */
const CORES = 2;

async function runAll(steps: readonly Step[], signal: AbortSignal): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  const running = new Map<Step, Promise<void>>();
  const busyCores = (): number => [...running.keys()].reduce((sum, step) => sum + step.cores, 0);
  for (const step of steps) {
    while (busyCores() + step.cores > CORES) await Promise.race(running.values());
    const run = runStep(step, signal).then((result) => {
      running.delete(step);
      results.push(result);
      report(result);
    });
    running.set(step, run);
  }
  await Promise.all(running.values());
  return results;
}

function report({ step, ok, output, tally, seconds }: StepResult): void {
  const tests = step.kind === "tests" ? `${tally.passed + tally.failed} tests` : "";
  console.log(
    `${ok ? "ok    " : "FAILED"} ${step.name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s  ${tests}`,
  );
  if (!ok) console.log(output.trimEnd());
}

function steps(): readonly Step[] {
  try {
    return stepsFor(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UnknownPart)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interrupted.abort();
  });
}

const chosen = steps();
// The tests look at the pages as they are built.
if (chosen.some(({ kind }) => kind === "tests")) await ensurePortal((line) => console.log(line));
const results = await runAll(chosen, interrupted.signal);
const { passed, failed, skipped } = sumOf(results.map((result) => result.tally));
const broken = results.filter((result) => !result.ok).map((result) => result.step.name);
console.log(broken.length === 0 ? "\nEverything passed." : `\nFailed: ${broken.join(", ")}`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = broken.length === 0 && !interrupted.signal.aborted ? 0 : 1;
