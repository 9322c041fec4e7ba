import { ENTERPRISE_RULES } from "./enterprise.ts";
import { EXPIRY_RULES } from "./expiry.ts";
import { LIFE_EVENT_RULES } from "./life-events.ts";
import type { Conclusion, Rule, RuleInputs } from "./rule.ts";

/** The rules in force, one for each procedure of the catalogue. */
export const RULES: readonly Rule[] = [...EXPIRY_RULES, ...LIFE_EVENT_RULES, ...ENTERPRISE_RULES];

/** What an `action` event names its rule by. */
export function ruleId({ procedure }: Pick<Rule, "procedure">): string {
  return `proactive/${procedure}`;
}

/**
 * What a rule concludes from the inputs that an event commits to: how an inspector checks an action. Undefined for a rule or a version that is not
 * known here.
 */
export function concludeAgain(id: string, version: string, inputs: RuleInputs): Conclusion | undefined {
  return RULES.find((rule) => ruleId(rule) === id && rule.version === version)?.conclude(inputs);
}
