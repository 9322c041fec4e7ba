import { expect } from "chai";
import { EVENT_TYPES } from "../../protocol/facets.ts";
import { indexKeys } from "../../protocol/index-keys.ts";
import { FACETS, SOURCE } from "./samples.ts";

describe("index keys", () => {
  it("are the person, and the official under the agency that asked", () => {
    expect(indexKeys(SOURCE, FACETS.access)).to.deep.equal([
      { kind: "person", id: "vn-cccd:001099012345" },
      { kind: "official", id: "agent:VN%2FGOV%2Fqn-justice%2Fcivil/nguyen.van.a" },
    ]);
  });

  it("are every person of an event, each once", () => {
    const subject = { scheme: "vn-cccd", id: "001099012345" } as const;
    const facets = { ...FACETS.action, subject, "subject.3": { ...subject, role: "owner" } } as const;
    expect(indexKeys(SOURCE, facets)).to.deep.equal([{ kind: "person", id: "vn-cccd:001099012345" }]);
    expect(indexKeys(SOURCE, FACETS.mandate).map(({ id }) => id)).to.deep.equal([
      "vn-cccd:001099012345",
      "vn-passport:C1234567",
    ]);
  });

  it("are the official of the recording agency where nothing was exchanged", () => {
    expect(indexKeys(SOURCE, FACETS.inspection)).to.deep.equal([
      { kind: "official", id: "agent:qn-police/inspector-7" },
    ]);
  });

  it("are different for officials whose names only run together alike", () => {
    const keyOf = (client: string, id: string) => {
      const exchange = { messageId: "m", client, service: "s" };
      return indexKeys(SOURCE, { ...FACETS.heartbeat, exchange, "agent.id": id });
    };
    expect(keyOf("a", "b/c")).not.to.deep.equal(keyOf("a/b", "c"));
    expect(keyOf("a%2Fb", "c")).not.to.deep.equal(keyOf("a/b", "c"));
  });

  it("are the consent that is stated, and the one relied on", () => {
    expect(indexKeys(SOURCE, FACETS.consent)).to.deep.include({ kind: "consent", id: "consent:c-2026-1" });
    const facets = { ...FACETS.access, purpose: { procedure: "BUILD_PERMIT", consent: "c-2026-1" } };
    expect(indexKeys(SOURCE, facets)).to.deep.include({ kind: "consent", id: "consent:c-2026-1" });
  });

  it("are none of a seal, so that a person's list does not show it", () => {
    for (const type of EVENT_TYPES) {
      const persons = indexKeys(SOURCE, FACETS[type]).filter(({ kind }) => kind === "person");
      expect(persons.length > 0, type).to.equal("subject" in FACETS[type]);
    }
    expect(indexKeys(SOURCE, FACETS.seal)).to.deep.equal([]);
  });
});
