import { sha256Base64url } from "#sha256";
import { toBase64url, utf8 } from "../../../protocol/bytes.ts";
import { formatDisclosure, parseDisclosure } from "../../../protocol/disclosure.ts";
import { makeEvent, MAX_EVENT_LENGTH, parseEvent } from "../../../protocol/event.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { EVENT_TYPES, SUBJECT_FACETS } from "../../../protocol/facets.ts";
import { MAX_PAYLOAD_LENGTH } from "../../../protocol/payload.ts";
import { FACETS, sampleEvent, seededRandom, SOURCE } from "../../protocol/samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("events", "event");
const random = seededRandom("event vectors");
const SALT = "A".repeat(22);

const json = (text: string) => toBase64url(utf8(text));
const encode = (value: unknown) => json(JSON.stringify(value));
const decoy = () => formatDisclosure(random(16), "decoy", null);
const join = (payload: string, texts: readonly string[]) => `${[payload, ...texts].join("~")}~`;

const event = sampleEvent(1042);
const { payload, payloadText, disclosures: opened } = parseEvent(event);
const disclosures = opened.map(({ text }) => text);
const [first = "", ...others] = disclosures;

/** The sample's payload with some members changed, in front of its own disclosures. */
const withPayload = (change: object) => {
  const members = { v: 1, src: SOURCE, seq: 1042, _sd: payload.sd, _sd_alg: "sha-256" };
  return join(encode({ ...members, ...change }), disclosures);
};

/** An event that commits to exactly these disclosures, whatever they are. */
const eventOf = (texts: readonly string[]) => {
  const _sd = texts.map(sha256Base64url).sort();
  return join(encode({ v: 1, src: SOURCE, seq: 1, _sd, _sd_alg: "sha-256" }), texts);
};

const typeFacet = formatDisclosure(random(16), "type", "tombstone");
const tombstoneFacet = formatDisclosure(random(16), "tombstone", { reason: "schema" });
/** A tombstone, six of whose disclosures are decoys or the ones given. */
const tombstone = (...extra: readonly string[]) =>
  eventOf([typeFacet, tombstoneFacet, ...extra, ...Array.from({ length: 6 - extra.length }, decoy)]);
const facet = (name: unknown, value: unknown) => encode([SALT, name, value]);
const spare = (value: string) => json(`["${SALT}","time",${value}]`);

const subjects: Partial<Facets> = Object.fromEntries(
  SUBJECT_FACETS.slice(1).map((name, at) => [
    name,
    { scheme: "vn-cccd", id: `00109901234${at}`, role: "household" },
  ]),
);

export const EVENTS: readonly Vector[] = [
  ...EVENT_TYPES.map((type) =>
    valid(
      `one ${type}`,
      makeEvent({
        ...{ source: SOURCE, seq: 1, facets: FACETS[type] },
        // It came later, and what was drawn before stays as it was.
        random: type === "objection" ? seededRandom("an objection") : random,
      }),
    ),
  ),
  valid(
    "sixteen digests",
    makeEvent({ source: SOURCE, seq: 9, facets: { ...subjects, ...FACETS.access }, random }),
  ),
  valid(
    "twelve digests",
    makeEvent({ source: SOURCE, seq: 9, facets: { ...FACETS.access, case: "H17.11-251010-0001" }, random }),
  ),
  valid(
    "the largest number",
    makeEvent({ source: SOURCE, seq: Number.MAX_SAFE_INTEGER, facets: FACETS.heartbeat, random }),
  ),
  valid("disclosures in another order", join(payloadText, disclosures.toReversed())),
  valid(
    "payload with spaces and in another order",
    join(
      json(
        JSON.stringify({ _sd_alg: "sha-256", _sd: payload.sd, seq: 1042, src: SOURCE, v: 1 }, undefined, 2),
      ),
      disclosures,
    ),
  ),
  valid(
    "a value written with escapes",
    tombstone(json(`[ "${SALT}" , "time",\n{"occurred":"2026-11-22T08:00:00\\u005a"}]`)),
  ),
  valid("a salt of 64 bytes", tombstone(formatDisclosure(random(64), "decoy", null))),

  invalid("event", "nothing", ""),
  invalid("event", "no final tilde", event.slice(0, -1)),
  invalid("event", "a key binding JWT behind the final tilde", `${event}eyJ`),
  invalid("event", "seventeen disclosures", join(payloadText, new Array<string>(17).fill(first))),
  invalid("json", "no payload", join("", disclosures)),
  invalid("json", "an empty disclosure", `${event}~`),
  invalid("event-too-large", "16385 characters", `${"A".repeat(MAX_EVENT_LENGTH)}~`),
  invalid("payload-too-large", "4097 characters", `${"A".repeat(MAX_PAYLOAD_LENGTH + 1)}~`),
  invalid("base64url", "padding in a disclosure", join(payloadText, [...others, `${first}=`])),
  invalid("base64url", "a line break behind the payload", join(`${payloadText}\n`, disclosures)),
  invalid("base64url", "the standard alphabet", tombstone("W+/+")),
  invalid("base64url", "trailing bits", tombstone("W11")),

  invalid("payload", "another version", withPayload({ v: 2 })),
  invalid("payload", "a version in text", withPayload({ v: "1" })),
  invalid("payload", "no source", withPayload({ src: undefined })),
  invalid("payload", "a bad source", withPayload({ src: "QN/r1" })),
  invalid("payload", "number 0", withPayload({ seq: 0 })),
  invalid("payload", "a number in text", withPayload({ seq: "1" })),
  invalid("payload", "a fractional number", withPayload({ seq: 1.5 })),
  invalid("payload", "a number beyond 2 to the 53", withPayload({ seq: 2 ** 53 })),
  invalid("payload", "another digest algorithm", withPayload({ _sd_alg: "sha-512" })),
  invalid("payload", "no digest algorithm", withPayload({ _sd_alg: undefined })),
  invalid("payload", "an unknown member", withPayload({ cnf: {} })),
  invalid("payload", "digests in an object", withPayload({ _sd: {} })),
  invalid("payload", "an array", join(encode([1, 2, 3, 4, 5]), disclosures)),
  invalid("payload", "null", join(encode(null), disclosures)),
  invalid("json-duplicate-key", "a number twice", join(json(`{"seq":1,"seq":2}`), disclosures)),
  invalid("json-depth", "a deep payload", withPayload({ _sd: [[[]]] })),
  invalid("digests-unpadded", "no digests", withPayload({ _sd: [] })),
  invalid("digests-unpadded", "seven digests", withPayload({ _sd: payload.sd.slice(1) })),
  invalid("digests-unsorted", "descending", withPayload({ _sd: payload.sd.toReversed() })),
  invalid(
    "digests-unsorted",
    "a digest twice",
    withPayload({ _sd: payload.sd.with(7, payload.sd[6] ?? "") }),
  ),
  invalid("digests", "a number", withPayload({ _sd: [...payload.sd.slice(1), 1] })),
  invalid("digests", "too short", withPayload({ _sd: payload.sd.with(7, "_") })),
  invalid("digests", "trailing bits", withPayload({ _sd: payload.sd.with(7, "_".repeat(43)) })),

  invalid("digest-unopened", "one disclosure is missing", join(payloadText, others)),
  invalid("disclosure-unmatched", "another disclosure instead", join(payloadText, [...others, decoy()])),
  invalid("disclosure-unmatched", "one disclosure too many", join(payloadText, [...disclosures, decoy()])),
  invalid("disclosure-repeated", "instead of another", join(payloadText, [...others, others[0] ?? ""])),
  invalid("disclosure-repeated", "one too many", join(payloadText, [...disclosures, first])),
  invalid("disclosure", "two parts", tombstone(encode([SALT, "decoy"]))),
  invalid("disclosure", "four parts", tombstone(encode([SALT, "decoy", null, null]))),
  invalid("disclosure", "an object", tombstone(encode({ length: 3 }))),
  invalid("decoy", "with a value", tombstone(facet("decoy", "hidden"))),
  invalid("salt", "fifteen bytes", tombstone(formatDisclosure(random(15), "decoy", null))),
  invalid("salt", "sixty-five bytes", tombstone(formatDisclosure(random(65), "decoy", null))),
  invalid("salt", "not base64url", tombstone(encode(["not base64url at all!", "decoy", null]))),
  invalid("salt", "trailing bits", tombstone(encode([`${"A".repeat(21)}B`, "decoy", null]))),
  invalid("salt", "a number", tombstone(encode([123456789012345, "decoy", null]))),
  invalid("salt-repeated", "two facets under one salt", tombstone(facet("decoy", null), facet("time", {}))),
  invalid(
    "event-type",
    "an unknown type",
    eventOf([facet("type", "theft"), tombstoneFacet, ...Array.from({ length: 6 }, decoy)]),
  ),
  invalid(
    "event-type",
    "an object",
    eventOf([facet("type", {}), tombstoneFacet, ...Array.from({ length: 6 }, decoy)]),
  ),
  invalid("facet-missing", "no type", eventOf([tombstoneFacet, ...Array.from({ length: 7 }, decoy)])),
  invalid(
    "facet-missing",
    "no tombstone in a tombstone",
    eventOf([typeFacet, ...Array.from({ length: 7 }, decoy)]),
  ),
  invalid(
    "facet-missing",
    "subject 3 without subject 2",
    eventOf([
      ...disclosures.filter((text) => parseDisclosure(text).name !== "agent.id"),
      facet("subject.3", { scheme: "vn-cccd", id: "001099012345" }),
    ]),
  ),
  invalid("facet-repeated", "a facet twice", tombstone(facet("tombstone", { reason: "x" }))),
  invalid("facet-repeated", "two types", tombstone(facet("type", "access"))),
  invalid("facet-unknown", "a name nobody knows", tombstone(facet("name", "An"))),
  invalid("facet-unknown", "a facet of another type", tombstone(facet("case", "H17"))),
  invalid("facet-unknown", "a name that is a number", tombstone(facet(1, null))),
  invalid("facet-unknown", "an inherited name", tombstone(facet("toString", null))),
  invalid("facet-nested", "digests in the value", tombstone(facet("time", { _sd: ["x"] }))),
  invalid("facet-nested", "a digest in an array", tombstone(facet("time", [{ "...": "x" }]))),
  invalid("facet-nested", "digests behind an escape", tombstone(spare(`{"a":{"\\u005fsd":[]}}`))),
  invalid("json-duplicate-key", "in a value", tombstone(spare(`{"a":1,"a":2}`))),
  invalid("json-lone-surrogate", "in a value", tombstone(spare(`"\\ud800"`))),
  invalid("json-number", "a number that overflows", tombstone(spare("1e999"))),
  invalid("json-depth", "a deep value", tombstone(spare("[".repeat(8) + "]".repeat(8)))),
  invalid("utf8", "a disclosure that is not UTF-8", tombstone(toBase64url(Uint8Array.of(0x5b, 0xff, 0x5d)))),
];
