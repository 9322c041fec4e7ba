import { Ajv, type ValidateFunction } from "ajv";
import type { ParsedEvent } from "../../protocol/event.ts";
import { openFacets } from "../../protocol/event.ts";
import { FACETS_SCHEMAS } from "../../protocol/facet-schemas.ts";
import type { Facets } from "../../protocol/facet-values.ts";
import { EVENT_TYPES, type EventType } from "../../protocol/facets.ts";
import { LedgerError } from "../errors.ts";

/** Compiles the schemas once and returns the check of an event's facets. */
export function facetCheck(): (event: ParsedEvent) => Facets {
  const ajv = new Ajv({ strict: true, validateFormats: false, messages: false });
  const validators = new Map<EventType, ValidateFunction<Facets>>(
    EVENT_TYPES.map((type) => [type, ajv.compile<Facets>(FACETS_SCHEMAS[type])]),
  );
  return (event) => {
    const facets: unknown = openFacets(event);
    const validate = validators.get(event.type);
    if (validate?.(facets) !== true) throw violation(event.payload.seq, validate);
    return facets;
  };
}

/** Says where and which rule, never what stood there: that may be personal. */
function violation(seq: number, validate: ValidateFunction<Facets> | undefined): LedgerError {
  const [error] = validate?.errors ?? [];
  const place = error?.instancePath.slice(1).replaceAll("/", ".") ?? "";
  const rule = error?.keyword ?? "type";
  const message = `Event ${seq} breaks the schema of its type: facet ${place === "" ? "names" : place}, rule ${rule}.`;
  return new LedgerError("schema-violation", message, { members: { seq } });
}
