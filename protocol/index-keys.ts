import { FormatError } from "./errors.ts";
import type { Facets, OpenedFacets } from "./facet-values.ts";
import { FACETS_OF_TYPE, isEventType, SUBJECT_FACETS } from "./facets.ts";
import { isJsonObject } from "./json.ts";
import { type Source, splitSource } from "./source.ts";
import { isCanonicalSubjectId, isSubjectScheme, type SubjectScheme } from "./subject.ts";

/** What an event can be found by: a person it is about, the official who acted, a consent it states or relies on. */
export type IndexKind = "person" | "official" | "consent";

export interface IndexKey {
  readonly kind: IndexKind;
  /** `scheme ":" canonical id`. */
  readonly id: string;
}

/** The facets that keys come from, as far as keys need them. */
type KeyFacets = {
  readonly [name in (typeof SUBJECT_FACETS)[number]]?: {
    readonly scheme: SubjectScheme;
    readonly id: string;
  };
} & {
  readonly "agent.id"?: string;
  readonly exchange?: { readonly client: string };
  readonly consent?: { readonly id: string };
  readonly purpose?: { readonly consent?: string };
};

/**
 * The keys of an event, each once. Persons by their scheme and canonical id; the official as `agent:<agency>/<agent.id>`, both
 * percent-encoded so that no two officials share a key, the agency being the exchange's client as both sides write it, else
 * the one that recorded the event; consents by their id. Facets must have passed their schema.
 */
export function indexKeys(source: Source, facets: Facets): IndexKey[] {
  return keysOf(source, facets);
}

function keysOf(source: Source, facets: KeyFacets): IndexKey[] {
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

/**
 * The keys that the shown part of an event proves it to have, each once. Values are taken as they come: what passes no schema names
 * nobody. An official is named only where the agency is settled too: the exchange is shown, or the type, and that allows none. Where it
 * allows one, only an event with every digest open (`isWhole`, decoys too) shows that there is none; else whoever hides it could pass
 * one official's event off as another's.
 */
export function shownIndexKeys(source: Source, shown: OpenedFacets, isWhole = false): IndexKey[] {
  const subjects = SUBJECT_FACETS.map((name) => [name, subjectIn(shown[name])] as const);
  const client = textIn(shown.exchange, "client");
  const isSettled = client !== undefined || isWhole || allowsNoExchange(shown);
  const official = isSettled ? shown["agent.id"] : undefined;
  const consent = textIn(shown.consent, "id");
  const relied = textIn(shown.purpose, "consent");
  return keysOf(source, {
    ...Object.fromEntries(subjects.filter(([, subject]) => subject !== undefined)),
    ...(typeof official === "string" ? { "agent.id": official } : {}),
    ...(client === undefined ? {} : { exchange: { client } }),
    ...(consent === undefined ? {} : { consent: { id: consent } }),
    ...(relied === undefined ? {} : { purpose: { consent: relied } }),
  });
}

const AGENT_PREFIX = "agent:";
const CONSENT_PREFIX = "consent:";
/** The longest an agent.id or a consent's id may be. */
const MAX_IDENTIFIER = 128;
/** An agency's path and an official's name, each character of them percent-encoded. */
const MAX_ID_LENGTH = 4096;

/**
 * Confirms that a text is the id of something of this kind, in its one spelling: `scheme:id` of a person, `agent:agency/id` of an
 * official, `consent:id`. Throws FormatError `subject-scheme`, `subject-id` or `index-id`, without repeating the id.
 */
export function requireIndexId(kind: IndexKind, id: string): string {
  if (kind === "person") requirePersonId(id);
  else if (id.length > MAX_ID_LENGTH || !(kind === "official" ? isOfficialId(id) : isConsentId(id))) {
    const expected =
      kind === "official"
        ? '"agent:" agency "/" id, both percent-encoded'
        : `"consent:" and 1 to ${MAX_IDENTIFIER} characters`;
    throw new FormatError("index-id", `this is no id of kind ${kind}: expected ${expected}`);
  }
  return id;
}

function requirePersonId(id: string): void {
  const colon = id.indexOf(":");
  const scheme = id.slice(0, Math.max(colon, 0));
  if (!isSubjectScheme(scheme)) {
    throw new FormatError("subject-scheme", "expected scheme:id with a known scheme, such as vn-cccd");
  }
  if (!isCanonicalSubjectId(scheme, id.slice(colon + 1))) {
    throw new FormatError("subject-id", `this is no ${scheme} number; check the scheme and the digits`);
  }
}

function isOfficialId(id: string): boolean {
  const parts = id.startsWith(AGENT_PREFIX) ? id.slice(AGENT_PREFIX.length).split("/") : [];
  return parts.length === 2 && parts.every((part) => part !== "" && isPercentEncoded(part));
}

function isPercentEncoded(text: string): boolean {
  try {
    return encodeURIComponent(decodeURIComponent(text)) === text;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

function isConsentId(id: string): boolean {
  const length = id.length - CONSENT_PREFIX.length;
  return id.startsWith(CONSENT_PREFIX) && length >= 1 && length <= MAX_IDENTIFIER;
}

function subjectIn(value: unknown): { readonly scheme: SubjectScheme; readonly id: string } | undefined {
  if (!isJsonObject(value)) return undefined;
  const { scheme, id } = value;
  if (!isSubjectScheme(scheme) || typeof id !== "string") return undefined;
  return isCanonicalSubjectId(scheme, id) ? { scheme, id } : undefined;
}

function textIn(value: unknown, member: string): string | undefined {
  const text = isJsonObject(value) ? value[member] : undefined;
  return typeof text === "string" ? text : undefined;
}

/** Whether no part of the event that stays closed can be an exchange. */
function allowsNoExchange({ type }: OpenedFacets): boolean {
  if (!isEventType(type)) return false;
  const { required, optional } = FACETS_OF_TYPE[type];
  return ![...required, ...optional].includes("exchange");
}
