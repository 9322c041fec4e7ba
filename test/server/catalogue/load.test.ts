import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { CatalogueError } from "../../../server/catalogue/error.ts";
import { loadCatalogue } from "../../../server/catalogue/load.ts";
import { CATALOGUE, type CatalogueFolder, catalogueFolder } from "./folder.ts";

type Change = (catalogue: CatalogueFolder) => Promise<void>;

/** What is wrong, how it comes about, and what the person is told. */
const WRONG: readonly (readonly [subject: string, change: Change, message: RegExp])[] = [
  [
    "a comma too many",
    (c) => c.replace("procedures/PASSPORT.json", '"kind": ["expiry-notify"],', '"kind": ["expiry-notify",],'),
    /^procedures\/PASSPORT\.json:11: .*not valid JSON/,
  ],
  [
    "a comment",
    (c) => c.replace("catalogue.json", "{\n", "{\n  # the pilot\n"),
    /^catalogue\.json:2: .*not valid JSON/,
  ],
  [
    "a file that ends too early",
    (c) => c.write("procedures/PASSPORT.json", '{\n  "code": "PASSPORT",\n  "name": {'),
    /^procedures\/PASSPORT\.json:3: .*not valid JSON/,
  ],
  [
    "a member that is there twice",
    (c) => c.replace("procedures/PASSPORT.json", "{\n", '{\n  "code": "PASSPORT",\n'),
    /^procedures\/PASSPORT\.json:3: .*same key twice/,
  ],
  [
    "an unknown member",
    (c) => c.replace("procedures/PASSPORT.json", "{\n", '{\n  "coed": "PASSPORT",\n'),
    /^procedures\/PASSPORT\.json:2: there is no member "coed"/,
  ],
  [
    "an unknown member deep inside",
    (c) => c.replace("procedures/PASSPORT.json", '"consentNeeded": false', '"consentNeeded": false, "x": 1'),
    /^procedures\/PASSPORT\.json:25: there is no member "x"/,
  ],
  [
    "a missing member",
    (c) => c.replace("procedures/PASSPORT.json", '"automation": "notice",', ""),
    /^procedures\/PASSPORT\.json:1: .*must have required property 'automation'/,
  ],
  [
    "a value that is none of the possible ones",
    (c) => c.replace("procedures/PASSPORT.json", '"automation": "notice"', '"automation": "robot"'),
    /^procedures\/PASSPORT\.json:\d+: automation must be one of notice, preparation, decision/,
  ],
  [
    "a purpose in one language",
    (c) => c.replace("procedures/PASSPORT.json", '"vi": "Hộ chiếu",', ""),
    /^procedures\/PASSPORT\.json:3: name must have required property 'vi'/,
  ],
  [
    "no legal basis",
    (c) => c.replace("procedures/PASSPORT.json", '"legalBasis": [', '"legalBasis": [], "x": ['),
    /^procedures\/PASSPORT\.json:\d+: /,
  ],
  [
    "a code that another file has",
    (c) => c.replace("procedures/PASSPORT.json", '"code": "PASSPORT"', '"code": "ID_CARD"'),
    /^procedures\/PASSPORT\.json:2: the procedure ID_CARD belongs into procedures\/ID_CARD\.json; a code is there once/,
  ],
  [
    "a category that is no DPV term",
    (c) => c.replace("procedures/PASSPORT.json", '"pd:Passport"', '"pd:Pasport"'),
    /^procedures\/PASSPORT\.json:33: "pd:Pasport" is no category of the Data Privacy Vocabulary/,
  ],
  [
    "a category that is no DPV term among those explained",
    (c) => c.replace("catalogue.json", '"pd:Name"', '"pd:FullName"'),
    /^catalogue\.json:\d\d\d: "pd:FullName" is no category of the Data Privacy Vocabulary/,
  ],
  [
    "a category that is explained nowhere",
    (c) => c.replace("procedures/PASSPORT.json", '"pd:Passport"', '"pd:Religion"'),
    /^procedures\/PASSPORT\.json:33: catalogue\.json does not list "pd:Religion" among its categories/,
  ],
  [
    "an agency that is explained nowhere",
    (c) => c.replace("procedures/PASSPORT.json", '"agency": "police"', '"agency": "border-guard"'),
    /^procedures\/PASSPORT\.json:18: catalogue\.json does not list "border-guard" among its agencies/,
  ],
  [
    "a lead agency named as objects have members",
    (c) =>
      c.replace("procedures/PASSPORT.json", '"leadAgencies": ["police"]', '"leadAgencies": ["constructor"]'),
    /^procedures\/PASSPORT\.json:16: catalogue\.json does not list "constructor"/,
  ],
  [
    "a member of a type that is explained nowhere",
    (c) => c.replace("catalogue.json", '"qn-tax": ["tax"]', '"qn-tax": ["tax", "taxes"]'),
    /^catalogue\.json:\d+: catalogue\.json does not list "taxes" among its agencies/,
  ],
  [
    "a member under a code that no agency can have",
    (c) => c.replace("catalogue.json", '"qn-tax"', '"QN tax"'),
    /^catalogue\.json:\d+: .*must/,
  ],
  ["no members", (c) => c.replace("catalogue.json", '"members"', '"$members"'), /^catalogue\.json:\d+: /],
  [
    "a provider that releases nothing",
    (c) => c.replace("procedures/PASSPORT.json", '["pd:Passport"]', "[]"),
    /^procedures\/PASSPORT\.json:33: personalData must NOT have fewer than 1 items/,
  ],
  [
    "no provider",
    (c) => c.replace("procedures/PASSPORT.json", '"providers": [', '"providers": [], "purpose2": ['),
    /^procedures\/PASSPORT\.json:\d+: /,
  ],
  [
    "a version that does not fit into an address",
    (c) => c.replace("catalogue.json", '"version": "', '"version": "../'),
    /^catalogue\.json:2: version must match pattern/,
  ],
  [
    "no procedure at all",
    async (c) => {
      await c.remove("procedures");
      await c.write("procedures.json", "{}");
    },
    /^CATALOGUE: .* needs catalogue\.json and procedures\/<code>\.json/,
  ],
  ["no head", (c) => c.remove("catalogue.json"), /^CATALOGUE: .*catalogue\.json/],
];

describe("server/catalogue/load", () => {
  let catalogue: CatalogueFolder;
  beforeEach(async () => {
    catalogue = await catalogueFolder();
  });
  afterEach(async () => {
    await catalogue.remove();
  });

  for (const [subject, change, message] of WRONG) {
    it(`refuses ${subject} and says where`, async () => {
      await change(catalogue);
      const error: unknown = await loadCatalogue(catalogue.folder).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(CatalogueError);
      expect(error).to.have.property("message").that.matches(message);
    });
  }

  it("publishes one file whose SHA-256 is the digest", async () => {
    const { version, file, digest } = await loadCatalogue(catalogue.folder);
    expect(digest).to.equal(createHash("sha256").update(file).digest("base64url"));
    const head = JSON.parse(await readFile(path.join(CATALOGUE, "catalogue.json"), "utf8")) as object;
    const published = JSON.parse(Buffer.from(file).toString()) as { procedures: { code: string }[] };
    const codes = published.procedures.map(({ code }) => code);
    expect(codes).to.deep.equal([...codes].sort());
    expect(published).to.deep.equal({
      ...{ type: "minhbach/catalogue", format: 1, ...head },
      procedures: await Promise.all(
        codes.map(async (code): Promise<unknown> =>
          JSON.parse(await readFile(path.join(CATALOGUE, `procedures/${code}.json`), "utf8")),
        ),
      ),
    });
    expect(version).to.equal((head as { version: string }).version);
  });

  it("does not depend on white space, and on every other character", async () => {
    const before = (await loadCatalogue(catalogue.folder)).digest;
    await catalogue.replace("procedures/PASSPORT.json", "{\n", "{ \r\n\t\n");
    expect((await loadCatalogue(catalogue.folder)).digest).to.equal(before);
    await catalogue.replace("procedures/PASSPORT.json", "Hộ chiếu", "Hộ chiêu");
    expect((await loadCatalogue(catalogue.folder)).digest).to.not.equal(before);
  });
});
