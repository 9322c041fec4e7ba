import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { readFile, rename, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { StartError } from "./error.ts";
import type { Part } from "./parts.ts";

/** A process of ours, its output in a file. */
export interface Child extends Part {
  readonly pid: number;
  readonly logFile: string;
  /** Resolves once the address answers 200. @throws StartError if the process ends or the time is over before. */
  readonly untilReady: (url: string, timeoutMs?: number) => Promise<void>;
}

export interface ChildOptions {
  readonly name: string;
  /** The TypeScript file, relative to the checkout. */
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
}

const ROOT = path.resolve(import.meta.dirname, "../..");
const NODE_FLAGS = [
  "--disable-warning=ExperimentalWarning",
  // V8 would let each thread's young objects take 128 MB; a quarter of it is as fast.
  "--max-semi-space-size=16",
  `--import=${pathToFileURL(path.join(ROOT, "toolchain/end-with-parent.mjs")).href}`,
];
/** Nobody reads further back when trying things out; the log before is kept once. */
const MAX_LOG_BYTES = 10 * 1024 * 1024;
const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 50;
/** A readiness probe that takes longer is a no. */
const PROBE_TIMEOUT_MS = 2_000;
const STOP_TIMEOUT_MS = 10_000;
/** Enough to see why it ended. */
const SHOWN_LOG_LINES = 15;

/**
 * Starts a process in a session of its own, so that Ctrl-C reaches only us and everything ends in order. If we are killed, its
 * preload sends it SIGTERM.
 */
export async function startChild({ name, file, env, logFile }: ChildOptions): Promise<Child> {
  await rotate(logFile);
  const log = openSync(logFile, "a", 0o600);
  const child = spawn(process.execPath, [...NODE_FLAGS, path.join(ROOT, file)], {
    env,
    cwd: ROOT,
    stdio: ["ignore", log, log],
    detached: process.platform !== "win32",
  });
  const ended = endOf(child);
  const failure = async (what: string): Promise<StartError> =>
    new StartError(`The ${name} ${what}. The end of ${logFile}:\n${await endOfLog(logFile)}`);
  const { pid } = child;
  if (pid === undefined) throw await failure(`could not be started (${await ended})`);
  return {
    name,
    pid,
    logFile,
    ended,
    untilReady: async (url, timeoutMs = READY_TIMEOUT_MS) => {
      const deadline = performance.now() + timeoutMs;
      let reason: string | undefined;
      void ended.then((end) => (reason = end));
      while (!(await answersOk(url))) {
        if (reason !== undefined) throw await failure(`did not start (${reason})`);
        if (performance.now() > deadline) throw await failure(`was not ready within ${timeoutMs / 1000} s`);
        await delay(READY_POLL_MS);
      }
    },
    stop: async () => {
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(force);
    },
  };
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return signal ?? `exit code ${code ?? "unknown"}`;
  } catch (error) {
    return error instanceof Error ? error.message : "could not be started";
  }
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

async function rotate(logFile: string): Promise<void> {
  const size = await stat(logFile).then(
    (status) => status.size,
    () => 0,
  );
  if (size > MAX_LOG_BYTES) await rename(logFile, `${logFile}.old`);
}

/** The last lines of a log, to show why its process ended. */
export async function endOfLog(logFile: string): Promise<string> {
  const lines = (await readFile(logFile, "utf8")).trimEnd().split("\n");
  return lines.slice(-SHOWN_LOG_LINES).join("\n");
}
