import { type Proportion, proportion } from "../../protocol/proportion.ts";

/** How many events were looked at, how many were not in order, and what that says of all (protocol/proportion.ts). */
export interface Rate extends Proportion {
  readonly inspected: number;
  readonly notInOrder: number;
}

export interface AgencyRate extends Rate {
  readonly agency: string;
  readonly procedures: readonly (Rate & { readonly procedure: string })[];
}

/** How many events were looked at and how many of them were not in order, of one kind. */
export interface InspectedCount {
  readonly agency: string;
  readonly procedure: string;
  readonly inspected: number;
  readonly notInOrder: number;
}

/** Sums by agency and by procedure, agencies and procedures in the order of their names. */
export function agencyRates(counts: readonly InspectedCount[]): AgencyRate[] {
  return grouped(counts, ({ agency }) => agency).map(([agency, ofAgency]) => ({
    agency,
    ...rateOf(ofAgency),
    procedures: grouped(ofAgency, ({ procedure }) => procedure).map(([procedure, list]) => ({
      procedure,
      ...rateOf(list),
    })),
  }));
}

function rateOf(counts: readonly InspectedCount[]): Rate {
  const sum = (of: (counted: InspectedCount) => number): number =>
    counts.reduce((total, each) => total + of(each), 0);
  const inspected = sum((each) => each.inspected);
  const notInOrder = sum((each) => each.notInOrder);
  return { inspected, notInOrder, ...proportion(notInOrder, inspected) };
}

function grouped(
  counts: readonly InspectedCount[],
  nameOf: (counted: InspectedCount) => string,
): readonly (readonly [string, readonly InspectedCount[]])[] {
  return [...Map.groupBy(counts, nameOf)].sort(([a], [b]) => (a < b ? -1 : 1));
}
