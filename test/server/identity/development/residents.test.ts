import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { readResidents, ResidentsError } from "../../../../server/identity/development/residents.ts";

describe("server/identity/development/residents", () => {
  let folder = "";
  let file = "";

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "residents-"));
    file = path.join(folder, "dev-people.json");
  });
  afterEach(async () => await rm(folder, { recursive: true }));

  it("has nobody where there is no file", () => {
    expect(readResidents(file).shown).to.deep.equal([]);
  });

  const AN = { id: "resident-1", number: "999199000101", name: "Nguyễn Thị An" };
  const UNUSABLE: Readonly<Record<string, unknown>> = {
    ...{ "a list of numbers": [1], "no list": AN },
    "an id that is a person's number": [{ ...AN, id: AN.number }],
    "a number that is none": [{ ...AN, number: "12" }],
    "no name": [{ ...AN, name: undefined }],
  };
  for (const [what, content] of Object.entries(UNUSABLE))
    it(`refuses ${what}, and tells no number`, async () => {
      await writeFile(file, JSON.stringify(content));
      expect(() => readResidents(file))
        .to.throw(ResidentsError)
        .with.property("message")
        .that.does.not.match(/\d{5}/);
    });
});
