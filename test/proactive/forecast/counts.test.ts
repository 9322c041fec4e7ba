import { expect } from "chai";
import fc from "fast-check";
import {
  COUNTED,
  COUNTS_HEADER,
  CountsError,
  type CountRow,
  formatCounts,
  middleOf,
  parseCounts,
  rounded,
  STEP,
} from "../../../proactive/forecast/counts.ts";
import { monthOf, monthText } from "../../../proactive/forecast/month.ts";
import { registerCounts, servedCounts } from "../../../proactive/forecast/register-counts.ts";
import { population } from "../../../proactive/population/population.ts";
import { society } from "../../../proactive/registers/facts.ts";
import { register } from "../../../proactive/registers/register.ts";

const code = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const countRow = fc
  .record({
    counted: fc.constantFrom(...COUNTED),
    commune: code,
    procedure: code,
    month: fc.integer({ min: 0, max: 12_000 }),
    count: fc.integer({ min: 1, max: 99_999 }).map(rounded),
  })
  .map((row): CountRow => (row.counted === "born" ? { ...row, procedure: "" } : row));

describe("counts for planners", () => {
  it("are rounded so that one person more or less seldom shows, and never which one", () => {
    expect([1, 4, 5, 9, 10, 123].map(rounded)).to.deep.equal(["<5", "<5", 5, 5, 10, 120]);
    for (const count of [0, -1, 1.5]) expect(() => rounded(count)).to.throw(RangeError);
    fc.assert(
      fc.property(fc.integer({ min: STEP, max: 1e6 }), (count) => {
        expect(Math.abs(middleOf(rounded(count)) - count)).to.be.at.most((STEP - 1) / 2);
      }),
    );
  });

  it("are read as they were written", () => {
    const rows = fc.uniqueArray(countRow, {
      selector: (row) => JSON.stringify({ ...row, count: 0 }),
    });
    fc.assert(
      fc.property(rows, (list) => {
        expect(parseCounts(formatCounts(list))).to.deep.equal(list);
      }),
    );
    for (const month of [0, 11, 12, 683]) expect(monthOf(monthText(month))).to.equal(month);
  });

  it("are refused where a line says anything else, and the line is named", () => {
    const line = "due,hoi-an,DRIVER_LIC,2026-11,15";
    for (const wrong of [
      "due,hoi-an,DRIVER_LIC,2026-11,14",
      "due,hoi-an,DRIVER_LIC,2026-11,0",
      "due,hoi-an,DRIVER_LIC,2026-11,<4",
      "due,hoi-an,DRIVER_LIC,2026-13,15",
      "due,hoi-an,,2026-11,15",
      "due,,DRIVER_LIC,2026-11,15",
      "born,hoi-an,DRIVER_LIC,2026-11,15",
      "ended,hoi-an,DRIVER_LIC,2026-11,15",
      "due,hoi-an,DRIVER_LIC,2026-11,15,15",
      'due,"hoi-an",DRIVER_LIC,2026-11,15',
      "due,hoi-an,DRIVER_LIC,2026-10,20",
      "",
    ]) {
      const text = [
        COUNTS_HEADER,
        line,
        "due,hoi-an,DRIVER_LIC,2026-10,5",
        wrong,
        line.replace("11", "12"),
      ].join("\n");
      expect(() => parseCounts(text), wrong).to.throw(CountsError, "line 4");
    }
    expect(() => parseCounts(line)).to.throw(CountsError, "first line");
    expect(parseCounts(`${COUNTS_HEADER}\n`)).to.deep.equal([]);
  });
});

describe("what leaves a register", () => {
  const AS_OF = "2026-08-22";
  const PEOPLE = population({ seed: 3, persons: 1000, asOf: AS_OF, days: 90, registers: ["population"] });
  const held = register("population", society(PEOPLE, AS_OF), PEOPLE.documents);
  const [from, to] = [monthOf("2026-09") ?? 0, monthOf("2027-09") ?? 0];
  const renewals = { "driving-licence": "DRIVER_LIC" } as const;

  it("are counts of documents that end and of children who reach school, and nobody in them", () => {
    const school = { procedure: "SCHOOL_ADM", age: 6, month: 5 };
    const rows = registerCounts({ register: held, from, to, renewals, school });
    const ending = PEOPLE.documents.filter(
      ({ kind, expires }) => kind === "driving-licence" && expires >= "2026-09-01" && expires < "2027-09-01",
    );
    const counted = rows.filter(({ procedure }) => procedure === "DRIVER_LIC");
    const known = new Map(counted.map(({ month, count }) => [monthText(month), count]));
    for (const [month, list] of Map.groupBy(ending, ({ expires }) => expires.slice(0, 7)))
      expect(known.get(month), month).to.equal(rounded(list.length));
    expect(counted).to.have.length(new Set(ending.map(({ expires }) => expires.slice(0, 7))).size);
    const born = PEOPLE.persons.filter((person) => person.born.startsWith("2021")).length;
    expect(rows.filter(({ procedure }) => procedure === "SCHOOL_ADM")).to.deep.equal([
      {
        ...{ counted: "due", commune: "dien-ban", procedure: "SCHOOL_ADM", month: monthOf("2027-05") },
        count: rounded(born),
      },
    ]);
    const text = formatCounts(rows);
    expect(parseCounts(text)).to.deep.equal(rows);
    for (const { id, name } of PEOPLE.persons) expect(text.includes(id) || text.includes(name)).to.be.false;
  });

  it("are counts of the cases that an agency began, beside what was due", () => {
    const holders = PEOPLE.documents.slice(0, 12).map(({ holder }) => holder);
    const cases = holders.map((subject, at) => ({
      procedure: at < 4 ? "PASSPORT" : "DRIVER_LIC",
      occasion: { subject, on: at === 4 ? "2026-08-31" : "2026-09-01" },
    }));
    const row = { counted: "served", commune: "dien-ban" } as const;
    const [august, september] = [monthOf("2026-08"), monthOf("2026-09")];
    expect(servedCounts(cases, held)).to.deep.equal([
      { ...row, procedure: "DRIVER_LIC", month: august, count: "<5" },
      { ...row, procedure: "DRIVER_LIC", month: september, count: 5 },
      { ...row, procedure: "PASSPORT", month: september, count: "<5" },
    ]);
    const unknown = [{ procedure: "PASSPORT", occasion: { subject: "999199999999", on: "2026-09-01" } }];
    expect(servedCounts(unknown, held)[0]?.commune).to.equal("unknown");
  });

  it("counts only the months asked for, and nobody who is gone", () => {
    expect(registerCounts({ register: held, from, to: from, renewals })).to.deep.equal([]);
    const nobody = { ...held, knowsGone: () => true };
    expect(registerCounts({ register: nobody, from, to, renewals })).to.deep.equal([]);
    const homeless = { ...held, read: () => undefined };
    const communes = registerCounts({ register: homeless, from, to, renewals }).map(({ commune }) => commune);
    expect(new Set(communes)).to.deep.equal(new Set(["unknown"]));
  });
});
