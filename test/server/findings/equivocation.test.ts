import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { makeEvent, type ParsedEvent, parseEvent } from "../../../protocol/event.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { parseSource } from "../../../protocol/source.ts";
import { equivocationIn } from "../../../server/findings/equivocation.ts";
import { access } from "../prove/recorded-log.ts";

const TIME = { occurred: "2026-11-22T08:00:00Z" };
const EQUIVOCATION = {
  ...{ source: "qn-police/r1", seq: 7, jws: "a.b.c", payload: "p", path: [], pathIndex: 0, storedIndex: 3 },
};

function event(facets: Facets): ParsedEvent {
  const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
  return parseEvent(makeEvent({ source: parseSource("qn-operator/ledger"), seq: 1, facets, random }));
}

describe("server/findings/equivocation", () => {
  it("is seen in the ledger's own event, and names the source that signed twice", () => {
    const recorded = event({ type: "equivocation", equivocation: EQUIVOCATION, time: TIME });
    expect(equivocationIn(recorded, 12, 1234)).to.deep.equal({
      id: "equivocation:12",
      kind: "equivocation",
      source: "qn-police/r1",
      evidence: { seq: 7, storedIndex: 3, recordedIndex: 12 },
      state: "open",
      since: 1234,
    });
    expect(equivocationIn(event(access("a")), 12, 1234)).to.equal(undefined);
  });
});
