import { XMLParser } from "fast-xml-parser";
import { SyntaxValidator } from "fast-xml-validator";
import { isJsonObject } from "../protocol/json.ts";
import { RecorderError } from "./errors.ts";

/**
 * An AuditEvent as far as an access event needs it, whichever release and notation it came in: R4 and R4B (`period`,
 * `outcome` a code, `purposeOfEvent`), R5 and later (`occurred[x]`, `outcome.code`, `authorization`, `patient`), JSON or XML.
 * Names of people (`display`, `altId`, `name`) are never read.
 */
export interface AuditEvent {
  id: string | undefined;
  action: "C" | "R" | "U" | "D" | "E" | undefined;
  /** `success`, `0`, `4`, `8`, `12`, `error`, ...; see the release's outcome codes. */
  outcome: string | undefined;
  /** A code-like detail of the outcome. */
  outcomeDetail: string | undefined;
  occurred: string | undefined;
  recorded: string | undefined;
  /** Codes of category, type, subtype and code. */
  codes: string[];
  /** Codes of purpose and authorization, of the event and its agents. */
  purposes: string[];
  /** The requestor, or the first agent. */
  agent: { key: string | undefined; role: string | undefined };
  /** Who observed it: the reporting system. */
  observer: string | undefined;
  patients: Reference[];
  /** Resource types of what was used. */
  resourceTypes: string[];
}

/** A reference without server and version (`Patient/123`), and the identifier it may carry. */
export interface Reference {
  reference: string | undefined;
  identifier: { system: string; value: string } | undefined;
}

type Element = { readonly [member: string]: unknown };

const ACTIONS = ["C", "R", "U", "D", "E"] as const;
const FHIR_NAMESPACE = "http://hl7.org/fhir";
/** Code of a patient among the roles of an object (http://terminology.hl7.org/CodeSystem/object-role). */
const PATIENT_ROLE = "1";
/** What an outcome's text must look like to be a code and not a sentence about somebody. */
const CODE_LIKE = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const MAX_NESTED_TAGS = 64;

/** The resources of a JSON value: itself, or those of a bundle. */
export function resourcesOfJson(value: unknown): unknown[] {
  const isBundle = isJsonObject(value) && value["resourceType"] === "Bundle";
  return isBundle ? elements(value, "entry").map((entry) => entry["resource"]) : [value];
}

/** The AuditEvent that a JSON resource is. Throws `bad-record` for another resource. */
export function auditEventOfJson(resource: unknown): AuditEvent {
  if (isJsonObject(resource) && resource["resourceType"] === "AuditEvent") return readAuditEvent(resource);
  throw new RecorderError("bad-record", "is no AuditEvent");
}

/** The AuditEvent of one XML element. Throws `bad-record` when the XML is not well-formed. */
export function auditEventOfXml(xml: string): AuditEvent {
  refuseMalformed(xml);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: "@",
    parseAttributeValue: false,
    parseTagValue: false,
    maxNestedTags: MAX_NESTED_TAGS,
    processEntities: { enabled: true, maxEntityCount: 1, maxTotalExpansions: 10_000 },
    // The narrative is XHTML for people, and may name them.
    stopNodes: ["AuditEvent.text"],
  });
  const document: unknown = parser.parse(xml);
  const root = isJsonObject(document) ? document["AuditEvent"] : undefined;
  if (!isJsonObject(root)) throw new RecorderError("bad-record", "is no AuditEvent");
  const namespace = root["@xmlns"];
  if (namespace !== undefined && namespace !== FHIR_NAMESPACE) {
    throw new RecorderError("bad-record", `is not of the namespace ${FHIR_NAMESPACE}`);
  }
  return readAuditEvent(root);
}

/** The parser would read unbalanced tags as something else; the validator's own words may quote the record. */
function refuseMalformed(xml: string): void {
  try {
    SyntaxValidator.validate(xml);
  } catch {
    throw new RecorderError("bad-record", "is not well-formed XML");
  }
}

function readAuditEvent(event: Element): AuditEvent {
  const outcome = outcomeOf(event);
  const agents = elements(event, "agent");
  const requestor = agents.find((agent) => primitive(agent, "requestor") === "true") ?? agents[0] ?? {};
  const action = primitive(event, "action");
  return {
    id: primitive(event, "id"),
    action: ACTIONS.find((known) => known === action),
    outcome: outcome.code,
    outcomeDetail: outcome.detail,
    occurred:
      primitive(event, "occurredDateTime") ?? startOf(event, "occurredPeriod") ?? startOf(event, "period"),
    recorded: primitive(event, "recorded"),
    codes: ["category", "type", "subtype", "code"].flatMap((name) => codesOf(event, name)),
    purposes: [event, ...agents].flatMap((element) =>
      ["authorization", "purposeOfEvent", "purposeOfUse"].flatMap((name) => codesOf(element, name)),
    ),
    agent: { key: keyOf(element(requestor, "who")), role: roleOf(requestor) },
    observer: observerOf(event),
    patients: patientsOf(event),
    resourceTypes: unique(
      elements(event, "entity").flatMap(
        (entity) => typeOf(referenceOf(element(entity, "what")).reference) ?? [],
      ),
    ),
  };
}

function outcomeOf(event: Element): { code: string | undefined; detail: string | undefined } {
  const outcome = element(event, "outcome");
  // R4: a code. R5: a Coding in `code` and concepts in `detail`. Between the two: a CodeableConcept.
  const code = primitive(event, "outcome") ?? codesOf(outcome, "code")[0] ?? codings(outcome)[0]?.code;
  const details = elements(outcome, "detail").map(
    (detail) => primitive(detail, "text") ?? codings(detail)[0]?.code,
  );
  const detail = [...details, primitive(event, "outcomeDesc"), primitive(outcome, "text")].find(
    (text) => text !== undefined && CODE_LIKE.test(text),
  );
  return { code, detail };
}

/** `system|value` of an identifier (the notation of a FHIR token), else the reference; never a name. */
function keyOf(who: Element): string | undefined {
  const { reference, identifier } = referenceOf(who);
  if (identifier === undefined) return reference;
  return identifier.system === "" ? identifier.value : `${identifier.system}|${identifier.value}`;
}

function roleOf(agent: Element): string | undefined {
  const coding = elements(agent, "role").flatMap(codings)[0] ?? codings(element(agent, "type"))[0];
  return coding?.display ?? coding?.code;
}

/** The reporting system by identifier or reference. A display may be a person's name when a person reported. */
function observerOf(event: Element): string | undefined {
  const source = element(event, "source");
  return keyOf(element(source, "observer")) ?? primitive(source, "site");
}

function patientsOf(event: Element): Reference[] {
  const direct = elements(event, "patient").map(referenceOf);
  const used = elements(event, "entity").flatMap((entity) => {
    const reference = referenceOf(element(entity, "what"));
    const isPatient =
      typeOf(reference.reference) === "Patient" || codesOf(entity, "role").includes(PATIENT_ROLE);
    return isPatient ? [reference] : [];
  });
  const seen = new Set<string>();
  return [...direct, ...used].filter((patient) => {
    const { reference, identifier } = patient;
    const name = reference ?? `${identifier?.system ?? ""}|${identifier?.value ?? ""}`;
    const isNew = !seen.has(name);
    seen.add(name);
    return isNew;
  });
}

function referenceOf(what: Element): Reference {
  const [, reference] =
    /(?:^|\/)([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})(?:\/_history\/[^/]+)?$/.exec(
      primitive(what, "reference") ?? "",
    ) ?? [];
  const identifier = element(what, "identifier");
  const value = primitive(identifier, "value");
  return {
    reference,
    identifier: value === undefined ? undefined : { system: primitive(identifier, "system") ?? "", value },
  };
}

function typeOf(reference: string | undefined): string | undefined {
  return reference?.slice(0, reference.indexOf("/"));
}

function startOf(event: Element, period: string): string | undefined {
  const given = element(event, period);
  return primitive(given, "start") ?? primitive(given, "end");
}

function codesOf(parent: Element, name: string): string[] {
  return elements(parent, name)
    .flatMap(codings)
    .flatMap(({ code }) => code ?? []);
}

/** The codings of a CodeableConcept, or a Coding itself. */
function codings(concept: Element): { code: string | undefined; display: string | undefined }[] {
  const inside = elements(concept, "coding");
  return (inside.length > 0 ? inside : [concept]).map((coding) => ({
    code: primitive(coding, "code"),
    display: primitive(coding, "display"),
  }));
}

/** Sub-elements of a name: XML writes one as itself and several as a list, JSON lists what may repeat. */
function elements(parent: Element, name: string): Element[] {
  const value = parent[name];
  return (Array.isArray(value) ? value : [value]).filter(isJsonObject);
}

function element(parent: Element, name: string): Element {
  return elements(parent, name)[0] ?? {};
}

/** A primitive: in JSON the value itself, in XML the attribute `value`. */
function primitive(parent: Element, name: string): string | undefined {
  const value = parent[name];
  const given = isJsonObject(value) ? value["@value"] : value;
  if (typeof given === "string" && given !== "") return given;
  return typeof given === "boolean" ? String(given) : undefined;
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
