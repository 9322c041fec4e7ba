import { type Population, population } from "../../proactive/population/population.ts";
import { REGISTER_CODES } from "../../proactive/registers/configurations.ts";
import { addDays, type Day } from "../../proactive/population/calendar.ts";
import type { WorldClock } from "./clock.ts";
import { liveThrough } from "./life.ts";
import { type Province, startProvince } from "./province.ts";
import { type Summary, type SummaryOptions, summaryOf } from "./summary.ts";

export interface DemoOptions extends Pick<SummaryOptions, "examined"> {
  readonly dataDir: string;
  readonly clock: WorldClock;
  /** The day on which it begins. */
  readonly startsOn: Day;
  readonly persons: number;
  readonly days: number;
  readonly seed: number;
  readonly ports: { readonly ledger: number; readonly inbox: number };
  readonly progress: DemoProgress;
  /** Ends it: everything is closed, and it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What whoever watches is told. */
export interface DemoProgress {
  readonly starting: (part: string) => void;
  readonly day: (day: number, of: number) => void;
  readonly proof: (done: number, of: number) => void;
}

export interface LivedDemo {
  /** Still running; the caller closes it. */
  readonly province: Province;
  readonly population: Population;
  readonly summary: Summary;
}

/** The first moment of a demo: nine in the morning in Vietnam. */
export function morningOf(day: Day): number {
  return Date.parse(`${day}T02:00:00Z`);
}

/** Starts a province on a clock that stands at the morning of its first day, lives through the days, and reads from the ledger what happened. */
export async function lived(options: DemoOptions): Promise<LivedDemo> {
  const { dataDir, clock, startsOn, persons, days, seed, ports, progress, signal, examined } = options;
  const asOf = addDays(startsOn, -1);
  const made = population({ seed, persons, asOf, days: days + 1, registers: REGISTER_CODES });
  const province = await startProvince({
    ...{ dataDir, clock, population: made, asOf, ports, onProgress: progress.starting },
  });
  try {
    await liveThrough(province, {
      ...{ population: made, seed, days },
      onDay: (day) => {
        progress.day(day, days);
        signal?.throwIfAborted();
      },
    });
    const summary = await summaryOf(province, {
      progress: (done, of) => {
        progress.proof(done, of);
        signal?.throwIfAborted();
      },
      ...(examined !== undefined && { examined }),
    });
    return { province, population: made, summary };
  } catch (error) {
    await province.close();
    throw error;
  }
}
