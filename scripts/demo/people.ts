import type { Surroundings } from "../../proactive/agency/options.ts";
import type { Day } from "../../proactive/population/calendar.ts";
import type { Population } from "../../proactive/population/population.ts";
import type { Occurrence } from "../../proactive/population/timeline.ts";
import type { Society } from "../../proactive/registers/facts.ts";
import type { Resident } from "./world.ts";

/** Everybody of a population, as they can sign on. */
export function residentsOf({ persons }: Population): readonly Resident[] {
  return persons.map(({ id, name }, at) => ({ id: residentId(at), number: id, name }));
}

/** What programs name a person by, who stands at a place of the population. */
export function residentId(at: number): string {
  return `resident-${at + 1}`;
}

export interface Lived {
  readonly society: Society;
  readonly population: Population;
  readonly asOf: Day;
  /** What happens, in any order; more may come. */
  readonly occurrences: readonly Occurrence[];
}

/** A population as the agencies live among it. */
export function surroundingsOf({ society, population, asOf, occurrences }: Lived): Surroundings {
  const { documents, households } = population;
  return {
    ...{ society, documents, asOf },
    happens: (from, to) =>
      occurrences.filter(({ on }) => from <= on && on < to).toSorted((a, b) => (a.on < b.on ? -1 : 1)),
    contactOf: (id) => {
      const person = society.person(id);
      if (person === undefined) return undefined;
      const { language, phone, email } = person;
      return { language, ...(phone !== undefined && { phone }), ...(email !== undefined && { email }) };
    },
    kinOf: (id) => {
      const person = society.person(id);
      if (person === undefined) return undefined;
      const others = households[person.household]?.members.filter((each) => each !== id) ?? [];
      return person.spouse ?? others.find((each) => society.person(each)?.guardian === undefined);
    },
  };
}
