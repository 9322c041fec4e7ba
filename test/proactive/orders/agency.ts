import type { PlainEvent } from "../../../protocol/facet-values.ts";
import { personNumbered } from "../../../proactive/exchange/message.ts";
import type { ReadingResult } from "../../../proactive/exchange/reading.ts";
import type { OrderStore } from "../../../proactive/orders/order-store.ts";
import type { Performer } from "../../../proactive/orders/performer.ts";
import { performer } from "../../../proactive/orders/performer.ts";
import type { Facts } from "../../../proactive/registers/book.ts";
import { REGISTERS, type RegisterCode } from "../../../proactive/registers/configurations.ts";
import type { RegisterReading } from "../../../proactive/registers/reading.ts";

export class Died extends Error {}

/** An agency that does steps, and what is around it; everything that it tells the outside is kept over its death. */
export class PerformingAgency {
  readonly recorded: PlainEvent[] = [];
  readonly reads: RegisterReading[] = [];
  /** What its register holds, by person. */
  readonly held = new Map<string, Facts>();
  now = Date.parse("2026-11-22T09:00:00+07:00");
  /** What the others' registers answer. */
  answer: Facts | "down" | { readonly refused: string } = {};
  /** Dies at the so-many-th thing that it tells anybody or keeps: before it, or right after it. */
  dieAt = Infinity;
  dies: "before" | "after" = "before";
  private done = 0;
  private readonly keys = new Set<string>();
  private readonly code: RegisterCode;

  constructor(code: RegisterCode) {
    this.code = code;
  }

  /** The agency as it runs, from what was kept. */
  run(store: Pick<OrderStore, "get" | "put">): Omit<Performer, "close"> {
    return performer(
      {
        register: {
          configuration: REGISTERS[this.code],
          read: (id, categories) => {
            const facts = this.held.get(id);
            return (
              facts &&
              Object.fromEntries(
                categories.flatMap((each) => (facts[each] === undefined ? [] : [[each, facts[each]]])),
              )
            );
          },
          enter: async (id, facts) =>
            await this.killed(() => {
              this.held.set(id, { ...this.held.get(id), ...facts });
              return Promise.resolve();
            }),
        },
        read: async (asked) =>
          await this.killed((): Promise<ReadingResult> => {
            this.reads.push(asked);
            const { messageId } = asked;
            if (this.answer === "down")
              return Promise.resolve({ kind: "failed", reason: "unreachable", messageId });
            const recorded = { source: "qn-water/r1" as never, seq: 1, created: true };
            if ("refused" in this.answer && typeof this.answer.refused === "string")
              return Promise.resolve({
                kind: "refused",
                reason: this.answer.refused,
                messageId,
                recorded,
              });
            const decision = {
              ...({ permits: true, jws: "a.b.c", reason: "consent", obligations: [] } as const),
              consent: "consent-1",
            };
            const answer: Record<string, unknown> = { ...this.answer };
            return Promise.resolve({ kind: "read", answer, messageId, decision, recorded });
          }),
        recorder: {
          record: async (event, options) =>
            await this.killed(() => {
              const key = options?.idempotencyKey ?? "";
              const created = !this.keys.has(key);
              this.keys.add(key);
              if (created) this.recorded.push(event);
              return Promise.resolve({ source: "qn-water/r1" as never, seq: this.recorded.length, created });
            }),
        },
        personOf: personNumbered,
        now: () => this.now,
      },
      {
        get: store.get,
        put: async (from, order, progress) =>
          await this.killed(async () => await store.put(from, order, progress)),
      },
    );
  }

  private async killed<T>(work: () => Promise<T>): Promise<T> {
    const isLast = ++this.done === this.dieAt;
    if (isLast && this.dies === "before") throw new Died();
    const result = await work();
    if (isLast) throw new Died();
    return result;
  }
}
