import { oneAtATime } from "../orders/one-at-a-time.ts";
import { occasionId } from "../noticing/notice.ts";
import type { Occasion, Rule } from "../rules/rule.ts";
import { type AnsweringParts, settle } from "./answering.ts";
import { carryOut, type CarryOutParts } from "./carrying-out.ts";
import {
  type AnswerToCase,
  type Case,
  dueAt,
  isAnswered,
  isResting,
  mayAnswer,
  type OfficerDecision,
  withAnswer,
} from "./case.ts";
import type { CasePage, CaseStore } from "./case-store.ts";
import { type CorrectingParts, sendCorrections } from "./correcting.ts";
import { conclude, readNext, type ReadingParts, record, type RecordingParts } from "./deciding.ts";
import { decided, type DecisionFault } from "./officer.ts";
import { tell, type TellingParts } from "./telling.ts";

export interface EngineParts
  extends ReadingParts, RecordingParts, TellingParts, AnsweringParts, CarryOutParts, CorrectingParts {
  readonly store: CaseStore;
  readonly rules: readonly Rule[];
  /** A case came so far, or could not go on: for the log and for whoever waits. */
  readonly onChange?: (changed: Case) => void;
}

/** Why a person's answer was not taken. */
export type AnswerFault = "no-such-case" | "not-open";

/** Takes occasions and sees each case through. Every step is durable before the next begins, and can be done again without doing it twice. */
export interface Engine {
  /** Begins a case; the id, or undefined when the occasion has one already. */
  readonly notice: (procedure: string, occasion: Occasion) => Promise<string | undefined>;
  /** Takes a case as far as it goes now. Resolves with when it is to go on by itself (milliseconds since 1970); undefined: when something happens. */
  readonly advance: (id: string) => Promise<number | undefined>;
  /**
   * Takes every case that is due as far as it goes now; what was under way when the process died is taken up again. Calls back after each. One that
   * fails unexpectedly stops no other: all are tried before it rejects with an AggregateError.
   */
  readonly advanceAll: (progress?: (done: number) => void) => Promise<void>;
  /** When the next case may go on by itself (milliseconds since 1970); undefined when all rest. */
  readonly nextDue: () => Promise<number | undefined>;
  /** A person's answer; it counts once `advance` finds that they may answer now. The same answer again changes nothing. */
  readonly answer: (id: string, given: AnswerToCase) => Promise<Case | AnswerFault>;
  /** What an officer of the agency decides, who is named by their id at the agency. */
  readonly decide: (id: string, decision: OfficerDecision, official: string) => Promise<Case | DecisionFault>;
  readonly get: (id: string) => Promise<Case | undefined>;
  readonly list: (page: CasePage) => Promise<readonly Case[]>;
}

/** Cases under way at once: enough that one register's slowness does not hold up the others. */
const CASES_AT_ONCE = 8;
/** How many due cases are looked up at once. */
const DUE_AT_ONCE = 256;

export function caseEngine(parts: EngineParts): Engine {
  const { store, rules, now, onChange } = parts;
  /** One hand at a case at a time. */
  const inTurn = oneAtATime();

  function ruleOf({ procedure, ruleVersion }: Case): Rule {
    const rule = rules.find((each) => each.procedure === procedure && each.version === ruleVersion);
    if (rule === undefined)
      throw new Error(`there is no rule ${procedure} version ${ruleVersion} any more: keep old versions`);
    return rule;
  }

  /** One step towards the end of a case. */
  async function step(current: Case): Promise<Case> {
    switch (current.stage.at) {
      case "reading":
        return await readNext(current, ruleOf(current), parts);
      case "concluding":
        return conclude(current, ruleOf(current));
      case "recording":
        return await record(current, ruleOf(current), parts);
      case "telling":
        return await tell(current, parts, keep);
      case "waiting":
        return { ...current, stage: { at: "closed", outcome: "unanswered" } };
      case "answered":
        return await settle(current, parts);
      case "carrying-out":
        return await carryOut(current, ruleOf(current), parts, keep);
      case "correcting":
        return await sendCorrections(current, parts, keep);
      case "officer":
      case "closed":
        return current;
    }
  }

  async function keep(changed: Case): Promise<void> {
    await store.put(changed);
    onChange?.(changed);
  }

  async function advanceNow(id: string): Promise<number | undefined> {
    let current = await store.get(id);
    while (current !== undefined && !isResting(current)) {
      const due = dueAt(current) ?? 0;
      if (due > now()) return due;
      const next: Case = await step(current);
      await keep(next);
      current = next;
    }
    return undefined;
  }

  async function advance(id: string): Promise<number | undefined> {
    return await inTurn(id, async () => await advanceNow(id));
  }

  async function advanceAll(progress?: (done: number) => void): Promise<void> {
    const until = now();
    const tried = new Set<string>();
    const failures: unknown[] = [];
    for (;;) {
      // Those that failed are due still, in front of the others.
      const due = await store.due(until, DUE_AT_ONCE + failures.length);
      const queue = due.filter((id) => !tried.has(id));
      if (queue.length === 0) break;
      const work = async (): Promise<void> => {
        for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
          tried.add(id);
          await advance(id).catch((error: unknown) => failures.push(error));
          progress?.(tried.size);
        }
      };
      await Promise.all(Array.from({ length: CASES_AT_ONCE }, work));
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} cases could not go on`);
  }

  return {
    notice: async (procedure, occasion) => {
      const rule = rules.findLast((each) => each.procedure === procedure);
      if (rule === undefined) throw new RangeError(`there is no rule for ${procedure}`);
      const added: Case = {
        ...{ id: occasionId({ procedure, occasion }), procedure, ruleVersion: rule.version, occasion },
        ...{ stage: { at: "reading", notBefore: now() }, round: 1, readings: [], telling: 0, attempts: [] },
        ...{ steps: [], corrections: [], decisions: [], tries: 0, noticedAt: now() },
      };
      if (!(await store.add(added))) return undefined;
      onChange?.(added);
      return added.id;
    },
    advance,
    advanceAll,
    nextDue: async () => await store.nextDue(),
    answer: async (id, given) =>
      await inTurn(id, async () => {
        const current = await store.get(id);
        if (current === undefined) return "no-such-case";
        if (isAnswered(current, given)) return current;
        if (!mayAnswer(current, given, now())) return "not-open";
        const next = withAnswer(current, given, now());
        await keep(next);
        return next;
      }),
    decide: async (id, decision, official) =>
      await inTurn(id, async () => {
        const current = await store.get(id);
        if (current === undefined) return "no-such-case";
        const next = await decided(current, ruleOf(current), { decision, official }, parts);
        if (typeof next !== "string") await keep(next);
        return next;
      }),
    get: async (id) => await store.get(id),
    list: async (page) => await store.list(page),
  };
}
