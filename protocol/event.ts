import { sha256Base64url } from "#sha256";
import { fromBase64url, fromUtf8, toBase64url, utf8 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import type { Facets, OpenedFacets } from "./facet-values.ts";
import {
  checkFacetName,
  checkFacetNames,
  DECOY,
  type EventType,
  type FacetName,
  isEventType,
  isFacetName,
} from "./facets.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";
import { leafHash } from "./merkle.ts";
import { isSource, type Source } from "./source.ts";

/** Longest payload, in ASCII characters. */
export const MAX_PAYLOAD_LENGTH = 4096;
/** Longest event (payload and disclosures), in ASCII characters. */
export const MAX_EVENT_LENGTH = 16384;
/** The first number of every source. */
export const FIRST_SEQ = 1;
/** How many digests a payload may have, so that their number tells little. */
export const DIGEST_COUNTS = [8, 12, 16] as const;

const MAX_DIGESTS = 16;
const MAX_PAYLOAD_DEPTH = 2;
const MAX_DISCLOSURE_DEPTH = 8;
const SALT_BYTES = 16;
const MAX_SALT_BYTES = 64;
const PAYLOAD_MEMBERS = 5;
const SHA256_BASE64URL = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** The public part of an event. */
export interface Payload {
  readonly v: 1;
  readonly src: Source;
  readonly seq: number;
  /** Digests of the disclosures, strictly ascending. */
  readonly sd: readonly string[];
}

/** One openable part of an event. */
export interface Disclosure {
  /** As sent: base64url of the JSON `[salt, name, value]`. */
  readonly text: string;
  /** base64url of SHA-256 over the ASCII of `text`. */
  readonly digest: string;
  readonly salt: string;
  readonly name: FacetName | typeof DECOY;
  readonly value: unknown;
}

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
 * exactly once and nothing else there, good salts, names that belong to the type, each once. Disclosures may come in any order.
 * Throws FormatError.
 */
export function parseEvent(text: string): ParsedEvent {
  const event = parseShownEvent(text);
  const opened = event.disclosures.length;
  if (opened !== event.payload.sd.length) {
    throw new FormatError(
      "digest-unopened",
      `the payload has ${event.payload.sd.length} digests, but only ${opened} are opened; send every disclosure, decoys too`,
    );
  }
  const names: FacetName[] = [];
  let type: EventType | undefined;
  for (const { name, value } of event.disclosures) {
    if (name === DECOY) continue;
    names.push(name);
    if (name === "type") type = parseType(value);
  }
  if (type === undefined) throw new FormatError("facet-missing", "every event needs a facet type");
  checkFacetNames(type, names);
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

/** Parses a payload alone, as log entries hold it. Throws FormatError. */
export function parsePayload(text: string): Payload {
  if (text.length > MAX_PAYLOAD_LENGTH) {
    throw new FormatError("payload-too-large", `a payload has at most ${MAX_PAYLOAD_LENGTH} characters`);
  }
  const value = parseStrictJson(fromUtf8(fromBase64url(text)), { maxDepth: MAX_PAYLOAD_DEPTH });
  if (!isJsonObject(value) || Object.keys(value).length !== PAYLOAD_MEMBERS) throw badPayload();
  const { v, src, seq, _sd, _sd_alg } = value;
  if (v !== 1 || _sd_alg !== "sha-256" || !isSource(src) || !isSeq(seq)) throw badPayload();
  return { v, src, seq, sd: parseDigests(_sd) };
}

/** Whether a value can be the number of an event. */
export function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= FIRST_SEQ;
}

function parseDigests(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw badPayload();
  if (!DIGEST_COUNTS.some((count) => count === value.length)) {
    throw new FormatError("digests-unpadded", `pad _sd with decoys to ${DIGEST_COUNTS.join(", ")} digests`);
  }
  let previous = "";
  const digests: string[] = [];
  for (const digest of value) {
    if (typeof digest !== "string" || !SHA256_BASE64URL.test(digest)) {
      throw new FormatError("digests", "every digest in _sd must be the base64url of a SHA-256 hash");
    }
    if (digest <= previous) {
      throw new FormatError(
        "digests-unsorted",
        "the digests in _sd must be sorted by their characters, each once",
      );
    }
    previous = digest;
    digests.push(digest);
  }
  return digests;
}

function parseDisclosure(text: string): Disclosure {
  const value = parseStrictJson(fromUtf8(fromBase64url(text)), { maxDepth: MAX_DISCLOSURE_DEPTH });
  if (!Array.isArray(value) || value.length !== 3) {
    throw new FormatError("disclosure", "a disclosure must be the JSON array [salt, name, value]");
  }
  const [salt, name, content]: unknown[] = value;
  return {
    text,
    digest: sha256Base64url(text),
    salt: parseSalt(salt),
    name: parseName(name, content),
    value: content,
  };
}

function parseSalt(salt: unknown): string {
  if (typeof salt === "string") {
    const bytes = saltBytes(salt);
    if (bytes !== undefined && bytes >= SALT_BYTES && bytes <= MAX_SALT_BYTES) return salt;
  }
  throw new FormatError(
    "salt",
    `a salt must be the base64url of ${SALT_BYTES} to ${MAX_SALT_BYTES} random bytes`,
  );
}

function saltBytes(salt: string): number | undefined {
  try {
    return fromBase64url(salt).length;
  } catch {
    return undefined;
  }
}

function parseName(name: unknown, value: unknown): FacetName | typeof DECOY {
  if (name === DECOY) {
    if (value !== null) throw new FormatError("decoy", 'a decoy must be [salt, "decoy", null]');
    return DECOY;
  }
  if (!isFacetName(name))
    throw new FormatError("facet-unknown", "a disclosure has a name that is no facet's");
  refuseNesting(value);
  return name;
}

/** RFC 9901 lets values hold digests of further disclosures; ours are flat, and no reader may be led to think otherwise. */
function refuseNesting(value: unknown): void {
  if (Array.isArray(value)) {
    value.forEach(refuseNesting);
  } else if (isJsonObject(value)) {
    for (const key of Object.keys(value)) {
      if (key === "_sd" || key === "_sd_alg" || key === "...") {
        throw new FormatError(
          "facet-nested",
          "the value of a facet must not hold digests of further disclosures",
        );
      }
      refuseNesting(value[key]);
    }
  }
}

function parseType(value: unknown): EventType {
  if (!isEventType(value))
    throw new FormatError("event-type", "the facet type must be one of the event types");
  return value;
}

/** Each disclosure opens a digest of its own, no name but decoy is there twice, and no salt protects two of them. */
function checkDisclosures(disclosures: readonly Disclosure[], digests: readonly string[]): void {
  const expected = new Set(digests);
  const opened = new Set<string>();
  const names = new Set<string>();
  const salts = new Set<string>();
  let type: EventType | undefined;
  for (const { digest, name, salt, value } of disclosures) {
    if (!expected.has(digest)) {
      throw new FormatError("disclosure-unmatched", "a disclosure opens no digest of the payload");
    }
    if (opened.has(digest)) throw new FormatError("disclosure-repeated", "a disclosure is there twice");
    if (salts.has(salt)) throw new FormatError("salt-repeated", "draw a new salt for every disclosure");
    if (name !== DECOY && names.has(name)) {
      throw new FormatError("facet-repeated", `the facet ${name} is there twice`);
    }
    opened.add(digest);
    salts.add(salt);
    names.add(name);
    if (name === "type") type = parseType(value);
  }
  if (type === undefined) return;
  for (const { name } of disclosures) if (name !== DECOY) checkFacetName(type, name);
}

/** The opened facets by name, decoys left out. Their values still have to pass the schema of the type. */
export function openFacets(event: ShownEvent): OpenedFacets {
  const facets: { [name in FacetName]?: unknown } = {};
  for (const { name, value } of event.disclosures) if (name !== DECOY) facets[name] = value;
  return facets;
}

/** The payload part of an event's text, which is what is hashed, signed and published. */
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
  const opened: (readonly [name: string, value: unknown])[] = Object.entries(draft.facets);
  const count = DIGEST_COUNTS.find((size) => size >= opened.length);
  if (count === undefined) {
    throw new FormatError(
      "too-many-facets",
      `an event has at most ${MAX_DIGESTS} facets; leave out optional ones`,
    );
  }
  const decoys = Array.from({ length: count - opened.length }, () => [DECOY, null] as const);
  const disclosures = [...opened, ...decoys]
    .map(([name, value]) => encodeJson([toBase64url(draft.random(SALT_BYTES)), name, value]))
    .map((text) => ({ text, digest: sha256Base64url(text) }))
    .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const payload = encodeJson({
    v: 1,
    src: draft.source,
    seq: draft.seq,
    _sd: disclosures.map(({ digest }) => digest),
    _sd_alg: "sha-256",
  });
  const event = joinEvent(
    payload,
    disclosures.map(({ text }) => text),
  );
  parseEvent(event);
  return event;
}

function joinEvent(payload: string, disclosures: readonly string[]): string {
  return `${[payload, ...disclosures].join("~")}~`;
}

function encodeJson(value: object): string {
  return toBase64url(utf8(JSON.stringify(value)));
}

function badPayload(): FormatError {
  return new FormatError(
    "payload",
    `a payload must be {"v":1,"src":source,"seq":number from ${FIRST_SEQ},"_sd":[...],"_sd_alg":"sha-256"} and nothing else`,
  );
}
