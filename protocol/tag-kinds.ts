import type { EventType } from "./facets.ts";
import { INDEX_KINDS } from "./index-tree.ts";

/**
 * The kinds of the tags that the ledger keeps with each event's key, by the byte that stands before a tag's 32 bytes. Kinds up to 15
 * are looked up in the index tree; the others relate events to each other. They are stored: a number is never reused.
 */
export const TAG_KINDS = {
  // HMAC of an index key (see index-keys.ts).
  ...INDEX_KINDS,
  // HMAC of what names the exchange (see exchange.ts), the same bytes for both halves.
  clientHalf: 16,
  providerHalf: 17,
  // The leaf hash, as it is, of an event that this one seals, lifts the seal of, or erases.
  seals: 18,
  lifts: 19,
  erases: 20,
  // Marks of events that are looked for and rare: 32 zero bytes, the kind says it all.
  consentAct: 21,
  mandateAct: 22,
  complaintAct: 23,
  inspectionAct: 24,
  sealAct: 25,
  erasureAct: 26,
  emergency: 27,
  catalogueAct: 28,
  // HMAC of a person and a procedure (see objection.ts), the same bytes for both: it is told apart by the kind whether they object.
  objectionMade: 29,
  objectionWithdrawn: 30,
} as const;

/** A tag as it is stored: u8 kind, then 32 bytes. */
export const TAG_BYTES = 33;

const MARKS_OF_TYPE: Readonly<Partial<Record<EventType, number>>> = {
  consent: TAG_KINDS.consentAct,
  mandate: TAG_KINDS.mandateAct,
  complaint: TAG_KINDS.complaintAct,
  inspection: TAG_KINDS.inspectionAct,
  seal: TAG_KINDS.sealAct,
  erasure: TAG_KINDS.erasureAct,
  catalogue: TAG_KINDS.catalogueAct,
};

/** The kinds of the marks that an event carries. */
export function markKinds(type: EventType, isEmergency: boolean): readonly number[] {
  return [MARKS_OF_TYPE[type], isEmergency ? TAG_KINDS.emergency : undefined].filter(
    (kind) => kind !== undefined,
  );
}
