import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { isAlive } from "./child.mjs";

/** Tells this process from an earlier one that had the same id. */
const PROCESS_TOKEN = randomUUID();
const HEARTBEAT_MILLISECONDS = 1_000;
/** A lock whose owner we can't look up (another host, a reused process id) is given up after this silence. */
const STALE_MILLISECONDS = 60_000;
const POLL_MILLISECONDS = 200;
/** Longer than the few steps between seeing a stale lock and moving it away, see `acquire`. */
const CONFIRM_MILLISECONDS = 100;

/**
 * Runs `task` while no other process that uses the same `file` runs its own. Waits for a living owner; takes over from
 * one that was killed.
 *
 * @template T
 * @param {string} file the lock file; its folder is made
 * @param {{task: () => Promise<T>, onWait: () => void}} options `onWait` is called once if somebody else holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(file, { task, onWait }) {
  await mkdir(path.dirname(file), { recursive: true });
  const owner = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    token: PROCESS_TOKEN,
    id: randomUUID(),
  });
  let waited = false;
  while (!(await acquire(file, owner))) {
    if (!waited) onWait();
    waited = true;
    await delay(POLL_MILLISECONDS);
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, HEARTBEAT_MILLISECONDS);
  try {
    return await task();
  } finally {
    clearInterval(heartbeat);
    if ((await contentOf(file)) === owner) await rm(file, { force: true });
  }
}

/**
 * Two processes that both saw the same dead owner may move away each other's fresh lock instead of the dead one; so a
 * fresh lock counts only if it still stands after everyone who saw the dead one has acted.
 *
 * @param {string} file
 * @param {string} owner
 */
async function acquire(file, owner) {
  try {
    await writeFile(file, owner, { flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    if (!(await isStale(file))) return false;
    await moveAway(file);
    return acquire(file, owner);
  }
  await delay(CONFIRM_MILLISECONDS);
  return (await contentOf(file)) === owner;
}

/** @param {string} file */
async function isStale(file) {
  const content = await contentOf(file);
  const modified = await stat(file).then(
    (status) => status.mtimeMs,
    () => undefined,
  );
  if (content === undefined || modified === undefined) return false;
  if (Date.now() - modified > STALE_MILLISECONDS) return true;
  const owner = parseOwner(content);
  if (owner === undefined || owner.host !== hostname()) return false;
  // A restarted container hands out the same ids: our own id in a lock that is not ours is that of a dead owner.
  return owner.pid === process.pid ? !content.includes(PROCESS_TOKEN) : !isAlive(owner.pid);
}

/**
 * @param {string} content
 * @returns {{pid: number, host: string} | undefined} undefined for a lock that is still being written
 */
function parseOwner(content) {
  try {
    const { pid, host } = JSON.parse(content);
    return Number.isInteger(pid) && typeof host === "string" ? { pid, host } : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} file */
async function moveAway(file) {
  const aside = `${file}.${randomUUID()}`;
  await rename(file, aside).catch(() => undefined);
  await rm(aside, { force: true });
}

/** @param {string} file */
async function contentOf(file) {
  return readFile(file, "utf8").catch(() => undefined);
}
