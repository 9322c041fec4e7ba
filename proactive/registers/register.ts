import type { Day } from "../population/calendar.ts";
import type { Document, DocumentKind } from "../population/documents.ts";
import type { Person } from "../population/people.ts";
import type { Occurrence } from "../population/timeline.ts";
import { type Category, REGISTERS, type RegisterCode, type RegisterConfiguration } from "./configurations.ts";
import { type Fact, factOf, type Society } from "./facts.ts";

/** One register's own data: what it was told, which may differ from what others were told. */
export interface Register {
  readonly configuration: RegisterConfiguration;
  /** What it holds of a person in these categories; undefined for somebody it does not know. A category it holds nothing in is left out. */
  readonly read: (
    id: string,
    categories: readonly Category[],
  ) => Readonly<Partial<Record<Category, Fact>>> | undefined;
  /** The documents of its own issue that end from one day on and before another. */
  readonly ending: (from: Day, to: Day) => readonly Document[];
  /** Replaces what it holds. @throws RangeError for a category that it does not hold, or a person it does not know. */
  readonly correct: (id: string, category: Category, value: Fact) => void;
  /** Takes notice of what happened, as far as this register hears of it. */
  readonly hear: (occurrence: Occurrence) => void;
}

/** Which documents each register issues and keeps. */
const ISSUES: Readonly<Partial<Record<RegisterCode, readonly DocumentKind[]>>> = {
  population: ["driving-licence", "passport", "identity-card"],
  health: ["medical-practice"],
  culture: ["tour-guide"],
  agriculture: ["veterinary"],
  construction: ["transport-badge"],
};

/** A register of this society. Registers share what is true in the beginning and nothing after. */
export function register(code: RegisterCode, society: Society, documents: readonly Document[]): Register {
  const configuration = REGISTERS[code];
  const issues = ISSUES[code] ?? [];
  const own = documents.filter(({ kind }) => issues.includes(kind)).toSorted(byEnd);
  /** What was told since, by person. */
  const told = new Map<string, Map<Category, Fact>>();
  const newcomers = new Map<string, Person>();

  function knows(id: string): Person | undefined {
    return society.person(id) ?? newcomers.get(id);
  }

  function tell(id: string, category: Category, value: Fact): void {
    if (!configuration.holds.includes(category)) return;
    const facts = told.get(id) ?? new Map<Category, Fact>();
    told.set(id, facts.set(category, value));
  }

  function hear(occurrence: Occurrence): void {
    switch (occurrence.kind) {
      case "birth":
        // Until the birth is registered only the health register knows, which wrote the notice.
        if (code === "health") welcome(occurrence);
        return;
      case "death":
        if (code === "health")
          tell(occurrence.person, "pd:LifeHistory", { died: occurrence.on, notice: occurrence.notice });
        return;
      case "move":
        if (code !== occurrence.knownTo) return;
        for (const id of occurrence.members) {
          tell(id, "pd:PhysicalAddress", occurrence.to.line);
          tell(id, "pd:Residency", occurrence.to.line);
        }
        return;
      case "guardian-change":
        if (code === "civil-status") tell(occurrence.child, "pd:Parent", { guardian: occurrence.guardian });
        return;
      case "building-permit":
      case "business-change":
        return;
    }
  }

  function welcome({ notice, on, child, mother, father }: Extract<Occurrence, { kind: "birth" }>): void {
    const parent = society.person(mother);
    if (parent === undefined) return;
    newcomers.set(notice, {
      ...{ id: notice, name: child.name, sex: child.sex, born: on, bornIn: parent.bornIn },
      ...{ household: parent.household, mother, father, guardian: mother, language: "vi" },
    });
  }

  return {
    configuration,
    read: (id, categories) => {
      const person = knows(id);
      if (person === undefined) return undefined;
      const facts: Partial<Record<Category, Fact>> = {};
      for (const category of categories) {
        if (!configuration.holds.includes(category)) continue;
        const fact = told.get(id)?.get(category) ?? factOf(society, person, category, issues);
        if (fact !== undefined) facts[category] = fact;
      }
      return facts;
    },
    ending: (from, to) => own.filter(({ expires }) => from <= expires && expires < to),
    correct: (id, category, value) => {
      if (knows(id) === undefined) throw new RangeError("this register does not know the person");
      if (!configuration.holds.includes(category))
        throw new RangeError(`the register ${code} holds nothing in the category ${category}`);
      tell(id, category, value);
    },
    hear,
  };
}

function byEnd(a: Document, b: Document): number {
  return a.expires < b.expires ? -1 : a.expires > b.expires ? 1 : 0;
}
