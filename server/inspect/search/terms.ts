import { createHmac } from "node:crypto";
import { agencyOfSide } from "../../../protocol/exchange.ts";
import type { OpenedFacets } from "../../../protocol/facet-values.ts";
import { isJsonObject } from "../../../protocol/json.ts";
import { type Source, splitSource } from "../../../protocol/source.ts";
import { TAG_BYTES, TAG_KINDS } from "../../../protocol/tag-kinds.ts";

/*
 * What events are searched by. The search database holds terms as keyed hashes only: neither a case number nor an official's name can be read
 * in it or guessed from it without the operator's pepper, so an erasure need not look there.
 */

/** Kinds of terms, by the byte they are stored with. */
const TERM_KINDS = {
  agency: 1,
  official: 2,
  procedure: 3,
  case: 4,
  type: 5,
  outcome: 6,
  emergency: 7,
} as const;
export type TermKind = keyof typeof TERM_KINDS;

export interface Term {
  readonly kind: TermKind;
  readonly text: string;
}

/** A term as it is stored: u8 kind, then 16 bytes of its hash, a character each. */
export type StoredTerm = string;
export const TERM_BYTES = 17;

/** Types of events that a tag tells of, so that they are found even when their contents were erased before they were read. */
const TYPES_BY_TAG: ReadonlyMap<number, string> = new Map([
  [TAG_KINDS.consentAct, "consent"],
  [TAG_KINDS.mandateAct, "mandate"],
  [TAG_KINDS.complaintAct, "complaint"],
  [TAG_KINDS.inspectionAct, "inspection"],
  [TAG_KINDS.sealAct, "seal"],
  [TAG_KINDS.erasureAct, "erasure"],
  [TAG_KINDS.catalogueAct, "catalogue"],
  [TAG_KINDS.objectionMade, "objection"],
  [TAG_KINDS.objectionWithdrawn, "objection"],
]);

/** Mark of an emergency: there is nothing more to say about it. */
export const EMERGENCY: Term = { kind: "emergency", text: "" };

/** The terms of an event but the official: who recorded it, who asked, who answered, and what it says of itself. */
export function termsOf(source: Source, facets: OpenedFacets): Term[] {
  const terms: Term[] = agenciesOf(source, facets).map((text) => ({ kind: "agency", text }));
  const { type, purpose, outcome, handling } = facets;
  const add = (kind: TermKind, text: unknown): void => {
    if (typeof text === "string") terms.push({ kind, text });
  };
  add("type", type);
  add("procedure", memberOf(purpose, "procedure"));
  add("case", facets.case);
  add("outcome", memberOf(outcome, "code"));
  if (memberOf(handling, "emergency") === true) terms.push(EMERGENCY);
  return terms;
}

/** The terms that the tags of an event give, whether it was erased or not. The official's tag is its term. */
export function termsOfTags(tags: Uint8Array): { readonly terms: Term[]; readonly officials: StoredTerm[] } {
  const terms: Term[] = [];
  const officials: StoredTerm[] = [];
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    const kind = tags[at] ?? 0;
    const type = TYPES_BY_TAG.get(kind);
    if (type !== undefined) terms.push({ kind: "type", text: type });
    if (kind === TAG_KINDS.emergency) terms.push(EMERGENCY);
    if (kind === TAG_KINDS.official) officials.push(officialTerm(tags.subarray(at + 1, at + TAG_BYTES)));
  }
  return { terms, officials };
}

/** The term of an official, by the 32 bytes of the tag that the records keep. */
export function officialTerm(tag: Uint8Array): StoredTerm {
  return storedTerm("official", Buffer.from(tag.buffer, tag.byteOffset, tag.byteLength));
}

/** The agencies that know of an event: the one that recorded it, and both sides of its exchange. Each once. */
function agenciesOf(source: Source, { exchange }: OpenedFacets): string[] {
  const agencies = new Set([splitSource(source).agency]);
  for (const side of ["client", "service"]) {
    const agency = sideAgency(exchange, side);
    if (agency !== undefined) agencies.add(agency);
  }
  return [...agencies];
}

/** The agency that an exchange names on a side. */
export function sideAgency(exchange: unknown, side: string): string | undefined {
  const path = memberOf(exchange, side);
  return typeof path === "string" ? agencyOfSide(path) : undefined;
}

export function memberOf(value: unknown, name: string): unknown {
  return isJsonObject(value) ? value[name] : undefined;
}

/** Hashes kept, of what many events say alike. */
const KEPT = 8192;

/** The key of the hashes: another one than that of the tags, from the same secret. */
export function searchKey(pepper: Uint8Array): Uint8Array {
  return createHmac("sha256", pepper).update("minhbach/search/v1").digest();
}

/** How terms are stored under a key (`searchKey`): HMAC-SHA256 over `u8 kind || text`, its first 16 bytes. */
export function termHasher(key: Uint8Array): (term: Term) => StoredTerm {
  const kept = new Map<string, StoredTerm>();
  return ({ kind, text }) => {
    const name = `${kind} ${text}`;
    const known = kept.get(name);
    if (known !== undefined) return known;
    const hash = createHmac("sha256", key).update(Buffer.of(TERM_KINDS[kind])).update(text).digest();
    const made = storedTerm(kind, hash);
    // Cases are many and seen once or twice: all go, and what is frequent is soon back.
    if (kept.size >= KEPT) kept.clear();
    kept.set(name, made);
    return made;
  };
}

function storedTerm(kind: TermKind, hash: Buffer): StoredTerm {
  return String.fromCharCode(TERM_KINDS[kind]) + hash.toString("latin1", 0, TERM_BYTES - 1);
}
