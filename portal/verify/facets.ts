import * as v from "valibot";

import type { OpenedFacets } from "../../protocol/facet-values.ts";
import { EVENT_TYPES } from "../../protocol/facets.ts";

// The ledger refuses other values; whoever tampers on the way does not, so each facet is read before it is shown.
const text = v.string();
const texts = v.array(text);
const law = v.object({ law: text, article: v.optional(text) });
const person = v.object({ scheme: text, id: text, role: v.optional(text) });

const FACETS = {
  type: v.picklist(EVENT_TYPES),
  subject: person,
  "subject.2": person,
  exchange: v.object({
    messageId: text,
    client: text,
    service: text,
    side: v.optional(v.picklist(["client", "provider"])),
  }),
  "agent.role": text,
  data: v.object({ action: v.picklist(["C", "R", "U", "D", "E"]), personalData: texts }),
  outcome: v.object({ code: v.picklist(["success", "refused", "failure"]), detail: v.optional(text) }),
  purpose: v.object({
    procedure: text,
    legalBasis: v.optional(law),
    consent: v.optional(text),
    description: v.optional(text),
  }),
  case: text,
  time: v.object({ occurred: text, recorded: v.optional(text) }),
  explanation: v.object({ vi: v.optional(text), en: v.optional(text) }),
  handling: v.object({
    emergency: v.optional(v.boolean()),
    notify: v.optional(v.boolean()),
    origin: v.optional(text),
  }),
  rule: v.object({
    id: text,
    version: text,
    inputs: v.optional(v.record(text, v.nullable(v.union([text, v.number(), v.boolean()])))),
  }),
  consent: v.object({
    id: text,
    state: text,
    recipients: v.optional(texts),
    personalData: v.optional(texts),
    procedures: v.optional(texts),
    validUntil: v.optional(text),
    indicatedBy: v.optional(text),
  }),
  mandate: v.object({
    id: text,
    state: text,
    basis: v.optional(text),
    procedures: v.optional(texts),
    validUntil: v.optional(text),
  }),
  complaint: v.object({
    id: text,
    state: text,
    leaf: v.optional(text),
    text: v.optional(text),
    agency: v.optional(text),
    outcome: v.optional(text),
  }),
  inspection: v.object({
    id: text,
    state: text,
    authority: text,
    finding: v.optional(v.object({ id: text, state: text })),
    review: v.optional(v.object({ outcome: text })),
    notification: v.optional(v.object({ recipient: text })),
    note: v.optional(text),
  }),
  seal: v.object({ authority: text, until: text, legalBasis: v.optional(law) }),
  erasure: v.object({ authority: text, legalBasis: v.optional(law), reason: v.optional(text) }),
};

const SHOWN = v.object({
  type: v.optional(FACETS.type),
  subject: v.optional(FACETS.subject),
  "subject.2": v.optional(FACETS["subject.2"]),
  exchange: v.optional(FACETS.exchange),
  "agent.role": v.optional(FACETS["agent.role"]),
  data: v.optional(FACETS.data),
  outcome: v.optional(FACETS.outcome),
  purpose: v.optional(FACETS.purpose),
  case: v.optional(FACETS.case),
  time: v.optional(FACETS.time),
  explanation: v.optional(FACETS.explanation),
  handling: v.optional(FACETS.handling),
  rule: v.optional(FACETS.rule),
  consent: v.optional(FACETS.consent),
  mandate: v.optional(FACETS.mandate),
  complaint: v.optional(FACETS.complaint),
  inspection: v.optional(FACETS.inspection),
  seal: v.optional(FACETS.seal),
  erasure: v.optional(FACETS.erasure),
});

/** The facets of an event as the pages show them. */
export type ShownFacets = v.InferOutput<typeof SHOWN>;

/** Reads the facets that the pages know; one that is not as it should be is left out. */
export function readFacets(opened: OpenedFacets): ShownFacets {
  const whole = v.safeParse(SHOWN, opened);
  if (whole.success) return whole.output;
  const faulty = new Set(whole.issues.map(({ path }) => path?.[0].key));
  const rest = Object.fromEntries(Object.entries(opened).filter(([name]) => !faulty.has(name)));
  const read = v.safeParse(SHOWN, rest);
  return read.success ? read.output : {};
}
