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

  it("refuses a size that makes no commune", () => {
    expect(() => population({ ...OPTIONS, persons: 10 })).to.throw(RangeError, "200");
  });

  it("gives permits to build to heads of households, in whose names the land is", () => {
    const { timeline, households } = population({
      ...{ seed: 1, persons: 3000, asOf: "2026-08-22", days: 365, registers: ["health"] },
    });
    const heads = households.map(({ members }) => members[0]);
    const owners = timeline.flatMap((each) => (each.kind === "building-permit" ? [each.owner] : []));
    expect(owners.length).to.be.greaterThan(1);
    expect(heads).to.include.members(owners);
  });
});
