import type { OpenedFacets } from "../../protocol/facet-values.ts";
import { isGrant } from "../../protocol/grant.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { Conclusion, RuleInputs } from "../rules/rule.ts";

/** An event of a case, as the inspector sees it. */
export interface CaseEvent {
  /** Log index. */
  readonly index: number;
  /** Source that recorded it, `agency/recorder`. */
  readonly source: string;
  readonly facets: OpenedFacets;
  /** Kinds of the findings about it that hold. */
  readonly findings: readonly string[];
}

/** What is not in order about a grant. */
export const FAULTS = {
  "no-case": "the action names no case",
  "no-rule": "no action of the case before the grant commits to a rule and its inputs",
  "unknown-rule": "the rule or its version is not known",
  "another-conclusion": "the rule comes to another conclusion from the committed inputs",
  "other-inputs": "the grant names another rule or other inputs than the conclusion before it",
  "not-offered": "the rule did not conclude that anything be offered",
  "another-person": "the rule was applied to another person than the grant names",
  "reading-missing": "a reading that the inputs refer to is not recorded",
  "reading-refused": "a reading that the inputs refer to was refused, or failed",
  "finding-open": "there is a finding about an event of the case",
  "not-read-whole": "the case has more events than are read: somebody has to look at the rest",
} as const;

export type Fault = keyof typeof FAULTS;

/** Runs a rule again; undefined for one that is not known. */
export type ConcludeAgain = (id: string, version: string, inputs: RuleInputs) => Conclusion | undefined;

/**
 * What is not in order about a grant, from all events of its case: whether the rule comes to the same conclusion from the inputs that the agency committed to,
 * whether the readings they refer to are recorded, and whether anything was found about any of them. Each fault once; none where all is in order.
 */
export function faultsOf(
  grant: CaseEvent,
  ofCase: readonly CaseEvent[],
  again: ConcludeAgain,
): readonly Fault[] {
  const { facets } = grant;
  if (!isGrant(facets)) throw new RangeError("this is no grant");
  if (typeof facets.case !== "string") return ["no-case"];
  const own = ofCase.filter((event) => event.facets.case === facets.case);
  const faults = new Set<Fault>();
  if (own.some(({ findings }) => findings.length > 0) || grant.findings.length > 0)
    faults.add("finding-open");
  // What was granted follows from the last conclusion before it: the agency concludes again when data were corrected.
  const concluded = own.findLast(
    (event) =>
      event.index < grant.index && agencyOf(event) === agencyOf(grant) && conclusionRule(event) !== undefined,
  );
  const rule = concluded && conclusionRule(concluded);
  if (concluded === undefined || rule === undefined) return [...faults.add("no-rule")];
  for (const fault of conclusionFaults(concluded, rule, again)) faults.add(fault);
  const named = ruleIn(facets);
  if (named !== undefined && !isSameRule(named, rule)) faults.add("other-inputs");
  if (!isSamePerson(concluded.facets.subject, facets.subject)) faults.add("another-person");
  for (const fault of readingFaults(rule.inputs, own)) faults.add(fault);
  return [...faults];
}

interface CommittedRule {
  readonly id: string;
  readonly version: string;
  readonly inputs: RuleInputs;
}

/** What the outcome of a conclusion says: what follows, and why. What came of it later is recorded by actions of other kinds. */
const CONCLUSION = /^(?:offer|notify|officer|none): /;

/** What is added where the agency concluded once more, when data had been corrected. */
const ANEW = " (concluded anew)";

/** The rule of an action that says what was concluded. */
function conclusionRule({ facets }: CaseEvent): CommittedRule | undefined {
  return CONCLUSION.test(detailOf(facets.outcome) ?? "") ? ruleIn(facets) : undefined;
}

function ruleIn({ type, rule }: OpenedFacets): CommittedRule | undefined {
  if (type !== "action" || !isJsonObject(rule)) return undefined;
  const { id, version, inputs } = rule;
  if (typeof id !== "string" || typeof version !== "string" || !isJsonObject(inputs)) return undefined;
  const values = Object.entries(inputs).flatMap(([name, value]) => (isPlain(value) ? [[name, value]] : []));
  return { id, version, inputs: Object.fromEntries(values) as RuleInputs };
}

function conclusionFaults(
  { facets: { outcome } }: CaseEvent,
  { id, version, inputs }: CommittedRule,
  again: ConcludeAgain,
): Fault[] {
  const conclusion = again(id, version, inputs);
  if (conclusion === undefined) return ["unknown-rule"];
  const faults: Fault[] = conclusion.outcome === "offer" ? [] : ["not-offered"];
  if (detailOf(outcome)?.replace(ANEW, "") !== `${conclusion.outcome}: ${conclusion.reason}`)
    faults.push("another-conclusion");
  return faults;
}

function detailOf(outcome: unknown): string | undefined {
  const detail = isJsonObject(outcome) ? outcome["detail"] : undefined;
  return typeof detail === "string" ? detail : undefined;
}

/** The inputs `access.1`, `access.2`, ... are the message ids of the readings. */
const REFERENCE = /^access\.[0-9]+$/;

function readingFaults(inputs: RuleInputs, own: readonly CaseEvent[]): Fault[] {
  const faults: Fault[] = [];
  for (const [name, messageId] of Object.entries(inputs)) {
    if (!REFERENCE.test(name)) continue;
    const halves = own.filter(
      ({ facets: { type, exchange } }) =>
        type === "access" && isJsonObject(exchange) && exchange["messageId"] === messageId,
    );
    if (halves.length === 0) faults.push("reading-missing");
    else if (!halves.some(({ facets: { outcome } }) => isAnswered(outcome))) faults.push("reading-refused");
  }
  return faults;
}

/**
 * Whether a reading was answered, by the outcome of one of its halves. That a register holds nothing is an answer too, recorded as the status it came with: a birth is registered
 * because nobody has it yet. A half without an outcome is not held against the reading.
 */
function isAnswered(outcome: unknown): boolean {
  if (!isJsonObject(outcome)) return true;
  return outcome["code"] === "success" || (outcome["code"] === "failure" && outcome["detail"] === NOT_HELD);
}

const NOT_HELD = "HTTP 404";

function agencyOf({ source }: CaseEvent): string {
  return source.split("/", 1)[0] ?? "";
}

/** Inputs are plain values under names, in any order. */
function isSameRule(a: CommittedRule, b: CommittedRule): boolean {
  const names = Object.keys({ ...a.inputs, ...b.inputs });
  return a.id === b.id && a.version === b.version && names.every((name) => a.inputs[name] === b.inputs[name]);
}

function isSamePerson(a: unknown, b: unknown): boolean {
  return isJsonObject(a) && isJsonObject(b) && a["scheme"] === b["scheme"] && a["id"] === b["id"];
}

function isPlain(value: unknown): value is string | number | boolean | null {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}
