import { expect } from "chai";
import { birthYearIn, ofAgeFrom } from "../../protocol/age.ts";

describe("protocol/age", () => {
  const years: readonly [scheme: string, id: string, year: number | undefined][] = [
    ["vn-cccd", "051085000001", 1985],
    ["vn-cccd", "051199000001", 1999],
    ["vn-cccd", "051200000001", 2000],
    ["vn-cccd", "051326000001", 2026],
    ["vn-cccd", "051426000001", 2126],
    ["vn-cccd", "051900000001", 2300],
    ["vn-newborn", "22001.GCS.00001.26", 2026],
    ["vn-cmnd", "211000001", undefined],
    ["vn-passport", "B1234567", undefined],
    ["passport", "FRA:12AB34567", undefined],
  ];
  for (const [scheme, id, year] of years) {
    it(`reads ${year ?? "no year"} from the ${scheme} ${id}`, () => {
      expect(birthYearIn({ scheme, id })).to.equal(year);
    });
  }

  it("takes a person for an adult from the end of the year in which they turn 18, by Vietnam's time", () => {
    const from = ofAgeFrom({ scheme: "vn-cccd", id: "051308000001" });
    expect(from).to.equal(Date.parse("2026-12-31T17:00:00Z"));
    expect(ofAgeFrom({ scheme: "vn-passport", id: "B1234567" })).to.equal(undefined);
  });
});
