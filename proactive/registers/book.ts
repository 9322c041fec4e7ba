import { addDays, type Day } from "../population/calendar.ts";
import { type Document, documentIn, type DocumentKind } from "../population/documents.ts";
import type { Person } from "../population/people.ts";
import type { Occurrence } from "../population/timeline.ts";
import { type Category, REGISTERS, type RegisterCode, type RegisterConfiguration } from "./configurations.ts";
import { type Fact, factOf, memberOf, type Society, withMembers } from "./facts.ts";

/** A household as the social register reviewed it. */
export interface ReviewedHousehold {
  readonly code: string;
  /** Citizen's number of the head: the first member who is known to be there. */
  readonly head: string;
  readonly b1: number;
}

/** What is held of one person. */
export type Facts = Readonly<Partial<Record<Category, Fact>>>;

/** What a register holds, in memory. Whatever it answers is of its own knowledge alone. */
export interface Book {
  readonly configuration: RegisterConfiguration;
  /** What it holds of a person in these categories; undefined for somebody it does not know. A category it holds nothing in is left out. */
  readonly read: (id: string, categories: readonly Category[]) => Facts | undefined;
  /** The documents of its own issue, as it holds them now, that end from one day on and before another; the first to end in front. */
  readonly ending: (from: Day, to: Day) => readonly Document[];
  /** What it heard of, of one kind, that happened from one day on and before another, in order. A child whose birth is notified twice stands here once. */
  readonly happened: <K extends Occurrence["kind"]>(
    kind: K,
    from: Day,
    to: Day,
  ) => readonly Extract<Occurrence, { kind: K }>[];
  /** Numbers of the persons who were born in a calendar year; nobody where it holds no dates of birth. */
  readonly bornIn: (year: number) => readonly string[];
  /** The households whose first score (B1) in its own review is not above the line; none where it reviews none. */
  readonly reviewedUpTo: (line: number) => readonly ReviewedHousehold[];
  /** Whether it knows that a person died, or that their residence here has ended: then there is nobody to serve. */
  readonly knowsGone: (id: string) => boolean;
  /** The first day of which it has not heard everything; undefined when it never listened. */
  readonly heardUntil: () => Day | undefined;
  /** Takes a change of what is held. The same changes in the same order make the same book. */
  readonly apply: (change: Change) => void;
}

/** One thing that a register was told. */
export type Change =
  | { readonly kind: "heard"; readonly occurrences: readonly Occurrence[]; readonly until: Day }
  | { readonly kind: "told"; readonly person: string; readonly facts: Facts };

/** Which documents each register issues and keeps. */
const ISSUES: Readonly<Partial<Record<RegisterCode, readonly DocumentKind[]>>> = {
  population: ["driving-licence", "passport", "identity-card"],
  health: ["medical-practice"],
  culture: ["tour-guide"],
  agriculture: ["veterinary"],
  construction: ["transport-badge"],
};

/** What is true of this society in the beginning, as one register holds it. */
export function book(code: RegisterCode, society: Society, documents: readonly Document[]): Book {
  const configuration = REGISTERS[code];
  const { holds } = configuration;
  const issues = ISSUES[code] ?? [];
  const issued = issuedDocuments(documents.filter(({ kind }) => issues.includes(kind)));
  /** What was told since, by person. */
  const told = new Map<string, Map<Category, Fact>>();
  const newcomers = new Map<string, Person>();
  const heard: Occurrence[] = [];
  let heardUntil: Day | undefined;

  function personOf(id: string): Person | undefined {
    return society.person(id) ?? newcomers.get(id);
  }

  function factNow(id: string, category: Category): Fact | undefined {
    if (!holds.includes(category)) return undefined;
    const fact = told.get(id)?.get(category);
    if (fact !== undefined) return fact;
    const person = personOf(id);
    return person && factOf(society, person, category, issues);
  }

  function knowsGone(id: string): boolean {
    const facts = told.get(id);
    return (
      facts !== undefined &&
      (facts.get("pd:Residency") === null ||
        typeof memberOf(facts.get("pd:LifeHistory"), "died") === "string")
    );
  }

  function read(id: string, categories: readonly Category[]): Facts | undefined {
    if (personOf(id) === undefined && !told.has(id)) return undefined;
    const facts: Partial<Record<Category, Fact>> = {};
    for (const category of categories) {
      const fact = factNow(id, category);
      if (fact !== undefined) facts[category] = fact;
    }
    // A number is closed with its holder's residence.
    if (facts["pd:OfficialID"] !== undefined && told.get(id)?.get("pd:Residency") === null)
      facts["pd:OfficialID"] = null;
    return facts;
  }

  function tell(id: string, category: Category, value: Fact): void {
    if (!holds.includes(category)) return;
    const facts = told.get(id) ?? new Map<Category, Fact>();
    told.set(id, facts.set(category, value));
    const document = documentIn(value) ?? documentIn(memberOf(value, "card"));
    if (document !== undefined && document.holder === id && issues.includes(document.kind))
      issued.replace(document);
  }

  function hear(occurrence: Occurrence): void {
    switch (occurrence.kind) {
      case "birth":
        if (heard.some((each) => each.kind === "birth" && isSameBirth(each, occurrence))) return;
        welcome(occurrence);
        break;
      case "death": {
        const { person, on, notice } = occurrence;
        tell(person, "pd:LifeHistory", withMembers(factNow(person, "pd:LifeHistory"), { died: on, notice }));
        break;
      }
      case "move":
        for (const id of occurrence.members.filter((each) => !knowsGone(each))) {
          tell(id, "pd:PhysicalAddress", occurrence.to.line);
          tell(id, "pd:Residency", occurrence.to.line);
        }
        break;
      case "guardian-change": {
        const { child, guardian } = occurrence;
        tell(child, "pd:Parent", withMembers(factNow(child, "pd:Parent"), { guardian }));
        break;
      }
      case "building-permit":
      case "business-change":
        break;
    }
    heard.push(occurrence);
  }

  function welcome({ notice, on, child, mother, father }: Extract<Occurrence, { kind: "birth" }>): void {
    const parent = society.person(mother);
    if (parent === undefined) return;
    newcomers.set(notice, {
      ...{ id: notice, name: child.name, sex: child.sex, born: on, bornIn: parent.bornIn },
      ...{ household: parent.household, mother, father, guardian: mother, language: "vi" },
    });
  }

  function bornIn(year: number): string[] {
    if (!holds.includes("pd:BirthDate")) return [];
    const among = new Set([...society.bornIn(year).map(({ id }) => id), ...told.keys()]);
    return [...among].filter((id) => {
      const born = factNow(id, "pd:BirthDate");
      return typeof born === "string" && Number(born.slice(0, 4)) === year;
    });
  }

  function reviewedUpTo(line: number): ReviewedHousehold[] {
    if (!holds.includes("pd:SocialStatus")) return [];
    return society.households.flatMap(({ code: household, members }) => {
      const head = members.find((id) => !knowsGone(id));
      const b1 = head === undefined ? undefined : memberOf(factNow(head, "pd:SocialStatus"), "b1");
      return head !== undefined && typeof b1 === "number" && b1 <= line
        ? [{ code: household, head, b1 }]
        : [];
    });
  }

  function apply(change: Change): void {
    if (change.kind === "heard") {
      heardUntil = change.until;
      for (const occurrence of change.occurrences) hear(occurrence);
      return;
    }
    for (const category of holds) {
      const fact = change.facts[category];
      if (fact !== undefined) tell(change.person, category, fact);
    }
  }

  return {
    configuration,
    read,
    ending: issued.ending,
    happened: <K extends Occurrence["kind"]>(kind: K, from: Day, to: Day) =>
      heard.filter(
        (each): each is Extract<Occurrence, { kind: K }> =>
          each.kind === kind && from <= each.on && each.on < to,
      ),
    bornIn,
    reviewedUpTo,
    knowsGone,
    heardUntil: () => heardUntil,
    apply,
  };
}

type Birth = Extract<Occurrence, { kind: "birth" }>;

/** Two notices of one child: twins have names of their own. */
function isSameBirth(one: Birth, other: Birth): boolean {
  return (
    one.notice === other.notice ||
    (one.mother === other.mother && one.on === other.on && one.child.name === other.child.name)
  );
}

interface IssuedDocuments {
  readonly ending: Book["ending"];
  /** Puts a document in the place of its holder's old one of that kind. */
  readonly replace: (document: Document) => void;
}

/** Documents by the day of their end: most days of a scan end few of many. */
function issuedDocuments(documents: readonly Document[]): IssuedDocuments {
  const nameOf = ({ kind, holder }: Document): string => `${kind} ${holder}`;
  const current = new Map(documents.map((document) => [nameOf(document), document]));
  const byEnd = new Map<Day, Set<string>>();
  const add = (document: Document): void => {
    const names = byEnd.get(document.expires) ?? new Set();
    byEnd.set(document.expires, names.add(nameOf(document)));
  };
  documents.forEach(add);

  return {
    ending: (from, to) => {
      const found: Document[] = [];
      for (let day = from; day < to; day = addDays(day, 1))
        for (const name of byEnd.get(day) ?? []) {
          const document = current.get(name);
          if (document !== undefined) found.push(document);
        }
      return found;
    },
    replace: (document) => {
      const name = nameOf(document);
      const old = current.get(name);
      if (old !== undefined) byEnd.get(old.expires)?.delete(name);
      current.set(name, document);
      add(document);
    },
  };
}
