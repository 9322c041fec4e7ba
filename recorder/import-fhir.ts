import { createHash } from "node:crypto";
import type { DataUse, Exchange, Outcome, Purpose, Subject } from "../protocol/facet-values.ts";
import { SUBJECT_FACETS } from "../protocol/facets.ts";
import { canonicalSubjectId } from "../protocol/subject.ts";
import { FormatError } from "../protocol/errors.ts";
import { RecorderError } from "./errors.ts";
import {
  auditEventOfJson,
  auditEventOfXml,
  resourcesOfJson,
  type AuditEvent,
  type Reference,
} from "./fhir-audit-event.ts";
import type { ImportedEvent, ImportRecord } from "./import-records.ts";
import { jsonObjects, peek, textOfFile, xmlElements, type ReadProgress } from "./import-text.ts";
import type { FhirMapping } from "./mapping.ts";

/** A JSON bundle is read whole; NDJSON and XML bundles stream at any length. */
const MAX_RECORD_LENGTH = 32 * 1024 * 1024;
const ORIGIN = "fhir-auditevent";
/** Where the AuditEvents come from, when neither the mapping nor the observer says. */
const UNNAMED_SERVICE = "fhir-server";
/** Longest id of an official. */
const MAX_AGENT_ID = 128;

/**
 * The AuditEvents of a file: XML (one, or a bundle), JSON (one, a bundle, an array) or NDJSON, plain or gzip. Throws
 * `bad-import` for a file that is none of these.
 */
export async function* fhirRecords(
  file: string,
  mapping: FhirMapping | undefined,
  onProgress: ReadProgress,
): AsyncGenerator<ImportRecord> {
  const { start, whole } = await peek(textOfFile(file, onProgress));
  let records = 0;
  if (start.startsWith("<")) {
    for await (const { text, record, line } of xmlElements(whole, "AuditEvent", MAX_RECORD_LENGTH)) {
      records += 1;
      yield {
        place: `record ${record} (line ${line})`,
        read: () => accessEventOf(auditEventOfXml(text), text, mapping),
      };
    }
  } else {
    for await (const { text, record, line } of jsonObjects(
      whole,
      start.startsWith("[") ? 1 : 0,
      MAX_RECORD_LENGTH,
    )) {
      records += 1;
      yield* jsonRecords(text, `record ${record} (line ${line})`, mapping);
    }
  }
  if (records === 0) throw new RecorderError("bad-import", `${file} holds no FHIR AuditEvent.`);
}

/** The records of one JSON object: one, or those of a bundle. */
function jsonRecords(text: string, place: string, mapping: FhirMapping | undefined): ImportRecord[] {
  const value = parseJson(text);
  const resources = resourcesOfJson(value);
  return resources.map((resource, at) => ({
    place: resource === value ? place : `${place}, entry ${at + 1}`,
    read: () => accessEventOf(auditEventOfJson(resource), JSON.stringify(resource), mapping),
  }));
}

/** Undefined for what is no JSON, which then is no AuditEvent either. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The access event of an AuditEvent; undefined when the mapping leaves it out. `text` names it when it has no id. */
function accessEventOf(
  event: AuditEvent,
  text: string,
  mapping: FhirMapping = { version: 1 },
): ImportedEvent | undefined {
  if (event.codes.some((code) => mapping.ignore?.includes(code) === true)) return undefined;
  if (event.recorded === undefined) throw new RecorderError("bad-record", "has no time: recorded is missing");
  const id = event.id ?? `sha-256:${createHash("sha256").update(text).digest("base64url")}`;
  const agent = agentOf(event, mapping);
  const exchange = exchangeOf(event, id, agent.id, mapping);
  const data = dataOf(event, mapping);
  const purpose = purposeOf(event, mapping);
  const outcome = outcomeOf(event);
  return {
    event: {
      type: "access",
      ...subjectsOf(event.patients, mapping),
      exchange,
      ...(agent.id === undefined && agent.role === undefined ? {} : { agent }),
      ...(data === undefined ? {} : { data }),
      ...(purpose === undefined ? {} : { purpose }),
      ...(outcome === undefined ? {} : { outcome }),
      time: { occurred: fullTime(event.occurred) ?? event.recorded, recorded: event.recorded },
      handling: { origin: ORIGIN },
    },
    // Ids are unique on their server only.
    key: `${ORIGIN} ${exchange.service} ${id}`,
  };
}

function agentOf({ agent }: AuditEvent, mapping: FhirMapping): { id?: string; role?: string } {
  const known = agent.key === undefined ? undefined : mapping.agents?.[agent.key];
  const id = known?.id ?? agent.key?.slice(-MAX_AGENT_ID);
  const role = known?.role ?? agent.role;
  return { ...(id === undefined ? {} : { id }), ...(role === undefined ? {} : { role }) };
}

function exchangeOf(
  event: AuditEvent,
  id: string,
  agentId: string | undefined,
  mapping: FhirMapping,
): Exchange {
  const service = mapping.service ?? event.observer ?? UNNAMED_SERVICE;
  return { messageId: id, client: mapping.client ?? agentId ?? service, service, side: "provider" };
}

function dataOf({ action, resourceTypes }: AuditEvent, mapping: FhirMapping): DataUse | undefined {
  const categories = resourceTypes.flatMap((type) => mapping.categories?.[type] ?? [`fhir:${type}`]);
  return action === undefined || categories.length === 0
    ? undefined
    : { action, personalData: [...new Set(categories)] };
}

function purposeOf({ purposes }: AuditEvent, mapping: FhirMapping): Purpose | undefined {
  return purposes.map((code) => mapping.purposes?.[code]).find((purpose) => purpose !== undefined);
}

/** R4: 0 success, 4, 8 and 12 failures. R5: the codes of an issue's severity beside `success`. */
function outcomeOf({ outcome, outcomeDetail: detail }: AuditEvent): Outcome | undefined {
  if (outcome === undefined) return undefined;
  const code = ["0", "success", "information", "warning"].includes(outcome) ? "success" : "failure";
  return detail === undefined ? { code } : { code, detail };
}

/** A FHIR dateTime may be a year or a day only: then it is no time of an event. */
function fullTime(text: string | undefined): string | undefined {
  return text?.includes("T") === true ? text : undefined;
}

function subjectsOf(patients: readonly Reference[], mapping: FhirMapping): Record<string, Subject> {
  const subjects = patients.flatMap((patient) => subjectOf(patient, mapping) ?? []);
  const unique = subjects.filter(
    (subject, at) =>
      subjects.findIndex(({ scheme, id }) => scheme === subject.scheme && id === subject.id) === at,
  );
  if (unique.length > SUBJECT_FACETS.length) {
    throw new RecorderError("bad-record", `is about more than ${SUBJECT_FACETS.length} patients`);
  }
  return Object.fromEntries(
    unique.flatMap((subject, at) => {
      const name = SUBJECT_FACETS[at];
      return name === undefined ? [] : [[name, subject]];
    }),
  );
}

function subjectOf({ reference, identifier }: Reference, mapping: FhirMapping): Subject | undefined {
  const mapped = reference === undefined ? undefined : mapping.patients?.[reference];
  if (mapped !== undefined) return mapped;
  const scheme = identifier === undefined ? undefined : mapping.identifierSystems?.[identifier.system];
  if (identifier === undefined || scheme === undefined) return undefined;
  try {
    return { scheme, id: canonicalSubjectId(scheme, identifier.value) };
  } catch (error) {
    if (error instanceof FormatError)
      throw new RecorderError("bad-record", `has a patient identifier that is wrong: ${error.message}`);
    throw error;
  }
}
