/**
 * `npm start`: the embedded chain, the contracts and demo agencies on it, the ledger, and the recorder of one demo agency, with all
 * state in DATA_DIR. Runs until Ctrl-C, SIGTERM or the end of its parent, then stops everything in order; if a part ends by
 * itself, says so and stops the rest.
 */
import { DeployError } from "./deploy/error.ts";
import { ensurePortal } from "./portal/fresh.ts";
import { endOfLog } from "./start/child.ts";
import { takeDataFolder } from "./start/data-folder.ts";
import { StartError } from "./start/error.ts";
import { nextSeqOf } from "./start/next-seq.ts";
import { type Loss, Parts } from "./start/parts.ts";
import { dataFolderOf, readStartSettings, type StartSettings } from "./start/settings.ts";
import { startSystem } from "./start/system.ts";
import { welcome } from "./start/welcome.ts";

/** Starts and watches the system until it is asked to stop. @returns the exit code */
async function run(asked: Promise<undefined>): Promise<number> {
  const folder = await takeDataFolder(dataFolderOf(process.env));
  const parts = new Parts();
  try {
    const settings = await readStartSettings(process.env);
    await Promise.race([asked, start(settings, parts)]);
    const lost = await Promise.race([asked, parts.lost]);
    if (lost === undefined) return 0;
    throw new StartError(await describeLoss(lost));
  } catch (error) {
    return explain(error);
  } finally {
    console.log("\nstopping ...");
    for (const problem of await parts.stop()) console.error(problem);
    await folder.release();
  }
}

async function start(settings: StartSettings, parts: Parts): Promise<void> {
  await ensurePortal((line) => console.log(`  ${line}`));
  await startSystem(settings, { env: process.env, parts, onProgress: (line) => console.log(`  ${line}`) });
  console.log(welcome(settings, await nextSeqOf(settings.recorderUrl)));
}

async function describeLoss({ part, how }: Loss): Promise<string> {
  const log =
    part.logFile === undefined ? "" : ` The end of ${part.logFile}:\n${await endOfLog(part.logFile)}`;
  return `The ${part.name} ended by itself (${how}).${log}`;
}

/** Prints what the person can mend. @throws what is nobody's fault but ours */
function explain(error: unknown): number {
  if (!(error instanceof StartError || error instanceof DeployError)) throw error;
  console.error(`\n${error.message}`);
  return 1;
}

/** Resolves at the first signal to end. Later ones change nothing: a terminal and npm may both send the same Ctrl-C. */
function endSignal(): Promise<undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve(undefined));
  return promise;
}

// A deployment that was interrupted may still wait for its chain: nothing is left to do for it.
process.exit(await run(endSignal()).catch(explain));
