import { expect } from "chai";
import type { ShownFinding } from "../../../server/findings/board.ts";
import type { ResultCount } from "../../../server/inspect/result-register.ts";
import { type Count, countKey, countOf, countRow, monthOf } from "../../../server/inspect/search/counts.ts";
import { termHasher } from "../../../server/inspect/search/terms.ts";
import { published, statistics } from "../../../server/inspect/statistics.ts";

const hashOf = termHasher(new Uint8Array(32));

function counted(
  change: { agency: string; procedure?: string } & Partial<Omit<Count, "agency" | "procedure">>,
): Count {
  const { agency, procedure, ...rest } = change;
  return {
    ...{ type: "access", outcome: "success", side: "client", count: 10, ...rest },
    agency: hashOf({ kind: "agency", text: agency }),
    procedure: hashOf({ kind: "procedure", text: procedure ?? "1.004222" }),
  };
}

function finding(number: number, agency: string): ShownFinding {
  return {
    ...{ id: `no-case:${number}`, kind: "no-case", state: "open", since: 0, agency },
    evidence: { index: number, leaf: "A".repeat(43), catalogue: "1" },
  };
}

async function made(
  counts: readonly Count[],
  findings: readonly ShownFinding[] = [],
  results: readonly ResultCount[] = [],
) {
  const asked: number[] = [];
  const ofMonth = statistics({
    search: {
      counts: async (month) => {
        asked.push(month);
        return await Promise.resolve(counts);
      },
      status: () => ({ isLoaded: true, size: 7, lagEvents: 0, lagSeconds: 0, memoryBytes: 0, cpuMs: 0 }),
    },
    findings: {
      list: async (query) => {
        expect([query.from, query.to]).to.deep.equal([Date.UTC(2026, 10) / 1000, Date.UTC(2026, 11) / 1000]);
        return await Promise.resolve({ findings, asOf: 0, size: 7 });
      },
    },
    results: {
      counts: async (month) => {
        expect(month).to.equal(monthOf(Date.UTC(2026, 10) / 1000));
        return await Promise.resolve(results);
      },
    },
    hashOf,
    agencies: () => ["qn-police", "qn-justice"],
    procedures: async () => await Promise.resolve(["1.004222"]),
  });
  const month = await ofMonth("2026-11");
  expect(asked).to.deep.equal([monthOf(Date.UTC(2026, 10, 30) / 1000)]);
  return month;
}

describe("public statistics", () => {
  it("publish steps of five, and less than five as that", () => {
    expect([1, 4, 5, 9, 10, 12_344].map(published)).to.deep.equal(["<5", "<5", 5, 5, 10, 12_340]);
  });

  it("keep apart what an agency recorded and what others recorded of it", async () => {
    const { rows } = await made([
      counted({ agency: "qn-police", count: 12 }),
      counted({ agency: "qn-police", side: "provider", count: 3 }),
      counted({ agency: "qn-police", side: "alone", type: "action", count: 7 }),
    ]);
    expect(rows).to.have.deep.members([
      {
        type: "access",
        agency: "qn-police",
        procedure: "1.004222",
        outcome: "success",
        recorded: 10,
        answered: "<5",
      },
      { type: "action", agency: "qn-police", procedure: "1.004222", outcome: "success", recorded: 5 },
    ]);
  });

  it("name no agency and no procedure that anybody could have made up, and add the others up before rounding", async () => {
    const { rows } = await made([
      counted({ agency: "999199000001", procedure: "Nguyen Van A", count: 3 }),
      counted({ agency: "999199000002", procedure: "Tran Thi B", count: 3 }),
    ]);
    expect(rows).to.deep.equal([
      { type: "access", agency: "other", procedure: "other", outcome: "success", recorded: 5 },
    ]);
    expect(JSON.stringify(rows)).to.not.match(/9991|Nguyen/);
  });

  it("count findings by who answers for them", async () => {
    const findings = [
      ...[1, 2, 3, 4, 5, 6].map((number) => finding(number, "qn-police")),
      finding(7, "nobody"),
    ];
    const month = await made([], findings);
    expect(month.findingsComplete).to.be.true;
    expect(month.findings).to.have.deep.members([
      { agency: "qn-police", kind: "no-case", state: "open", count: 5 },
      { agency: "other", kind: "no-case", state: "open", count: "<5" },
    ]);
  });

  it("count inspections of grants in the same steps", async () => {
    const of = (agency: string, inspected: number, notInOrder: number): ResultCount => ({
      ...{ month: 682, agency, procedure: "DRIVER_LIC", inspected, notInOrder },
    });
    const results = [
      of("qn-police", 9, 3),
      of("qn-police", 4, 3),
      of("qn-justice", 4, 0),
      of("nobody", 5, 5),
    ];
    const { inspections } = await made([], [], results);
    expect(inspections).to.have.deep.members([
      { agency: "qn-police", inspected: 10, notInOrder: 5 },
      { agency: "qn-justice", inspected: "<5" },
      { agency: "other", inspected: 5, notInOrder: 5 },
    ]);
  });

  it("keep their counts in rows that say what is counted", () => {
    const count = counted({ agency: "qn-police", side: "provider", outcome: "refused", count: 2 ** 40 });
    expect(countOf(countKey(682, count), countRow(count.count))).to.deep.equal(count);
  });
});
