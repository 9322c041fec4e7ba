import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import { runInForeground } from "./child.mjs";
import { childEnvironment } from "./environment.mjs";
import { SetupError, SetupInterrupted } from "./error.mjs";
import { withLock } from "./lock.mjs";
import { checkNodeStarts, isGoodNode, toolchainNode } from "./node.mjs";
import { ownNpm } from "./npm.mjs";

const PLATFORM = `${process.platform}-${process.arch}`;
const INSTALL_FLAGS = [
  "--ignore-scripts",
  // A machine set to production (NODE_ENV, its .npmrc) would leave out the chain and the compilers.
  "--include=dev",
  "--include=optional",
  "--engine-strict=false",
  "--no-audit",
  "--no-fund",
  "--no-update-notifier",
  "--loglevel=error",
];

/**
 * Makes sure that a Node of the right version and all dependencies are installed, once per lockfile.
 *
 * Safe to run at the same time from several processes, and after an interrupted run: a folder counts as installed only
 * if it carries the stamp that is written last.
 *
 * @param {string} root folder of the checkout
 * @returns {Promise<string>} absolute path of the Node to run everything with
 * @throws {SetupError | SetupInterrupted}
 */
export async function install(root) {
  const own = isGoodNode(process.versions.node);
  const node = own ? process.execPath : toolchainNode(root, PLATFORM);
  const folders = own ? [root] : [path.join(root, "toolchain"), root];
  if (folders.every(isInstalled)) return node;

  await withLock(path.join(root, "toolchain", ".install.lock"), {
    onWait: () => say("waiting for another run that is installing ..."),
    task: async () => {
      for (const folder of folders) {
        if (isInstalled(folder)) continue;
        await installFolder(root, folder, folder === root ? node : process.execPath);
        if (folder !== root) checkNodeStarts(node);
        writeFileSync(stampFile(folder), stampOf(folder));
      }
    },
  });
  return node;
}

/**
 * Runs `npm ci` in a folder with the given Node, and with the npm that fits that Node.
 *
 * @param {string} root
 * @param {string} folder
 * @param {string} node
 */
async function installFolder(root, folder, node) {
  const what = folder === root ? "the dependencies (about half a minute)" : "Node and npm for this checkout";
  say(`installing ${what} ...`);
  const npm =
    node === process.execPath
      ? ownNpm(process.env)
      : path.join(root, "toolchain", "node_modules", "npm", "bin", "npm-cli.js");
  const code = await runInForeground(node, [npm, "ci", ...INSTALL_FLAGS], {
    cwd: folder,
    env: childEnvironment(node, process.env),
    // Our standard output belongs to the task, which may be read by a program.
    stdio: ["ignore", 2, 2],
  });
  if (code > 128) throw new SetupInterrupted(code);
  if (code !== 0) {
    throw new SetupError(
      `npm could not install ${what} (exit code ${code}). Its message above says why; if it names the network, check ` +
        "that the npm registry can be reached, then run the same command again: it continues from here.",
    );
  }
}

/** @param {string} folder */
function isInstalled(folder) {
  const stamp = stampFile(folder);
  return existsSync(stamp) && readFileSync(stamp, "utf8") === stampOf(folder);
}

/** @param {string} folder */
function stampFile(folder) {
  return path.join(folder, "node_modules", ".minhbach-installed");
}

/**
 * Names what an install depends on: the lockfile's content, and the platform whose binaries were chosen.
 *
 * @param {string} folder
 */
function stampOf(folder) {
  const lockfile = readFileSync(path.join(folder, "package-lock.json"));
  return `${createHash("sha256").update(lockfile).digest("hex")} ${PLATFORM}\n`;
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`minhbach: ${text}\n`);
}
