import { expect } from "chai";
import type { PlainEvent } from "../../../protocol/facet-values.ts";
import type { Case } from "../../../proactive/cases/case.ts";
import type { CaseStore } from "../../../proactive/cases/case-store.ts";
import type { EngineParts } from "../../../proactive/cases/engine.ts";
import type { ReadingResult } from "../../../proactive/exchange/reading.ts";
import type { OrderResult } from "../../../proactive/orders/order.ts";
import { type Channel, NotSentError } from "../../../proactive/reach/channel.ts";
import type { Fact } from "../../../proactive/registers/facts.ts";
import type { RegisterReading } from "../../../proactive/registers/reading.ts";
import type { Occasion } from "../../../proactive/rules/rule.ts";
import { RULES } from "../../../proactive/rules/rules.ts";

export const MORNING = Date.parse("2026-11-23T09:00:00+07:00");
export const DAY = 86_400_000;
export const OCCASION: Occasion = {
  ...{ key: "GPLX-1 2027-01-03", subject: "999199000001", on: "2026-11-23" },
  known: { expires: "2027-01-03" },
};

/** The world around an engine: what registers answer, what was recorded, sent and done. */
export class Surroundings {
  now = MORNING;
  readonly recorded: PlainEvent[] = [];
  /** Idempotency keys that the recorder has seen; it keeps them over its own death and ours. */
  private readonly keys = new Set<string>();
  readonly reads: string[] = [];
  readonly sent: string[] = [];
  /** Whom each message in an inbox went to, by its key. */
  readonly inboxes = new Map<string, string>();
  readonly performed: string[] = [];
  readonly undone: string[] = [];
  readonly corrected: { readonly register: string; readonly value: unknown; readonly messageId: string }[] =
    [];
  readonly asked: unknown[] = [];
  objects: "never" | "now" | "later" = "never";
  register: "up" | "down" | "refuses" | "knows nobody" = "up";
  /** What each register says. */
  answers: Readonly<Record<string, Record<string, Fact>>> = { health: { "pd:HealthRecord": { fit: true } } };
  sms: "delivered" | "failed" | "lost" = "delivered";
  inbox: "delivered" | "down" = "delivered";
  /** Done, where nothing else is said. */
  steps: Readonly<Record<string, string>> = {};
  undoing: "up" | "down" = "up";
  correcting: "up" | "down" | "refuses" = "up";
  knowsAddresses = true;
  /** The person died, or left. */
  knowsGone = false;
  /** Who answers for the person. */
  answersFor = OCCASION.subject;
  /** Kills the process at the so-many-th time that it keeps something or tells somebody: before it, or right after it. */
  dieAt = Infinity;
  dies: "before" | "after" = "before";
  /** Dies right after a text message left. */
  diesAtSms = false;
  private done = 0;

  parts(store: CaseStore): EngineParts {
    const sms: Channel = {
      ...{ name: "sms", disturbs: true, isIdempotent: true, reaches: ({ phone }) => phone !== undefined },
      send: async (_to, { key }) =>
        await this.killed(() => {
          this.sent.push(key);
          if (this.diesAtSms) this.dieAt = this.done;
          if (this.sms === "lost") return Promise.reject(new Error("no answer"));
          return Promise.resolve(this.sms);
        }),
    };
    const inbox: Channel = {
      ...{ name: "inbox", disturbs: false, isIdempotent: true, reaches: () => true },
      send: async ({ inbox: { id } }, { key }) =>
        await this.killed(() => {
          this.sent.push(`inbox ${key}`);
          if (this.inbox === "down") return Promise.reject(new NotSentError("not now"));
          this.inboxes.set(key, id);
          return Promise.resolve("delivered");
        }),
    };
    return {
      store: {
        ...store,
        put: async (changed: Case) => await this.killed(async () => await store.put(changed)),
      },
      ...{ rules: RULES, channels: [sms, inbox], now: () => this.now },
      objects: () => Promise.resolve(this.objects === "later"),
      personOf: (id) => ({ scheme: "vn-cccd", id }),
      addressesOf: (about) => {
        this.asked.push(about);
        const inbox = { scheme: "vn-cccd", id: this.answersFor } as const;
        if (this.knowsGone) return Promise.resolve(undefined);
        return this.knowsAddresses
          ? Promise.resolve({ language: "vi", phone: "+84000", inbox })
          : Promise.reject(new Error("no answer"));
      },
      recorder: {
        record: async (event, options) =>
          await this.killed(() => {
            const key = options?.idempotencyKey ?? "";
            const created = !this.keys.has(key);
            if (created) this.recorded.push(event);
            this.keys.add(key);
            return Promise.resolve({ source: "qn-police/r1" as never, seq: this.recorded.length, created });
          }),
      },
      read: async (asked) => await this.killed(() => this.answerTo(asked)),
      orders: {
        perform: async ({ key, step }) =>
          await this.killed(() => {
            this.performed.push(key);
            return this.outcomeOf(step);
          }),
        undo: async ({ key }) =>
          await this.killed(() => {
            this.undone.push(key);
            return this.undoing === "down" ? Promise.reject(new Error("no answer")) : Promise.resolve("done");
          }),
      },
      correct: async ({ register, value, messageId, category }) =>
        await this.killed(() => {
          this.corrected.push({ register, value, messageId });
          if (this.correcting === "down") return Promise.reject(new Error("no answer"));
          if (this.correcting === "refuses") return Promise.resolve(403);
          this.answers = { ...this.answers, [register]: { ...this.answers[register], [category]: value } };
          return Promise.resolve(204);
        }),
    };
  }

  private answerTo({ messageId, register, automated }: RegisterReading): Promise<ReadingResult> {
    this.reads.push(messageId);
    expect(automated).to.equal(true);
    if (this.register === "down")
      return Promise.resolve({ kind: "failed", reason: "unreachable", messageId });
    if (this.register === "knows nobody")
      return Promise.resolve({ kind: "failed", reason: "unknown-person", messageId });
    const recorded = { source: "qn-police/r1" as never, seq: 1, created: true };
    if (this.register === "refuses")
      return Promise.resolve({ kind: "refused", reason: "not-a-party", messageId, recorded });
    if (this.objects === "now")
      return Promise.resolve({ kind: "refused", reason: "objected", messageId, recorded });
    const answer = this.answers[register] ?? { "pd:Name": "Nguyễn Thị An" };
    const decision = { permits: true, jws: "a.b.c", reason: "law", obligations: [] } as const;
    return Promise.resolve({ kind: "read", answer, messageId, decision, recorded });
  }

  private async killed<T>(work: () => Promise<T>): Promise<T> {
    // Whoever is dead does nothing any more.
    if (this.done >= this.dieAt) throw new Died();
    const isLast = ++this.done === this.dieAt;
    if (isLast && this.dies === "before") throw new Died();
    const result = await work();
    if (isLast) throw new Died();
    return result;
  }

  /** Started again: nothing kills it any more. */
  restart(): void {
    [this.dieAt, this.done] = [Infinity, 0];
  }

  private outcomeOf(step: string): Promise<OrderResult> {
    const outcome = this.steps[step] ?? "done";
    if (outcome === "down") return Promise.reject(new Error("no answer"));
    return Promise.resolve(outcome === "done" ? "done" : { refused: outcome });
  }
}
export class Died extends Error {}
