/**
 * Starts a task of this project on a machine that has any Node from 18 on, and npm: sets up Node 24 and the dependencies
 * if they are missing, then runs the task with that Node. Plain JavaScript without dependencies, since it runs before
 * anything is installed.
 *
 *     node scripts/run.mjs start|demo|test|bench|soak|deploy|keys|audit|backup|restore|copy|behind|enrol|portal [ARGS]
 *     node scripts/run.mjs exec FILE [ARGS]
 */
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { runInForeground } from "../toolchain/child.mjs";
import { childEnvironment } from "../toolchain/environment.mjs";
import { SetupError, SetupInterrupted } from "../toolchain/error.mjs";
import { install } from "../toolchain/install.mjs";

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

/** Not 1, 2 or 3, which the minhbach command gives meanings: sysexits' EX_UNAVAILABLE. */
const SETUP_FAILED = 69;

/** Tasks run in the folder of the checkout; `exec` runs where the caller stands. */
const TASKS = new Map([
  ["start", "scripts/start.ts"],
  ["test", "scripts/test.ts"],
  ["demo", "scripts/demo.ts"],
  ["bench", "scripts/bench/main.ts"],
  ["soak", "scripts/soak.ts"],
  ["deploy", "scripts/deploy.ts"],
  ["keys", "scripts/keys.ts"],
  ["audit", "scripts/audit.ts"],
  ["backup", "scripts/backup.ts"],
  ["restore", "scripts/restore.ts"],
  ["copy", "scripts/copy.ts"],
  ["behind", "scripts/behind.ts"],
  ["enrol", "scripts/enrol.ts"],
  ["portal", "scripts/portal.ts"],
]);

const NODE_FLAGS = [
  // Type stripping is announced as experimental by the oldest Node 24 (macOS on ARM gets 24.0.0).
  "--disable-warning=ExperimentalWarning",
  `--import=${pathToFileURL(path.join(ROOT, "toolchain", "end-with-parent.mjs")).href}`,
];

/** Stripping types and compiling is a third of a start; with the cache only the first one pays it. */
const COMPILE_CACHE = path.join(ROOT, "node_modules", ".cache", "minhbach-compiled");

/** @param {string[]} words what follows run.mjs on the command line */
function parseTask(words) {
  const [name = "", ...args] = words;
  if (name === "exec") {
    const [file, ...rest] = args;
    if (file === undefined) throw new SetupError("exec needs a file: node scripts/run.mjs exec FILE [ARGS]");
    return { file: path.resolve(file), args: rest, cwd: process.cwd() };
  }
  const file = TASKS.get(name);
  if (file === undefined) {
    throw new SetupError(
      `Unknown task ${JSON.stringify(name)}. There are: ${[...TASKS.keys()].join(", ")}, exec.`,
    );
  }
  return { file: path.join(ROOT, file), args, cwd: ROOT };
}

try {
  const task = parseTask(process.argv.slice(2));
  const node = await install(ROOT);
  process.exitCode = await runInForeground(node, [...NODE_FLAGS, task.file, ...task.args], {
    cwd: task.cwd,
    env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...childEnvironment(node, process.env) },
  });
} catch (error) {
  if (!(error instanceof SetupError || error instanceof SetupInterrupted)) throw error;
  process.stderr.write(`minhbach: ${error.message}\n`);
  process.exitCode = error instanceof SetupInterrupted ? error.exitCode : SETUP_FAILED;
}
