import { FormatError } from "./errors.ts";

/** What an event is about. `tombstone` stands for an event that could never be valid, and keeps its number. */
export const EVENT_TYPES = [
  "access",
  "action",
  "consent",
  "objection",
  "mandate",
  "complaint",
  "inspection",
  "seal",
  "erasure",
  "catalogue",
  "equivocation",
  "heartbeat",
  "tombstone",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** The people an event is about: each is a facet of their own, so that one can be shown without the others. */
export const SUBJECT_FACETS = [
  "subject",
  "subject.2",
  "subject.3",
  "subject.4",
  "subject.5",
  "subject.6",
  "subject.7",
  "subject.8",
] as const;
export type SubjectFacetName = (typeof SUBJECT_FACETS)[number];

/** Every name a disclosure may have, beside `decoy`. */
export const FACET_NAMES = [
  "type",
  ...SUBJECT_FACETS,
  "exchange",
  "agent.id",
  "agent.role",
  "data",
  "outcome",
  "purpose",
  "case",
  "time",
  "decision",
  "explanation",
  "handling",
  "rule",
  "signOn",
  "consent",
  "objection",
  "mandate",
  "complaint",
  "inspection",
  "seal",
  "erasure",
  "catalogue",
  "equivocation",
  "heartbeat",
  "tombstone",
] as const;
export type FacetName = (typeof FACET_NAMES)[number];

/** The name of a disclosure that opens a padding digest: `[salt, "decoy", null]`. */
export const DECOY = "decoy";

interface FacetRules {
  readonly required: readonly FacetName[];
  readonly optional: readonly FacetName[];
}

const CIRCUMSTANCES = [
  "agent.id",
  "agent.role",
  "outcome",
  "case",
  "decision",
  "explanation",
  "handling",
  "rule",
] as const;
const OTHER_SUBJECTS = SUBJECT_FACETS.slice(1);

/**
 * The facets of each event type. Required is only what the recording side cannot fail to know. What the law demands
 * besides (an official, a purpose for an access) is optional, so that a breach of it can be recorded and found.
 */
export const FACETS_OF_TYPE: Readonly<Record<EventType, FacetRules>> = {
  // An access taken over from a gateway's log may not know whose data passed; the schema asks then for its origin.
  access: {
    required: ["type", "exchange", "time"],
    optional: [...SUBJECT_FACETS, ...CIRCUMSTANCES, "data", "purpose", "signOn"],
  },
  action: {
    required: ["type", "subject", "purpose", "time"],
    optional: [...OTHER_SUBJECTS, ...CIRCUMSTANCES, "exchange", "data", "signOn"],
  },
  consent: {
    required: ["type", "subject", "consent", "time"],
    optional: [...OTHER_SUBJECTS, ...CIRCUMSTANCES, "purpose", "signOn"],
  },
  // Whose it is stands in `subject`; who speaks for them, in `subject.2`.
  objection: {
    required: ["type", "subject", "objection", "time"],
    optional: [...OTHER_SUBJECTS, ...CIRCUMSTANCES, "signOn"],
  },
  mandate: {
    required: ["type", "subject", "subject.2", "mandate", "time"],
    optional: [...OTHER_SUBJECTS.slice(1), ...CIRCUMSTANCES, "purpose", "signOn"],
  },
  complaint: {
    required: ["type", "subject", "complaint", "time"],
    optional: [...OTHER_SUBJECTS, ...CIRCUMSTANCES, "signOn"],
  },
  inspection: {
    required: ["type", "inspection", "time"],
    optional: [...SUBJECT_FACETS, ...CIRCUMSTANCES, "purpose", "signOn"],
  },
  // A seal or an erasure names leaf hashes and no subject: a subject would put the seal itself into the person's list.
  seal: { required: ["type", "seal", "time"], optional: [...CIRCUMSTANCES, "purpose", "signOn"] },
  erasure: { required: ["type", "erasure", "time"], optional: [...CIRCUMSTANCES, "purpose", "signOn"] },
  catalogue: {
    required: ["type", "catalogue", "time"],
    optional: ["agent.id", "agent.role", "explanation", "signOn"],
  },
  equivocation: { required: ["type", "equivocation", "time"], optional: [] },
  heartbeat: { required: ["type", "heartbeat", "time"], optional: [] },
  tombstone: { required: ["type", "tombstone"], optional: ["time"] },
};

const KNOWN_NAMES: ReadonlySet<string> = new Set(FACET_NAMES);
const ALLOWED: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  EVENT_TYPES.map((type) => [
    type,
    new Set([...FACETS_OF_TYPE[type].required, ...FACETS_OF_TYPE[type].optional]),
  ]),
);

/** Whether a value is the name of an event type. */
export function isEventType(value: unknown): value is EventType {
  return typeof value === "string" && ALLOWED.has(value);
}

/** Whether a value is the name of a facet of some event type. `decoy` is none. */
export function isFacetName(value: unknown): value is FacetName {
  return typeof value === "string" && KNOWN_NAMES.has(value);
}

/** Throws FormatError `facet-unknown` when an event of this type cannot have a facet of this name. */
export function checkFacetName(type: EventType, name: FacetName): void {
  if (ALLOWED.get(type)?.has(name) !== true) {
    throw new FormatError("facet-unknown", `an event of type ${type} has no facet ${name}`);
  }
}

/**
 * Checks the facet names of one whole event: each belongs to the type, none is there twice, none that is required is
 * missing, and subjects are numbered without gaps. Throws FormatError `facet-unknown`, `facet-repeated` or
 * `facet-missing`. The values are checked with `FACETS_SCHEMAS`.
 */
export function checkFacetNames(type: EventType, names: readonly FacetName[]): void {
  const present = new Set<FacetName>();
  for (const name of names) {
    checkFacetName(type, name);
    if (present.has(name)) throw new FormatError("facet-repeated", `the facet ${name} is there twice`);
    present.add(name);
  }
  for (const name of FACETS_OF_TYPE[type].required) {
    if (!present.has(name))
      throw new FormatError("facet-missing", `an event of type ${type} needs a facet ${name}`);
  }
  const subjects = SUBJECT_FACETS.filter((name) => present.has(name)).length;
  const [gap] = SUBJECT_FACETS.slice(0, subjects).filter((name) => !present.has(name));
  if (gap !== undefined) {
    throw new FormatError("facet-missing", `number the subjects without gaps: ${gap} is missing`);
  }
}
