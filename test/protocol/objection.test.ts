import { expect } from "chai";
import fc from "fast-check";
import { makeEvent, parseEvent } from "../../protocol/event.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import {
  isObjecting,
  objectionActIn,
  objectionIn,
  objectionName,
  type ObjectionPlace,
} from "../../protocol/objection.ts";
import { parseSource } from "../../protocol/source.ts";
import { SUBJECT_ID_PATTERNS } from "../../protocol/subject.ts";
import { FACETS, seededRandom } from "./samples.ts";

const DESK = parseSource("qn-operator/desk");
const CLINIC = parseSource("qn-health/r1");
const RULES = { desk: DESK };

/** What a person's acts come to, written down once more as plainly as can be. */
function plainly(acts: readonly ObjectionPlace[]): boolean {
  let objecting = false;
  for (const { state, source } of acts) {
    if (state === "made") objecting = true;
    else if (source === DESK) objecting = false;
  }
  return objecting;
}

const anyActs = fc
  .array(
    fc.record({
      state: fc.constantFrom("made" as const, "withdrawn" as const),
      source: fc.constantFrom(DESK, CLINIC, parseSource("qn-other/desk")),
    }),
    { maxLength: 12 },
  )
  .map((acts): ObjectionPlace[] => acts.map((act, index) => ({ ...act, index })));

describe("protocol/objection", () => {
  it("is in force from whoever recorded it until the desk records that it is taken back", () => {
    fc.assert(
      fc.property(anyActs, (acts) => {
        expect(isObjecting(acts, RULES)).to.equal(plainly(acts));
      }),
    );
  });

  it("is never ended by anybody but the desk", () => {
    fc.assert(
      fc.property(anyActs, (acts) => {
        const before = isObjecting(acts, RULES);
        const next = { index: acts.length, state: "withdrawn", source: CLINIC } as const;
        expect(isObjecting([...acts, next], RULES)).to.equal(before);
        expect(isObjecting([...acts, { ...next, state: "made" }], RULES)).to.equal(true);
      }),
    );
  });

  it("is read from its event, as the person's in `subject`, whoever speaks for them", () => {
    const facets: Facets = {
      ...FACETS.objection,
      "subject.2": { scheme: "vn-cccd", id: "001099012346", role: "parent" },
    };
    const event = parseEvent(makeEvent({ source: DESK, seq: 1, facets, random: seededRandom("objection") }));
    expect(objectionActIn(event, 7)).to.deep.equal({
      ...{ index: 7, state: "made", source: DESK, person: { scheme: "vn-cccd", id: "001099012345" } },
      ...{ objection: facets.objection, occurred: facets.time?.occurred },
    });
    expect(objectionIn(facets)).to.deep.equal({
      state: "made",
      name: "vn-cccd:001099012345 SCHOOL_ADM",
    });
  });

  it("is in no other event", () => {
    const random = seededRandom("others");
    for (const facets of Object.values(FACETS).filter(({ type }) => type !== "objection")) {
      const event = parseEvent(makeEvent({ source: DESK, seq: 1, facets, random }));
      expect(objectionActIn(event, 7), facets.type).to.equal(undefined);
      expect(objectionIn(facets), facets.type).to.equal(undefined);
    }
  });

  it("names different people and procedures differently", () => {
    const person = fc.record({
      scheme: fc.constantFrom(...Object.keys(SUBJECT_ID_PATTERNS)),
      id: fc.stringMatching(/^[!-~]+$/),
    });
    fc.assert(
      fc.property(person, fc.string(), person, fc.string(), (one, first, other, second) => {
        const isSame = one.scheme === other.scheme && one.id === other.id && first === second;
        expect(objectionName(one, first) === objectionName(other, second)).to.equal(isSame);
      }),
    );
  });
});
