import { expect } from "chai";
import {
  checkFacetName,
  checkFacetNames,
  DECOY,
  EVENT_TYPES,
  FACET_NAMES,
  FACETS_OF_TYPE,
  isEventType,
  isFacetName,
  SUBJECT_FACETS,
} from "../../protocol/facets.ts";
import { expectCode } from "./expect-code.ts";

describe("facets", () => {
  it("belong to the types by names from one closed list, each once per type", () => {
    for (const type of EVENT_TYPES) {
      const { required, optional } = FACETS_OF_TYPE[type];
      const names = [...required, ...optional];
      expect(new Set(names).size, type).to.equal(names.length);
      expect(FACET_NAMES).to.include.members(names);
      expect(required, type).to.include("type");
    }
    const used = new Set(
      EVENT_TYPES.flatMap((type) => [...FACETS_OF_TYPE[type].required, ...FACETS_OF_TYPE[type].optional]),
    );
    expect([...used]).to.have.members([...FACET_NAMES]);
  });

  it("never name a person in the events that would betray a seal to them", () => {
    for (const type of ["seal", "erasure", "catalogue", "equivocation", "heartbeat", "tombstone"] as const) {
      const { required, optional } = FACETS_OF_TYPE[type];
      for (const subject of SUBJECT_FACETS) expect([...required, ...optional]).not.to.include(subject);
    }
  });

  it("are complete, known and each there once", () => {
    for (const type of EVENT_TYPES) {
      const { required, optional } = FACETS_OF_TYPE[type];
      checkFacetNames(type, required);
      checkFacetNames(type, [...required, ...optional]);
      for (const missing of required) {
        expectCode("facet-missing", () =>
          checkFacetNames(
            type,
            required.filter((name) => name !== missing),
          ),
        );
      }
      for (const repeated of required)
        expectCode("facet-repeated", () => checkFacetNames(type, [...required, repeated]));
      for (const foreign of FACET_NAMES.filter(
        (name) => !required.includes(name) && !optional.includes(name),
      )) {
        expectCode("facet-unknown", () => checkFacetNames(type, [...required, foreign]));
        expectCode("facet-unknown", () => checkFacetName(type, foreign));
      }
    }
  });

  it("number the people without gaps", () => {
    const { required } = FACETS_OF_TYPE.action;
    checkFacetNames("action", [...required, "subject.2", "subject.3"]);
    expectCode("facet-missing", () => checkFacetNames("action", [...required, "subject.3"]));
    expectCode("facet-missing", () => checkFacetNames("action", [...required, "subject.2", "subject.4"]));
    expectCode("facet-missing", () =>
      checkFacetNames("inspection", ["type", "inspection", "time", "subject.2"]),
    );
  });

  it("have names and types that nothing inherited can pass for", () => {
    for (const value of ["toString", "__proto__", "constructor", "", DECOY, undefined, null, 1]) {
      expect(isFacetName(value), String(value)).to.be.false;
      expect(isEventType(value), String(value)).to.be.false;
    }
    expect(isFacetName("subject.8")).to.be.true;
    expect(isFacetName("subject.9")).to.be.false;
    expect(isFacetName("subject.1")).to.be.false;
  });
});
