import type { RecorderLog } from "../../recorder/index.ts";
import type { Engine } from "../cases/engine.ts";
import { scan } from "../noticing/scan.ts";
import type { NoticeOutbox } from "../noticing/outbox.ts";
import type { Day } from "../population/calendar.ts";
import type { Register } from "../registers/register.ts";
import { RULES } from "../rules/rules.ts";
import type { Correspondence } from "./correspondence.ts";
import type { Surroundings } from "./options.ts";

/** What an agency does by itself. */
export interface Living {
  /**
   * Does everything that is due now: hears what happened, looks through its register, sends notices, takes answers, goes on with its cases. What fails
   * (another agency is away) stops nothing else and is done by a later call; rejects with what nobody expected.
   */
  readonly live: () => Promise<void>;
  /** When there is something to do (milliseconds since 1970) by itself, but for the new day; undefined: when something happens. */
  readonly nextDue: () => Promise<number | undefined>;
}

export interface LivingParts {
  readonly agency: string;
  readonly register: Register;
  readonly engine: Engine;
  readonly correspondence: Correspondence;
  readonly outbox: NoticeOutbox;
  readonly world: Pick<Surroundings, "asOf" | "happens">;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly logger: Pick<RecorderLog, "warn">;
}

const VIETNAM_OFFSET_MS = 7 * 3_600_000;
/** Answers are asked for until there are none: as many as came in a day. */
const MAX_ANSWER_PAGES = 1_000;

/** The day in Vietnam. @param now milliseconds since 1970 */
export function dayIn(now: number): Day {
  return new Date(now + VIETNAM_OFFSET_MS).toISOString().slice(0, 10);
}

/** What an agency does by itself, one round at a time. */
export function living(parts: LivingParts): Living {
  const { agency, register, engine, correspondence, outbox, world, now, logger } = parts;
  let round: Promise<void> = Promise.resolve();
  let hasCases = false;

  async function notice(): Promise<void> {
    const today = dayIn(now());
    const heard = register.heardUntil() ?? world.asOf;
    if (heard < today) await register.hear(world.happens(heard, today), today);
    await scan({
      ...{ register, rules: RULES, agency, outbox, from: world.asOf, to: today },
      notice: async (procedure, occasion) => await engine.notice(procedure, occasion),
    });
  }

  /** Where nothing was ever noticed nobody was written to, and nobody answers. */
  async function takeAnswers(): Promise<void> {
    hasCases ||= (await engine.list({ limit: 1 })).length > 0;
    if (!hasCases) return;
    for (let page = 0; page < MAX_ANSWER_PAGES; page++)
      if ((await correspondence.fetchAnswers()) === 0) return;
  }

  /** The inbox is away: what it would have said or heard comes later. */
  async function tried(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => logger.warn({ err: error }, "the inbox is asked again later"));
  }

  async function live(): Promise<void> {
    await notice();
    await outbox.sendDue();
    await tried(takeAnswers);
    try {
      await engine.advanceAll();
    } finally {
      await tried(correspondence.show);
    }
  }

  return {
    live: async () => {
      const turn = round.catch(() => undefined).then(live);
      round = turn;
      await turn;
    },
    nextDue: async () => {
      const times = [await engine.nextDue(), outbox.waiting() > 0 ? await outbox.sendDue() : undefined];
      const known = times.filter((time) => time !== undefined);
      return known.length === 0 ? undefined : Math.min(...known);
    },
  };
}
