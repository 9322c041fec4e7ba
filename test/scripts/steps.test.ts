import { expect } from "chai";

import { stepsFor, UnknownPart } from "../../scripts/test/steps.ts";

const names = (...parts: string[]): string[] => stepsFor(parts).map((step) => step.name);

describe("test steps", () => {
  it("are all of them by default, the tests last", () => {
    expect(names()).to.deep.equal([
      "types",
      "portal-types",
      "lint",
      "imports",
      "format",
      "dead-code",
      "solidity",
      "contracts",
      "tests",
    ]);
  });

  it("are those named", () => {
    expect(names("types", "contracts")).to.deep.equal(["types", "contracts"]);
  });

  it("are the tests of a folder or a file", () => {
    const [tests] = stepsFor(["scripts"]);
    expect(tests?.command)
      .to.include("test/scripts/steps.test.ts")
      .and.not.include("test/lint/imports.test.ts");
    const [one] = stepsFor(["scripts/steps"]);
    expect(one?.command.filter((word) => word.startsWith("test/"))).to.deep.equal([
      "test/scripts/steps.test.ts",
    ]);
  });

  it("never run a contract test in plain mocha: Hardhat has the compiler", () => {
    const [, ...all] = stepsFor(["types", "scripts", "lint"]);
    expect(
      all.flatMap((step) => step.command).filter((word) => word.startsWith("test/contracts")),
    ).to.deep.equal([]);
  });

  it("list what there is when asked for something else", () => {
    expect(() => stepsFor(["protokol"])).to.throw(UnknownPart, /no part "protokol".*types.*scripts/);
  });
});
