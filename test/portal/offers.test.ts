import { expect } from "chai";
import { offersIn } from "../../portal/pages/consents/offers.ts";

const NAMES = { name: { vi: "a", en: "a" } };
const member = {
  "qn-construction": ["construction"],
  "qn-water": ["utility"],
  "qn-electricity": ["utility"],
};

describe("what a person can agree to", () => {
  it("is what the catalogue marks as needing consent, for the agencies that would receive it, and nothing else", () => {
    const procedure = {
      ...{ code: "BUILD_PERMIT", ...NAMES, leadAgencies: ["construction"], legalBasis: [] },
      providers: [
        { agency: "tax", personalData: ["pd:Tax"], consentNeeded: false },
        { agency: "construction", to: ["utility"], personalData: ["pd:Name"], consentNeeded: true },
      ],
    };
    expect(offersIn({ procedures: [procedure], members: member })).to.deep.equal([
      {
        key: "BUILD_PERMIT construction",
        procedure: "BUILD_PERMIT",
        recipients: ["qn-water", "qn-electricity"],
        personalData: ["pd:Name"],
        controller: "qn-construction",
      },
    ]);
  });

  it("is nothing where no agency could receive it", () => {
    const provider = { agency: "tax", to: ["school"], personalData: ["pd:Tax"], consentNeeded: true };
    const procedure = {
      code: "X",
      ...NAMES,
      leadAgencies: ["construction"],
      legalBasis: [],
      providers: [provider],
    };
    expect(offersIn({ procedures: [procedure], members: member })).to.deep.equal([]);
  });
});
