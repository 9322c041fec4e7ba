import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { closingBar } from "../../protocol/closing.ts";
import { makeEvent, parseEvent, type ParsedEvent } from "../../protocol/event.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { EVENT_TYPES } from "../../protocol/facets.ts";
import { parseSource } from "../../protocol/source.ts";

const time = { occurred: "2026-11-22T08:00:00Z" };
const subject = { scheme: "vn-cccd", id: "999199000001" } as const;

function event(source: string, facets: Facets): ParsedEvent {
  const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
  return parseEvent(makeEvent({ source: parseSource(source), seq: 1, facets, random }));
}

describe("protocol/closing", () => {
  it("has a rule for every type of event", () => {
    const bars = EVENT_TYPES.map((type) => {
      const some = { ...event("qn-police/r1", { type: "heartbeat", heartbeat: {}, time }), type };
      return [type, closingBar(some, "seal"), closingBar(some, "erasure")];
    });
    expect(bars).to.deep.equal([
      ["access", undefined, undefined],
      ["action", undefined, undefined],
      ["consent", undefined, undefined],
      ["objection", undefined, undefined],
      ["mandate", "mandate", undefined],
      ["complaint", undefined, undefined],
      ["inspection", undefined, undefined],
      ["seal", "order", "order"],
      ["erasure", "order", "order"],
      ["catalogue", "machine", "machine"],
      ["equivocation", "machine", "machine"],
      ["heartbeat", "machine", "machine"],
      ["tombstone", "machine", "machine"],
    ]);
  });

  it("keeps the looks of those who watch, and nobody else's accesses that only say they are", () => {
    const look: Facets = {
      ...{ type: "access", subject, time, purpose: { procedure: "minhbach:inspection" } },
      exchange: { messageId: "m", client: "qn-operator/desk", service: "qn-operator/statement" },
      data: { action: "R", personalData: ["minhbach:LedgerRecord"] },
    };
    expect(closingBar(event("qn-operator/desk", look), "erasure")).to.equal("look");
    expect(closingBar(event("qn-police/r1", look), "erasure")).to.equal(undefined);
    const other = { ...look, purpose: { procedure: "1.004222" } };
    expect(closingBar(event("qn-operator/desk", other), "erasure")).to.equal(undefined);
  });

  it("keeps what inspectors and officers decided from being erased, and lets a seal delay it", () => {
    const decided: Facets = {
      ...{ type: "inspection", subject, time },
      inspection: {
        ...{ id: "i", state: "decided", authority: "qn-inspectorate" },
        finding: { id: "no-case:1", state: "confirmed" },
      },
    };
    expect(closingBar(event("qn-operator/desk", decided), "erasure")).to.equal("inspection");
    expect(closingBar(event("qn-operator/desk", decided), "seal")).to.equal(undefined);
    expect(closingBar(event("qn-police/r1", decided), "erasure")).to.equal(undefined);
  });
});
