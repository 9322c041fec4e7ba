import { addDays, addYears, ageOn, type Day } from "./calendar.ts";
import { familyName, fullName, type Sex } from "./names.ts";
import { address, type Address, communesFor } from "./places.ts";
import type { Random } from "./random.ts";

/** One person of the synthetic population. Nobody real: the province code of the number, 999, was never issued. */
export interface Person {
  /** Citizen's number, twelve digits (vn-cccd). */
  readonly id: string;
  readonly name: string;
  readonly sex: Sex;
  readonly born: Day;
  readonly bornIn: string;
  /** Place in `Population.households`. */
  readonly household: number;
  /** Ids; absent where the generation before is not part of the population. */
  readonly mother?: string;
  readonly father?: string;
  readonly spouse?: string;
  /** Who answers for a child: a parent, or whoever took the parents' place. */
  readonly guardian?: string;
  readonly phone?: string;
  readonly email?: string;
  readonly language: "vi" | "en";
}

export interface Household {
  readonly code: string;
  readonly address: Address;
  /** Ids, the head first. */
  readonly members: readonly string[];
  readonly review: PovertyReview;
}

/** The yearly review of households: two scores, income (B1) and deprivation (B2), of which the standing follows. */
export interface PovertyReview {
  readonly b1: number;
  readonly b2: number;
  readonly monthlyIncomePerHead: number;
}

export interface People {
  readonly persons: readonly Person[];
  readonly households: readonly Household[];
}

const UNISSUED_PROVINCE = "999";
const FIRST_SERIAL = 100_001;
const ADULT_AGE = 18;

type Draft = { -readonly [member in keyof Person]: Person[member] };

/** Families in households, as they are on the day `asOf`; at least `count` persons, and no half family. */
export function people(random: Random, { count, asOf }: { count: number; asOf: Day }): People {
  const communes = communesFor(count);
  const drafts: Draft[] = [];
  const households: Household[] = [];
  const add = (draft: Omit<Draft, "id" | "language" | "household">): Draft => {
    const person: Draft = {
      ...draft,
      id: citizenNumber(draft.sex, draft.born, FIRST_SERIAL + drafts.length),
      household: households.length,
      language: random.perMille(20) ? "en" : "vi",
    };
    const age = ageOn(asOf, person.born);
    // Numbers and addresses that are reserved for examples: nothing is ever sent to anybody.
    if (age >= 15) person.phone = `+84000${String(drafts.length).padStart(7, "0")}`;
    if (age >= 16 && random.perMille(400)) person.email = `person-${person.id}@example.vn`;
    drafts.push(person);
    return person;
  };
  while (drafts.length < count) {
    const home = address(random, communes);
    const members = family(random, asOf, home, add);
    households.push({
      code: `HH-${String(households.length + 1).padStart(6, "0")}`,
      address: home,
      members: members.map(({ id }) => id),
      review: povertyReview(random),
    });
  }
  return { persons: drafts, households };
}

/** Nine tenths of the children live with both parents; the others show who else may answer for a child. */
function family(
  random: Random,
  asOf: Day,
  home: Address,
  add: (draft: Omit<Draft, "id" | "language" | "household">) => Draft,
): Draft[] {
  const kind = random.weighted([
    ["couple", 70],
    ["elders", 12],
    ["single", 12],
    ["lone-parent", 5],
    ["grandparents", 1],
  ]);
  const adult = (sex: Sex, youngest: number, oldest: number): Draft => {
    const born = addDays(addYears(asOf, -random.integer(youngest, oldest)), -random.integer(0, 364));
    return add({
      name: fullName(random, familyName(random), sex),
      sex,
      born,
      bornIn: birthPlace(random, home),
    });
  };
  if (kind === "single") return [adult(random.pick(["male", "female"]), 20, 70)];
  const [youngest, oldest] = kind === "elders" || kind === "grandparents" ? [60, 88] : [22, 58];
  const father = adult("male", youngest, oldest);
  if (kind === "lone-parent") return [father, ...children(random, asOf, home, { father }, add)];
  const mother = adult("female", youngest, Math.min(oldest, ageOn(asOf, father.born) + 3));
  [father.spouse, mother.spouse] = [mother.id, father.id];
  const couple = [father, mother];
  if (kind === "elders") return couple;
  if (kind === "couple") return [...couple, ...children(random, asOf, home, { father, mother }, add)];
  const grandchildren = children(random, asOf, home, {}, add);
  for (const child of grandchildren) child.guardian = mother.id;
  return [...couple, ...grandchildren];
}

function children(
  random: Random,
  asOf: Day,
  home: Address,
  { father, mother }: { father?: Draft; mother?: Draft },
  add: (draft: Omit<Draft, "id" | "language" | "household">) => Draft,
): Draft[] {
  const parent = mother ?? father;
  const parentAges = [father, mother].flatMap((each) => (each === undefined ? [] : [ageOn(asOf, each.born)]));
  // The parents were of age, and the birth of the eldest child lies up to ten months further back than its age says.
  const oldest = Math.min(parent === undefined ? 15 : 17, ...parentAges.map((age) => age - ADULT_AGE - 2));
  if (oldest < 0) return [];
  const born: Draft[] = [];
  let age = random.integer(0, oldest);
  const wanted = random.weighted([
    [1, 35],
    [2, 45],
    [3, 15],
    [4, 5],
  ]);
  while (born.length < wanted && age <= oldest) {
    const sex = random.pick<Sex>(["male", "female"]);
    const name = fullName(random, (father ?? mother)?.name.split(" ", 1)[0] ?? familyName(random), sex);
    const day = addDays(addYears(asOf, -age), -random.integer(1, 300));
    const child = add({ name, sex, born: day, bornIn: birthPlace(random, home) });
    if (mother !== undefined) child.mother = mother.id;
    if (father !== undefined) child.father = father.id;
    if (parent !== undefined) child.guardian = parent.id;
    born.push(child);
    age += random.integer(2, 4);
  }
  return born;
}

function birthPlace(random: Random, home: Address): string {
  return random.perMille(800) ? `Trạm y tế ${home.commune}` : "Bệnh viện Đa khoa Quảng Nam";
}

/** About one household in twenty is poor or near to it. */
function povertyReview(random: Random): PovertyReview {
  const isPoor = random.perMille(60);
  return {
    b1: isPoor ? random.integer(60, 150) : random.integer(141, 260),
    b2: isPoor ? random.integer(10, 70) : random.integer(0, 25),
    monthlyIncomePerHead: (isPoor ? random.integer(6, 19) : random.integer(20, 120)) * 100_000,
  };
}

/**
 * A citizen's number as the law builds it: province of registration, a digit for century and sex (0 and 1 for men and women
 * born from 1900 on, 2 and 3 from 2000 on), the last two digits of the year, a serial of six digits.
 */
export function citizenNumber(sex: Sex, born: Day, serial: number): string {
  const centuryAndSex = (Number(born.slice(0, 2)) - 19) * 2 + (sex === "female" ? 1 : 0);
  return `${UNISSUED_PROVINCE}${centuryAndSex}${born.slice(2, 4)}${String(serial).padStart(6, "0")}`;
}
