import { expect } from "chai";
import type { Exchange } from "../../protocol/facet-values.ts";
import { agencyOfSide, exchangeHalf, otherAgency } from "../../protocol/exchange.ts";
import { parseSource } from "../../protocol/source.ts";
import { TAG_KINDS } from "../../protocol/tag-kinds.ts";

const EXCHANGE: Exchange = {
  messageId: "m-1",
  client: "VN/GOV/qn-police/registry",
  service: "VN/GOV/qn-justice/births/read",
};

/** Which side of the exchange a recorder of this agency records. */
function sideOf(agency: string, changes: Partial<Exchange> = {}): string | undefined {
  return exchangeHalf(parseSource(`${agency}/r1`), { exchange: { ...EXCHANGE, ...changes } })?.side;
}

describe("the agency of a side", () => {
  for (const [path, agency] of [
    ["qn-justice", "qn-justice"],
    ["qn-justice/births", "qn-justice"],
    ["VN/GOV/qn-justice", "qn-justice"],
    ["VN/GOV/qn-justice/civil/births/v1", "qn-justice"],
  ] as const) {
    it(`is ${agency} in ${path}`, () => {
      expect(agencyOfSide(path)).to.equal(agency);
    });
  }

  for (const path of [
    // A company or an association that has an agency's code as its member code is not that agency.
    "VN/COM/qn-justice/civil",
    "VN/NGO/qn-justice",
    "VN/gov/qn-justice",
    "VN/GOV",
    "VN/GOV/",
    "VN/GOV//qn-justice",
    "VN/GOV/QN-Justice/civil",
    "civil/births/qn-justice",
    "",
    "/qn-justice",
    "Sở Tư pháp",
  ]) {
    it(`is none in "${path}"`, () => {
      expect(agencyOfSide(path)).to.equal(undefined);
    });
  }
});

describe("the half of an exchange", () => {
  it("is the client's or the provider's by who recorded it", () => {
    expect(sideOf("qn-police")).to.equal("client");
    expect(sideOf("qn-justice")).to.equal("provider");
  });

  it("is the one the event says, whoever recorded it", () => {
    expect(sideOf("qn-datacentre", { side: "provider" })).to.equal("provider");
    expect(sideOf("qn-police", { side: "provider" })).to.equal("provider");
  });

  it("names the exchange by client, message and service, the same for both halves", () => {
    const pairs = ["qn-police/r1", "qn-justice/r1", "qn-justice/r2"].map(
      (source) => exchangeHalf(parseSource(source), { exchange: EXCHANGE })?.pair,
    );
    const expected = '["VN/GOV/qn-police/registry","m-1","VN/GOV/qn-justice/births/read"]';
    expect(pairs).to.deep.equal([expected, expected, expected]);
    const withMore = { ...EXCHANGE, issue: "i-7", side: "client", representedParty: "x" } as const;
    expect(exchangeHalf(parseSource("qn-police/r1"), { exchange: withMore })?.pair).to.equal(expected);
  });

  it("is none without an exchange, and none of a third party's", () => {
    expect(exchangeHalf(parseSource("qn-police/r1"), {})).to.equal(undefined);
    expect(sideOf("qn-health")).to.equal(undefined);
  });

  it("is none where both sides are one agency, in whichever form, and whatever the side", () => {
    const service = "qn-police/population";
    expect(sideOf("qn-police", { service })).to.equal(undefined);
    expect(sideOf("qn-police", { service, side: "client" })).to.equal(undefined);
  });

  it("is none where a side is no agency, for nobody can be expected to record it", () => {
    expect(sideOf("qn-police", { service: "VN/COM/qn-justice/births" })).to.equal(undefined);
    expect(sideOf("qn-justice", { client: "VN/COM/bank/desk", side: "provider" })).to.equal(undefined);
  });

  it("leaves the other half to the other side's agency", () => {
    expect(otherAgency("client", EXCHANGE)).to.equal("qn-justice");
    expect(otherAgency("provider", EXCHANGE)).to.equal("qn-police");
  });
});

describe("the kinds of tags", () => {
  it("have a number each, for ever", () => {
    expect(TAG_KINDS).to.deep.equal({
      ...{ person: 1, official: 2, consent: 3 },
      ...{ clientHalf: 16, providerHalf: 17, seals: 18, lifts: 19, erases: 20 },
      ...{ consentAct: 21, mandateAct: 22, complaintAct: 23, inspectionAct: 24, sealAct: 25, erasureAct: 26 },
      ...{ emergency: 27, catalogueAct: 28, objectionMade: 29, objectionWithdrawn: 30 },
    });
  });
});
