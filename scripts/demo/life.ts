import type { Population } from "../../proactive/population/population.ts";
import { awkwardDays } from "./awkward.ts";
import { officersDecide } from "./officers.ts";
import { people } from "./people-script.ts";
import type { Province } from "./province.ts";

export interface LifeOptions {
  readonly population: Population;
  readonly seed: number;
  readonly days: number;
  /** Called after each day. */
  readonly onDay: (day: number) => void;
}

const DAY_MS = 86_400_000;
/** Officers are at their desks on one day in three; a case waits for them that long. */
const DESK_EVERY_DAYS = 3;

/** Lives through the days: each morning the agencies do what is due, people who were rung up answer, and the agencies go on with that. */
export async function liveThrough(
  province: Province,
  { population, seed, days, onDay }: LifeOptions,
): Promise<void> {
  const residents = people(province, population, seed);
  const awkward = awkwardDays(province, population);
  for (let day = 1; day <= days; day++) {
    const tomorrow = province.clock.now() + DAY_MS;
    for (const { happens } of awkward.filter((each) => each.day === day)) await happens();
    await province.live();
    const decided = day % DESK_EVERY_DAYS === 0 ? await officersDecide(province) : 0;
    const answered = await residents.look();
    if (answered + decided > 0) await province.live();
    await province.setTo(tomorrow);
    onDay(day);
  }
  await province.live();
  await province.settled();
}
