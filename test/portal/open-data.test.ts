import { expect } from "chai";
import { agreementOf } from "../../portal/pages/log/agreement.ts";
import { csvOf, monthsBefore } from "../../portal/pages/statistics/open-data.ts";
import type { Statistics } from "../../portal/api/statistics.ts";

const STATISTICS: Statistics = {
  month: "2026-11",
  size: 40,
  rows: [
    {
      ...{ type: "access", agency: "qn-police", procedure: "PASSPORT", outcome: "success" },
      ...{ recorded: 25, answered: "<5" },
    },
    { type: "action", agency: "other", procedure: 'A "b", c', outcome: "none", recorded: "<5" },
    { type: "access", agency: "=1+1", procedure: "p", outcome: "failure", answered: 10 },
  ],
  findings: [{ agency: "qn-police", kind: "no-case", state: "open", count: "<5" }],
  findingsComplete: true,
  inspections: [{ agency: "qn-police", inspected: 10 }],
};

describe("the open data of the statistics", () => {
  it("is a table that any program reads, with the counts as they are published", () => {
    expect(csvOf("uses", STATISTICS).split("\r\n")).to.deep.equal([
      "month,type,agency,procedure,outcome,recorded,answered",
      "2026-11,access,qn-police,PASSPORT,success,25,<5",
      '2026-11,action,other,"A ""b"", c",none,<5,',
      "2026-11,access,'=1+1,p,failure,,10",
      "",
    ]);
    expect(csvOf("findings", STATISTICS)).to.equal(
      "month,agency,kind,state,count\r\n2026-11,qn-police,no-case,open,<5\r\n",
    );
    expect(csvOf("inspections", STATISTICS)).to.equal(
      "month,agency,inspected,not_in_order\r\n2026-11,qn-police,10,\r\n",
    );
  });

  it("has the months of UTC, the newest first, across the turn of a year", () => {
    const moment = Date.UTC(2026, 0, 31, 23, 59) / 1000;
    expect(monthsBefore(moment, 3)).to.deep.equal(["2026-01", "2025-12", "2025-11"]);
  });
});

describe("the published log and the chain", () => {
  const root = new Uint8Array(32).fill(1);
  const other = new Uint8Array(32).fill(2);

  it("agree, follow one another, or contradict each other", () => {
    expect(agreementOf({ size: 5, root }, { size: 5, root: root.slice() })).to.equal("same");
    expect(agreementOf({ size: 5, root }, { size: 5, root: other })).to.equal("differs");
    expect(agreementOf({ size: 6, root }, { size: 5, root: other })).to.equal("grown");
    expect(agreementOf({ size: 4, root }, { size: 5, root: other })).to.equal("behind");
  });
});
