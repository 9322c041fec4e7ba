import { existsSync, realpathSync } from "node:fs";
import path from "node:path";

import { SetupError } from "./error.mjs";

/**
 * The npm that belongs to the running Node: the one that started us, the one installed beside Node, or the first on PATH.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {string} path of npm's `npm-cli.js`, to be run by the running Node
 * @throws {SetupError} if there is none
 */
export function ownNpm(env) {
  const candidates = [env.npm_execpath ?? "", ...besideNode(), ...onPath(env)];
  const found = candidates.find((file) => path.basename(file) === "npm-cli.js" && existsSync(file));
  if (found === undefined) {
    throw new SetupError(
      "npm was not found. Install npm, or Node 24 with npm (https://nodejs.org), and try again.",
    );
  }
  return found;
}

function besideNode() {
  const folder = path.dirname(realpathSync(process.execPath));
  return [
    path.join(folder, "node_modules", "npm", "bin", "npm-cli.js"),
    path.join(folder, "..", "lib", "node_modules", "npm", "bin", "npm-cli.js"),
  ];
}

/** @param {NodeJS.ProcessEnv} env */
function onPath(env) {
  const folders = (env.PATH ?? env.Path ?? "").split(path.delimiter);
  return folders.flatMap((folder) => {
    const file = path.join(folder, "npm");
    const beside = path.join(folder, "node_modules", "npm", "bin", "npm-cli.js");
    return existsSync(file) ? [realpathSync(file), beside] : [beside];
  });
}
