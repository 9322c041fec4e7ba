import { expect } from "chai";
import { type CaseEvent, faultsOf } from "../../../proactive/oversight/examining.ts";
import { eventsOfCase } from "../../../proactive/oversight/inspectorate.ts";
import { concludeAgain, RULES, ruleId } from "../../../proactive/rules/rules.ts";

const RULE = RULES.find(({ procedure }) => procedure === "DRIVER_LIC") ?? expect.fail("no such rule");
const INPUTS = { expires: "2027-01-03", healthFit: true, numberClosed: false, "access.1": "m-1" };
const PERSON = { scheme: "vn-cccd", id: "999199000001" };
const OTHER = { scheme: "vn-cccd", id: "999199000002" };

function event(index: number, facets: CaseEvent["facets"], more: Partial<CaseEvent> = {}): CaseEvent {
  const common = { case: "case-1", subject: PERSON };
  return { index, source: "qn-police/r1", facets: { ...common, ...facets }, findings: [], ...more };
}

const reading = event(1, {
  ...{ type: "access", exchange: { messageId: "m-1", client: "qn-police/r1", service: "qn-health/r1" } },
  outcome: { code: "success" },
});

function conclusion(index: number, inputs: object = INPUTS, detail = "offer: renewal-prepared"): CaseEvent {
  const rule = { id: ruleId(RULE), version: RULE.version, inputs };
  return event(index, { type: "action", rule, outcome: { code: "success", detail } });
}

const grant = event(9, { type: "action", outcome: { code: "success", detail: "granted" } });

function faults(events: readonly CaseEvent[], of = grant): readonly string[] {
  return faultsOf(of, [...events, of], concludeAgain);
}

describe("examining what was granted", () => {
  it("says of a case that goes on and on that it was not read whole", async () => {
    const page = Array.from({ length: 100 }, (_, index) => ({
      ...{ index, source: "qn-police/r1", facets: {}, findings: [] },
    }));
    let pages = 0;
    const asking = (last: number) => async (): Promise<string> =>
      await Promise.resolve(JSON.stringify({ events: page, ...(++pages < last && { next: "n" }) }));
    expect((await eventsOfCase(asking(3), "case-1")).isWhole).to.equal(true);
    pages = 0;
    const { events, isWhole } = await eventsOfCase(asking(Infinity), "case-1");
    expect([events.length, isWhole]).to.deep.equal([2000, false]);
  });

  it("finds nothing where the rule comes to the same and its readings are recorded", () => {
    expect(faults([reading, conclusion(2)])).to.deep.equal([]);
  });

  it("names each fault", () => {
    const { case: name, ...rest } = grant.facets;
    expect(name).to.equal("case-1");
    expect(faults([], { ...grant, facets: rest })).to.deep.equal(["no-case"]);
    expect(faults([reading])).to.deep.equal(["no-rule"]);
    expect(faults([reading, conclusion(2, { ...INPUTS, healthFit: false })])).to.deep.equal([
      "not-offered",
      "another-conclusion",
    ]);
    const told = conclusion(2, { ...INPUTS, healthFit: false }, "notify: requirement-missing");
    expect(faults([reading, told])).to.deep.equal(["not-offered"]);
    const unknown = event(2, { ...conclusion(2).facets, rule: { id: "x", version: "1", inputs: INPUTS } });
    expect(faults([reading, unknown])).to.deep.equal(["unknown-rule"]);
    expect(faults([conclusion(2)])).to.deep.equal(["reading-missing"]);
    const refused = event(1, { ...reading.facets, outcome: { code: "refused", detail: "no-consent" } });
    expect(faults([refused, conclusion(2)])).to.deep.equal(["reading-refused"]);
    const failed = event(1, { ...reading.facets, outcome: { code: "failure", detail: "HTTP 500" } });
    expect(faults([failed, conclusion(2)])).to.deep.equal(["reading-refused"]);
    // The other half says that it was answered: that one half lacks the outcome is a finding of its own.
    expect(faults([refused, reading, conclusion(2)])).to.deep.equal([]);
    expect(faults([{ ...reading, findings: ["no-consent"] }, conclusion(2)])).to.deep.equal(["finding-open"]);
    const another = event(2, { ...conclusion(2).facets, subject: OTHER });
    expect(faults([reading, another])).to.deep.equal(["another-person"]);
  });

  it("takes for an answer that a register holds nothing", () => {
    const notHeld = event(1, { ...reading.facets, outcome: { code: "failure", detail: "HTTP 404" } });
    expect(faults([notHeld, conclusion(2)])).to.deep.equal([]);
  });

  it("goes by the last conclusion before the grant, by the agency that granted, in the same case", () => {
    const first = conclusion(2, { ...INPUTS, healthFit: false }, "notify: requirement-missing");
    expect(faults([reading, first, conclusion(3)])).to.deep.equal([]);
    expect(faults([reading, conclusion(2), conclusion(10, { expires: 1 })])).to.deep.equal([]);
    expect(faults([reading, { ...conclusion(2), source: "qn-health/r1" }])).to.deep.equal(["no-rule"]);
    const elsewhere = event(2, { ...conclusion(2).facets, case: "case-2" });
    expect(faults([reading, elsewhere])).to.deep.equal(["no-rule"]);
    const steps = event(4, { ...conclusion(4).facets, outcome: { code: "success", detail: "told: sms" } });
    expect(faults([reading, conclusion(2), steps])).to.deep.equal([]);
  });

  it("takes a conclusion that was come to anew, and the rule that the grant itself names", () => {
    const anew = conclusion(3, INPUTS, "offer: renewal-prepared (concluded anew)");
    const first = conclusion(2, { ...INPUTS, healthFit: false }, "notify: requirement-missing");
    expect(faults([reading, first, anew])).to.deep.equal([]);
    const naming = (inputs: object, version = RULE.version): CaseEvent =>
      event(9, { ...grant.facets, rule: { id: ruleId(RULE), version, inputs } });
    expect(faults([reading, anew], naming({ ...INPUTS }))).to.deep.equal([]);
    for (const inputs of [{ ...INPUTS, healthFit: false }, { ...INPUTS, more: 1 }, { "access.1": "m-1" }])
      expect(faults([reading, anew], naming(inputs))).to.deep.equal(["other-inputs"]);
    expect(faults([reading, anew], naming(INPUTS, "2"))).to.deep.equal(["other-inputs"]);
    // What the grant says of its rule is no conclusion of its own.
    expect(faults([reading], naming(INPUTS))).to.deep.equal(["no-rule"]);
  });

  it("is of grants alone", () => {
    expect(() => faultsOf(conclusion(2), [], concludeAgain)).to.throw(RangeError);
    const refused = event(9, { type: "action", outcome: { code: "refused", detail: "granted" } });
    expect(() => faultsOf(refused, [], concludeAgain)).to.throw(RangeError);
  });
});
