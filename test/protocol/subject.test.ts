import { expect } from "chai";
import { canonicalSubjectId, isCanonicalSubjectId, isSubjectScheme } from "../../protocol/subject.ts";
import { codeOf, expectCode } from "./expect-code.ts";

const GOOD = [
  ["vn-cccd", "001099012345"],
  ["vn-cmnd", "100912345"],
  ["vn-passport", "C1234567"],
  ["passport", "LAO:PA123456"],
  ["vn-newborn", "51001.GCS.00042.26"],
] as const;

const BAD = [
  ["vn-cccd", "00109901234"],
  ["vn-cccd", "0010990123456"],
  ["vn-cccd", "٠٠١٠٩٩٠١٢٣٤٥"],
  ["vn-cccd", "001099012345\n"],
  ["vn-cmnd", "1009123456"],
  // The 12 digits of the last old cards are the person's vn-cccd number.
  ["vn-cmnd", "001099012345"],
  ["vn-passport", "c1234567"],
  ["vn-passport", "C12345678"],
  ["passport", "VNM:C1234567"],
  ["passport", "PA123456"],
  ["passport", "LAO:pa123456"],
  ["vn-newborn", "51001.GCS.42.26"],
  ["vn-newborn", "51001xGCS.00042.26"],
] as const;

describe("subject ids", () => {
  for (const [scheme, id] of GOOD) {
    it(`${scheme} has ${id}`, () => {
      expect(isCanonicalSubjectId(scheme, id)).to.be.true;
      expect(canonicalSubjectId(scheme, id)).to.equal(id);
    });
  }
  for (const [scheme, id] of BAD) {
    it(`${scheme} has no ${JSON.stringify(id)}`, () => expect(isCanonicalSubjectId(scheme, id)).to.be.false);
  }

  it("typed with spaces, hyphens and small letters become canonical", () => {
    expect(canonicalSubjectId("vn-cccd", " 001 099-012345 ")).to.equal("001099012345");
    expect(canonicalSubjectId("vn-passport", "c1234567")).to.equal("C1234567");
    expectCode("subject-id", () => canonicalSubjectId("vn-cccd", "1234"));
  });

  it("do not appear in the error", () => {
    let message = "";
    try {
      canonicalSubjectId("vn-cccd", "0010990123459");
    } catch (error) {
      message = String(error);
    }
    expect(message).to.contain("vn-cccd").and.not.to.contain("0010990123459");
  });

  it("have a scheme from the list, and nothing inherited counts as one", () => {
    expect(isSubjectScheme("passport")).to.be.true;
    for (const value of ["", "toString", "__proto__", undefined, 1])
      expect(isSubjectScheme(value)).to.be.false;
    expect(codeOf(() => canonicalSubjectId("vn-cmnd", "123 456 789"))).to.equal(undefined);
  });
});
