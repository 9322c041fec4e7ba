#!/usr/bin/env node
/**
 * The `minhbach` command. In a checkout it runs the sources with the Node that `scripts/run.mjs` sets up; in an installed package
 * it runs the compiled JavaScript. Plain JavaScript, so that any Node from 18 on can say what is missing.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The compiled package uses what Node 22 brought. */
const REQUIRED_NODE_MAJOR = 22;
/** Not 1, 2 or 3, which the commands give meanings: sysexits' EX_UNAVAILABLE. */
const UNAVAILABLE = 69;

const sources = fileURLToPath(new URL("main.ts", import.meta.url));

if (existsSync(sources)) {
  process.argv.splice(2, 0, "exec", sources);
  await run("../scripts/run.mjs");
} else if (Number(process.versions.node.split(".")[0]) >= REQUIRED_NODE_MAJOR) {
  await run("../dist/cli/main.js");
} else {
  process.stderr.write(
    `minhbach needs Node ${REQUIRED_NODE_MAJOR} or newer and runs on ${process.versions.node}. Get one from https://nodejs.org.\n`,
  );
  process.exitCode = UNAVAILABLE;
}

/**
 * Runs a module that may be missing: a checkout has the one, a package the other.
 *
 * @param {string} file relative to this one
 */
async function run(file) {
  await import(new URL(file, import.meta.url).href);
}
