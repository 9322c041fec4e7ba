import { expect } from "chai";
import fc from "fast-check";
import { isCanonicalSubjectId } from "../../../protocol/subject.ts";
import { ageOn } from "../../../proactive/population/calendar.ts";
import { DOCUMENT_KINDS } from "../../../proactive/population/documents.ts";
import {
  type Population,
  population,
  type PopulationOptions,
} from "../../../proactive/population/population.ts";

const AS_OF = "2026-11-22";
const OPTIONS: PopulationOptions = {
  ...{ seed: 1, persons: 300, asOf: AS_OF, days: 92 },
  registers: ["health", "electricity"],
};

describe("proactive/population", () => {
  it("is the same for the same seed, and another for another", () => {
    expect(population(OPTIONS)).to.deep.equal(population(OPTIONS));
    expect(population(OPTIONS)).to.not.deep.equal(population({ ...OPTIONS, seed: 2 }));
  });

  it("has consistent families, whatever the seed", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        expectConsistent(population({ ...OPTIONS, seed }));
      }),
      { numRuns: 25 },
    );
  });

  it("has occurrences of every kind and a document of every kind that ends within the days, also in a small commune", () => {
    const { documents, timeline } = population(OPTIONS);
    expect(new Set(timeline.map(({ kind }) => kind))).to.deep.equal(
      new Set(["birth", "death", "move", "guardian-change", "building-permit", "business-change"]),
    );
    const ending = documents.filter(({ expires }) => expires < "2027-02-22").map(({ kind }) => kind);
    expect(new Set(ending)).to.deep.equal(new Set(DOCUMENT_KINDS));
  });

  it("gives permits to build to heads of households, in whose names the land is", () => {
    const { timeline, households } = population({ ...OPTIONS, persons: 3000, days: 365 });
    const heads = households.map(({ members }) => members[0]);
    const owners = timeline.flatMap((each) => (each.kind === "building-permit" ? [each.owner] : []));
    expect(owners.length).to.be.greaterThan(1);
    expect(heads).to.include.members(owners);
  });

  it("refuses a size that makes no commune", () => {
    expect(() => population({ ...OPTIONS, persons: 10 })).to.throw(RangeError, "200");
  });
});

function expectConsistent({ persons, households, documents, timeline }: Population): void {
  const byId = new Map(persons.map((person) => [person.id, person]));
  expect(byId.size, "ids are unique").to.equal(persons.length);
  for (const person of persons) {
    expect(isCanonicalSubjectId("vn-cccd", person.id), "the number is one").to.equal(true);
    expect(person.id.startsWith("999"), "of a province that does not exist").to.equal(true);
    const spouse = person.spouse === undefined ? undefined : byId.get(person.spouse);
    if (person.spouse !== undefined) expect(spouse?.spouse, "marriages have two sides").to.equal(person.id);
    for (const parent of [person.mother, person.father]) {
      if (parent === undefined) continue;
      const older = byId.get(parent);
      expect(ageOn(person.born, older?.born ?? ""), "parents were of age").to.be.at.least(18);
    }
    if (ageOn(AS_OF, person.born) < 18) expect(person.guardian, "a child has a guardian").to.be.a("string");
    expect(households[person.household]?.members).to.include(person.id);
  }
  for (const { holder, issued, expires } of documents) {
    expect(byId.has(holder)).to.equal(true);
    expect(issued < expires && AS_OF <= expires, "is in force").to.equal(true);
  }
  const days = timeline.map(({ on }) => on);
  expect(days).to.deep.equal(days.toSorted());
}
