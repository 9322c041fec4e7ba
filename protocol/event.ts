import { sha256Base64url } from "#sha256";
import { toBase64url, utf8 } from "./bytes.ts";
import { type Disclosure, formatDisclosure, parseDisclosure, SALT_BYTES } from "./disclosure.ts";
import { FormatError } from "./errors.ts";
import type { Facets, OpenedFacets } from "./facet-values.ts";
import {
  checkFacetName,
  checkFacetNames,
  DECOY,
  type EventType,
  FACET_NAMES,
  type FacetName,
  isEventType,
} from "./facets.ts";
import { leafHash } from "./merkle.ts";
import { DIGEST_COUNTS, parsePayload, type Payload } from "./payload.ts";
import type { Source } from "./source.ts";

/** Longest event (payload and disclosures), in ASCII characters. */
export const MAX_EVENT_LENGTH = 16384;

const MAX_DIGESTS = Math.max(...DIGEST_COUNTS);

/** An event with some of its disclosures. */
export interface ShownEvent {
  readonly payload: Payload;
  /** As signed and hashed. */
  readonly payloadText: string;
  readonly disclosures: readonly Disclosure[];
}

/** An event whose every digest is opened by exactly one disclosure. */
export interface ParsedEvent extends ShownEvent {
  readonly type: EventType;
}

/**
 * Parses an event as it is submitted, `payload~disclosure~...~disclosure~` (RFC 9901 section 4 without the JWT), and
 * checks everything but the facets' values: limits, strict encodings, sorted and padded digests, every digest opened
 * exactly once and nothing else there, good salts, names that belong to the type, each once. Disclosures may come in
 * any order. Throws FormatError.
 */
export function parseEvent(text: string): ParsedEvent {
  const event = parseShownEvent(text);
  const { sd } = event.payload;
  if (event.disclosures.length !== sd.length) {
    throw new FormatError(
      "digest-unopened",
      `the payload has ${sd.length} digests, but ${event.disclosures.length} are opened; send every disclosure, decoys too`,
    );
  }
  const type = shownType(event.disclosures);
  if (type === undefined) throw new FormatError("facet-missing", "every event needs a facet type");
  checkFacetNames(type, event.disclosures.map(({ name }) => name).filter(isFacet));
  return { ...event, type };
}

/**
 * Parses an event with any part of its disclosures, as evidence shows it. What is there obeys the same rules; digests
 * may stay closed, and so may the type. Throws FormatError.
 */
export function parseShownEvent(text: string): ShownEvent {
  if (text.length > MAX_EVENT_LENGTH) {
    throw new FormatError("event-too-large", `an event has at most ${MAX_EVENT_LENGTH} characters`);
  }
  const parts = text.split("~", MAX_DIGESTS + 3);
  const payloadText = parts.shift();
  if (payloadText === undefined || parts.pop() !== "" || parts.length > MAX_DIGESTS) {
    throw new FormatError(
      "event",
      `expected payload~disclosure~...~ with a final tilde and at most ${MAX_DIGESTS} disclosures`,
    );
  }
  const payload = parsePayload(payloadText);
  const disclosures = parts.map(parseDisclosure);
  checkDisclosures(disclosures, payload.sd);
  return { payload, payloadText, disclosures };
}

/** Each disclosure opens a digest of its own, no name but decoy is there twice, and no salt protects two of them. */
function checkDisclosures(disclosures: readonly Disclosure[], digests: readonly string[]): void {
  const opened = new Set<string>();
  const names = new Set<string>();
  const salts = new Set<string>();
  for (const { digest, name, salt } of disclosures) {
    if (!digests.includes(digest)) {
      throw new FormatError("disclosure-unmatched", "a disclosure opens no digest of the payload");
    }
    if (opened.has(digest)) throw new FormatError("disclosure-repeated", "a disclosure is there twice");
    // Once one of them is shown, its salt is known, and the value of the other can be guessed.
    if (salts.has(salt)) throw new FormatError("salt-repeated", "draw a new salt for every disclosure");
    if (name !== DECOY && names.has(name)) {
      throw new FormatError("facet-repeated", `the facet ${name} is there twice`);
    }
    opened.add(digest);
    salts.add(salt);
    names.add(name);
  }
  const type = shownType(disclosures);
  if (type === undefined) return;
  for (const { name } of disclosures) if (isFacet(name)) checkFacetName(type, name);
}

function shownType(disclosures: readonly Disclosure[]): EventType | undefined {
  const type = disclosures.find(({ name }) => name === "type");
  if (type === undefined) return undefined;
  if (!isEventType(type.value)) {
    throw new FormatError("event-type", "the facet type must be one of the event types");
  }
  return type.value;
}

function isFacet(name: FacetName | typeof DECOY): name is FacetName {
  return name !== DECOY;
}

const RANKS: ReadonlyMap<string, number> = new Map(FACET_NAMES.map((name, rank) => [name, rank]));

/**
 * The opened facets by name, decoys left out. Their values still have to pass the schema of the type. The members come in the
 * order of FACET_NAMES, not of the random disclosures: objects of few shapes validate four times as fast.
 */
export function openFacets(event: ShownEvent): OpenedFacets {
  const ranked = event.disclosures.toSorted((a, b) => (RANKS.get(a.name) ?? 0) - (RANKS.get(b.name) ?? 0));
  const facets: { [name in FacetName]?: unknown } = {};
  for (const { name, value } of ranked) if (isFacet(name)) facets[name] = value;
  return facets;
}

/** The payload part of an event's text. */
export function payloadOf(eventText: string): string {
  const end = eventText.indexOf("~");
  return end === -1 ? eventText : eventText.slice(0, end);
}

/** The leaf hash of a payload: in the submission's tree, in the log and in the person's tree alike. */
export function payloadLeafHash(payloadText: string): Uint8Array {
  return leafHash(utf8(payloadText));
}

/** The event's text with only the disclosures that `keep` allows; the digests of the others stay closed. */
export function showEvent(event: ShownEvent, keep: (disclosure: Disclosure) => boolean): string {
  return joinEvent(
    event.payloadText,
    event.disclosures.filter(keep).map(({ text }) => text),
  );
}

export interface EventDraft {
  readonly source: Source;
  readonly seq: number;
  readonly facets: Facets;
  /** Cryptographically secure random bytes, as many as asked for. */
  readonly random: (byteCount: number) => Uint8Array;
}

/**
 * Makes an event: a fresh 128-bit salt for every facet, decoys up to 8, 12 or 16 digests, everything in the order of the
 * digests so that the order tells nothing. The result has passed `parseEvent`. Throws FormatError on facets that can
 * form no event; the values are the caller's to check first.
 */
export function makeEvent(draft: EventDraft): string {
  const facets: (readonly [name: string, value: unknown])[] = Object.entries(draft.facets);
  const count = DIGEST_COUNTS.find((size) => size >= facets.length);
  if (count === undefined) {
    throw new FormatError(
      "too-many-facets",
      `an event has at most ${MAX_DIGESTS} facets; leave out optional ones`,
    );
  }
  const decoys = Array.from({ length: count - facets.length }, () => [DECOY, null] as const);
  const disclosures = [...facets, ...decoys]
    .map(([name, value]) => formatDisclosure(draft.random(SALT_BYTES), name, value))
    .map((text) => ({ text, digest: sha256Base64url(text) }))
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const _sd = disclosures.map(({ digest }) => digest);
  const payload = JSON.stringify({ v: 1, src: draft.source, seq: draft.seq, _sd, _sd_alg: "sha-256" });
  const event = joinEvent(
    toBase64url(utf8(payload)),
    disclosures.map(({ text }) => text),
  );
  parseEvent(event);
  return event;
}

function joinEvent(payload: string, disclosures: readonly string[]): string {
  return `${[payload, ...disclosures].join("~")}~`;
}
