import { expect } from "chai";
import {
  EVENT_TYPES,
  type EventType,
  FACET_NAMES,
  FACETS_OF_TYPE,
  SUBJECT_FACETS,
} from "../../protocol/facets.ts";
import { maySeeFacet, type Role, ROLES, visibleFacets } from "../../protocol/visibility.ts";

const PERSONAL: readonly EventType[] = [
  ...(["access", "action", "consent", "objection", "mandate", "complaint", "inspection"] as const),
];
const sees = (role: Role, type: EventType, name: string, own = false) =>
  maySeeFacet({ role, type, name, own });

describe("who may see which facet", () => {
  it("lists only facets that the type has", () => {
    for (const role of ROLES) {
      for (const type of EVENT_TYPES) {
        const { required, optional } = FACETS_OF_TYPE[type];
        for (const facet of visibleFacets(role, type)) {
          const name = facet === "subject:own" || facet === "subject:all" ? "subject" : facet;
          expect([...required, ...optional], `${role} ${type} ${facet}`).to.include(name);
        }
      }
    }
  });

  it("shows no decoy and nothing unknown to anybody", () => {
    for (const role of ROLES) {
      for (const type of EVENT_TYPES) {
        for (const name of ["decoy", "", "subject:all", "subject:own", "subject.9", "__proto__"]) {
          expect(sees(role, type, name, true)).to.be.false;
        }
      }
    }
  });

  it("shows the public, the operator and the registrar nothing of an event about a person, not even its type", () => {
    for (const role of ["public", "operator", "registrar"] as const) {
      for (const type of [...PERSONAL, "seal", "erasure"] as const) {
        for (const name of FACET_NAMES)
          expect(sees(role, type, name, true), `${role} ${type} ${name}`).to.be.false;
      }
      expect(sees(role, "equivocation", "equivocation")).to.be.true;
    }
    expect(sees("operator", "tombstone", "tombstone")).to.be.true;
    expect(sees("public", "tombstone", "tombstone")).to.be.false;
  });

  it("shows a citizen who used their data, and of the people in the event only themselves", () => {
    for (const type of PERSONAL.filter((type) => type !== "inspection")) {
      for (const name of SUBJECT_FACETS) {
        expect(sees("citizen", type, name, true)).to.be.true;
        expect(sees("citizen", type, name, false)).to.be.false;
      }
    }
    for (const name of ["type", "exchange", "data", "purpose", "explanation", "agent.role", "time"]) {
      expect(sees("citizen", "access", name), name).to.be.true;
    }
    for (const name of ["agent.id", "decision", "signOn"])
      expect(sees("citizen", "access", name), name).to.be.false;
    expect(sees("citizen", "seal", "seal")).to.be.true;
    expect(sees("citizen", "seal", "purpose")).to.be.false;
  });

  it("shows an agency what it was party to, without the official's name and people's sign-on tokens", () => {
    for (const type of PERSONAL) {
      expect(sees("agency", type, "agent.id"), type).to.be.false;
      expect(sees("agency", type, "signOn"), type).to.be.false;
      expect(sees("agency", type, "subject"), type).to.equal(type !== "inspection");
    }
    for (const name of FACET_NAMES) expect(sees("agency", "inspection", name), name).to.be.false;
  });

  it("shows its data-protection officer the official too, and no more", () => {
    for (const type of EVENT_TYPES) {
      for (const name of FACET_NAMES) {
        const more = sees("officer", type, name) && !sees("agency", type, name);
        if (more) expect(name).to.equal("agent.id");
        if (sees("agency", type, name)) expect(sees("officer", type, name)).to.be.true;
      }
    }
    expect(sees("officer", "access", "agent.id")).to.be.true;
    expect(sees("officer", "seal", "agent.id")).to.be.false;
    expect(sees("officer", "inspection", "agent.id")).to.be.false;
  });

  it("shows an inspector everything", () => {
    for (const type of EVENT_TYPES) {
      const { required, optional } = FACETS_OF_TYPE[type];
      for (const name of [...required, ...optional])
        expect(sees("inspector", type, name), `${type} ${name}`).to.be.true;
    }
  });
});
