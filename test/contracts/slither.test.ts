import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect } from "chai";
import { skipBecause } from "../skip-because.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");

describe("slither", () => {
  it("finds nothing in the contracts", function () {
    this.timeout(120_000);
    // Its build is one of its own: it must not take Hardhat's settings from this run.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(HARDHAT|HH)_/.test(name)),
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/slither.ts"], {
      cwd: ROOT,
      env,
      encoding: "utf8",
    });
    if (stderr.includes("SKIPPED")) skipBecause(this, "slither, a Python program, is not installed here");
    expect(status, stdout + stderr).to.equal(0);
    expect(stderr).to.match(/analyzed \(\d\d contracts with \d+ detectors\), 0 result/);
  });
});
