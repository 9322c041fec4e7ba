import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { FormatError } from "../protocol/errors.ts";
import { PLAIN_EVENT_SCHEMAS } from "../protocol/facet-schemas.ts";
import type { Facets, PlainEvent } from "../protocol/facet-values.ts";
import { EVENT_TYPES, isEventType, type EventType } from "../protocol/facets.ts";
import { isJsonObject } from "../protocol/json.ts";
import { facetsOfPlainEvent } from "../protocol/plain-event.ts";
import { RecorderError } from "./errors.ts";

/** Types no client records: the recorder or the ledger makes these events itself. */
const MADE_BY_THE_SYSTEM: readonly EventType[] = ["equivocation", "heartbeat", "tombstone"];
const RECORDABLE = EVENT_TYPES.filter((type) => !MADE_BY_THE_SYSTEM.includes(type));

const ajv = new Ajv({ allErrors: false, strict: false });
const validators = new Map<EventType, ValidateFunction<PlainEvent>>();

/**
 * The facets of a plain event. Throws `invalid-event`: `facet` is the faulty facet with the path inside it
 * (`data.action`), the message says what it must be. Neither repeats a value of the event.
 */
export function facetsOf(value: unknown): Facets {
  if (!isJsonObject(value))
    throw invalid(undefined, 'an event is one JSON object, such as {"type":"access", ...}');
  const { type } = value;
  if (!isEventType(type) || !RECORDABLE.includes(type)) {
    throw invalid("type", `must be one of ${RECORDABLE.join(", ")}`);
  }
  const isPlainEvent = validatorOf(type);
  if (!isPlainEvent(value)) throw explain(isPlainEvent.errors ?? [], type);
  try {
    return facetsOfPlainEvent(value);
  } catch (cause) {
    if (cause instanceof FormatError) throw invalid("agent.id", cause.message, cause);
    throw cause;
  }
}

/** The same for one of several events; the error carries the event's place among them. */
export function facetsAt(value: unknown, position: number): Facets {
  try {
    return facetsOf(value);
  } catch (error) {
    if (!(error instanceof RecorderError)) throw error;
    throw new RecorderError(error.code, `event ${position}: ${error.message}`, {
      ...(error.facet === undefined ? {} : { facet: error.facet }),
      position,
      cause: error.cause,
    });
  }
}

function validatorOf(type: EventType): ValidateFunction<PlainEvent> {
  const known = validators.get(type);
  if (known !== undefined) return known;
  const compiled = ajv.compile<PlainEvent>(PLAIN_EVENT_SCHEMAS[type]);
  validators.set(type, compiled);
  return compiled;
}

function explain(errors: readonly ErrorObject[], type: EventType): RecorderError {
  // For alternatives (a subject's schemes) ajv lists each and then the whole; the whole names the facet.
  const error = errors.find(({ keyword }) => keyword === "anyOf") ?? errors[0];
  if (error === undefined) return invalid(undefined, `is no event of type ${type}`);
  const facet = error.instancePath.slice(1).replaceAll("/", ".");
  const inside = (name: unknown) => (facet === "" ? nameOf(name) : `${facet}.${nameOf(name)}`);
  switch (error.keyword) {
    case "required":
      return invalid(
        inside(error.params["missingProperty"]),
        `is missing; an event of type ${type} needs it`,
      );
    case "additionalProperties":
      return invalid(
        inside(error.params["additionalProperty"]),
        `is unknown in an event of type ${type}; leave it out`,
      );
    case "enum":
      return invalid(facet, `must be one of ${String(error.params["allowedValues"]).replaceAll(",", ", ")}`);
    case "pattern":
      return invalid(facet, patternRule(facet));
    case "anyOf":
      return invalid(facet, facet.startsWith("subject") ? SUBJECT_RULE : "has none of the allowed forms");
    default:
      return invalid(facet, error.message ?? "is not as the schema says");
  }
}

const SUBJECT_RULE =
  "must be {scheme, id} with the id as its scheme writes it: vn-cccd 12 digits, vn-cmnd 9 digits, vn-passport a letter and 7 digits, " +
  "passport ISO3:NUMBER, vn-newborn NNNNN.GCS.NNNNN.NN; a role, if given, must be one of the listed ones";

function patternRule(facet: string): string {
  if (/(?:^time\.|valid(?:From|Until)$|until$)/.test(facet)) {
    return "must be an RFC 3339 time with its offset, such as 2026-11-21T09:30:00+07:00";
  }
  return "has a character or form that is not allowed here: no control characters, and no run of 12 digits in a text (a person's number belongs into subject)";
}

/** A member's name as the client wrote it, unless it could be anything but a name. */
function nameOf(name: unknown): string {
  return typeof name === "string" && /^[A-Za-z][A-Za-z0-9.-]{0,40}$/.test(name) ? name : "(a member)";
}

function invalid(facet: string | undefined, rule: string, cause?: unknown): RecorderError {
  const message = facet === undefined ? rule : `${facet} ${rule}`;
  return new RecorderError("invalid-event", message, { ...(facet === undefined ? {} : { facet }), cause });
}
