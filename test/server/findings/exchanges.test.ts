import { expect } from "chai";
import type { OpenedFacets } from "../../../protocol/facet-values.ts";
import { unmatchedExchange } from "../../../server/findings/exchanges.ts";
import type { Half } from "../../../server/inspect/pairs.ts";
import { access } from "../prove/recorded-log.ts";

const CLIENT: Half = { side: "client", index: 7, time: 1000 };
const PROVIDER: Half = { side: "provider", index: 9, time: 1000 };
const OPENED: OpenedFacets = access("m-1");
const GRACE = { graceSeconds: 3600 };

describe("server/findings/exchanges", () => {
  it("says nothing before the grace is over, and then names the agency that did not report", () => {
    expect(unmatchedExchange({ first: CLIENT }, OPENED, { ...GRACE, asOf: 4600 })).to.equal(undefined);
    expect(unmatchedExchange({ first: CLIENT }, OPENED, { ...GRACE, asOf: 4601 })).to.deep.equal({
      id: "unmatched-exchange:7",
      kind: "unmatched-exchange",
      agency: "qn-justice",
      evidence: { index: 7, recorded: "client" },
      state: "open",
      since: 4600,
    });
    const silentClient = unmatchedExchange({ first: PROVIDER }, OPENED, { ...GRACE, asOf: 4601 });
    expect(silentClient?.agency).to.equal("qn-police");
  });

  it("is settled by a late half, and none when the half came in the last second", () => {
    const at = (time: number) =>
      unmatchedExchange({ first: CLIENT, other: { ...PROVIDER, time } }, OPENED, { ...GRACE, asOf: 9999 });
    expect(at(4600)).to.equal(undefined);
    expect(at(4601)).to.deep.include({ id: "unmatched-exchange:7", state: "settled", since: 4600 });
    expect(at(4601)?.evidence).to.deep.equal({ index: 7, recorded: "client", otherIndex: 9 });
  });

  it("is open as of a moment before the late half came", () => {
    const pair = { first: CLIENT, other: { ...PROVIDER, time: 6000 } };
    expect(unmatchedExchange(pair, OPENED, { ...GRACE, asOf: 5000 })?.state).to.equal("open");
  });

  it("accuses nobody by a half that says it failed, but does by one that says it was refused", () => {
    const said = (code: string) =>
      unmatchedExchange({ first: CLIENT }, { ...OPENED, outcome: { code } }, { ...GRACE, asOf: 9999 });
    expect(said("failure")).to.equal(undefined);
    expect(said("refused")?.agency).to.equal("qn-justice");
  });

  it("names nobody when the half was erased", () => {
    const erased = unmatchedExchange({ first: CLIENT }, undefined, { ...GRACE, asOf: 9999 });
    expect(erased)
      .to.deep.include({ id: "unmatched-exchange:7", state: "open" })
      .and.not.have.property("agency");
  });

  it("holds nothing about the person or the message", () => {
    const text = JSON.stringify(unmatchedExchange({ first: CLIENT }, OPENED, { ...GRACE, asOf: 9999 }));
    expect(text).not.to.include("999199000001").and.not.to.include("m-1");
  });
});
