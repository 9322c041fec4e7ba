import { occasionsOn } from "../../proactive/noticing/occasions.ts";
import { population } from "../../proactive/population/population.ts";
import {
  type Category,
  REGISTER_CODES,
  type RegisterCode,
} from "../../proactive/registers/configurations.ts";
import { type Fact, memberOf, society } from "../../proactive/registers/facts.ts";
import { type Register, register } from "../../proactive/registers/register.ts";
import type { Occasion, ReadFacts, Rule, RuleInputs, Trigger } from "../../proactive/rules/rule.ts";
import { RULES } from "../../proactive/rules/rules.ts";

/** What one rule takes for everybody. */
export interface RuleCost {
  readonly procedure: string;
  /** Reading from the registers in process, inputs and conclusion, for each person of the population. */
  readonly evaluationSeconds: number;
  /** Finding one day's occasions in all registers. */
  readonly scanMilliseconds: number;
  /** How many persons came to each outcome. */
  readonly outcomes: Readonly<Record<string, number>>;
}

export interface ProactiveCost {
  readonly persons: number;
  /** Making up the population and filling the thirteen registers. */
  readonly fillSeconds: number;
  readonly rules: readonly RuleCost[];
}

const AS_OF = "2026-08-22";
const DAYS = 92;
/** Somebody else may work between so many persons. */
const PERSONS_AT_ONCE = 5_000;

/** Every rule for every person of a population, whoever would be an occasion of it: the work of a first day at which everybody is looked at. */
export async function measureProactive(
  persons: number,
  progress: (step: string) => void,
): Promise<ProactiveCost> {
  const started = performance.now();
  const people = population({ seed: 1, persons, asOf: AS_OF, days: DAYS, registers: [...REGISTER_CODES] });
  const shared = society(people, AS_OF);
  const registers = new Map<RegisterCode, Register>();
  for (const code of REGISTER_CODES) {
    const each = register(code, shared, people.documents);
    await each.hear(people.timeline, AS_OF);
    registers.set(code, each);
  }
  const fillSeconds = (performance.now() - started) / 1000;
  const rules: RuleCost[] = [];
  for (const rule of RULES) {
    const outcomes: Record<string, number> = {};
    const begun = performance.now();
    for (const [at, { id }] of people.persons.entries()) {
      const { outcome } = evaluated(
        rule,
        { key: id, subject: id, on: AS_OF, known: knownFor(rule.trigger) },
        registers,
      );
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (at % PERSONS_AT_ONCE > 0) continue;
      progress(`${rule.procedure}: ${at} of ${people.persons.length} persons`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const evaluationSeconds = (performance.now() - begun) / 1000;
    const scanned = performance.now();
    for (const each of registers.values()) occasionsOn(rule, each, AS_OF);
    const scanMilliseconds = performance.now() - scanned;
    rules.push({ procedure: rule.procedure, evaluationSeconds, scanMilliseconds, outcomes });
  }
  return { persons: people.persons.length, fillSeconds, rules };
}

function evaluated(
  rule: Rule,
  occasion: Occasion,
  registers: ReadonlyMap<RegisterCode, Register>,
): ReturnType<Rule["conclude"]> {
  const readings: (Readonly<Partial<Record<Category, Fact>>> | undefined)[] = [];
  for (const { register: code, categories, of } of rule.readings) {
    const named =
      of === undefined
        ? occasion.subject
        : readings.map((facts) => memberOf(facts?.["pd:Parent"], of)).find(Boolean);
    readings.push(typeof named === "string" ? registers.get(code)?.read(named, categories) : undefined);
  }
  const read: ReadFacts = ({ register: code, of }, category) => {
    const place = rule.readings.findIndex((each) => each.register === code && each.of === of);
    return readings[place]?.[category];
  };
  return rule.conclude(rule.inputs(read, occasion));
}

/** What the lead agency would know already. */
function knownFor(trigger: Trigger): RuleInputs {
  switch (trigger.kind) {
    case "document-ends":
      return { expires: "2026-10-01" };
    case "school-year":
    case "yearly-review":
      return { year: 2026 };
    case "occurrence":
      return trigger.occurrence === "business-change" ? { change: "address" } : {};
  }
}
