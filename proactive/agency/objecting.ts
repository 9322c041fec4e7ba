import type { TellingParts } from "../cases/telling.ts";
import type { AskDecision } from "../exchange/decision-point.ts";
import { personNumbered } from "../exchange/message.ts";
import { REGISTERS } from "../registers/configurations.ts";
import { RULES } from "../rules/rules.ts";

/**
 * Whether a person objects to being served unasked in a procedure: the ledger decides about the first reading of the procedure's rule as for a machine,
 * and nothing is read. Rejects while it does not decide.
 */
export function objecting(ask: AskDecision): NonNullable<TellingParts["objects"]> {
  return async (procedure, subject) => {
    const rule = RULES.findLast((each) => each.procedure === procedure);
    const reading = rule?.readings.find(({ of }) => of === undefined);
    const person = personNumbered(subject);
    if (reading === undefined || person === undefined) return false;
    const { register, categories: personalData } = reading;
    const provider = REGISTERS[register].agency;
    const decision = await ask({ procedure, subject: person, personalData, provider, automated: true });
    return decision.reason === "objected";
  };
}
