import { expect } from "chai";
import { isJsonObject } from "../../../protocol/json.ts";
import type { RuleInputs } from "../../../proactive/rules/rule.ts";
import { concludeAgain } from "../../../proactive/rules/rules.ts";
import type { FoundEvent, ScenarioProvince } from "../province.ts";

/** What an agency recorded of a case, in order. */
export function saidBy(events: readonly FoundEvent[], agency: string): string[] {
  return events.flatMap(({ source, says }) => (source === `${agency}/r1` ? [says] : []));
}

/**
 * What holds of every case, as the ledger tells it: what was released has both its halves, by the same decisions, and no half that another agency was asked
 * for is without one; what a machine concluded names its rule, and the rule, run again on the inputs that the event commits to, comes to the same; what was
 * granted names the rule and the inputs of the last conclusion.
 */
export async function wholeCase(province: ScenarioProvince, caseId: string): Promise<readonly FoundEvent[]> {
  const events = await province.eventsOf(caseId);
  const accesses = events.filter(({ facets }) => facets.type === "access");
  for (const halves of Map.groupBy(accesses, messageIdOf).values()) wholeExchange(halves);
  let concluded: FoundEvent | undefined;
  for (const event of events) {
    if (event.facets.type !== "action" || !isJsonObject(event.facets.rule)) continue;
    if (event.says === "action granted") expect(event.facets.rule).to.deep.equal(concluded?.facets.rule);
    else concluded = sameAgain(event);
  }
  return events;
}

function wholeExchange(halves: readonly FoundEvent[]): void {
  const says = halves.map((half) => `${messageIdOf(half)}: ${half.source} ${half.says}`).join(", ");
  const decisionsOf = (isProvider: boolean): unknown[] =>
    halves
      .filter(({ facets: { exchange, outcome } }) => {
        const isOfProvider = isJsonObject(exchange) && exchange["side"] === "provider";
        // Who says that it failed may have been heard by nobody.
        return isOfProvider === isProvider && textIn(outcome, "code") !== "failure";
      })
      .map(({ facets }) => facets.decision)
      .toSorted();
  const askedLedgerOnly = halves.every(({ facets }) =>
    textIn(facets.exchange, "service").endsWith("/decision"),
  );
  if (askedLedgerOnly) {
    // The ledger said no, and nobody else was asked.
    expect(halves, says).to.have.length(1);
    expect(textIn(halves[0]?.facets.outcome, "code"), says).to.equal("refused");
    return;
  }
  for (const { facets } of halves) expect(facets.decision, says).to.be.a("string");
  expect(decisionsOf(false), says).to.deep.equal(decisionsOf(true));
}

/** What was concluded, which the rule concludes once more. */
function sameAgain(event: FoundEvent): FoundEvent {
  const { rule, outcome, explanation } = event.facets;
  const inputs = (isJsonObject(rule) ? (rule["inputs"] ?? {}) : {}) as RuleInputs;
  const again = concludeAgain(textIn(rule, "id"), textIn(rule, "version"), inputs);
  if (again === undefined) throw new Error(`no rule ${textIn(rule, "id")} is known`);
  const { vi, en } = again.explanation;
  const says = `${again.outcome}: ${again.reason}`;
  if (textIn(outcome, "detail") === says) expect(explanation).to.deep.equal({ vi, en });
  else {
    // After a correction everything is read and concluded once more, and both are said.
    expect(textIn(outcome, "detail")).to.equal(`${says} (concluded anew)`);
    expect(explanation).to.deep.equal({ vi: `Xem xét lại: ${vi}`, en: `Looked at again: ${en}` });
  }
  return event;
}

function messageIdOf({ facets }: FoundEvent): string {
  return textIn(facets.exchange, "messageId");
}

function textIn(facet: unknown, member: string): string {
  const value = isJsonObject(facet) ? facet[member] : undefined;
  return typeof value === "string" ? value : "";
}
