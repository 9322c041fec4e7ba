/**
 * Who may see which facet of which type of event: the one table the server, the portal and the tests read.
 *
 * Least privilege, and each rule has a reason:
 * - `public` (anyone): what shows that the system works or that a source cheated, and holds nobody's data: catalogue versions,
 *   heartbeats, equivocations. Not even the type of an event about a person.
 * - `citizen` (a person about their own events): who did what with which of their data, why, by which rule. Of the people
 *   in the event only themselves (`subject:own`), and not the official's name (`agent.id`): the agency answers for its
 *   officials, an inspector may see them. Not `decision` and `signOn`, whose tokens may name other people. Of a seal or an
 *   erasure the order itself, which explains why an entry of theirs is closed or empty.
 * - `agency` (a party: it recorded the event, or is the client or service of the exchange): what it knows anyway, so that it can
 *   prove an omission from the index. Not the official's name (the other party's staff is none of its business; its own
 *   data-protection officer sees it), not people's sign-on tokens, nothing of inspections. Seals and erasures as ordered.
 * - `officer` (data-protection officer of a party): as the agency, and the official's name, to supervise its own staff.
 *   Of seals only what the agency must obey; inspections stay between inspector and person.
 * - `inspector`: everything.
 * - `operator` (runs the ledger) and `registrar` (admits agencies): nothing about a person, not even that something happened:
 *   only the machine's own events, which they must act upon.
 *
 * Inspectors, officers and the operator are watched: what they see of people is itself recorded as an access, before they see it.
 */
import {
  EVENT_TYPES,
  type EventType,
  type FacetName,
  FACETS_OF_TYPE,
  isEventType,
  isFacetName,
  SUBJECT_FACETS,
  type SubjectFacetName,
} from "./facets.ts";

/** In which capacity somebody looks at an event. What they may look at beyond it (seals, mandates) is decided elsewhere. */
export const ROLES = [
  "public",
  "citizen",
  "agency",
  "inspector",
  "officer",
  "operator",
  "registrar",
] as const;
export type Role = (typeof ROLES)[number];

/** Whose looks at other people's data in the ledger are recorded. Agencies see what they know anyway, citizens what is theirs. */
export const WATCHED_ROLES = ["inspector", "officer", "operator"] as const satisfies readonly Role[];
export type WatchedRole = (typeof WATCHED_ROLES)[number];

export function isWatchedRole(role: Role): role is WatchedRole {
  return WATCHED_ROLES.some((watched) => watched === role);
}

/** A facet, or `subject:own`: the subject facets that name the person who looks. */
export type VisibleFacet = Exclude<FacetName, SubjectFacetName> | "subject:own" | "subject:all";

type TypeRules = Readonly<Partial<Record<EventType, readonly VisibleFacet[]>>>;

const CITIZEN_CIRCUMSTANCES = [
  "agent.role",
  "outcome",
  "case",
  "explanation",
  "handling",
  "rule",
  "time",
] as const;
const PARTY_CIRCUMSTANCES = [...CITIZEN_CIRCUMSTANCES, "decision"] as const;
const MACHINE_EVENTS: TypeRules = {
  catalogue: ["type", "catalogue", "explanation", "time"],
  equivocation: ["type", "equivocation", "time"],
  heartbeat: ["type", "heartbeat", "time"],
};

const CITIZEN: TypeRules = {
  ...MACHINE_EVENTS,
  access: ["type", "subject:own", "exchange", "data", "purpose", ...CITIZEN_CIRCUMSTANCES],
  action: ["type", "subject:own", "exchange", "data", "purpose", ...CITIZEN_CIRCUMSTANCES],
  consent: ["type", "subject:own", "consent", "purpose", ...CITIZEN_CIRCUMSTANCES],
  objection: ["type", "subject:own", "objection", ...CITIZEN_CIRCUMSTANCES],
  mandate: ["type", "subject:own", "mandate", "purpose", ...CITIZEN_CIRCUMSTANCES],
  complaint: ["type", "subject:own", "complaint", ...CITIZEN_CIRCUMSTANCES],
  inspection: ["type", "subject:own", "inspection", "purpose", ...CITIZEN_CIRCUMSTANCES],
  seal: ["type", "seal", "time"],
  erasure: ["type", "erasure", "time"],
};

const AGENCY: TypeRules = {
  ...MACHINE_EVENTS,
  access: ["type", "subject:all", "exchange", "data", "purpose", ...PARTY_CIRCUMSTANCES],
  action: ["type", "subject:all", "exchange", "data", "purpose", ...PARTY_CIRCUMSTANCES],
  consent: ["type", "subject:all", "consent", "purpose", ...PARTY_CIRCUMSTANCES],
  objection: ["type", "subject:all", "objection", ...PARTY_CIRCUMSTANCES],
  mandate: ["type", "subject:all", "mandate", "purpose", ...PARTY_CIRCUMSTANCES],
  complaint: ["type", "subject:all", "complaint", ...PARTY_CIRCUMSTANCES],
  seal: ["type", "seal", "time"],
  erasure: ["type", "erasure", "time"],
  tombstone: ["type", "tombstone", "time"],
};

const OFFICER: TypeRules = Object.fromEntries(
  Object.entries(AGENCY).map(([type, facets]) => [
    type,
    isEventType(type) && FACETS_OF_TYPE[type].optional.includes("agent.id") && type !== "seal"
      ? [...facets, "agent.id" as const]
      : facets,
  ]),
);

const OPERATOR: TypeRules = { ...MACHINE_EVENTS, tombstone: ["type", "tombstone", "time"] };

const INSPECTOR: TypeRules = Object.fromEntries(
  EVENT_TYPES.map((type) => [
    type,
    [...FACETS_OF_TYPE[type].required, ...FACETS_OF_TYPE[type].optional].map((name) =>
      isSubjectFacet(name) ? ("subject:all" as const) : name,
    ),
  ]),
);

const VISIBLE_FACETS: Readonly<Record<Role, TypeRules>> = {
  public: MACHINE_EVENTS,
  citizen: CITIZEN,
  agency: AGENCY,
  inspector: INSPECTOR,
  officer: OFFICER,
  operator: OPERATOR,
  registrar: OPERATOR,
};

/** The facets of an event of this type that this role may see, for documents and listings. */
export function visibleFacets(role: Role, type: EventType): ReadonlySet<VisibleFacet> {
  return new Set(VISIBLE_FACETS[role][type] ?? []);
}

export interface FacetLook {
  readonly role: Role;
  readonly type: EventType;
  /** Name of the disclosure; a decoy is never shown. */
  readonly name: string;
  /** Whether a subject facet names the person who looks, or one they may act for. */
  readonly own: boolean;
}

/** Whether the role may see this facet. False for decoys and unknown names. */
export function maySeeFacet({ role, type, name, own }: FacetLook): boolean {
  if (!isFacetName(name)) return false;
  const facets = VISIBLE_FACETS[role][type] ?? [];
  if (!isSubjectFacet(name)) return facets.includes(name);
  return facets.includes("subject:all") || (own && facets.includes("subject:own"));
}

function isSubjectFacet(name: FacetName): name is SubjectFacetName {
  return SUBJECT_FACETS.some((subject) => subject === name);
}
