import type { Day } from "../population/calendar.ts";
import type { Document } from "../population/documents.ts";
import type { Occurrence } from "../population/timeline.ts";
import { type Book, book, type Change, type Facts } from "./book.ts";
import type { Category, RegisterCode } from "./configurations.ts";
import type { Fact, Society } from "./facts.ts";
import { hearsOf } from "./heard.ts";

/** One register's own data: what it was told, which may differ from what others were told. */
export interface Register extends Omit<Book, "apply"> {
  /** Takes notice of everything that happened before a day, as far as it hears of it. What it heard already counts once. Resolves when it is kept. */
  readonly hear: (occurrences: readonly Occurrence[], until: Day) => Promise<void>;
  /** Replaces what it holds; resolves when it is kept. Rejects with a RangeError for a category that it does not hold, or a person it does not know. */
  readonly correct: (id: string, category: Category, value: Fact) => Promise<void>;
  /** Begins to hold a person, or replaces what it holds of one; resolves when it is kept. Rejects with a RangeError for a category that it does not hold. */
  readonly enter: (id: string, facts: Facts) => Promise<void>;
}

/** A register of this society, with nothing told yet, that keeps what it is told in memory alone. Registers share what is true in the beginning and nothing after. */
export function register(code: RegisterCode, society: Society, documents: readonly Document[]): Register {
  return registerOn(book(code, society, documents), () => Promise.resolve());
}

/** A register that reads from a book, and writes into it once a change is kept. */
export function registerOn(held: Book, keep: (change: Change) => Promise<void>): Register {
  const { configuration } = held;
  const { code, holds } = configuration;
  let turn: Promise<unknown> = Promise.resolve();

  /** One after the other: what is read after a crash is what was read before it. */
  async function change(made: () => Change | undefined): Promise<void> {
    const mine = turn.then(async () => {
      const next = made();
      if (next === undefined) return;
      await keep(next);
      held.apply(next);
    });
    turn = mine.catch(() => undefined);
    await mine;
  }

  function heard(occurrences: readonly Occurrence[], until: Day): Change | undefined {
    const since = held.heardUntil() ?? "";
    if (until <= since) return undefined;
    const news = occurrences.filter((each) => since <= each.on && each.on < until && hearsOf(code, each));
    return { kind: "heard", occurrences: news, until };
  }

  function told(person: string, facts: Facts): Change {
    const foreign = Object.keys(facts).find((category) => !holds.some((each) => each === category));
    if (foreign !== undefined)
      throw new RangeError(`the register ${code} holds nothing in the category ${foreign}`);
    return { kind: "told", person, facts };
  }

  return {
    ...held,
    hear: async (occurrences, until) => await change(() => heard(occurrences, until)),
    correct: async (id, category, value) =>
      await change(() => {
        if (held.read(id, []) === undefined) throw new RangeError("this register does not know the person");
        return told(id, { [category]: value });
      }),
    enter: async (id, facts) => await change(() => told(id, facts)),
  };
}
