import { readFile } from "node:fs/promises";
import { expect } from "chai";
import type { AnchorGas } from "../../scripts/gas/measure.ts";
import { GAS_GOAL, gasReport, measureReportedGas } from "../../scripts/gas-report.ts";

describe("The gas of an anchor", () => {
  let measured: AnchorGas;

  before(async () => {
    measured = await measureReportedGas();
  });

  it("stays within the goal at a billion leaves, whatever the sizes", () => {
    const worst = measured.growths.filter(({ size }) => size === 1e9).map(({ withoutIndex }) => withoutIndex);
    expect(worst).to.have.length(4);
    expect(Math.max(...worst)).to.be.at.most(GAS_GOAL);
  });

  it("is what docs/gas.md says (node scripts/gas-report.ts writes it)", async () => {
    const committed = await readFile(new URL("../../docs/gas.md", import.meta.url), "utf8");
    expect(committed).to.equal(gasReport(measured));
  });
});
