import { expect } from "chai";
import { makeReceipt } from "../../../protocol/receipt.ts";
import { parseSource } from "../../../protocol/source.ts";
import { missedAnchor, missedIndex } from "../../../server/findings/promises.ts";
import { LOG } from "../prove/recorded-log.ts";

const LEDGER = parseSource("qn-operator/ledger");

/** A receipt of second 1000 for the event 5. */
function receipt(anchorBy: number, indexBy: number): string {
  return makeReceipt(
    {
      ...{
        log: LOG,
        src: parseSource("qn-police/r1"),
        first: 1,
        count: 1,
        root: new Uint8Array(32),
        index: 5,
      },
      ...{ time: 1000, anchorBy, indexBy },
    },
    { alg: "EdDSA", kid: "A".repeat(43), sign: () => new Uint8Array(64) },
  );
}

const both = { index: 5, receipt: receipt(1600, 1600) };

for (const [kind, by, rule] of [
  ["missed-anchor", "anchorBy", missedAnchor],
  ["missed-index", "indexBy", missedIndex],
] as const) {
  describe(`server/findings/promises: ${kind}`, () => {
    it("is none for a promise kept at its last second, and settled for one kept a second later", () => {
      const terms = { asOf: 9999, operator: LEDGER };
      expect(rule(both, { number: 2, time: 1600 }, terms)).to.equal(undefined);
      expect(rule(both, { number: 2, time: 1601 }, terms)).to.deep.equal({
        id: `${kind}:5`,
        kind,
        source: LEDGER,
        evidence: { receipt: both.receipt, [by]: 1600, anchor: 2 },
        state: "settled",
        since: 1600,
      });
    });

    it("is open as long as no anchor came, from the second after the promise on", () => {
      expect(rule(both, undefined, { asOf: 1600, operator: LEDGER })).to.equal(undefined);
      const open = rule(both, undefined, { asOf: 1601, operator: LEDGER });
      expect(open).to.deep.include({ id: `${kind}:5`, state: "open", since: 1600 });
      expect(open?.evidence).to.deep.equal({ receipt: both.receipt, [by]: 1600 });
    });
  });
}

describe("server/findings/promises: a receipt that promises no index", () => {
  it("cannot be broken", () => {
    const none = { index: 5, receipt: receipt(1600, 0) };
    expect(missedIndex(none, undefined, { asOf: 9999, operator: LEDGER })).to.equal(undefined);
    expect(missedIndex(none, { number: 2, time: 9999 }, { asOf: 9999, operator: LEDGER })).to.equal(
      undefined,
    );
  });
});
