import { createHmac } from "node:crypto";
import { expect } from "chai";
import type { Exchange, Facets } from "../../../protocol/facet-values.ts";
import { parseSource } from "../../../protocol/source.ts";
import { eventTags } from "../../../server/receive/event-tags.ts";

const PEPPER = new Uint8Array(32).fill(7);
const EXCHANGE: Exchange = { messageId: "m-1", client: "qn-police", service: "qn-justice/births" };

function access(exchange: Exchange): Facets {
  return {
    type: "access",
    subject: { scheme: "vn-cccd", id: "999199000001" },
    "agent.id": "officer-17",
    exchange,
    data: { action: "R", personalData: ["name"] },
    time: { occurred: "2026-11-22T08:00:00Z" },
  };
}

function tagsOf(source: string, facets: Facets): [number, string][] {
  const tags = eventTags(PEPPER)(parseSource(source), facets);
  return tags.map(({ kind, bytes }) => [kind, Buffer.from(bytes, "latin1").toString("hex")]);
}

function hmac(kind: number, text: string): string {
  return createHmac("sha256", PEPPER).update(Buffer.of(kind)).update(text).digest("hex");
}

describe("server/receive/event-tags", () => {
  it("has a tag for each index key and one for the half of the exchange", () => {
    expect(tagsOf("qn-police/r1", access(EXCHANGE))).to.deep.equal([
      [1, hmac(1, "vn-cccd:999199000001")],
      [2, hmac(2, "agent:qn-police/officer-17")],
      [16, hmac(16, '["qn-police","m-1","qn-justice/births"]')],
    ]);
  });

  it("gives both halves the same bytes under different kinds", () => {
    const client = tagsOf("qn-police/r1", access(EXCHANGE)).at(-1);
    const provider = tagsOf("qn-justice/r1", access(EXCHANGE)).at(-1);
    expect([client?.[0], provider?.[0]]).to.deep.equal([16, 17]);
    expect(client?.[1]).to.equal(provider?.[1]);
  });

  it("has no tag for an exchange that no other record belongs to", () => {
    const kinds = (source: string, exchange: Exchange): number[] =>
      tagsOf(source, access(exchange)).map(([kind]) => kind);
    expect(kinds("qn-health/r1", EXCHANGE)).to.deep.equal([1, 2]);
    expect(kinds("qn-police/r1", { ...EXCHANGE, service: "qn-police/population" })).to.deep.equal([1, 2]);
  });

  it("names the events that a seal closes or opens again, and that an erasure empties, by their leaf hashes", () => {
    const time = { occurred: "2026-11-22T08:00:00Z" };
    const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 0xfe)];
    const leaves = [first, second].map((leaf) => leaf.toString("base64url"));
    const named = (kind: number): [number, string][] => [
      [kind, first.toString("hex")],
      [kind, second.toString("hex")],
    ];
    const mark = (kind: number): [number, string] => [kind, "00".repeat(32)];
    const seal = { id: "s-1", leaves, authority: "court", until: "2027-01-01T00:00:00Z" };
    expect(tagsOf("qn-police/r1", { type: "seal", seal: { ...seal, state: "placed" }, time })).to.deep.equal([
      ...named(18),
      mark(25),
    ]);
    expect(tagsOf("qn-police/r1", { type: "seal", seal: { ...seal, state: "lifted" }, time })).to.deep.equal([
      ...named(19),
      mark(25),
    ]);
    const erasure = { id: "e-1", leaves, authority: "court" };
    expect(tagsOf("qn-operator/r1", { type: "erasure", erasure, time })).to.deep.equal([
      ...named(20),
      mark(26),
    ]);
  });

  it("marks an access that was made in an emergency", () => {
    const emergency: Facets = { ...access(EXCHANGE), handling: { emergency: true } };
    expect(tagsOf("qn-police/r1", emergency).at(-1)).to.deep.equal([27, "00".repeat(32)]);
    const usual: Facets = { ...access(EXCHANGE), handling: { emergency: false } };
    expect(tagsOf("qn-police/r1", usual)).to.have.length(3);
  });

  it("tells of an objection, and that it was taken back, of whose it is and about what alone", () => {
    const child = { scheme: "vn-cccd", id: "999199000001", role: "child" } as const;
    const parent = { scheme: "vn-cccd", id: "999199000002", role: "parent" } as const;
    const said = (state: "made" | "withdrawn"): [number, string][] =>
      tagsOf("qn-operator/desk", {
        ...{ type: "objection", subject: child, "subject.2": parent },
        objection: { state, procedure: "SCHOOL_ADM" },
        time: { occurred: "2026-11-22T08:00:00Z" },
      });
    const people = [
      [1, hmac(1, "vn-cccd:999199000001")],
      [1, hmac(1, "vn-cccd:999199000002")],
    ];
    const about = hmac(29, "vn-cccd:999199000001 SCHOOL_ADM");
    expect(said("made")).to.deep.equal([...people, [29, about]]);
    expect(said("withdrawn")).to.deep.equal([...people, [30, about]]);
  });

  it("has room for the longest exchange the schema allows", () => {
    const longest = "ế".repeat(256);
    const exchange = { messageId: longest, client: `qn-police/${longest}`, service: `qn-justice/${longest}` };
    expect(tagsOf("qn-police/r1", access(exchange))).to.have.length(3);
  });
});
