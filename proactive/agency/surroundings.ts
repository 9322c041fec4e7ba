import type { Day } from "../population/calendar.ts";
import type { Population } from "../population/population.ts";
import type { Occurrence } from "../population/timeline.ts";
import { type Society, society } from "../registers/facts.ts";
import type { Surroundings } from "./options.ts";

export interface Lived {
  readonly population: Population;
  readonly asOf: Day;
  /** What happens, in any order; more may come. */
  readonly occurrences: readonly Occurrence[];
}

/** A population as the agencies live among it. */
export function surroundingsOf({ population, asOf, occurrences }: Lived): Surroundings {
  const { documents, households } = population;
  const among: Society = society(population, asOf);
  return {
    ...{ society: among, documents, asOf },
    happens: (from, to) =>
      occurrences.filter(({ on }) => from <= on && on < to).toSorted((a, b) => (a.on < b.on ? -1 : 1)),
    contactOf: (id) => {
      const person = among.person(id);
      if (person === undefined) return undefined;
      const { language, phone, email } = person;
      return { language, ...(phone !== undefined && { phone }), ...(email !== undefined && { email }) };
    },
    kinOf: (id) => {
      const person = among.person(id);
      if (person === undefined) return undefined;
      const others = households[person.household]?.members.filter((each) => each !== id) ?? [];
      return person.spouse ?? others.find((each) => among.person(each)?.guardian === undefined);
    },
  };
}
