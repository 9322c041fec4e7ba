import { Ajv2020 } from "ajv/dist/2020.js";
import { expect } from "chai";
import { occasionsOn } from "../../../proactive/noticing/occasions.ts";
import { population } from "../../../proactive/population/population.ts";
import { REGISTER_CODES, type RegisterCode } from "../../../proactive/registers/configurations.ts";
import { memberOf, society } from "../../../proactive/registers/facts.ts";
import { type Register, register } from "../../../proactive/registers/register.ts";
import type { Conclusion, Occasion, Rule, RuleInputs } from "../../../proactive/rules/rule.ts";
import { concludeAgain, ruleId, RULES } from "../../../proactive/rules/rules.ts";
import { addDays } from "../../../proactive/population/calendar.ts";
import { FACET_SCHEMAS } from "../../../protocol/facet-schemas.ts";

const AS_OF = "2026-08-22";
const DAYS = 92;
const PEOPLE = population({
  seed: 1,
  persons: 1500,
  asOf: AS_OF,
  days: DAYS,
  registers: ["social", "health"],
});
const SOCIETY = society(PEOPLE, AS_OF);
const ajv = new Ajv2020({ strict: false });
const isRuleFacet = ajv.compile(FACET_SCHEMAS["rule"] ?? false);
const isExplanation = ajv.compile(FACET_SCHEMAS["explanation"] ?? false);

describe("proactive/rules on the registers of a commune", () => {
  const registers = new Map<RegisterCode, Register>();
  before(async () => {
    for (const code of REGISTER_CODES) {
      const held = register(code, SOCIETY, PEOPLE.documents);
      await held.hear(PEOPLE.timeline, addDays(AS_OF, DAYS));
      registers.set(code, held);
    }
  });

  function occasionsOf(rule: Rule): Occasion[] {
    const found = new Map<string, Occasion>();
    for (let day = AS_OF; day < addDays(AS_OF, DAYS); day = addDays(day, 1))
      for (const held of registers.values())
        for (const occasion of occasionsOn(rule, held, day)) found.set(occasion.key, occasion);
    return [...found.values()];
  }

  function served(rule: Rule, occasion: Occasion): { inputs: RuleInputs; conclusion: Conclusion } {
    const said = rule.readings.map(({ register: code, categories, of }, place, readings) => {
      const named = of === undefined ? occasion.subject : parentIn(readings.slice(0, place), occasion, of);
      return named === undefined ? undefined : registers.get(code)?.read(named, categories);
    });
    const inputs = rule.inputs(({ register: code, of }, category) => {
      const place = rule.readings.findIndex((each) => each.register === code && each.of === of);
      return said[place]?.[category];
    }, occasion);
    return { inputs, conclusion: rule.conclude(inputs) };
  }

  function parentIn(before: Rule["readings"], { subject }: Occasion, of: string): string | undefined {
    for (const { register: code } of before) {
      const parent = memberOf(registers.get(code)?.read(subject, ["pd:Parent"])?.["pd:Parent"], of);
      if (typeof parent === "string") return parent;
    }
    return undefined;
  }

  /** What comes of a commune's three months, at least. */
  const EXPECTED: Readonly<Record<string, readonly string[]>> = {
    DRIVER_LIC: ["offer: renewal-prepared", "notify: requirement-missing"],
    PASSPORT: ["notify: ends-soon"],
    ID_CARD: ["notify: ends-soon"],
    BIRTH_REG: ["offer: birth-notified"],
    DEATH_REG: ["offer: death-notified"],
    SCHOOL_ADM: ["offer: of-school-age"],
    POOR_HH: ["offer: poor", "offer: near-poor"],
    BUSINESS_REG: ["notify: registration-changed"],
    BUILD_PERMIT: ["offer: permit-issued"],
  };

  for (const rule of RULES)
    it(`${rule.procedure} comes to something, says it to people and to inspectors, and commits to nobody's number`, () => {
      const occasions = occasionsOf(rule);
      expect(occasions.length).to.be.greaterThan(0);
      const outcomes = new Set<string>();
      for (const occasion of occasions) {
        const { inputs, conclusion } = served(rule, occasion);
        const { outcome, reason, explanation, message, asks = [] } = conclusion;
        outcomes.add(`${outcome}: ${reason}`);
        const facet = { id: ruleId(rule), version: rule.version, inputs };
        expect(isRuleFacet(facet), JSON.stringify(isRuleFacet.errors)).to.equal(true);
        expect(isExplanation(explanation), JSON.stringify(isExplanation.errors)).to.equal(true);
        expect(JSON.stringify([facet, explanation, message, asks])).to.not.match(/\d{12}/);
        expect(message === undefined).to.equal(outcome === "none" || outcome === "officer");
        expect(concludeAgain(facet.id, facet.version, inputs)).to.deep.equal(conclusion);
      }
      expect([...outcomes]).to.include.members([...(EXPECTED[rule.procedure] ?? [])]);
    });
});
