import { existsSync, globSync } from "node:fs";
import path from "node:path";

/** One program of the whole test run. */
export interface Step {
  readonly name: string;
  readonly command: readonly [file: string, ...args: string[]];
  /** `check` passes or fails as one; `tests` closes with its counts of passed, failed and skipped tests. */
  readonly kind: "check" | "tests";
  /** How many of the two cores it keeps busy. */
  readonly cores: 1 | 2;
  /** Show its output as it comes: the step is long and its progress worth seeing. */
  readonly live: boolean;
}

/** What nobody can mean: neither a step nor a part of the tests. The message lists what there is. */
export class UnknownPart extends Error {}

const SOURCES = [
  "protocol",
  "verifier",
  "keys",
  "recorder",
  "server",
  "cli",
  "portal",
  "proactive",
  "scripts",
  "test",
  "toolchain",
];

const CHECKS: readonly Step[] = [
  check("types", "typescript/bin/tsc", "--noEmit"),
  check("portal-types", "typescript/bin/tsc", "--noEmit", "-p", "portal"),
  check("lint", "eslint/bin/eslint.js", ".", "--max-warnings=0"),
  check(
    "imports",
    "dependency-cruiser/bin/dependency-cruiser.mjs",
    "--config=.dependency-cruiser.mjs",
    "--output-type=err-long",
    ...SOURCES.filter((folder) => existsSync(folder)),
  ),
  check("format", "prettier/bin/prettier.cjs", "--check", "--log-level=warn", "."),
  check("dead-code", "knip/bin/knip.js", "--no-progress"),
  check("solidity", "solhint/solhint.js", "--max-warnings=0", "--disc", "contracts/**/*.sol"),
];

const CONTRACTS: Step = {
  name: "contracts",
  command: [packageFile("hardhat/dist/src/cli.js"), "test", "mocha"],
  kind: "tests",
  cores: 1,
  live: false,
};

/**
 * The steps that `npm test -- PARTS` runs: all of them without parts; else the named steps, and the tests below `test/` that
 * the other parts name (`protocol`, `server/store`, `server/config`).
 * @throws UnknownPart
 */
export function stepsFor(parts: readonly string[]): readonly Step[] {
  if (parts.length === 0) return [...CHECKS, CONTRACTS, mocha("tests", allTests())];
  const named = [...CHECKS, CONTRACTS].filter((step) => parts.includes(step.name));
  const folders = parts.filter((part) => !named.some((step) => step.name === part));
  const files = folders.flatMap((part) => testsOf(part));
  return files.length === 0 ? named : [...named, mocha(folders.join(" "), files)];
}

function testsOf(part: string): string[] {
  const files = allTests().filter(
    (file) => file === `test/${part}.test.ts` || file === part || file.startsWith(`test/${part}/`),
  );
  if (files.length > 0) return files;
  const folders = new Set(allTests().map((file) => file.split("/")[1] ?? ""));
  const there = [...CHECKS.map((step) => step.name), CONTRACTS.name, ...folders].join(", ");
  throw new UnknownPart(
    `There is no part "${part}" to test. There are: ${there}, and folders and files below test/.`,
  );
}

/** The contracts' own tests run in Hardhat, which brings the compiler and the simulated chain. */
function allTests(): string[] {
  return globSync("test/**/*.test.ts")
    .map((file) => file.split(path.sep).join("/"))
    .filter((file) => !file.startsWith("test/contracts/"))
    .toSorted();
}

function mocha(name: string, files: readonly string[]): Step {
  const flags = ["--forbid-only", "--parallel", "--jobs=2", "--reporter=scripts/test/reporter.ts"];
  return {
    name,
    command: [packageFile("mocha/bin/mocha.js"), ...flags, ...files],
    kind: "tests",
    cores: 2,
    live: true,
  };
}

function check(name: string, file: string, ...args: string[]): Step {
  return { name, command: [packageFile(file), ...args], kind: "check", cores: 1, live: false };
}

function packageFile(file: string): string {
  return path.join("node_modules", file);
}
