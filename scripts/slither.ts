/**
 * Runs slither (static analysis of Solidity, a Python program) over the contracts where it is installed, and says
 * loudly that it did not run where it is not. SLITHER names the program where it is not on the PATH.
 *
 *     pip install slither-analyzer==0.11.6
 *     node scripts/slither.ts
 *
 * Ends with 1 if slither finds anything. Exceptions stand in the contracts beside the code they are about.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import config from "../hardhat.config.ts";

const ROOT = path.resolve(import.meta.dirname, "..");

/**
 * Makes a folder that slither takes for a Hardhat project with a finished build, ours in all but the tests: slither's
 * own ways to compile need a native compiler or the network. The caller removes it.
 */
async function finishedBuild(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "minhbach-slither-"));
  const paths = {
    sources: "contracts",
    artifacts: path.join(folder, "artifacts"),
    cache: path.join(folder, "cache"),
  };
  const hre = await createHardhatRuntimeEnvironment({ ...config, paths }, {}, ROOT);
  await hre.tasks.getTask("build").run({ quiet: true, noTests: true });
  for (const name of ["contracts", "node_modules"])
    await symlink(path.join(ROOT, name), path.join(folder, name));
  await writeFile(path.join(folder, "hardhat.config.ts"), "");
  return folder;
}

/** Runs every detector, of any severity, and shows what they find. @returns slither's exit code */
async function analyse(slither: string): Promise<number> {
  const folder = await finishedBuild();
  try {
    const flags = ["--ignore-compile", "--npx-disable", "--compile-force-framework", "hardhat"];
    const filters = ["--filter-paths", "node_modules", "--exclude-dependencies", "--fail-pedantic"];
    const { status } = spawnSync(slither, [".", ...flags, ...filters], { cwd: folder, stdio: "inherit" });
    return status ?? 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const slither = process.env["SLITHER"] ?? "slither";
if (spawnSync(slither, ["--version"], { stdio: "ignore" }).status === 0) {
  process.exitCode = (await analyse(slither)) === 0 ? 0 : 1;
} else {
  console.warn(
    "\n  SKIPPED: the contracts were NOT analysed, since slither is not installed here.\n  Install it: pip install slither-analyzer==0.11.6\n",
  );
}
