import type { Population } from "../../proactive/population/population.ts";
import type { Resident } from "./world.ts";

/** Everybody of a population, as they can sign on. */
export function residentsOf({ persons }: Population): readonly Resident[] {
  return persons.map(({ id, name }, at) => ({ id: residentId(at), number: id, name }));
}

/** What programs name a person by, who stands at a place of the population. */
export function residentId(at: number): string {
  return `resident-${at + 1}`;
}
