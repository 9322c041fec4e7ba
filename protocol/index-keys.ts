import type { Facets } from "./facet-values.ts";
import { SUBJECT_FACETS } from "./facets.ts";
import { type Source, splitSource } from "./source.ts";

/** What an event can be found by: a person it is about, the official who acted, a consent it states or relies on. */
export type IndexKind = "person" | "official" | "consent";

export interface IndexKey {
  readonly kind: IndexKind;
  /** `scheme ":" canonical id`. */
  readonly id: string;
}

/**
 * The keys of an event, each once. Persons by their scheme and canonical id; the official as `agent:<agency>/<agent.id>`, both
 * percent-encoded so that no two officials share a key, the agency being the exchange's client as both sides write it, else
 * the one that recorded the event; consents by their id. Facets must have passed their schema.
 */
export function indexKeys(source: Source, facets: Facets): IndexKey[] {
  const keys = new Map<string, IndexKey>();
  const add = (kind: IndexKind, id: string): void => void keys.set(`${kind} ${id}`, { kind, id });
  for (const name of SUBJECT_FACETS) {
    const subject = facets[name];
    if (subject !== undefined) add("person", `${subject.scheme}:${subject.id}`);
  }
  const official = facets["agent.id"];
  if (official !== undefined) {
    const agency = facets.exchange?.client ?? splitSource(source).agency;
    add("official", `agent:${encodeURIComponent(agency)}/${encodeURIComponent(official)}`);
  }
  for (const consent of [facets.consent?.id, facets.purpose?.consent]) {
    if (consent !== undefined) add("consent", `consent:${consent}`);
  }
  return [...keys.values()];
}
