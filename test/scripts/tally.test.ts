import { expect } from "chai";

import { sumOf, tallyOf } from "../../scripts/test/tally.ts";

describe("tally", () => {
  it("reads mocha's closing lines, coloured or not", () => {
    expect(tallyOf("  ....\n\n  12 passing (3s)\n  1 pending\n  2 failing\n\n  1) title\n")).to.deep.equal({
      passed: 12,
      failed: 2,
      skipped: 1,
    });
    expect(tallyOf("\u001b[32m  7 passing\u001b[0m\u001b[90m (1m)\u001b[0m\n")).to.deep.equal({
      passed: 7,
      failed: 0,
      skipped: 0,
    });
  });

  it("takes the last such lines, for a test may print some too", () => {
    expect(tallyOf("  1 passing (1ms)\n  5 passing (1s)\n")?.passed).to.equal(5);
  });

  it("has no counts of a runner that never closed", () => {
    expect(tallyOf("Error: cannot find module\n")).to.equal(undefined);
  });

  it("sums over all runners", () => {
    const sum = sumOf([
      { passed: 1, failed: 2, skipped: 3 },
      { passed: 10, failed: 20, skipped: 30 },
    ]);
    expect(sum).to.deep.equal({ passed: 11, failed: 22, skipped: 33 });
  });
});
