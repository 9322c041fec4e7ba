import { expect } from "chai";
import { utf8 } from "../../protocol/bytes.ts";
import { parseCatalogue } from "../../protocol/procedures.ts";
import { loadCatalogue } from "../../server/catalogue/load.ts";
import { CATALOGUE } from "../server/catalogue/folder.ts";
import { smallCatalogue } from "./consent-world.ts";
import { expectCode } from "./expect-code.ts";

describe("protocol/procedures", () => {
  it("reads the catalogue that is published, with its digest", async () => {
    const { file, digest, version } = await loadCatalogue(CATALOGUE);
    const catalogue = parseCatalogue(file);
    expect(catalogue).to.include({ digest, version });
    expect(catalogue.procedures.size).to.equal(13);
    expect(catalogue.members.get("qn-justice")).to.deep.equal(["justice"]);
    const permit = catalogue.procedures.get("BUILD_PERMIT");
    expect(permit?.releases.filter(({ consentNeeded }) => consentNeeded)).to.deep.equal([
      {
        ...{ provider: "construction", receivers: ["utility"], consentNeeded: true },
        personalData: ["pd:Name", "pd:PhysicalAddress"],
      },
    ]);
    expect(permit?.releases[0]?.receivers).to.deep.equal(["construction", "commune"]);
  });

  it("takes a version from before members were named: it has none", () => {
    expect(smallCatalogue({ members: undefined }).members.size).to.equal(0);
  });

  const WRONG: readonly (readonly [string, object])[] = [
    ["another file", { type: "minhbach/evidence" }],
    ["another format", { format: 2 }],
    ["a member of a type that it does not explain", { members: { "qn-tax": ["tax"] } }],
    ["a member that can be no agency", { members: { "QN TAX": ["police"] } }],
    ["a member of no type", { members: { "qn-tax": [] } }],
    ["procedures that are no list", { procedures: {} }],
    ["a procedure that is none", { procedures: [{}] }],
    ["categories that it does not explain", { categories: {} }],
  ];
  for (const [subject, changes] of WRONG) {
    it(`refuses ${subject}`, () => {
      expectCode("catalogue", () => smallCatalogue(changes));
    });
  }

  it("refuses what is no JSON", () => {
    expectCode("json", () => parseCatalogue(utf8("{")));
  });
});
