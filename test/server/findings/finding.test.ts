import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { makeEvent, type ParsedEvent, parseEvent } from "../../../protocol/event.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { makeReceipt } from "../../../protocol/receipt.ts";
import { parseSource } from "../../../protocol/source.ts";
import { equivocationIn, missedAnchor } from "../../../server/findings/finding.ts";
import { access, LOG } from "../prove/recorded-log.ts";

const LEDGER = parseSource("qn-operator/ledger");
const TIME = { occurred: "2026-11-22T08:00:00Z" };
const EQUIVOCATION = {
  ...{ source: "qn-police/r1", seq: 7, jws: "a.b.c", payload: "p", path: [], pathIndex: 0, storedIndex: 3 },
};

function event(facets: Facets): ParsedEvent {
  const random = (bytes: number): Uint8Array => new Uint8Array(randomBytes(bytes));
  return parseEvent(makeEvent({ source: LEDGER, seq: 1, facets, random }));
}

/** A receipt that promises an anchor by second 1600. */
const receipt = makeReceipt(
  {
    ...{ log: LOG, src: parseSource("qn-police/r1"), first: 1, count: 1, root: new Uint8Array(32), index: 5 },
    ...{ time: 1000, anchorBy: 1600, indexBy: 0 },
  },
  { alg: "EdDSA", kid: "A".repeat(43), sign: () => new Uint8Array(64) },
);

describe("server/findings/finding", () => {
  it("sees an equivocation in the ledger's own event, and names the source that signed twice", () => {
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

  it("finds a promise kept at its last second, and broken one later", () => {
    const terms = { asOf: 9999, operator: LEDGER };
    const first = { index: 5, receipt };
    expect(missedAnchor(first, { number: 2, time: 1600 }, terms)).to.equal(undefined);
    expect(missedAnchor(first, { number: 2, time: 1601 }, terms)).to.deep.equal({
      id: "missed-anchor:5",
      kind: "missed-anchor",
      source: LEDGER,
      evidence: { receipt, anchorBy: 1600, anchor: 2 },
      state: "settled",
      since: 1600,
    });
  });

  it("finds it open as long as no anchor came, from the second after the promise on", () => {
    const first = { index: 5, receipt };
    expect(missedAnchor(first, undefined, { asOf: 1600, operator: LEDGER })).to.equal(undefined);
    const open = missedAnchor(first, undefined, { asOf: 1601, operator: LEDGER });
    expect(open).to.deep.include({ id: "missed-anchor:5", state: "open", since: 1600 });
    expect(open?.evidence).to.deep.equal({ receipt, anchorBy: 1600 });
  });
});
