import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "chai";
import { fromUtf8 } from "../../protocol/bytes.ts";
import { FACET_SCHEMAS } from "../../protocol/facet-schemas.ts";
import { loadCatalogue } from "../../server/catalogue/load.ts";
import { CATALOGUE } from "../server/catalogue/folder.ts";

/** What of a procedure these tests look at. */
interface Procedure {
  readonly code: string;
  readonly name: { readonly vi: string; readonly en: string };
  readonly kind: readonly string[];
  readonly providers: readonly {
    readonly agency: string;
    readonly to?: readonly string[];
    readonly personalData: readonly string[];
    readonly consentNeeded: boolean;
  }[];
  readonly legalBasis: readonly {
    readonly law: string;
    readonly article?: string;
    readonly verified: boolean;
  }[];
  readonly sources: readonly string[];
  readonly unverified: readonly string[];
}

/** The pilot procedures of the proactive model, compiled by the project from public articles: data only, with its remarks. */
const ROWS = readFileSync(new URL("procedures.csv", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .slice(1)
  .map((line) => line.split(","));

describe("catalogue/", () => {
  let published: { readonly categories: object; readonly procedures: readonly Procedure[] };
  before(async () => {
    published = JSON.parse(fromUtf8((await loadCatalogue(CATALOGUE)).file)) as typeof published;
  });

  it("has every procedure of the pilot, by its code and names, with its remark as the source", () => {
    const listed = ROWS.map(([code, en, vi]) => ({ code, name: { vi, en } }));
    const byCode = (a: { code?: string | undefined }, b: { code?: string | undefined }): number =>
      (a.code ?? "") < (b.code ?? "") ? -1 : 1;
    expect(published.procedures.map(({ code, name }) => ({ code, name }))).to.deep.equal(listed.sort(byCode));
    for (const [code, , , kind, ...rest] of ROWS) {
      const procedure = published.procedures.find((each) => each.code === code);
      // "age/expiry-notify" is two kinds of one word.
      const kinds = kind === "age/expiry-notify" ? ["age-notify", "expiry-notify"] : kind?.split("+");
      expect(procedure?.kind, code).to.deep.equal(kinds);
      expect(procedure?.sources[0], code).to.contain(rest.at(-1));
    }
  });

  it("is of the schema of the published file", () => {
    const schema = JSON.parse(readFileSync(`${CATALOGUE}/catalogue.schema.json`, "utf8")) as object;
    const ajv = new Ajv2020({ strict: true, strictRequired: false });
    expect(ajv.validate(schema, published), ajv.errorsText()).to.equal(true);
  });

  it("gives codes, laws and categories that an event can say", () => {
    const ajv = new Ajv();
    for (const { code, legalBasis, providers } of published.procedures) {
      for (const { law, article } of legalBasis) {
        const basis = article === undefined ? { law } : { law, article };
        expect(
          ajv.validate(FACET_SCHEMAS["purpose"] ?? {}, { procedure: code, legalBasis: basis }),
          code,
        ).to.equal(true);
      }
      for (const { personalData } of providers) {
        expect(ajv.validate(FACET_SCHEMAS["data"] ?? {}, { action: "R", personalData }), code).to.equal(true);
      }
    }
  });

  it("allows what the first event of the README says", () => {
    const file = readFileSync(new URL("../../scripts/start/first-event.json", import.meta.url), "utf8");
    const { purpose, data } = JSON.parse(file) as {
      purpose: { procedure: string; legalBasis: { law: string } };
      data: { personalData: string[] };
    };
    const procedure = published.procedures.find(({ code }) => code === purpose.procedure);
    expect(procedure?.legalBasis.map(({ law }) => law)).to.include(purpose.legalBasis.law);
    const released = procedure?.providers.find(
      ({ agency, to }) => agency === "justice" && to?.includes("police"),
    );
    expect(released?.personalData).to.include.members(data.personalData);
  });

  it("rests on law wherever a state agency receives, and asks for consent where a utility does", () => {
    for (const { code, providers, legalBasis } of published.procedures) {
      expect(
        legalBasis.some(({ law, article }) => law === "91/2025/QH15" && article === "19.1.c"),
        code,
      ).to.equal(true);
      for (const { to = [], consentNeeded } of providers) {
        expect(consentNeeded, code).to.equal(to.includes("utility"));
      }
    }
  });

  it("claims no reference as read that is not marked so, and lists what nobody has checked", () => {
    for (const { code, legalBasis, unverified } of published.procedures) {
      if (legalBasis.some(({ verified }) => !verified)) expect(unverified, code).to.include("legalBasis");
    }
  });

  it("explains no category and no agency that no procedure needs", () => {
    const used = published.procedures.flatMap(({ providers }) =>
      providers.flatMap((each) => each.personalData),
    );
    expect(new Set(used)).to.deep.equal(new Set(Object.keys(published.categories)));
  });
});
