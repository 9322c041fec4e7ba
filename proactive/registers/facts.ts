import { ageOn, type Day } from "../population/calendar.ts";
import type { Document, DocumentKind } from "../population/documents.ts";
import type { Household, Person } from "../population/people.ts";
import type { Population } from "../population/population.ts";
import type { Category } from "./configurations.ts";

/** What a register says about one person in one category: plain JSON. */
export type Fact = string | number | boolean | null | readonly Fact[] | { readonly [member: string]: Fact };

/** The object's member, undefined when it is none. */
export function memberOf(fact: Fact | undefined, member: string): Fact | undefined {
  return isRecord(fact) && Object.hasOwn(fact, member) ? fact[member] : undefined;
}

/** The object with other members in the place of its own; these alone when it is none. */
export function withMembers(
  fact: Fact | undefined,
  members: Readonly<Record<string, Fact>>,
): Readonly<Record<string, Fact>> {
  return { ...(isRecord(fact) && fact), ...members };
}

function isRecord(fact: Fact | undefined): fact is Readonly<Record<string, Fact>> {
  return typeof fact === "object" && fact !== null && !Array.isArray(fact);
}

/** The population as registers look people up in it. */
export interface Society {
  readonly person: (id: string) => Person | undefined;
  readonly household: (person: Person) => Household;
  readonly documents: (holder: string, kind: DocumentKind) => readonly Document[];
  /** Everybody who was born in a calendar year. */
  readonly bornIn: (year: number) => readonly Person[];
  readonly households: readonly Household[];
  readonly asOf: Day;
}

export function society({ persons, households, documents }: Population, asOf: Day): Society {
  const byId = new Map(persons.map((person) => [person.id, person]));
  const byHolder = Map.groupBy(documents, ({ holder }) => holder);
  const byBirthYear = Map.groupBy(persons, ({ born }) => Number(born.slice(0, 4)));
  return {
    households,
    bornIn: (year) => byBirthYear.get(year) ?? [],
    person: (id) => byId.get(id),
    household: ({ household }) => {
      const found = households[household];
      if (found === undefined) throw new RangeError("a person of the population lives in no household");
      return found;
    },
    documents: (holder, kind) => (byHolder.get(holder) ?? []).filter((each) => each.kind === kind),
    asOf,
  };
}

/** What is true of a person on the day of the population, before anything is told to a register. Undefined: there is nothing to hold. */
export function factOf(
  { household, documents, asOf }: Society,
  person: Person,
  category: Category,
  issues: readonly DocumentKind[],
): Fact | undefined {
  const home = household(person);
  const age = ageOn(asOf, person.born);
  switch (category) {
    case "pd:Name":
      return person.name;
    case "pd:BirthDate":
      return person.born;
    case "pd:BirthPlace":
      return person.bornIn;
    case "pd:Gender":
      return person.sex;
    case "pd:OfficialID":
      return { number: person.id, card: first(documents(person.id, "identity-card")) };
    case "pd:Residency":
    case "pd:PhysicalAddress":
      return home.address.line;
    case "pd:MaritalStatus":
      return person.spouse === undefined ? "single" : "married";
    case "pd:Parent":
      return {
        mother: person.mother ?? null,
        father: person.father ?? null,
        guardian: person.guardian ?? null,
      };
    case "pd:Household":
      return { code: home.code, members: home.members };
    case "pd:LifeHistory":
      return { born: person.born };
    case "pd:VehicleLicense":
      return first(documents(person.id, "driving-licence")) ?? undefined;
    case "pd:Passport":
      return first(documents(person.id, "passport")) ?? undefined;
    case "pd:VehicleUsage":
      return { violations: digit(person, 1) === 0 ? 1 : 0 };
    case "pd:VehicalLicenseRegistration":
      return first(documents(person.id, "transport-badge")) === null
        ? undefined
        : { inspectedUntil: "2027-12-31" };
    case "pd:ProfessionalCertification":
      return (
        issues.map((kind) => first(documents(person.id, kind))).find((each) => each !== null) ?? undefined
      );
    case "pd:HealthRecord":
      return age < 18 ? undefined : { fit: digit(person, 2) !== 0, examined: "2026-06-30" };
    case "pd:WorkHistory":
      return age < 20 ? undefined : { trainingHours: 20 + digit(person, 1) * 10 };
    case "pd:CriminalConviction":
      return age < 14 ? undefined : { convictions: digit(person, 3) === 0 && digit(person, 2) === 1 ? 1 : 0 };
    case "pd:EducationQualification":
      return age < 22 ? undefined : { degree: digit(person, 2) < 6 ? "vocational" : "university" };
    case "pd:SocialStatus":
      return { b1: home.review.b1, b2: home.review.b2 };
    case "pd:Income":
      return { monthlyPerHead: home.review.monthlyIncomePerHead };
    case "pd:Insurance":
      return { health: true, since: age < 6 ? person.born : "2015-01-01" };
    case "pd:FinancialStatus":
      return age < 60 ? { pension: false } : { pension: digit(person, 1) < 5 };
    case "pd:Tax":
      return { owed: digit(person, 2) === 9 && digit(person, 1) === 9 ? 1_200_000 : 0 };
    case "pd:Ownership":
      return home.members[0] === person.id ? { parcel: `QSDD-${person.id.slice(-6)}` } : undefined;
    case "pd:Location":
      return home.members[0] === person.id
        ? { parcel: `QSDD-${person.id.slice(-6)}`, zone: "residential" }
        : undefined;
  }
}

function first(documents: readonly Document[]): Fact {
  const [document] = documents;
  return document === undefined ? null : { ...document };
}

/** The last but so many digit of the number: chance enough, and the same for ever. */
function digit({ id }: Person, place: number): number {
  return Number(id.at(-place));
}
