/**
 * `npm run demo`: a commune of a thousand people who do not exist lives through three months (22 August to 22 November 2026) in about a minute, with
 * its agencies, its ledger and its chain, on ports and in a folder of its own. Then says what happened, as the ledger has it, and goes on at the speed
 * of the world until Ctrl-C.
 *
 *     npm run demo -- [--persons N] [--days N] [--seed N] [--port N] [--inbox-port N] [--keep FOLDER] [--exit]
 *
 * `--keep` keeps everything in a folder, which must be new; without it, it is gone with the demo. `--exit` ends after the summary.
 */
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { beginWorldClock } from "./demo/clock.ts";
import { type DemoProgress, lived, morningOf } from "./demo/demo.ts";
import type { Province } from "./demo/province.ts";
import { summaryText, welcomeText } from "./demo/words.ts";
import { StartError } from "./start/error.ts";
import { freePorts } from "./start/ports.ts";

const STARTS_ON = "2026-08-22";
/** To 22 November. */
const DAYS = 92;
const PERSONS = 1000;
const LEDGER_PORT = 8180;
const INBOX_PORT = 8190;
/** How often those who go on at the speed of the world look whether something is due. */
const LIVE_INTERVAL_MS = 5_000;

interface Settings {
  readonly persons: number;
  readonly days: number;
  readonly seed: number;
  readonly ports: { readonly ledger: number; readonly inbox: number };
  readonly keep: string | undefined;
  readonly exit: boolean;
}

/** @throws StartError naming the option */
function settingsIn(args: readonly string[]): Settings {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        ...{ persons: { type: "string" }, days: { type: "string" }, seed: { type: "string" } },
        ...{ port: { type: "string" }, "inbox-port": { type: "string" }, keep: { type: "string" } },
        exit: { type: "boolean" },
      },
    });
    return {
      persons: wholeNumber("persons", values.persons, { fallback: PERSONS, min: 200, max: 400_000 }),
      days: wholeNumber("days", values.days, { fallback: DAYS, min: 1, max: 365 }),
      seed: wholeNumber("seed", values.seed, { fallback: 1, min: 0, max: 2 ** 31 }),
      ports: {
        ledger: wholeNumber("port", values.port, { fallback: LEDGER_PORT, min: 0, max: 65_535 }),
        inbox: wholeNumber("inbox-port", values["inbox-port"], { fallback: INBOX_PORT, min: 0, max: 65_535 }),
      },
      keep: values.keep,
      exit: values.exit ?? false,
    };
  } catch (cause) {
    if (cause instanceof StartError || !(cause instanceof TypeError)) throw cause;
    throw new StartError(cause.message, { cause });
  }
}

function wholeNumber(
  name: string,
  text: string | undefined,
  { fallback, min, max }: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  if (text === undefined) return fallback;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw new StartError(`--${name} must be a whole number from ${min} to ${max}; it is "${text}"`);
}

/** A new folder: what an earlier demo left would be in the middle of it. @throws StartError */
async function folderFor(keep: string | undefined): Promise<string> {
  if (keep === undefined) return await mkdtemp(path.join(tmpdir(), "minhbach-demo-"));
  const folder = path.resolve(keep);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0)
    throw new StartError(`The folder ${folder} is not empty: name a new one for --keep, or remove it.`);
  return folder;
}

/** Bars on a terminal; elsewhere a line now and then. */
function progressOn(terminal: NodeJS.WriteStream): DemoProgress & { readonly end: () => void } {
  const bar = terminal.isTTY
    ? new SingleBar({ stream: terminal, format: "  {what} [{bar}] {value}/{total}", hideCursor: true })
    : undefined;
  let shown = "";
  const show = (what: string, done: number, of: number): void => {
    if (bar === undefined) {
      if (done === of || done % Math.ceil(of / 10) === 0) terminal.write(`  ${what} ${done}/${of}\n`);
      return;
    }
    if (shown !== what) bar.start(of, done, { what });
    else bar.update(done);
    shown = what;
    if (done === of) bar.stop();
  };
  return {
    starting: (part) => void terminal.write(`  starting ${part}\n`),
    day: (day, of) => show("days  ", day, of),
    proof: (done, of) => show("proofs", done, of),
    end: () => bar?.stop(),
  };
}

/** Goes on at the speed of the world until it is asked to stop. */
async function goOn(province: Province, asked: AbortSignal): Promise<void> {
  while (!asked.aborted) {
    await province.live().catch((error: unknown) => console.error(String(error)));
    await pause(LIVE_INTERVAL_MS, undefined, { signal: asked }).catch(() => undefined);
  }
}

async function run(asked: AbortSignal): Promise<void> {
  const { keep, exit, ports, ...sizes } = settingsIn(process.argv.slice(2));
  const [ledger, inbox] = await freePorts([
    { variable: "--port", host: "127.0.0.1", port: ports.ledger },
    { variable: "--inbox-port", host: "127.0.0.1", port: ports.inbox },
  ]);
  const dataDir = await folderFor(keep);
  const startedAt = performance.now();
  const progress = progressOn(process.stderr);
  const clock = beginWorldClock(morningOf(STARTS_ON));
  try {
    const { province, population, summary } = await lived({
      ...{ ...sizes, dataDir, clock, startsOn: STARTS_ON, ports: { ledger, inbox }, progress, signal: asked },
    });
    console.log(summaryText(summary));
    console.log(
      `\nLived through ${sizes.days} days in ${Math.round((performance.now() - startedAt) / 1000)} s.`,
    );
    if (!exit) {
      console.log(welcomeText(province, population));
      await goOn(province, asked);
      console.log("\nstopping ...");
    }
    await province.close();
  } catch (error) {
    if (!asked.aborted) throw error;
    console.log("\nstopped.");
  } finally {
    progress.end();
    clock.end();
    if (keep === undefined) await rm(dataDir, { recursive: true, force: true });
  }
}

/** Aborted at the first signal to end. */
function endSignal(): AbortSignal {
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => ending.abort());
  return ending.signal;
}

try {
  await run(endSignal());
  process.exit(0);
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  console.error(error.message);
  process.exit(1);
}
