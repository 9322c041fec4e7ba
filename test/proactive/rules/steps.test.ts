import { expect } from "chai";
import fc from "fast-check";
import { catalogueGround, DECIDED_ACTION } from "../../../protocol/decision.ts";
import { parseCatalogue } from "../../../protocol/procedures.ts";
import { LEADS } from "../../../proactive/noticing/notice.ts";
import type { Facts } from "../../../proactive/registers/book.ts";
import { type Category, REGISTERS } from "../../../proactive/registers/configurations.ts";
import type { Fact } from "../../../proactive/registers/facts.ts";
import type { RuleInputs } from "../../../proactive/rules/rule.ts";
import { RULES } from "../../../proactive/rules/rules.ts";
import { buildsOn, type StepFacts, type StepPlan, stepPlan, STEPS } from "../../../proactive/rules/steps.ts";
import { loadCatalogue } from "../../../server/catalogue/load.ts";
import { CATALOGUE } from "../../server/catalogue/folder.ts";

const CHILD = "99901.GCS.00001.26";
const MOTHER = "999199000001";
const DAY = "2026-11-22";
const LICENCE = {
  ...{ kind: "driving-licence", number: "GPLX-1", holder: MOTHER, scope: "B" },
  ...{ issued: "2017-01-03", expires: "2027-01-03" },
};
const CERTIFICATE: Facts = {
  ...{
    "pd:Name": "Nguyễn Thị An",
    "pd:BirthDate": "2026-11-20",
    "pd:BirthPlace": "Tam Kỳ",
    "pd:Gender": "female",
  },
  "pd:Parent": { mother: MOTHER, father: null, guardian: MOTHER },
};
const ALL: readonly { readonly procedure: string; readonly plan: StepPlan }[] = Object.entries(STEPS).flatMap(
  ([procedure, plans]) => plans.map((plan) => ({ procedure, plan })),
);

/** Inputs on which every rule that offers something does. */
const OFFERED: RuleInputs = {
  ...{ expires: "2027-01-03", healthFit: true, trainingHours: 24, convictions: 0, degree: "university" },
  ...{
    inspectedUntil: "2027-12-31",
    name: "An",
    born: "2021-03-04",
    motherResides: true,
    parentsMarried: true,
  },
  ...{ alreadyRegistered: false, died: "2026-11-20", year: 2027, resides: true, guardianKnown: true },
  ...{ registersAgree: true, b1: 120, b2: 31, incomeAtTax: 1, incomeAtInsurance: 1, ownsParcel: true },
  ...{ zone: "residential", owed: 0 },
};

/** What an agency knows: what it read, and its own register by person. */
function knowing(read: Facts, own: Readonly<Record<string, Facts>> = {}): StepFacts {
  return { read, own: (category, of = CHILD) => own[of]?.[category], on: DAY, subject: CHILD };
}

function planned(procedure: string, step: string): StepPlan {
  return stepPlan(procedure, step) ?? expect.fail(`${procedure} has no step ${step}`);
}

describe("proactive/rules/steps", () => {
  it("plan every procedure that has a rule, and no other", () => {
    expect(Object.keys(STEPS).sort()).to.deep.equal(RULES.map(({ procedure }) => procedure).sort());
    expect(Object.keys(STEPS).sort()).to.deep.equal(Object.keys(LEADS).sort());
  });

  it("are those that the rules say an acceptance starts, for every offer on any inputs", () => {
    const wrong = fc.dictionary(
      fc.constantFrom(...Object.keys(OFFERED)),
      fc.constantFrom(true, false, 0, 6, 30, 140, 2027, "2021-03-04", "residential", "university", null),
      { maxKeys: 3 },
    );
    const offered = new Set<string>();
    fc.assert(
      fc.property(wrong, fc.constantFrom(...RULES), (given, rule) => {
        const { outcome, starts } = rule.conclude({ ...OFFERED, ...given });
        const names = STEPS[rule.procedure]?.map(({ name }) => name);
        if (outcome === "offer") offered.add(rule.procedure);
        if (outcome === "offer") expect(names, rule.procedure).to.not.deep.equal([]);
        if (starts !== undefined) expect([...starts].sort(), rule.procedure).to.deep.equal(names?.toSorted());
      }),
      { numRuns: 4000 },
    );
    const withSteps = Object.keys(STEPS).filter((procedure) => STEPS[procedure]?.length !== 0);
    expect([...offered].sort()).to.deep.equal(withSteps.sort());
  });

  it("wait for steps of the same procedure that stand before them, and never for each other", () => {
    for (const { procedure, plan } of ALL) {
      const names = (STEPS[procedure] ?? []).map(({ name }) => name);
      expect(new Set(names).size, procedure).to.equal(names.length);
      const before = names.slice(0, names.indexOf(plan.name));
      expect(before, `${procedure} ${plan.name}`).to.include.members([...(plan.after ?? [])]);
    }
    expect(buildsOn("SCHOOL_ADM", "education-department", "school")).to.equal(true);
    expect(buildsOn("SCHOOL_ADM", "school", "education-department")).to.equal(false);
    expect(buildsOn("BUILD_PERMIT", "water", "electricity")).to.equal(false);
  });

  it("read what the catalogue lets the agency of the step read from that register, with or without consent", async () => {
    const catalogue = parseCatalogue((await loadCatalogue(CATALOGUE)).file);
    for (const { procedure, plan } of ALL) {
      if (plan.reads === undefined) continue;
      const { register, categories } = plan.reads;
      expect(REGISTERS[register].holds, `${procedure} ${plan.name}`).to.include.members([...categories]);
      const ground = catalogueGround(
        {
          ...{ agency: REGISTERS[plan.register].agency, provider: REGISTERS[register].agency },
          ...{ action: DECIDED_ACTION, procedure, personalData: categories },
        },
        catalogue,
      );
      expect(ground.allowed, `${procedure} ${plan.name}: ${JSON.stringify(ground)}`).to.equal(true);
      const needsConsent = ground.allowed && ground.withConsent.length > 0;
      expect(needsConsent, `${procedure} ${plan.name}`).to.equal(procedure === "BUILD_PERMIT");
    }
  });

  it("follow on rules whose readings the catalogue lets the lead do, of its own register too", async () => {
    const catalogue = parseCatalogue((await loadCatalogue(CATALOGUE)).file);
    for (const { procedure, readings } of RULES)
      for (const { register, categories } of readings) {
        const sides = { agency: LEADS[procedure] ?? "", provider: REGISTERS[register].agency };
        const question = { ...sides, action: DECIDED_ACTION, procedure, personalData: categories };
        const ground = catalogueGround(question, catalogue);
        expect(ground.allowed, `${procedure} ${register}: ${JSON.stringify(ground)}`).to.equal(true);
      }
  });

  it("enter nothing that their register does not hold, or that the procedure is not about, whatever they know", async () => {
    const catalogue = parseCatalogue((await loadCatalogue(CATALOGUE)).file);
    const value = fc.oneof(
      fc.constantFrom<Fact>(null, "2026-11-20", 3, true, LICENCE),
      fc.dictionary(
        fc.constantFrom("mother", "died", "place", "b1", "pension"),
        fc.constantFrom("kept", 3, MOTHER),
      ),
    );
    const categories = [...new Set(Object.values(REGISTERS).flatMap(({ holds }) => holds))];
    const facts = fc.dictionary(fc.constantFrom<Category>(...categories), value) as fc.Arbitrary<Facts>;
    fc.assert(
      fc.property(fc.constantFrom(...ALL), facts, facts, ({ procedure, plan }, read, own) => {
        const knows = knowing(read, { [CHILD]: own, [MOTHER]: own });
        const reason = plan.refuses?.(knows);
        if (reason !== undefined) {
          expect(reason).to.match(/^[a-z][a-z-]*$/);
          return;
        }
        const entered = Object.keys(plan.enters(knows));
        const known = catalogue.procedures
          .get(procedure)
          ?.releases.flatMap(({ personalData }) => personalData);
        expect(REGISTERS[plan.register].holds, plan.name).to.include.members(entered);
        expect(known, `${procedure} ${plan.name}`).to.include.members(entered);
      }),
      { numRuns: 3000 },
    );
  });

  const TABLE: readonly [procedure: string, step: string, StepFacts, string | Facts][] = [
    ["DRIVER_LIC", "renewal", knowing({}), "no-document"],
    [
      ...(["DRIVER_LIC", "renewal"] as const),
      knowing({}, { [CHILD]: { "pd:VehicleLicense": LICENCE } }),
      { "pd:VehicleLicense": { ...LICENCE, issued: DAY, expires: "2037-01-03" } },
    ],
    ["BIRTH_REG", "civil-status", knowing({ "pd:Name": "An" }), "notice-incomplete"],
    [
      ...(["BIRTH_REG", "civil-status"] as const),
      knowing(CERTIFICATE, { [CHILD]: { "pd:LifeHistory": { registered: "2026-11-21" } } }),
      "already-registered",
    ],
    [
      ...(["BIRTH_REG", "civil-status"] as const),
      knowing(CERTIFICATE),
      { ...CERTIFICATE, "pd:LifeHistory": { born: "2026-11-20", registered: DAY, notice: CHILD } },
    ],
    ["BIRTH_REG", "residence", knowing(CERTIFICATE), "mother-not-resident"],
    [
      ...(["BIRTH_REG", "residence"] as const),
      knowing({ "pd:Parent": { mother: MOTHER } }, { [MOTHER]: { "pd:Residency": "Thôn 1" } }),
      { "pd:Parent": { mother: MOTHER }, "pd:Residency": "Thôn 1" },
    ],
    ["BIRTH_REG", "health-insurance", knowing({}), "not-registered"],
    ["DEATH_REG", "civil-status", knowing({ "pd:LifeHistory": { born: "1950-01-01" } }), "notice-incomplete"],
    [
      ...(["DEATH_REG", "civil-status"] as const),
      knowing({ "pd:LifeHistory": { died: DAY } }, { [CHILD]: { "pd:LifeHistory": { died: DAY } } }),
      "already-registered",
    ],
    ["DEATH_REG", "residence", knowing({ "pd:LifeHistory": { died: DAY } }), { "pd:Residency": null }],
    [
      ...(["DEATH_REG", "benefits"] as const),
      knowing({ "pd:LifeHistory": { died: DAY } }, { [CHILD]: { "pd:FinancialStatus": { pension: true } } }),
      { "pd:FinancialStatus": { pension: false, funeralGrant: DAY, survivors: true } },
    ],
    ["SCHOOL_ADM", "commune", knowing({ "pd:Residency": null }), "not-resident"],
    ["SCHOOL_ADM", "commune", knowing({ "pd:Residency": "Thôn 1" }), {}],
    ["SCHOOL_ADM", "education-department", knowing({ "pd:BirthDate": "2020-01-01" }), "no-place"],
    [
      ...(["SCHOOL_ADM", "education-department"] as const),
      knowing(
        { "pd:BirthDate": "2020-01-01" },
        { [CHILD]: { "pd:EducationQualification": { grade: 1, place: "kept" } } },
      ),
      { "pd:EducationQualification": { grade: 1, place: "kept", enrolled: DAY } },
    ],
    ["POOR_HH", "confirmation", knowing({}), "not-reviewed"],
    [
      ...(["POOR_HH", "confirmation"] as const),
      knowing({}, { [CHILD]: { "pd:SocialStatus": { b1: 120, b2: 31 } } }),
      { "pd:SocialStatus": { b1: 120, b2: 31, confirmed: DAY } },
    ],
    ["BUILD_PERMIT", "water", knowing({ "pd:Name": "An" }), "no-address"],
  ];
  for (const [procedure, step, facts, expected] of TABLE) {
    it(`${procedure}: ${step}: ${typeof expected === "string" ? expected : JSON.stringify(expected)}`, () => {
      const plan = planned(procedure, step);
      expect(plan.refuses?.(facts) ?? plan.enters(facts)).to.deep.equal(expected);
    });
  }
});
