import { expect } from "chai";
import { namingBy } from "../../portal/words/naming.ts";

const CATALOGUE = {
  version: "1",
  agencies: { utility: { vi: "Đơn vị điện, nước", en: "Utility" }, police: { vi: "Công an", en: "Police" } },
  members: { "qn-police": ["police"], "qn-water": ["utility"], "qn-electricity": ["utility"] },
  categories: { "pd:Name": { vi: "Họ và tên", en: "Name" } },
  procedures: [],
};

describe("what codes are called", () => {
  const naming = namingBy(CATALOGUE, "vi", (code) => `own ${code}`);

  it("is what the catalogue says, in the page's language", () => {
    expect(naming.agency("qn-police")).to.equal("Công an");
    expect(naming.categories(["pd:Name"])).to.deep.equal(["Họ và tên"]);
    expect(namingBy(CATALOGUE, "en", String).agency("qn-police")).to.equal("Police");
  });

  it("tells agencies of one kind apart", () => {
    expect(naming.agency("qn-water")).to.equal("Đơn vị điện, nước (qn-water)");
    expect(naming.agency("qn-electricity")).to.not.equal(naming.agency("qn-water"));
  });

  it("is left to the ledger's own names where the catalogue knows nothing, or is not there yet", () => {
    expect(naming.procedure("minhbach:inspection")).to.equal("own minhbach:inspection");
    expect(naming.agency("qn-operator")).to.equal("own qn-operator");
    expect(namingBy(undefined, "vi", String).agency("qn-police")).to.equal("qn-police");
  });
});
