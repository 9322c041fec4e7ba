import { readFileSync } from "node:fs";
import { expect } from "chai";
import fc from "fast-check";
import { REGISTERS } from "../../../proactive/registers/configurations.ts";
import type { Rule, RuleInputs } from "../../../proactive/rules/rule.ts";
import { concludeAgain, ruleId, RULES } from "../../../proactive/rules/rules.ts";
import { FACET_SCHEMAS } from "../../../protocol/facet-schemas.ts";
import { Ajv2020 } from "ajv/dist/2020.js";

interface Procedure {
  readonly leadAgencies: readonly string[];
  readonly providers: readonly { readonly agency: string; readonly personalData: readonly string[] }[];
}
const CATALOGUE = JSON.parse(readFileSync("catalogue/catalogue.json", "utf8")) as {
  members: Record<string, string[]>;
};
const PROCEDURES = RULES.map((rule): [Rule, Procedure] => [
  rule,
  JSON.parse(readFileSync(`catalogue/procedures/${rule.procedure}.json`, "utf8")) as Procedure,
]);
const isRuleFacet = new Ajv2020({ strict: false }).compile(FACET_SCHEMAS["rule"] ?? false);

function rule(procedure: string): Rule {
  const found = RULES.find((each) => each.procedure === procedure);
  if (found === undefined) throw new Error(`there is no rule for ${procedure}`);
  return found;
}

function outcome(procedure: string, inputs: RuleInputs): string {
  const { outcome: what, reason } = rule(procedure).conclude(inputs);
  return `${what}: ${reason}`;
}

describe("proactive/rules", () => {
  it("serve every procedure of the catalogue, one rule each", () => {
    const procedures = RULES.map(({ procedure }) => procedure);
    expect(new Set(procedures).size).to.equal(procedures.length);
    expect(procedures.length).to.equal(13);
  });

  for (const [{ procedure, readings }, { providers }] of PROCEDURES) {
    it(`${procedure} reads only what the catalogue lets each provider release`, () => {
      for (const { register, categories } of readings) {
        const kinds = CATALOGUE.members[REGISTERS[register].agency] ?? [];
        const released = providers
          .filter(({ agency }) => kinds.includes(agency))
          .flatMap(({ personalData }) => personalData);
        for (const category of categories) expect(released, `${register}: ${category}`).to.include(category);
        for (const category of categories) expect(REGISTERS[register].holds).to.include(category);
      }
    });
  }

  const expires = "2027-01-03";
  const CASES: readonly (readonly [procedure: string, given: RuleInputs, then: string])[] = [
    ["DRIVER_LIC", { expires, healthFit: true }, "offer: renewal-prepared"],
    ["DRIVER_LIC", { expires, healthFit: false }, "notify: requirement-missing"],
    ["DRIVER_LIC", { expires, healthFit: null }, "notify: requirement-missing"],
    ["DRIVER_LIC", { expires: null, healthFit: true }, "officer: end-unknown"],
    ["DRIVER_LIC", { expires, healthFit: true, numberClosed: true }, "none: number-closed"],
    ["PASSPORT", { expires }, "notify: ends-soon"],
    ["ID_CARD", { expires }, "notify: ends-soon"],
    ["MED_PRAC", { expires, trainingHours: 24, convictions: 0 }, "offer: renewal-prepared"],
    ["MED_PRAC", { expires, trainingHours: 23, convictions: 0 }, "notify: requirement-missing"],
    ["MED_PRAC", { expires, trainingHours: 24, convictions: 1 }, "notify: requirement-missing"],
    ["TOUR_GUIDE", { expires, healthFit: true }, "offer: renewal-prepared"],
    ["VET_CERT", { expires, healthFit: true, degree: "vocational" }, "offer: renewal-prepared"],
    ["VET_CERT", { expires, healthFit: true, degree: null }, "notify: requirement-missing"],
    ["TRANSPORT_LIC", { expires, inspectedUntil: "2027-12-31" }, "offer: renewal-prepared"],
    [
      "BIRTH_REG",
      { name: "An", born: "2026-12-01", motherResides: true, parentsMarried: true, alreadyRegistered: false },
      "offer: birth-notified",
    ],
    [
      "BIRTH_REG",
      { name: "An", born: "2026-12-01", motherResides: true, parentsMarried: true, alreadyRegistered: true },
      "none: already-registered",
    ],
    [
      "BIRTH_REG",
      {
        name: "An",
        born: "2026-12-01",
        motherResides: true,
        parentsMarried: false,
        alreadyRegistered: false,
      },
      "officer: parents-not-married",
    ],
    ["DEATH_REG", { died: "2026-12-01", pension: true, alreadyRegistered: false }, "offer: death-notified"],
    ["DEATH_REG", { died: "2026-12-01", pension: true, alreadyRegistered: true }, "none: already-registered"],
    ["DEATH_REG", { died: null, pension: false, alreadyRegistered: false }, "officer: notice-incomplete"],
    [
      "SCHOOL_ADM",
      {
        born: "2021-03-04",
        year: 2027,
        resides: true,
        guardianKnown: true,
        registersAgree: true,
        priority: false,
      },
      "offer: of-school-age",
    ],
    [
      "SCHOOL_ADM",
      {
        born: "2020-03-04",
        year: 2027,
        resides: true,
        guardianKnown: true,
        registersAgree: true,
        priority: false,
      },
      "none: not-of-age",
    ],
    [
      "SCHOOL_ADM",
      {
        born: "2021-03-04",
        year: 2027,
        resides: true,
        guardianKnown: false,
        registersAgree: true,
        priority: false,
      },
      "officer: guardian-unknown",
    ],
    [
      "SCHOOL_ADM",
      { born: "2021-03-04", year: 2027, left: true, registersAgree: true },
      "none: no-longer-resident",
    ],
    ["POOR_HH", { b1: 120, b2: 40, incomeAtInsurance: 9e5, incomeAtTax: 9e5 }, "offer: poor"],
    ["POOR_HH", { b1: 120, b2: 29, incomeAtInsurance: 9e5, incomeAtTax: 9e5 }, "offer: near-poor"],
    ["POOR_HH", { b1: 141, b2: 40, incomeAtInsurance: 9e5, incomeAtTax: 9e5 }, "none: above-the-line"],
    ["POOR_HH", { b1: 120, b2: 40, incomeAtInsurance: 9e5, incomeAtTax: 9e6 }, "officer: registers-disagree"],
    ["BUSINESS_REG", { change: "address", owed: 0 }, "notify: registration-changed"],
    ["BUILD_PERMIT", { ownsParcel: true, zone: "residential", owed: 0 }, "offer: permit-issued"],
    ["BUILD_PERMIT", { ownsParcel: true, zone: "forest", owed: 0 }, "officer: parcel-unclear"],
  ];
  for (const [procedure, given, then] of CASES) {
    it(`${procedure} with ${JSON.stringify(given)}: ${then}`, () => {
      expect(outcome(procedure, given)).to.equal(then);
    });
  }

  it("ask for the papers that show what no register says, and for no other", () => {
    const given = { expires: "2027-01-03", trainingHours: 3, convictions: 0 };
    expect(rule("MED_PRAC").conclude(given).asks).to.deep.equal(["training-record"]);
    expect(rule("MED_PRAC").conclude({ ...given, trainingHours: 24 }).asks).to.equal(undefined);
  });

  it("never fail, offer nothing on inputs that say nothing, and always explain in both languages", () => {
    const value = fc.oneof(fc.string(), fc.double({ noNaN: true }), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(fc.constantFrom(...RULES), fc.dictionary(fc.string(), value), (each, inputs) => {
        const { outcome: what, explanation } = each.conclude(inputs);
        expect(what).to.not.equal("offer");
        expect(explanation.vi.length * explanation.en.length).to.be.greaterThan(0);
      }),
    );
  });

  it("come to the same conclusion again from the inputs that an event commits to", () => {
    for (const [procedure, given] of CASES) {
      const each = rule(procedure);
      const facet = { id: ruleId(each), version: each.version, inputs: given };
      expect(isRuleFacet(facet), `${procedure}: ${JSON.stringify(isRuleFacet.errors)}`).to.equal(true);
      const kept = JSON.parse(JSON.stringify(facet)) as { id: string; version: string; inputs: RuleInputs };
      expect(concludeAgain(kept.id, kept.version, kept.inputs)).to.deep.equal(each.conclude(given));
    }
    expect(concludeAgain("proactive/DRIVER_LIC", "0", {})).to.equal(undefined);
  });
});
