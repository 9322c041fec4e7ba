import { readFile } from "node:fs/promises";
import { expect } from "chai";
import fc from "fast-check";
import { type Deadlines, deadlinesIn, type LegalTerm, termEnd } from "../../protocol/deadlines.ts";

const catalogue: unknown = JSON.parse(
  await readFile(new URL("../../catalogue/catalogue.json", import.meta.url), "utf8"),
);

function own(): Deadlines {
  const deadlines = deadlinesIn(catalogue);
  if (deadlines === undefined) throw new Error("the catalogue has no deadlines");
  return deadlines;
}

const seconds = (text: string): number => Date.parse(text) / 1000;
const term = (days: number, unit: LegalTerm["unit"]): LegalTerm => ({
  ...own().complaint.answer,
  ...{ days, unit },
});

describe("protocol/deadlines", () => {
  const cases: readonly (readonly [
    name: string,
    days: number,
    unit: LegalTerm["unit"],
    from: string,
    end: string,
  ])[] = [
    ["a Monday", 2, "working", "2026-11-23T08:00:00+07:00", "2026-11-26T00:00:00+07:00"],
    ["a Friday, over the weekend", 2, "working", "2026-11-20T16:59:00+07:00", "2026-11-25T00:00:00+07:00"],
    ["a Sunday", 2, "working", "2026-11-22T12:00:00+07:00", "2026-11-25T00:00:00+07:00"],
    [
      "late on Monday here, still Monday in London",
      2,
      "working",
      "2026-11-23T23:59:59+07:00",
      "2026-11-26T00:00:00+07:00",
    ],
    [
      "early on Tuesday here, still Monday in London",
      2,
      "working",
      "2026-11-24T00:00:00+07:00",
      "2026-11-27T00:00:00+07:00",
    ],
    ["before the Lunar New Year", 2, "working", "2027-02-03T09:00:00+07:00", "2027-02-12T00:00:00+07:00"],
    ["fifteen days", 15, "calendar", "2026-11-23T08:00:00+07:00", "2026-12-09T00:00:00+07:00"],
    [
      "thirty days that end on a Saturday",
      30,
      "calendar",
      "2026-12-03T08:00:00+07:00",
      "2027-01-05T00:00:00+07:00",
    ],
  ];
  for (const [name, days, unit, from, end] of cases) {
    it(`counts ${days} ${unit} days from ${name}`, () => {
      expect(termEnd(term(days, unit), seconds(from), own())).to.equal(seconds(end));
    });
  }

  it("has the terms of the law, with where they are from", () => {
    const { answer, remedy, decision } = own().complaint;
    expect([answer.days, answer.unit, answer.law, answer.article]).to.deep.equal([
      ...[2, "working", "356/2025/NĐ-CP", "5"],
    ]);
    expect([remedy.days, remedy.unit, decision.days]).to.deep.equal([15, "calendar", 30]);
    for (const each of [answer, remedy, decision]) expect(each.verified).to.be.a("boolean");
  });

  it("never ends earlier for what began later", () => {
    const from = fc.integer({ min: seconds("2026-01-01T00:00:00Z"), max: seconds("2028-01-01T00:00:00Z") });
    const unit = fc.constantFrom("working" as const, "calendar" as const);
    fc.assert(
      fc.property(from, fc.nat(5_000_000), fc.integer({ min: 1, max: 60 }), unit, (at, later, days, each) => {
        const [first, second] = [at, at + later].map((begin) => termEnd(term(days, each), begin, own()));
        return (first ?? 0) <= (second ?? 0) && (first ?? 0) > at + days * 86_400 - 1;
      }),
      { numRuns: 300 },
    );
  });

  it("finds none in a catalogue without them", () => {
    expect(deadlinesIn({ type: "minhbach/catalogue" })).to.be.undefined;
  });
});
