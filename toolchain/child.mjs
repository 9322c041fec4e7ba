import { spawn } from "node:child_process";
import { constants } from "node:os";

/** Read at once: a parent that ends while we install has to be noticed too. */
const PARENT = process.ppid;
/** @type {NodeJS.Signals[]} */
const FORWARDED_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const PARENT_POLL_MILLISECONDS = 500;
/** How long a child may take to end in order after we asked it to; `npm start` stops five processes in this time. */
const END_GRACE_MILLISECONDS = 20_000;

/**
 * Calls `onGone` once when the process that started this one has ended. A `kill` of npm does not reach us otherwise.
 * The timer does not keep the process alive.
 *
 * @param {() => void} onGone
 * @returns {() => void} ends the watch
 */
export function watchParent(onGone) {
  const timer = setInterval(() => {
    if (process.ppid === PARENT && isAlive(PARENT)) return;
    clearInterval(timer);
    onGone();
  }, PARENT_POLL_MILLISECONDS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Whether a process with this id exists; one of another user counts.
 *
 * @param {number} pid
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/**
 * Runs a program in the foreground: signals are passed on, and it is ended when our own parent is gone.
 *
 * @param {string} program absolute path
 * @param {string[]} args
 * @param {import("node:child_process").SpawnOptions} options
 * @returns {Promise<number>} its exit code, or 128 + the number of the signal that ended it
 * @throws the spawn error if the program could not be started
 */
export async function runInForeground(program, args, options) {
  const child = spawn(program, args, { stdio: "inherit", ...options });
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => {
    child.kill(signal);
  };
  for (const signal of FORWARDED_SIGNALS) process.on(signal, forward);
  const endWatch = watchParent(() => {
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), END_GRACE_MILLISECONDS).unref();
  });
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  } finally {
    endWatch();
    for (const signal of FORWARDED_SIGNALS) process.off(signal, forward);
  }
}
