/**
 * JSON Schemas (2020-12 vocabulary that draft-07 validators know too) of facets and events, as plain data for whichever
 * validator the caller runs. Closed objects throughout, every string bounded. A person's number belongs into a subject
 * facet: free text that holds a run of exactly 12 digits, the shape of a citizen's number, is refused.
 */
import { EVENT_TYPES, type EventType, type FacetName, FACETS_OF_TYPE, SUBJECT_FACETS } from "./facets.ts";
import { MAX_JWS_LENGTH } from "./jws.ts";
import { SOURCE_PATTERN } from "./source.ts";
import { SUBJECT_ID_PATTERNS } from "./subject.ts";

export type JsonSchema = { readonly [keyword: string]: unknown };

const SHORT = 64;
const MEDIUM = 256;
const LONG = 2000;
const MAX_LEAVES = 64;

/** No control characters, and no invisible ones that turn the direction of the text around. */
const VISIBLE = "[^\\u0000-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]";
const VISIBLE_OR_NEWLINE = "[^\\u0000-\\u0009\\u000B-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069]";
const NO_PERSONAL_NUMBER = "(?![\\s\\S]*(?<![0-9])[0-9]{12}(?![0-9]))";
const RFC3339 =
  "^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)" +
  "(?:\\.[0-9]{1,9})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$";
const COMPACT_JWS = "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$";
const HASH_BASE64URL = "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$";
const HASH_BASE64 = "^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$";

const identifier = (maxLength: number): JsonSchema => ({
  type: "string",
  minLength: 1,
  maxLength,
  pattern: `^${VISIBLE}*$`,
});
const text = (maxLength: number): JsonSchema => ({
  type: "string",
  minLength: 1,
  maxLength,
  pattern: `^${NO_PERSONAL_NUMBER}${VISIBLE}*$`,
});
const paragraphs = (maxLength: number): JsonSchema => ({
  type: "string",
  minLength: 1,
  maxLength,
  pattern: `^${NO_PERSONAL_NUMBER}${VISIBLE_OR_NEWLINE}*$`,
});
const oneOf = (...values: readonly string[]): JsonSchema => ({ enum: values });
const list = (items: JsonSchema, maxItems: number, minItems = 1): JsonSchema => ({
  type: "array",
  items,
  minItems,
  maxItems,
  uniqueItems: true,
});
const closed = (
  required: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
) => ({
  type: "object",
  additionalProperties: false,
  required: Object.keys(required),
  properties: { ...required, ...optional },
});

const flag: JsonSchema = { type: "boolean" };
const moment: JsonSchema = { type: "string", maxLength: SHORT, pattern: RFC3339 };
const compactJws: JsonSchema = { type: "string", maxLength: MAX_JWS_LENGTH, pattern: COMPACT_JWS };
const leaf: JsonSchema = { type: "string", pattern: HASH_BASE64URL };
const leaves = list(leaf, MAX_LEAVES);
const legalBasis = closed({ law: text(MEDIUM) }, { article: text(SHORT) });
const count = (minimum: number): JsonSchema => ({
  type: "integer",
  minimum,
  maximum: Number.MAX_SAFE_INTEGER,
});

const role = oneOf(
  "self",
  "child",
  "parent",
  "guardian",
  "ward",
  "spouse",
  "deceased",
  "household",
  "representative",
  "represented",
  "owner",
  "other",
);

/** A person: scheme, canonical id of that scheme, and how they figure in the event. */
const subject: JsonSchema = {
  anyOf: Object.entries(SUBJECT_ID_PATTERNS).map(([scheme, pattern]) =>
    closed({ scheme: { const: scheme }, id: { type: "string", maxLength: SHORT, pattern } }, { role }),
  ),
};

const subjects = Object.fromEntries(SUBJECT_FACETS.map((name) => [name, subject]));

const otherFacets = {
  type: oneOf(...EVENT_TYPES),
  exchange: closed(
    { messageId: identifier(MEDIUM), client: identifier(MEDIUM), service: identifier(MEDIUM) },
    { issue: identifier(MEDIUM), representedParty: identifier(MEDIUM), side: oneOf("client", "provider") },
  ),
  "agent.id": identifier(128),
  "agent.role": text(128),
  data: closed({ action: oneOf("C", "R", "U", "D", "E"), personalData: list(text(128), 32) }),
  outcome: closed({ code: oneOf("success", "refused", "failure") }, { detail: text(MEDIUM) }),
  purpose: closed(
    { procedure: text(SHORT) },
    { legalBasis, consent: identifier(128), description: text(500) },
  ),
  case: identifier(128),
  time: closed({ occurred: moment }, { recorded: moment }),
  decision: compactJws,
  explanation: { ...closed({}, { vi: paragraphs(LONG), en: paragraphs(LONG) }), minProperties: 1 },
  handling: { ...closed({}, { emergency: flag, notify: flag, origin: text(SHORT) }), minProperties: 1 },
  rule: closed(
    { id: text(128), version: text(SHORT) },
    {
      inputs: {
        type: "object",
        maxProperties: 32,
        propertyNames: { type: "string", pattern: "^[A-Za-z][A-Za-z0-9.-]{0,63}$" },
        additionalProperties: { anyOf: [text(MEDIUM), { type: "number" }, flag, { type: "null" }] },
      },
    },
  ),
  signOn: compactJws,
  consent: closed(
    {
      id: identifier(128),
      state: oneOf(
        "ConsentRequested",
        "ConsentRequestDeferred",
        "ConsentGiven",
        "RenewedConsentGiven",
        "ConsentRefused",
        "ConsentWithdrawn",
        "ConsentRevoked",
        "ConsentExpired",
        "ConsentInvalidated",
      ),
    },
    {
      recipients: list(text(128), 32),
      personalData: list(text(128), 32),
      procedures: list(text(SHORT), 32),
      validFrom: moment,
      validUntil: moment,
      notice: text(128),
      controller: text(SHORT),
      language: oneOf("vi", "en"),
      method: text(128),
      indicatedBy: oneOf("DataSubject", "Guardian", "DataController", "Authority"),
      catalogue: text(SHORT),
    },
  ),
  objection: closed(
    { state: oneOf("made", "withdrawn"), procedure: text(SHORT) },
    { method: text(128), indicatedBy: oneOf("DataSubject", "Guardian") },
  ),
  mandate: closed(
    { id: identifier(128), state: oneOf("granted", "revoked") },
    {
      basis: oneOf("parent", "guardian", "proxy", "court", "same-person"),
      procedures: list(text(SHORT), 32),
      validFrom: moment,
      validUntil: moment,
    },
  ),
  complaint: closed(
    { id: identifier(128), state: oneOf("filed", "answered", "withdrawn", "closed", "decided") },
    {
      leaf,
      text: paragraphs(LONG),
      agency: text(SHORT),
      outcome: oneOf("upheld", "partly-upheld", "rejected"),
    },
  ),
  inspection: closed(
    {
      id: identifier(128),
      state: oneOf(
        "opened",
        "search",
        "viewed",
        "closed",
        "decided",
        "reviewed",
        "notified",
        "sampled",
        "inspected",
      ),
      authority: text(MEDIUM),
    },
    {
      agencies: list(text(SHORT), 32),
      leaves,
      finding: closed({
        id: identifier(128),
        state: oneOf("open", "explained", "confirmed", "dismissed"),
      }),
      review: closed({ leaf, outcome: oneOf("justified", "unjustified") }),
      notification: closed({ finding: identifier(128), recipient: text(MEDIUM) }, { reference: text(128) }),
      sample: closed({ from: count(0), to: count(0), count: count(1) }),
      result: closed({ sample: count(0), leaf, outcome: oneOf("in-order", "not-in-order") }),
      note: paragraphs(LONG),
    },
  ),
  seal: closed(
    { id: identifier(128), state: oneOf("placed", "lifted"), leaves, authority: text(MEDIUM), until: moment },
    { legalBasis },
  ),
  erasure: closed(
    { id: identifier(128), leaves, authority: text(MEDIUM) },
    { legalBasis, reason: text(500) },
  ),
  catalogue: closed({ version: text(SHORT), digest: leaf }),
  equivocation: closed({
    source: { type: "string", pattern: SOURCE_PATTERN },
    seq: count(1),
    jws: compactJws,
    payload: { type: "string", maxLength: 4096, pattern: "^[A-Za-z0-9_-]+$" },
    path: { type: "array", items: { type: "string", pattern: HASH_BASE64 }, maxItems: 10 },
    pathIndex: { type: "integer", minimum: 0, maximum: 999 },
    storedIndex: count(0),
  }),
  heartbeat: closed({}, { software: text(SHORT), waiting: count(0) }),
  tombstone: closed(
    { reason: { type: "string", pattern: "^[a-z0-9][a-z0-9-]{0,63}$" } },
    { type: oneOf(...EVENT_TYPES) },
  ),
} satisfies Record<Exclude<FacetName, (typeof SUBJECT_FACETS)[number]>, JsonSchema>;

/**
 * Who records an access of its own knows whose data passed and which. Only one taken over from another system's log, which
 * says so in `handling.origin`, may lack them: it still serves reconciliation.
 */
const SUBJECT_KNOWN_OR_IMPORTED = {
  if: {
    properties: { handling: { not: { type: "object", required: ["origin"], properties: { origin: {} } } } },
  },
  then: { required: ["subject", "data"], properties: { subject: {}, data: {} } },
};

/** The schema of each facet's value. */
export const FACET_SCHEMAS: Readonly<Record<string, JsonSchema>> = { ...otherFacets, ...subjects };

/** For each event type, the schema of its opened facets: `{type, subject, ...}`. */
export const FACETS_SCHEMAS: Readonly<Record<EventType, JsonSchema>> = mapTypes((type) =>
  facetsSchema(type, FACET_SCHEMAS),
);

/** For each event type, the schema of the plain event an agency's system writes (see `facetsOfPlainEvent`). */
export const PLAIN_EVENT_SCHEMAS: Readonly<Record<EventType, JsonSchema>> = mapTypes(plainEventSchema);

function facetsSchema(type: EventType, schemas: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const { required, optional } = FACETS_OF_TYPE[type];
  const names = [...required, ...optional];
  return {
    type: "object",
    additionalProperties: false,
    required: [...required],
    properties: {
      ...Object.fromEntries(names.map((name) => [name, schemas[name]])),
      type: { const: type },
    },
    ...(type === "access" ? SUBJECT_KNOWN_OR_IMPORTED : {}),
  };
}

function plainEventSchema(type: EventType): JsonSchema {
  const { required, optional } = FACETS_OF_TYPE[type];
  const names = [...required, ...optional].filter((name) => !name.startsWith("agent."));
  const { exchange } = otherFacets;
  const plainExchange = {
    ...exchange,
    properties: { ...exchange.properties, userId: otherFacets["agent.id"] },
  };
  const agent = {
    ...closed({}, { id: otherFacets["agent.id"], role: otherFacets["agent.role"] }),
    minProperties: 1,
  };
  const facets = Object.fromEntries(
    names.map((name) => [name, name === "exchange" ? plainExchange : FACET_SCHEMAS[name]]),
  );
  return {
    type: "object",
    additionalProperties: false,
    required: [...required],
    properties: { ...facets, type: { const: type }, ...(optional.includes("agent.id") ? { agent } : {}) },
    ...(type === "access" ? SUBJECT_KNOWN_OR_IMPORTED : {}),
  };
}

function mapTypes(schemaOf: (type: EventType) => JsonSchema): Readonly<Record<EventType, JsonSchema>> {
  return {
    access: schemaOf("access"),
    action: schemaOf("action"),
    consent: schemaOf("consent"),
    objection: schemaOf("objection"),
    mandate: schemaOf("mandate"),
    complaint: schemaOf("complaint"),
    inspection: schemaOf("inspection"),
    seal: schemaOf("seal"),
    erasure: schemaOf("erasure"),
    catalogue: schemaOf("catalogue"),
    equivocation: schemaOf("equivocation"),
    heartbeat: schemaOf("heartbeat"),
    tombstone: schemaOf("tombstone"),
  };
}
