import { isJsonObject } from "./json.ts";

/** How long the law gives somebody, and where it says so. */
export interface LegalTerm {
  readonly days: number;
  readonly unit: "working" | "calendar";
  readonly law: string;
  readonly article: string;
  /** Whether the article was read in the published text. */
  readonly verified: boolean;
}

/** The part `deadlines` of a published catalogue (its schema says the rest). */
export interface Deadlines {
  /** Which days are counted by, such as `+07:00`. */
  readonly utcOffset: string;
  /** Days of the week that are no working days, 0 being Sunday. */
  readonly weekend: readonly number[];
  /** Days off besides, `2026-09-02`. */
  readonly holidays: readonly { readonly date: string }[];
  /** From the filing of a complaint on. */
  readonly complaint: {
    /** Until the agency has to answer. */
    readonly answer: LegalTerm;
    /** Until the agency has to have stopped what it is asked to stop. */
    readonly remedy: LegalTerm;
    /** Until the authority has to decide. */
    readonly decision: LegalTerm;
  };
}

const DAY_SECONDS = 86_400;
/** More days in a row are never off; a list that says so is wrong, and the count ends. */
const MAX_DAYS_OFF = 60;

/** The deadlines in a published catalogue, whose schema they have passed; undefined when it has none. */
export function deadlinesIn(catalogue: unknown): Deadlines | undefined {
  const found = isJsonObject(catalogue) ? catalogue["deadlines"] : undefined;
  return isDeadlines(found) ? found : undefined;
}

/** The schema of the catalogue vouches for the rest. */
function isDeadlines(value: unknown): value is Deadlines {
  return isJsonObject(value) && isJsonObject(value["complaint"]) && Array.isArray(value["holidays"]);
}

/**
 * The end of a term that begins at `from`: the first moment at which it is over. Both in Unix seconds. The day it begins on does not count, and
 * a term that would end on a day off ends with the next working day (Vietnam's Civil Code 91/2015/QH13, Articles 147.2 and 148.5).
 */
export function termEnd({ days, unit }: LegalTerm, from: number, deadlines: Deadlines): number {
  const offset = offsetSeconds(deadlines.utcOffset);
  const isOff = daysOff(deadlines);
  let day = Math.floor((from + offset) / DAY_SECONDS);
  for (let left = days; left > 0;) {
    day++;
    if (unit === "calendar" || !isOff(day)) left--;
  }
  for (let off = 0; isOff(day) && off < MAX_DAYS_OFF; off++) day++;
  return (day + 1) * DAY_SECONDS - offset;
}

/** Whether a day is off, by its number since 1970-01-01, which was a Thursday. */
function daysOff({ weekend, holidays }: Deadlines): (day: number) => boolean {
  const dates = new Set(holidays.map(({ date }) => Date.parse(`${date}T00:00:00Z`) / 1000 / DAY_SECONDS));
  return (day) => weekend.includes((day + 4) % 7) || dates.has(day);
}

function offsetSeconds(text: string): number {
  const [, sign, hours, minutes] = /^([+-])([0-9]{2}):([0-9]{2})$/.exec(text) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60);
}
