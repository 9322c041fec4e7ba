import { readFile, stat } from "node:fs/promises";
import type { SchemaObject, ValidateFunction } from "ajv";
import { Ajv } from "ajv";
import { FACET_SCHEMAS } from "../protocol/facet-schemas.ts";
import type { DataUse, Purpose, Subject } from "../protocol/facet-values.ts";
import { RecorderError } from "./errors.ts";

/** What a mapping can add to every event it matches. */
export interface MappedFacets {
  data?: DataUse;
  purpose?: Purpose;
  agentRole?: string;
}

/** For X-Road: what the records can't know. */
export interface XroadMapping {
  version: 1;
  /** First match counts. `service` is the path as in `exchange.service`; a segment `*` matches any. */
  services?: (MappedFacets & { service: string; ignore?: boolean })[];
  /** By message id: whose data passed, and what differs from the service. */
  messages?: Record<string, MappedFacets & { subjects?: Subject[]; case?: string }>;
}

/** For FHIR AuditEvents. */
export interface FhirMapping {
  version: 1;
  /** `exchange.client` and `exchange.service` of every event: who asked, who answered. */
  client?: string;
  service?: string;
  /** `Patient/123` -> the person. */
  patients?: Record<string, Subject>;
  /** Identifier systems that are a scheme of ours: `http://.../cccd` -> `vn-cccd`. */
  identifierSystems?: Record<string, Subject["scheme"]>;
  /** `system|value` or `Practitioner/123` -> the official. */
  agents?: Record<string, { id: string; role?: string }>;
  /** FHIR resource type -> categories of personal data; `fhir:TYPE` where nothing is said. */
  categories?: Record<string, string[]>;
  /** Code of an authorization or purpose of use -> purpose. */
  purposes?: Record<string, Purpose>;
  /** Codes (of category, type, subtype or code) of AuditEvents to leave out, such as logins. */
  ignore?: string[];
}

const text: SchemaObject = { type: "string", minLength: 1, maxLength: 256 };
const schemaOf = (facet: string): SchemaObject => FACET_SCHEMAS[facet] ?? {};
const record = (of: SchemaObject): SchemaObject => ({ type: "object", additionalProperties: of });
const mapped = { data: schemaOf("data"), purpose: schemaOf("purpose"), agentRole: schemaOf("agent.role") };
const object = (required: string[], properties: Record<string, SchemaObject>): SchemaObject => ({
  type: "object",
  additionalProperties: false,
  required,
  properties,
});

/** JSON Schema of the X-Road mapping file. */
export const XROAD_MAPPING_SCHEMA: SchemaObject = object(["version"], {
  version: { const: 1 },
  services: {
    type: "array",
    items: object(["service"], { service: text, ignore: { type: "boolean" }, ...mapped }),
  },
  messages: record(
    object([], {
      subjects: { type: "array", items: schemaOf("subject"), minItems: 1, maxItems: 8 },
      case: schemaOf("case"),
      ...mapped,
    }),
  ),
});

/** JSON Schema of the FHIR mapping file. */
export const FHIR_MAPPING_SCHEMA: SchemaObject = object(["version"], {
  version: { const: 1 },
  client: text,
  service: text,
  patients: record(schemaOf("subject")),
  identifierSystems: record({ enum: ["vn-cccd", "vn-cmnd", "vn-passport", "passport", "vn-newborn"] }),
  agents: record(object(["id"], { id: schemaOf("agent.id"), role: schemaOf("agent.role") })),
  categories: record({ type: "array", items: text, minItems: 1, maxItems: 32 }),
  purposes: record(schemaOf("purpose")),
  ignore: { type: "array", items: text },
});

const ajv = new Ajv({ strict: false });
const isXroadMapping = ajv.compile<XroadMapping>(XROAD_MAPPING_SCHEMA);
const isFhirMapping = ajv.compile<FhirMapping>(FHIR_MAPPING_SCHEMA);

/** A mapping names the message of each subject: large, but read whole. */
const MAX_MAPPING_BYTES = 512 * 1024 * 1024;

/** Reads a mapping file. Throws `bad-mapping`, which names the place in the file and repeats none of its values. */
export function readXroadMapping(file: string): Promise<XroadMapping> {
  return readMapping(file, isXroadMapping);
}

/** Reads a mapping file. Throws `bad-mapping`, which names the place in the file and repeats none of its values. */
export function readFhirMapping(file: string): Promise<FhirMapping> {
  return readMapping(file, isFhirMapping);
}

async function readMapping<T>(file: string, isMapping: ValidateFunction<T>): Promise<T> {
  let value: unknown;
  try {
    const { size } = await stat(file);
    value = size > MAX_MAPPING_BYTES ? undefined : JSON.parse(await readFile(file, "utf8"));
  } catch {
    value = undefined;
  }
  if (value === undefined)
    throw new RecorderError("bad-mapping", `The mapping ${file} is missing or no JSON.`);
  if (isMapping(value)) return value;
  const [error] = isMapping.errors ?? [];
  // Keys of the file can be message ids or patient references: only the member's name at the top is repeated.
  const place = error?.instancePath.split("/").at(1) ?? "";
  const unknown: unknown = error?.params["additionalProperty"];
  const what =
    typeof unknown === "string" && place === ""
      ? `has an unknown member`
      : (error?.message ?? "is malformed");
  throw new RecorderError(
    "bad-mapping",
    `The mapping ${file}: ${place === "" ? "the file" : `an entry of ${place}`} ${what}.`,
  );
}
