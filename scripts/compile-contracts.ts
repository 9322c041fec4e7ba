import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import hre from "hardhat";
import { isMain } from "./is-main.ts";

/** The contracts whose ABI and bytecode are committed, so that nothing at run time needs a compiler. */
export const COMMITTED_CONTRACTS = ["AnchorRegistry", "AgencyRegistry"] as const;

const OUTPUT = fileURLToPath(new URL("../server/anchor/contracts/", import.meta.url));

/**
 * Compiles the contracts and returns what belongs into `server/anchor/contracts/`, as file name -> file
 * content. The test that the committed files are fresh compares against this.
 */
export async function compiledArtifacts(): Promise<Map<string, string>> {
  await hre.tasks.getTask("build").run({ quiet: true });
  const files = new Map<string, string>();
  for (const name of COMMITTED_CONTRACTS) {
    const { contractName, abi, bytecode, deployedBytecode } = await hre.artifacts.readArtifact(name);
    files.set(
      `${name}.json`,
      `${JSON.stringify({ contractName, abi, bytecode, deployedBytecode }, null, 2)}\n`,
    );
  }
  return files;
}

if (isMain(import.meta)) {
  await mkdir(OUTPUT, { recursive: true });
  for (const [file, content] of await compiledArtifacts()) {
    await writeFile(OUTPUT + file, content);
    console.log(`wrote server/anchor/contracts/${file}`);
  }
}
