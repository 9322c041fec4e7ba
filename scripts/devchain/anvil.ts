import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { Socket } from "node:net";
import path from "node:path";
import { createInterface } from "node:readline";

/** A running node process. */
export interface Anvil {
  readonly url: string;
  readonly pid: number;
  /** Resolves when the process has ended, however it did. */
  readonly ended: Promise<void>;
  hasEnded: () => boolean;
  signal: (signal: "SIGTERM" | "SIGKILL") => void;
}

/** The node could not be started; the message says why. */
export class AnvilError extends Error {
  override readonly name = "AnvilError";
}

const START_TIMEOUT_MS = 120_000;

const PLATFORMS: Readonly<Record<string, string>> = { linux: "linux", darwin: "darwin", win32: "win32" };
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Where npm put the binary for this machine. @throws AnvilError. */
function anvilBinary(): string {
  const name = `@foundry-rs/anvil-${PLATFORMS[process.platform] ?? ""}-${ARCHITECTURES[process.arch] ?? ""}`;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return path.join(path.dirname(manifest), "bin", process.platform === "win32" ? "anvil.exe" : "anvil");
  } catch (cause) {
    throw new AnvilError(
      `The embedded chain needs ${name}, which is not installed: run npm ci on this machine, or point RPC_URL to a chain.`,
      { cause },
    );
  }
}

/**
 * Starts anvil and waits until it listens. It ends with this process even when that is killed by force. In a process group of its
 * own, so that a Ctrl-C in the terminal reaches us first and the state can still be saved.
 * @throws AnvilError.
 */
export async function startAnvil(args: readonly string[]): Promise<Anvil> {
  const child = spawn(anvilBinary(), args, {
    detached: true,
    windowsHide: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => {
      resolve();
    });
    child.once("error", () => {
      resolve();
    });
  });
  const complaint: string[] = [];
  child.stderr.on("data", (part: Buffer) => {
    if (complaint.length < 20) complaint.push(part.toString("utf8"));
  });
  try {
    const pid = requirePid(child);
    endWithUs(pid, ended);
    const port = await listeningPort(child, ended);
    return {
      url: `http://127.0.0.1:${port}`,
      pid,
      ended,
      hasEnded: () => child.exitCode !== null || child.signalCode !== null,
      signal: (signal) => void child.kill(signal),
    };
  } catch (error) {
    child.kill("SIGKILL");
    await ended;
    throw new AnvilError(`anvil did not start: ${complaint.join("").trim() || String(error)}`, {
      cause: error,
    });
  }
}

/** The port anvil says it listens on. What it writes later is read and dropped, or it would block. */
async function listeningPort(child: ChildProcess, ended: Promise<void>): Promise<number> {
  if (child.stdout === null) throw new Error("no output to read");
  const lines = createInterface(child.stdout);
  const found = new Promise<number>((resolve) => {
    lines.on("line", (line) => {
      const port = /^Listening on .*:(\d+)$/.exec(line)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
  });
  const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
  return Promise.race([
    found,
    ended.then(() => Promise.reject(new Error("it ended at once"))),
    once(timeout, "abort").then(() => Promise.reject(new Error("it did not listen in time"))),
  ]);
}

function requirePid(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error("the process has no id");
  return child.pid;
}

/** Reads until the pipe from its parent breaks, which it does when the parent is gone, and then ends the node. */
const GUARD = `
process.stdin.resume();
process.stdin.on("close", () => {
  try { process.kill(Number(process.argv[1]), "SIGKILL"); } catch {}
  process.exit();
});
`;

/** No program can promise to run code when it is killed by force, so another process watches over the node. */
function endWithUs(pid: number, ended: Promise<void>): void {
  const guard = spawn(process.execPath, ["-e", GUARD, String(pid)], {
    detached: true,
    windowsHide: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
  });
  // The guard must not outlive the node: its id may be another process's by then.
  void ended.then(() => guard.kill("SIGKILL"));
  guard.unref();
  if (guard.stdin instanceof Socket) guard.stdin.unref();
}
