import type { Occasion, Rule } from "../rules/rule.ts";
import { afterAnswer, type Answer, type Case, isResting, mayAnswer } from "./case.ts";
import type { CaseStore } from "./case-store.ts";
import { carryOut, type CarryOutParts } from "./carrying-out.ts";
import { conclude, readNext, type ReadingParts, record, type RecordingParts } from "./deciding.ts";
import { tell, type TellingParts } from "./telling.ts";

export interface EngineParts extends ReadingParts, RecordingParts, TellingParts, CarryOutParts {
  readonly store: CaseStore;
  readonly rules: readonly Rule[];
  /** Whether the person let the administration act unasked in this procedure. */
  readonly mayAct: (procedure: string, subject: string) => Promise<boolean>;
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
  /** Takes every case that is not over as far as it goes now; what was under way when the process died is taken up again. Calls back after each. */
  readonly advanceAll: (progress?: (done: number, of: number) => void) => Promise<void>;
  /** A person's answer. The same answer again changes nothing. */
  readonly answer: (id: string, answer: Answer) => Promise<Case | AnswerFault>;
}

/** A case id that says nothing about the person: procedure and a number counted from the occasion. */
function caseId(procedure: string, occasion: Occasion, digest: (text: string) => string): string {
  return `${procedure}-${digest(`${procedure} ${occasion.key}`).slice(0, 16)}`;
}

export function caseEngine(parts: EngineParts): Engine {
  const { store, rules, now, mayAct, onChange } = parts;
  /** One hand at a case at a time. */
  const turns = new Map<string, Promise<unknown>>();

  async function inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(id) ?? Promise.resolve()).then(work);
    const settled = turn
      .catch(() => undefined)
      .finally(() => {
        if (turns.get(id) === settled) turns.delete(id);
      });
    turns.set(id, settled);
    return await turn;
  }

  function ruleOf({ procedure, ruleVersion }: Case): Rule {
    const rule = rules.find((each) => each.procedure === procedure && each.version === ruleVersion);
    if (rule === undefined)
      throw new Error(`there is no rule ${procedure} version ${ruleVersion} any more: keep old versions`);
    return rule;
  }

  /** One step; the same case when nothing can be done now. */
  async function step(current: Case): Promise<Case> {
    switch (current.stage.at) {
      case "reading":
        if (!(await mayAct(current.procedure, current.occasion.subject)))
          return { ...current, stage: { at: "closed", outcome: "objected" } };
        return await readNext(current, ruleOf(current), parts);
      case "concluding":
        return conclude(current, ruleOf(current));
      case "recording":
        return await record(current, ruleOf(current), parts);
      case "telling":
        return await tell(current, parts, async (trying) => await keep(trying));
      case "waiting":
        return now() < current.stage.until
          ? current
          : { ...current, stage: { at: "closed", outcome: "unanswered" } };
      case "carrying-out":
        return await carryOut(current, parts, async (trying) => await keep(trying));
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
      const due = dueAt(current);
      if (due !== undefined && due > now()) return due;
      const next: Case = await step(current);
      if (next === current) return dueAt(current);
      await keep(next);
      current = next;
    }
    return undefined;
  }

  return {
    notice: async (procedure, occasion) => {
      const rule = rules.findLast((each) => each.procedure === procedure);
      if (rule === undefined) throw new RangeError(`there is no rule for ${procedure}`);
      const added: Case = {
        ...{ id: caseId(procedure, occasion, parts.digest), procedure, ruleVersion: rule.version, occasion },
        ...{ stage: { at: "reading" }, readings: [], attempts: [], steps: [], noticedAt: now() },
      };
      return (await store.add(added)) ? added.id : undefined;
    },
    advance: async (id) => await inTurn(id, async () => await advanceNow(id)),
    advanceAll: async (progress) => {
      const ids = await store.unfinished();
      for (const [done, id] of ids.entries()) {
        await inTurn(id, async () => await advanceNow(id));
        progress?.(done + 1, ids.length);
      }
    },
    answer: async (id, answer) =>
      await inTurn(id, async () => {
        const current = await store.get(id);
        if (current === undefined) return "no-such-case";
        if (current.answer === answer && current.stage.at !== "waiting") return current;
        if (!mayAnswer(current, answer)) return "not-open";
        const next = afterAnswer(current, answer, now());
        await keep(next);
        return next;
      }),
  };
}

/** When the case may go on; undefined when at once. */
function dueAt({ stage }: Case): number | undefined {
  if (stage.at === "telling" || stage.at === "carrying-out") return stage.notBefore;
  return stage.at === "waiting" ? stage.until : undefined;
}
