import { readFile } from "node:fs/promises";
import { expect } from "chai";
import { renewedSizing } from "../../scripts/sizing.ts";
import { sizingTables } from "../../scripts/sizing/table.ts";
import { unitCosts } from "../../scripts/sizing/unit-costs.ts";

const read = (name: string): Promise<string> =>
  readFile(new URL(`../../docs/${name}`, import.meta.url), "utf8");

/** Round costs of which everybody can check the products. */
const ROUND = {
  ...{ measured: "a machine", eventsPerSecond: 10_000, largeLog: 1_000, eventCpuSeconds: 0.001 },
  ...{ changedKeySeconds: 0.0001, keyBytes: 100, keyLoadSeconds: 0.0001, vrfPerSecond: 1_000 },
  ...{ eventDiskBytes: 1_000, eventBytes: 2_000, statementSeconds: 0.1, absenceSeconds: 0.001 },
  ...{ integrateSeconds: 0.0001, plainInsertsPerSecond: 40_000, recorderPerSecond: 5_000 },
  anchorGas: 100_000,
};

describe("docs/SIZING.md", () => {
  it("has the tables that follow from what was measured (node scripts/sizing.ts writes them)", async () => {
    const document = await read("SIZING.md");
    expect(document).to.equal(await renewedSizing(document));
    expect(document).to.match(/\| disk a year, at least\* \|/);
  });

  it("multiplies as anybody would", () => {
    const rows = new Map(
      sizingTables(ROUND)
        .split("\n")
        .map((line) => line.split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, "")))
        .map(([name = "", ...cells]) => [name, cells]),
    );
    const expected: Record<string, readonly string[]> = {
      persons: ["2,941,176", "15,000,000", "100,000,000"],
      "events/s": ["588", "3,000", "20,000"],
      "of what one server took": ["5.9 %", "30 %", "200 %"],
      "processor cores for the events": ["0.59", "3", "20"],
      "of the index's one thread, 2.5 keys an event": ["15 %", "75 %", "500 %"],
      "index in memory (persons)*": ["294 MB", "1.5 GB", "10 GB"],
      "enrolling everybody, on one core": ["49 min", "4.2 h", "28 h"],
      "network in": ["1.2 MB/s", "6 MB/s", "40 MB/s"],
      // 3,000 a second of 1,000 bytes, 86,400 and 31,536,000 s.
      "disk a day, at least": ["51 GB", "259 GB", "1.7 TB"],
      "disk a year, at least*": ["19 TB", "95 TB", "631 TB"],
      "of plain PostgreSQL inserts on that disk": ["1.5 %", "7.5 %", "50 %"],
      "recorders at least (lists of 100)": ["1", "1", "4"],
      "gas a block of 2 s, all logs anchoring in each": [
        "3.4 M, 11 % of 30 M",
        "3.4 M, 11 % of 30 M",
        "0.1 M, 0.33 % of 30 M",
      ],
    };
    for (const [name, cells] of Object.entries(expected)) expect(rows.get(name), name).to.deep.equal(cells);
  });

  it("changes with the measurements, and is not made without them", async () => {
    const [results, gas] = [await read("bench/results.json"), await read("gas.md")];
    const tables = sizingTables(unitCosts(results, gas));
    const slower = JSON.parse(results) as { details: { atLarge: { perSecond: number } } };
    slower.details.atLarge.perSecond /= 2;
    expect(sizingTables(unitCosts(JSON.stringify(slower), gas))).to.not.equal(tables);
    expect(() => unitCosts("{}", gas)).to.throw("the results have no");
    expect(() => unitCosts(results, "")).to.throw("no worst anchor");
  });
});
