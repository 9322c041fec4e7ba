import { addDays, ageOn, type Day } from "./calendar.ts";
import { fullName, type Sex } from "./names.ts";
import { citizenNumber, type Household, type People, type Person } from "./people.ts";
import { address, type Address, communesFor } from "./places.ts";
import type { Random } from "./random.ts";

/** What happens to the people while somebody watches, each on its day, in order. */
export type Occurrence =
  | {
      readonly kind: "birth";
      readonly on: Day;
      /** Number of the hospital's notice (vn-newborn), by which the child is known until it is registered. */
      readonly notice: string;
      readonly child: { readonly id: string; readonly name: string; readonly sex: Sex };
      readonly mother: string;
      readonly father: string;
    }
  | { readonly kind: "death"; readonly on: Day; readonly notice: string; readonly person: string }
  | {
      readonly kind: "move";
      readonly on: Day;
      readonly household: string;
      /** Everybody who lives there. */
      readonly members: readonly string[];
      readonly to: Address;
      /** The one register that was told. All others keep the old address: the mistake that the once-only exchange brings to light. */
      readonly knownTo: string;
    }
  | { readonly kind: "guardian-change"; readonly on: Day; readonly child: string; readonly guardian: string }
  | {
      readonly kind: "building-permit";
      readonly on: Day;
      readonly owner: string;
      readonly permit: string;
      readonly parcel: string;
    }
  | {
      readonly kind: "business-change";
      readonly on: Day;
      readonly owner: string;
      readonly business: string;
      readonly change: string;
    };

export interface TimelineOptions {
  readonly from: Day;
  readonly days: number;
  /** Registers that may hear of a move. */
  readonly registers: readonly string[];
}

/** In a year, of a thousand persons or households. */
const PER_YEAR = { births: 15, deaths: 7, moves: 40, guardianChanges: 4, permits: 12, businessChanges: 25 };
/** Deaths of a year are those of the old, nearly all of them. */
const OLD_AGE = 65;
/** New guardians come from among so many persons. */
const RELATIVES_AMONG = 1000;

/** The days to come, for these people. */
export function timeline(random: Random, people: People, options: TimelineOptions): Occurrence[] {
  const { persons, households } = people;
  const { from, days } = options;
  const times = (count: number, perYear: number): number =>
    Math.max(1, Math.round((count * perYear * days) / (1000 * 365)));
  const day = (): Day => addDays(from, random.integer(0, days - 1));
  const alive = distinctly(random);
  const occurrences: Occurrence[] = [];

  const mothers = persons.filter((person) => isPossibleMother(person, from));
  for (const mother of alive(mothers, times(persons.length, PER_YEAR.births))) {
    const on = day();
    occurrences.push(birth(random, mother, on, persons.length + occurrences.length));
  }
  const old = persons.filter(({ born }) => ageOn(from, born) >= OLD_AGE);
  for (const person of alive(old, times(persons.length, PER_YEAR.deaths)))
    occurrences.push({
      kind: "death",
      on: day(),
      notice: noticeNumber("BT", occurrences.length, from),
      person: person.id,
    });
  for (const household of alive(households, times(households.length, PER_YEAR.moves)))
    occurrences.push(move(random, household, day(), persons.length, options.registers));
  const grown = persons.slice(0, RELATIVES_AMONG).filter(({ born }) => ageOn(from, born) >= 30);
  const wards = persons.filter(({ guardian, mother }) => guardian !== undefined && guardian !== mother);
  for (const child of alive(wards, times(persons.length, PER_YEAR.guardianChanges))) {
    const { id: guardian } = random.pick(grown.filter(({ id }) => id !== child.guardian));
    occurrences.push({ kind: "guardian-change", on: day(), child: child.id, guardian });
  }
  const adults = persons.filter(({ born }) => ageOn(from, born) >= 25 && ageOn(from, born) < 70);
  // Land is in the name of a household's head: whoever else has a permit to build is a case for an officer, and there are enough of those.
  const heads = new Set(households.map(({ members }) => members[0]));
  const landowners = adults.filter(({ id }) => heads.has(id));
  for (const owner of alive(landowners, times(households.length, PER_YEAR.permits)))
    occurrences.push({
      kind: "building-permit",
      on: day(),
      owner: owner.id,
      permit: `GPXD-${owner.id.slice(-6)}`,
      parcel: `QSDD-${owner.id.slice(-6)}`,
    });
  for (const owner of alive(adults, times(households.length, PER_YEAR.businessChanges)))
    occurrences.push({
      ...{ kind: "business-change", on: day(), owner: owner.id, business: `DN-${owner.id.slice(-6)}` },
      change: random.pick(["address", "capital", "line-of-business"]),
    });
  return occurrences.sort((a, b) => (a.on < b.on ? -1 : a.on > b.on ? 1 : 0));
}

/** Draws members of lists, none twice however often it is asked: who dies does not move on the day after. */
function distinctly(random: Random): <T extends object>(list: readonly T[], count: number) => T[] {
  const taken = new Set<object>();
  return (list, count) => {
    const free = list.filter((each) => !taken.has(each));
    return Array.from({ length: Math.min(count, free.length) }, (_, at) => {
      const place = random.integer(at, free.length - 1);
      const [drawn, other] = [free[place], free[at]];
      if (drawn === undefined || other === undefined) throw new RangeError("there is nothing left to draw");
      [free[at], free[place]] = [drawn, other];
      taken.add(drawn);
      return drawn;
    });
  };
}

function isPossibleMother({ sex, born, spouse }: Person, day: Day): boolean {
  const age = ageOn(day, born);
  return sex === "female" && spouse !== undefined && age >= 20 && age <= 42;
}

function birth(random: Random, mother: Person, on: Day, serial: number): Occurrence {
  const sex = random.pick<Sex>(["male", "female"]);
  const child = {
    id: citizenNumber(sex, on, 500_000 + serial),
    name: fullName(random, mother.name.split(" ", 1)[0] ?? "", sex),
    sex,
  };
  return {
    ...{ kind: "birth", on, child, notice: noticeNumber("GCS", serial, on) },
    ...{ mother: mother.id, father: mother.spouse ?? "" },
  };
}

function move(
  random: Random,
  { code, members }: Household,
  on: Day,
  persons: number,
  registers: readonly string[],
): Occurrence {
  const to = address(random, communesFor(persons));
  return { kind: "move", on, household: code, members, to, knownTo: random.pick(registers) };
}

/** Facility, kind of the paper, serial and year, as the ledger knows notices of birth. */
function noticeNumber(kind: string, serial: number, day: Day): string {
  return `99901.${kind}.${String(serial % 100_000).padStart(5, "0")}.${day.slice(2, 4)}`;
}
