import { Ajv } from "ajv";
import type { Exchange, Outcome, Subject } from "../protocol/facet-values.ts";
import { SUBJECT_FACETS } from "../protocol/facets.ts";
import { RecorderError } from "./errors.ts";
import type { ImportedEvent, ImportRecord } from "./import-records.ts";
import { jsonObjects, peek, textOfFile, type ReadProgress } from "./import-text.ts";
import type { MappedFacets, XroadMapping } from "./mapping.ts";

/**
 * One operational monitoring record (X-Road PR-OPMON, annex B), as far as an event needs it. `messageUserId` is the official,
 * not the person whose data passed; no record knows that person.
 */
interface OpmonRecord {
  messageId: string;
  securityServerType: "Client" | "Producer";
  /** Unix milliseconds. */
  requestInTs: number;
  /** Unix seconds. */
  monitoringDataTs?: number;
  clientXRoadInstance: string;
  clientMemberClass: string;
  clientMemberCode: string;
  clientSubsystemCode?: string;
  serviceXRoadInstance: string;
  serviceMemberClass: string;
  serviceMemberCode: string;
  serviceSubsystemCode?: string;
  serviceCode?: string;
  serviceVersion?: string;
  representedPartyClass?: string;
  representedPartyCode?: string;
  messageIssue?: string;
  messageUserId?: string;
  succeeded?: boolean;
  faultCode?: string;
}

const text = { type: "string", minLength: 1, maxLength: 255 } as const;
const optionalText = { type: "string", maxLength: 255 } as const;
/** Last millisecond of the year 9999, the last RFC 3339 can write. */
const MAX_MILLISECONDS = 253_402_300_799_999;

const isOpmonRecord = new Ajv({ strict: false }).compile<OpmonRecord>({
  type: "object",
  required: [
    "messageId",
    "securityServerType",
    "requestInTs",
    "clientXRoadInstance",
    "clientMemberClass",
    "clientMemberCode",
    "serviceXRoadInstance",
    "serviceMemberClass",
    "serviceMemberCode",
  ],
  properties: {
    messageId: text,
    securityServerType: { enum: ["Client", "Producer"] },
    requestInTs: { type: "integer", minimum: 0, maximum: MAX_MILLISECONDS },
    monitoringDataTs: { type: "integer", minimum: 0, maximum: MAX_MILLISECONDS / 1000 },
    clientXRoadInstance: text,
    clientMemberClass: text,
    clientMemberCode: text,
    clientSubsystemCode: optionalText,
    serviceXRoadInstance: text,
    serviceMemberClass: text,
    serviceMemberCode: text,
    serviceSubsystemCode: optionalText,
    serviceCode: optionalText,
    serviceVersion: optionalText,
    representedPartyClass: optionalText,
    representedPartyCode: optionalText,
    messageIssue: optionalText,
    messageUserId: optionalText,
    succeeded: { type: "boolean" },
    faultCode: optionalText,
  },
});

/** Records are about a kilobyte. */
const MAX_RECORD_LENGTH = 64 * 1024;
const ORIGIN = "xroad-opmon";

/**
 * The operational monitoring records of a file: a `getSecurityServerOperationalData` payload (`{"records": [...]}`, also as the
 * gzip it comes in), an array, or one record after the other. Streams; throws `bad-import` for a file that is none of these.
 */
export async function* xroadRecords(
  file: string,
  mapping: XroadMapping | undefined,
  onProgress: ReadProgress,
): AsyncGenerator<ImportRecord> {
  const { start, whole } = await peek(textOfFile(file, onProgress));
  const depth = /^\{\s*"records"\s*:/.test(start)
    ? 2
    : start.startsWith("[")
      ? 1
      : start.startsWith("{")
        ? 0
        : undefined;
  if (depth === undefined)
    throw new RecorderError("bad-import", `${file} holds no X-Road records: expected {"records": [...]}`);
  for await (const { text: json, record, line } of jsonObjects(whole, depth, MAX_RECORD_LENGTH)) {
    yield { place: `record ${record} (line ${line})`, read: () => accessEventOf(parse(json), mapping) };
  }
}

function parse(json: string): OpmonRecord {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new RecorderError("bad-record", "is not valid JSON");
  }
  if (isOpmonRecord(value)) return value;
  const [error] = isOpmonRecord.errors ?? [];
  throw new RecorderError(
    "bad-record",
    `is no operational monitoring record: ${error?.instancePath.slice(1) ?? ""} ${error?.message ?? ""}`.trim(),
  );
}

/** The access event of a record; undefined when the mapping leaves its service out. */
function accessEventOf(record: OpmonRecord, mapping: XroadMapping | undefined): ImportedEvent | undefined {
  const exchange = exchangeOf(record);
  const service = mapping?.services?.find((entry) => matches(entry.service, exchange.service));
  if (service?.ignore === true) return undefined;
  const message = mapping?.messages?.[record.messageId];
  const { data, purpose, agentRole }: MappedFacets = { ...service, ...message };
  const agent = agentOf(record, agentRole);
  return {
    event: {
      type: "access",
      ...subjectsOf(message?.subjects ?? []),
      exchange,
      ...(agent === undefined ? {} : { agent }),
      ...(data === undefined ? {} : { data }),
      ...(purpose === undefined ? {} : { purpose }),
      ...(message?.case === undefined ? {} : { case: message.case }),
      ...(record.succeeded === undefined ? {} : { outcome: outcomeOf(record) }),
      time: timeOf(record),
      handling: { origin: ORIGIN },
    },
    // A client may use a message id again for another exchange; it does not do so in the same millisecond.
    key: `${ORIGIN} ${record.messageId} ${record.securityServerType} ${record.requestInTs}`,
  };
}

function exchangeOf(record: OpmonRecord): Exchange {
  return {
    messageId: record.messageId,
    client: path(
      record.clientXRoadInstance,
      record.clientMemberClass,
      record.clientMemberCode,
      record.clientSubsystemCode,
    ),
    service: path(
      record.serviceXRoadInstance,
      record.serviceMemberClass,
      record.serviceMemberCode,
      record.serviceSubsystemCode,
      record.serviceCode,
      record.serviceVersion,
    ),
    side: record.securityServerType === "Client" ? "client" : "provider",
    ...(record.messageIssue ? { issue: record.messageIssue } : {}),
    ...(record.representedPartyCode
      ? { representedParty: path(record.representedPartyClass, record.representedPartyCode) }
      : {}),
  };
}

/** An X-Road identifier: its codes with slashes. A REST path is left out, for it often holds a person's number. */
function path(...codes: (string | undefined)[]): string {
  return codes.filter((code) => code !== undefined && code !== "").join("/");
}

function agentOf(
  { messageUserId: id }: OpmonRecord,
  role: string | undefined,
): { id?: string; role?: string } | undefined {
  if (!id && role === undefined) return undefined;
  return { ...(id ? { id } : {}), ...(role === undefined ? {} : { role }) };
}

/** Only the fault's code is taken over: its text may quote the request. */
function outcomeOf({ succeeded, faultCode }: OpmonRecord): Outcome {
  if (succeeded === true) return { code: "success" };
  const code = faultCode?.endsWith("AccessDenied") === true ? "refused" : "failure";
  return faultCode ? { code, detail: faultCode } : { code };
}

function timeOf({ requestInTs, monitoringDataTs }: OpmonRecord): { occurred: string; recorded?: string } {
  const occurred = new Date(requestInTs).toISOString();
  return monitoringDataTs === undefined
    ? { occurred }
    : { occurred, recorded: new Date(monitoringDataTs * 1000).toISOString() };
}

function subjectsOf(subjects: readonly Subject[]): Record<string, Subject> {
  return Object.fromEntries(
    subjects.flatMap((subject, at) => {
      const name = SUBJECT_FACETS[at];
      return name === undefined ? [] : [[name, subject]];
    }),
  );
}

function matches(pattern: string, service: string): boolean {
  const wanted = pattern.split("/");
  const given = service.split("/");
  return wanted.length === given.length && wanted.every((code, at) => code === "*" || code === given[at]);
}
