import { expect } from "chai";
import { EVENT_TYPES } from "../../protocol/facets.ts";
import { type IndexKind, indexKeys, requireIndexId, shownIndexKeys } from "../../protocol/index-keys.ts";
import { codeOf } from "./expect-code.ts";
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

  it("of a whole event are those of its shown part", () => {
    for (const type of EVENT_TYPES) {
      expect(shownIndexKeys(SOURCE, FACETS[type], true)).to.deep.equal(indexKeys(SOURCE, FACETS[type]));
    }
  });

  it("of a part are only those that the part proves", () => {
    const { type, subject, exchange, "agent.id": official } = { ...FACETS.access };
    const ids = (shown: object) => shownIndexKeys(SOURCE, shown).map(({ id }) => id);
    expect(ids({ subject })).to.deep.equal(["vn-cccd:001099012345"]);
    expect(ids({ exchange, type })).to.deep.equal([]);
    // The exchange names the agency; where it may stay closed, the recording one would be a guess.
    expect(ids({ "agent.id": official })).to.deep.equal([]);
    expect(ids({ type, "agent.id": official })).to.deep.equal([]);
    expect(ids({ type: "action", "agent.id": official })).to.deep.equal([]);
    expect(ids({ type: "inspection", "agent.id": official })).to.deep.equal(["agent:qn-police/nguyen.van.a"]);
    expect(ids({ exchange, "agent.id": official })).to.deep.equal([
      "agent:VN%2FGOV%2Fqn-justice%2Fcivil/nguyen.van.a",
    ]);
  });

  it("name an official without an exchange where the event is open to its last digest", () => {
    const shown = { type: "action", "agent.id": "nguyen.van.a" };
    expect(shownIndexKeys(SOURCE, shown)).to.deep.equal([]);
    expect(shownIndexKeys(SOURCE, shown, true)).to.deep.equal([
      { kind: "official", id: "agent:qn-police/nguyen.van.a" },
    ]);
  });

  it("are none of values that pass no schema", () => {
    const values: readonly unknown[] = [
      null,
      1,
      "x",
      [],
      {},
      { scheme: "vn-cccd", id: "1" },
      { scheme: "x", id: "1" },
    ];
    for (const value of values) {
      const shown = {
        subject: value,
        "agent.id": value === "x" ? 1 : value,
        consent: { id: [value] },
        purpose: value,
      };
      expect(shownIndexKeys(SOURCE, { type: "inspection", ...shown })).to.deep.equal([]);
    }
  });

  it("have ids that are accepted in one spelling, and refused by name in any other", () => {
    const ids: readonly (readonly [IndexKind, string, string?])[] = [
      ["person", "vn-cccd:001099012345"],
      ["person", "passport:LAO:P1234567"],
      ["person", "vn-newborn:51001.GCS.00042.26"],
      ["official", "agent:qn-police/inspector-7"],
      ["official", "agent:VN%2FGOV%2Fqn-justice%2Fcivil/nguyen.van.a"],
      ["consent", "consent:c-2026-1"],
      ["person", "001099012345", "subject-scheme"],
      ["person", "cccd:001099012345", "subject-scheme"],
      ["person", "constructor:1", "subject-scheme"],
      ["person", "vn-cccd:1099012345", "subject-id"],
      ["person", "vn-cccd:001 099 012 345", "subject-id"],
      ["person", "vn-cccd:", "subject-id"],
      ["official", "agent:qn-police", "index-id"],
      ["official", "agent:qn-police/", "index-id"],
      ["official", "agent:a/b/c", "index-id"],
      ["official", "agent:a%2fb/c", "index-id"],
      ["official", "agent:a b/c", "index-id"],
      ["official", "agent:%/c", "index-id"],
      ["official", "qn-police/c", "index-id"],
      ["consent", "c-2026-1", "index-id"],
      ["consent", "consent:", "index-id"],
      ["consent", `consent:${"x".repeat(129)}`, "index-id"],
    ];
    for (const [kind, id, code] of ids)
      expect(
        codeOf(() => requireIndexId(kind, id)),
        id,
      ).to.equal(code);
    for (const type of EVENT_TYPES) {
      for (const { kind, id } of indexKeys(SOURCE, FACETS[type]))
        expect(requireIndexId(kind, id)).to.equal(id);
    }
  });
});
