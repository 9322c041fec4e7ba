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
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import hre from "hardhat";
import { isObject } from "../server/anchor/json-rpc.ts";
import { isMain } from "./is-main.ts";

const ROOT = path.resolve(import.meta.dirname, "..");
/** Where the sources of the tests stand in Hardhat's output. */
const TEST_SOURCES = "project/test/";

/**
 * Makes a folder that slither takes for a Hardhat project with a finished build: slither's own ways to compile need a
 * native compiler or the network. The caller removes it.
 */
async function finishedBuild(): Promise<string> {
  await hre.tasks.getTask("build").run({ quiet: true });
  const folder = await mkdtemp(path.join(tmpdir(), "minhbach-slither-"));
  const target = path.join(folder, "artifacts", "build-info");
  await mkdir(target, { recursive: true });
  await writeFile(path.join(folder, "hardhat.config.ts"), "");
  for (const name of ["contracts", "node_modules"])
    await symlink(path.join(ROOT, name), path.join(folder, name));
  const source = path.join(ROOT, "artifacts", "build-info");
  for (const file of await readdir(source)) {
    const buildInfo: unknown = JSON.parse(await readFile(path.join(source, file), "utf8"));
    await writeFile(path.join(target, file), JSON.stringify(withoutTests(buildInfo)));
  }
  return folder;
}

function withoutTests(buildInfo: unknown): unknown {
  if (!isObject(buildInfo) || !isObject(buildInfo["output"])) return buildInfo;
  const kept = (files: unknown): object =>
    Object.fromEntries(
      Object.entries(isObject(files) ? files : {}).filter(([name]) => !name.startsWith(TEST_SOURCES)),
    );
  const { sources, contracts } = buildInfo["output"];
  return { ...buildInfo, output: { sources: kept(sources), contracts: kept(contracts) } };
}

function isInstalled(slither: string): boolean {
  return spawnSync(slither, ["--version"], { stdio: "ignore" }).status === 0;
}

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

if (isMain(import.meta)) {
  const slither = process.env["SLITHER"] ?? "slither";
  if (isInstalled(slither)) {
    process.exitCode = await analyse(slither);
  } else {
    console.warn(
      `\n  SKIPPED: the contracts were NOT analysed, since ${slither} is not installed here.\n  Install it: pip install slither-analyzer==0.11.6\n`,
    );
  }
}
