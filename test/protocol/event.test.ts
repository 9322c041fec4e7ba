import { expect } from "chai";
import fc from "fast-check";
import { sha256Base64url } from "#sha256";
import { toBase64url, utf8 } from "../../protocol/bytes.ts";
import { type Disclosure, formatDisclosure, parseDisclosure } from "../../protocol/disclosure.ts";
import {
  makeEvent,
  openFacets,
  parseEvent,
  parseShownEvent,
  payloadLeafHash,
  payloadOf,
  showEvent,
} from "../../protocol/event.ts";
import type { Facets, Subject } from "../../protocol/facet-values.ts";
import { EVENT_TYPES } from "../../protocol/facets.ts";
import { leafHash } from "../../protocol/merkle.ts";
import published from "../vectors/published/rfc9901-disclosures.json" with { type: "json" };
import { codeOf, expectCode } from "./expect-code.ts";
import { FACETS, sampleEvent, seededRandom, SOURCE } from "./samples.ts";

const encode = (value: unknown) => toBase64url(utf8(JSON.stringify(value)));
const event = sampleEvent(1042);
const parsed = parseEvent(event);
const [payloadText = "", ...rest] = event.split("~");
const disclosures = rest.slice(0, -1);
const join = (payload: string, texts: readonly string[]) => `${[payload, ...texts].join("~")}~`;

/** An event that commits to exactly these disclosures, whatever they are; `change` edits the payload. */
function eventOf(texts: readonly string[], change: Record<string, unknown> = {}): string {
  const _sd = texts.map(sha256Base64url).sort();
  return join(encode({ v: 1, src: SOURCE, seq: 1, _sd, _sd_alg: "sha-256", ...change }), texts);
}

const salt = seededRandom("spare");
/** A decoy of the sample's that can be replaced without hurting the required facets. */
const minimal = parseEvent(
  makeEvent({ source: SOURCE, seq: 1, facets: FACETS.tombstone, random: seededRandom("t") }),
);
const textsOf = (shown: readonly Disclosure[]) => shown.map(({ text }) => text);
const minimalFacets = textsOf(minimal.disclosures.filter(({ name }) => name !== "decoy"));
const decoys = textsOf(minimal.disclosures.filter(({ name }) => name === "decoy"));
/** A tombstone with these disclosures instead of as many decoys. */
const tombstoneWith = (...extra: readonly string[]) => [
  ...minimalFacets,
  ...decoys.slice(extra.length),
  ...extra,
];

describe("event: what we make", () => {
  for (const type of EVENT_TYPES) {
    it(`a ${type} reads back as the facets it was made of`, () => {
      const made = makeEvent({ source: SOURCE, seq: 7, facets: FACETS[type], random: seededRandom(type) });
      const read = parseEvent(made);
      expect(openFacets(read)).to.deep.equal(FACETS[type]);
      expect(read.type).to.equal(type);
      expect(read.payload).to.include({ v: 1, src: SOURCE, seq: 7 });
      expect([8, 12, 16]).to.include(read.payload.sd.length);
      expect(read.disclosures.length).to.equal(read.payload.sd.length);
    });
  }

  it("is padded to 8, 12 or 16 digests, and refuses more facets", () => {
    const subject: Subject = { scheme: "vn-cccd", id: "001099012345" };
    const subjects = (count: number): Partial<Facets> =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`subject.${at + 2}`, subject]));
    const digests = (facets: Facets) =>
      parseEvent(makeEvent({ source: SOURCE, seq: 1, facets, random: seededRandom("n") })).payload.sd.length;
    expect(digests(FACETS.tombstone)).to.equal(8);
    expect(digests(FACETS.access)).to.equal(8);
    expect(digests({ ...subjects(1), ...FACETS.access })).to.equal(12);
    expect(digests({ ...subjects(5), ...FACETS.access })).to.equal(16);
    const most: Facets = { ...subjects(7), ...FACETS.access };
    expect(digests(most)).to.equal(16);
    const tooMany: Facets = { ...most, case: "H17", handling: { emergency: true } };
    expectCode("too-many-facets", () =>
      makeEvent({ source: SOURCE, seq: 1, facets: tooMany, random: seededRandom("n") }),
    );
  });

  it("stands in an order that tells nothing: that of the digests", () => {
    expect(parsed.disclosures.map(({ digest }) => digest)).to.deep.equal(parsed.payload.sd);
  });

  it("uses a fresh salt of 16 bytes for every disclosure, decoys too", () => {
    const asked: number[] = [];
    const random = seededRandom("count");
    const facets = FACETS.tombstone;
    makeEvent({ source: SOURCE, seq: 1, facets, random: (bytes) => (asked.push(bytes), random(bytes)) });
    expect(asked).to.deep.equal(new Array(8).fill(16));
    expectCode("digests-unsorted", () =>
      makeEvent({ source: SOURCE, seq: 1, facets, random: (bytes) => new Uint8Array(bytes) }),
    );
  });

  it("cannot be made with wrong facets or a wrong number", () => {
    const { time: _, ...timeless } = FACETS.access;
    expectCode("facet-missing", () => makeEvent({ source: SOURCE, seq: 1, facets: timeless, random: salt }));
    for (const seq of [0, -1, 1.5, 2 ** 53]) {
      expectCode("payload", () => makeEvent({ source: SOURCE, seq, facets: FACETS.access, random: salt }));
    }
  });

  it("has the RFC 6962 leaf hash of its payload's ASCII bytes", () => {
    expect(payloadOf(event)).to.equal(payloadText);
    expect(payloadLeafHash(payloadText)).to.deep.equal(leafHash(utf8(payloadText)));
  });
});

describe("event: RFC 9901's examples", () => {
  it("give the digests the RFC prints", () => {
    expect(sha256Base64url(published.disclosure)).to.equal(published.digest);
    expect(sha256Base64url(published.array_element.disclosure)).to.equal(published.array_element.digest);
  });

  it("are read in every encoding, as far as the name is a facet's", () => {
    for (const text of [published.disclosure, ...published.same_value_otherwise_encoded]) {
      expectCode("facet-unknown", () => parseDisclosure(text));
    }
    expectCode("disclosure", () => parseDisclosure(published.array_element.disclosure));
    const own = toBase64url(utf8(`[\n"${published.salt}" , "agent.role","M\\u00f6bius"]`));
    expect(parseDisclosure(own)).to.include({
      salt: published.salt,
      name: "agent.role",
      value: published.value,
    });
  });
});

describe("event: what we read", () => {
  it("takes disclosures in any order, and JSON with whitespace and members in any order", () => {
    expect(openFacets(parseEvent(join(payloadText, disclosures.toReversed())))).to.deep.equal(FACETS.access);
    const { sd } = parsed.payload;
    const spaced = JSON.stringify(
      { _sd_alg: "sha-256", _sd: sd, seq: 1042, src: SOURCE, v: 1 },
      undefined,
      2,
    );
    expect(parseEvent(join(toBase64url(utf8(spaced)), disclosures)).payload.seq).to.equal(1042);
  });

  it("reads one event in exactly one way: every changed character is refused or leaves nothing changed", () => {
    for (let at = 0; at < event.length; at++) {
      const changed = event.slice(0, at) + (event[at] === "Q" ? "g" : "Q") + event.slice(at + 1);
      let accepted;
      try {
        accepted = parseEvent(changed);
      } catch {
        continue;
      }
      // Only the payload's own numbers and names can change and still parse: the leaf hash, which is signed, tells.
      expect(accepted.payloadText, `character ${at}`).not.to.equal(payloadText);
      expect(openFacets(accepted)).to.deep.equal(FACETS.access);
    }
  });
});

describe("event: shown in part", () => {
  it("shows any part of the disclosures, and only those", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (choice) => {
        const chosen = new Set(parsed.disclosures.filter((_, at) => choice[at]).map(({ text }) => text));
        const text = showEvent(parsed, (disclosure) => chosen.has(disclosure.text));
        const shown = parseShownEvent(text);
        expect(new Set(shown.disclosures.map((disclosure) => disclosure.text))).to.deep.equal(chosen);
        expect(shown.payloadText).to.equal(payloadText);
        expect(showEvent(shown, () => true)).to.equal(text);
      }),
    );
  });

  it("refuses one facet twice even where the type stays closed", () => {
    const twice = [formatDisclosure(salt(16), "case", "H17"), formatDisclosure(salt(16), "case", "H18")];
    const payload = payloadOf(eventOf(tombstoneWith(...twice)));
    expectCode("facet-repeated", () => parseShownEvent(join(payload, twice)));
    expect(codeOf(() => parseShownEvent(join(payload, twice.slice(1))))).to.equal(undefined);
  });

  it("refuses a disclosure of something else, one shown twice, and a facet that is not the shown type's", () => {
    const foreign = formatDisclosure(salt(16), "case", "H17");
    expectCode("disclosure-unmatched", () => parseShownEvent(join(payloadText, [foreign])));
    const [first = ""] = disclosures;
    expectCode("disclosure-repeated", () => parseShownEvent(join(payloadText, [first, first])));
    const mixed = eventOf(tombstoneWith(foreign)).split("~")[0] ?? "";
    expectCode("facet-unknown", () => parseShownEvent(join(mixed, [...minimalFacets, foreign])));
    expect(codeOf(() => parseShownEvent(join(mixed, [foreign])))).to.equal(undefined);
  });
});
