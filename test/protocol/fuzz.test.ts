/**
 * Every parser against random bytes, random pieces of its own grammar and mutated valid artefacts: nothing but a FormatError
 * may be thrown, and where a format is canonical, what is accepted encodes again to the same bytes.
 */
import { expect } from "chai";
import fc from "fast-check";
import { fromBase64url, fromUtf8, toBase64url, utf8 } from "../../protocol/bytes.ts";
import { formatCheckpoint, parseCheckpoint, parseCheckpointBody } from "../../protocol/checkpoint.ts";
import { parseDisclosure } from "../../protocol/disclosure.ts";
import { FormatError } from "../../protocol/errors.ts";
import { parseEvent, parseShownEvent, payloadOf, showEvent } from "../../protocol/event.ts";
import { formatEvidence, parseEvidence, parseEvidenceFile } from "../../protocol/evidence.ts";
import { parseStrictJson } from "../../protocol/json.ts";
import { parseCompactJws } from "../../protocol/jws.ts";
import { formatLogId, parseLogId } from "../../protocol/log-id.ts";
import { formatNote, formatVerifierKey, parseNote, parseVerifierKey } from "../../protocol/note.ts";
import { parsePayload } from "../../protocol/payload.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { parseSignOn } from "../../protocol/sign-on.ts";
import { parseSource } from "../../protocol/source.ts";
import { parseSubmission, parseSubmissionBody } from "../../protocol/submission.ts";
import {
  encodeEntryBundle,
  entriesPath,
  parseEntryBundle,
  parseTilePath,
  tilePath,
} from "../../protocol/tile.ts";
import { formatTlogProof, parseTlogProof } from "../../protocol/tlog-proof.ts";
import { VECTORS } from "../vectors/generate.ts";

/** Enough to find what a new mistake breaks; a hundred thousand found nothing more. */
const RUNS = 2000;

interface Parser {
  readonly name: string;
  /** Folders of valid vectors to mutate. */
  readonly seeds: readonly string[];
  readonly parse: (text: string) => unknown;
  /** Encodes what was accepted again, for canonical formats. */
  readonly again?: (text: string) => string;
}

const valid = VECTORS.filter(({ code }) => code === undefined);
const seedsOf = (folder: string) =>
  valid
    .filter((vector) => vector.folder === folder)
    .map(({ content }) => (typeof content === "string" ? content : fromUtf8(content)));

/** Notes whose text is a checkpoint. */
const CHECKPOINTS = seedsOf("notes").filter((note) => note.startsWith("minhbach/"));
const LOG_IDS = [`31337:0x${"5f".repeat(20)}:1`];
const PAYLOADS = seedsOf("events").map(payloadOf);
const DISCLOSURES = seedsOf("events").flatMap((event) => event.split("~").slice(1, -1));

const PARSERS: readonly Parser[] = [
  {
    name: "parseEvent",
    seeds: seedsOf("events"),
    parse: parseEvent,
    again: (text) => showEvent(parseEvent(text), () => true),
  },
  {
    name: "parseShownEvent",
    seeds: seedsOf("events"),
    parse: parseShownEvent,
    again: (text) => showEvent(parseShownEvent(text), () => true),
  },
  { name: "parsePayload", seeds: PAYLOADS, parse: parsePayload },
  {
    name: "parseDisclosure",
    seeds: DISCLOSURES,
    parse: parseDisclosure,
    again: (text) => parseDisclosure(text).text,
  },
  { name: "parseSubmissionBody", seeds: seedsOf("submissions"), parse: parseSubmissionBody },
  { name: "parseSubmission", seeds: seedsOf("submissions"), parse: parseSubmission },
  {
    name: "parseCompactJws",
    seeds: seedsOf("receipts"),
    parse: (text) => parseCompactJws(text, "receipt+jws"),
    again: (text) => {
      const { signingInput, signature } = parseCompactJws(text, "receipt+jws");
      return `${signingInput}.${toBase64url(signature)}`;
    },
  },
  { name: "parseReceipt", seeds: seedsOf("receipts"), parse: parseReceipt },
  { name: "parseSignOn", seeds: seedsOf("sign-ons"), parse: parseSignOn },
  { name: "parseEvidence", seeds: seedsOf("evidence"), parse: parseEvidence },
  {
    name: "parseEvidenceFile",
    seeds: seedsOf("evidence"),
    parse: (text) => {
      const file = parseEvidenceFile(text);
      // The outer parser is satisfied by less than the whole one, but what it read, the whole one judges the same.
      if (codeOrNone(() => parseEvidence(text)) === undefined) {
        expect(parseEvidenceFile(formatEvidence(file))).to.deep.equal(file);
      }
    },
  },
  {
    name: "parseNote",
    seeds: seedsOf("notes"),
    parse: parseNote,
    again: (text) => formatNote(parseNote(text)),
  },
  { name: "parseCheckpoint", seeds: CHECKPOINTS, parse: parseCheckpoint },
  {
    name: "parseCheckpointBody",
    seeds: seedsOf("checkpoints"),
    parse: parseCheckpointBody,
    again: (text) => formatCheckpoint(parseCheckpointBody(text)),
  },
  {
    name: "parseVerifierKey",
    seeds: seedsOf("verifier-keys"),
    parse: parseVerifierKey,
    again: (text) => formatVerifierKey(parseVerifierKey(text)),
  },
  {
    name: "parseTlogProof",
    seeds: seedsOf("tlog-proofs"),
    parse: parseTlogProof,
    again: (text) => formatTlogProof(parseTlogProof(text)),
  },
  {
    name: "parseTilePath",
    seeds: seedsOf("tile-paths"),
    parse: parseTilePath,
    again: (text) => {
      const path = parseTilePath(text);
      return path.kind === "tile" ? tilePath(path) : entriesPath(path);
    },
  },
  { name: "parseLogId", seeds: LOG_IDS, parse: parseLogId, again: (text) => formatLogId(parseLogId(text)) },
  { name: "parseSource", seeds: ["qn-police/r1"], parse: parseSource, again: (text) => parseSource(text) },
  {
    name: "parseStrictJson",
    seeds: [...seedsOf("evidence"), '{"a":[1,-2.5e3,"\\u0041\\ud83d\\ude00",null,true]}'],
    parse: (text) => {
      // What the strict parser accepts is what JSON.parse sees, and no reader can see anything else in it.
      expect(parseStrictJson(text, { maxDepth: 6 })).to.deep.equal(JSON.parse(text));
    },
  },
];

/** Characters that mean something to one of the grammars, and some that look as if they did. */
const INTERESTING = [
  ...['"', "\\", "{", "}", "[", "]", ":", ",", "~", ".", "=", "-", "_", "+", "/", "\n", "\r", " ", "\u0000"],
  ...["0", "1", "9", "A", "B", "Q", "a", "x", "—", "é", "\ud800", "\udc00", "😀", "\u2028", "\ufeff"],
];

type Mutation = (text: string) => string;

const position = fc.nat({ max: 100_000 });
const at = (text: string, place: number) => place % (text.length + 1);
const snippet = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...INTERESTING) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 8 }) },
);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(position, snippet).map(([place, piece]) => (text: string) => {
    const here = at(text, place);
    return text.slice(0, here) + piece + text.slice(here);
  }),
  fc.tuple(position, snippet).map(([place, piece]) => (text: string) => {
    const here = at(text, place);
    return text.slice(0, here) + piece + text.slice(here + piece.length);
  }),
  fc.tuple(position, fc.nat({ max: 40 })).map(([place, length]) => (text: string) => {
    const here = at(text, place);
    return text.slice(0, here) + text.slice(here + length);
  }),
  fc.tuple(position, position, fc.nat({ max: 60 })).map(([from, to, length]) => (text: string) => {
    const piece = text.slice(at(text, from), at(text, from) + length);
    return text.slice(0, at(text, to)) + piece + text.slice(at(text, to));
  }),
  position.map((place) => (text: string) => text.slice(0, at(text, place))),
);

/** Changes the JSON inside a base64url part, where a change of characters would only break the encoding. */
const insideMutation: fc.Arbitrary<Mutation> = fc
  .tuple(position, mutation)
  .map(([place, change]) => (text: string) => {
    const parts = text.split(/([~.])/);
    const here = (place * 2) % parts.length;
    return parts.map((part, index) => (index === here ? changeInside(part, change) : part)).join("");
  });

function changeInside(part: string, change: Mutation): string {
  try {
    return toBase64url(utf8(change(fromUtf8(fromBase64url(part)))));
  } catch (error) {
    if (error instanceof FormatError) return change(part);
    throw error;
  }
}

function codeOrNone(parse: () => unknown): string | undefined {
  try {
    parse();
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
  return undefined;
}

function check({ parse, again }: Parser, text: string): boolean {
  if (codeOrNone(() => parse(text)) !== undefined) return false;
  if (again !== undefined) expect(again(text)).to.equal(text);
  return true;
}

describe("fuzz: no parser throws anything but a FormatError, and canonical ones read one text one way", function () {
  this.timeout(600_000);
  for (const parser of PARSERS) {
    const { seeds } = parser;

    it(`${parser.name} on mutated valid input`, () => {
      for (const seed of seeds) {
        expect(check(parser, seed), seed.slice(0, 80)).to.be.true;
      }
      const changes = fc.array(fc.oneof(mutation, insideMutation), { minLength: 1, maxLength: 3 });
      fc.assert(
        fc.property(fc.constantFrom(...seeds), changes, (seed, mutations) => {
          check(
            parser,
            mutations.reduce((text, change) => change(text), seed),
          );
        }),
        { numRuns: RUNS },
      );
    });

    it(`${parser.name} on random text`, () => {
      const pieces = fc.array(fc.oneof(snippet, fc.constantFrom(...seeds.map((seed) => seed.slice(0, 40)))), {
        maxLength: 20,
      });
      fc.assert(
        fc.property(pieces, (parts) => {
          check(parser, parts.join(""));
        }),
        { numRuns: 400 },
      );
      fc.assert(
        fc.property(fc.json({ maxDepth: 8 }), (text) => {
          check(parser, text);
          check(parser, toBase64url(utf8(text)));
        }),
        { numRuns: 200 },
      );
    });
  }

  it("parseEntryBundle on mutated and random bytes", () => {
    const bundles = valid
      .filter(({ folder }) => folder === "entry-bundles")
      .map(({ content }) => (typeof content === "string" ? utf8(content) : content));
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      fc.tuple(fc.constantFrom(...bundles), position, fc.nat({ max: 255 })).map(([bundle, place, value]) => {
        const changed = Uint8Array.from(bundle);
        changed[place % changed.length] = value;
        return changed.subarray(0, place % 3 === 0 ? place % changed.length : undefined);
      }),
    );
    fc.assert(
      fc.property(bytes, (bundle) => {
        if (codeOrNone(() => parseEntryBundle(bundle)) !== undefined) return;
        expect(encodeEntryBundle(parseEntryBundle(bundle))).to.deep.equal(bundle);
      }),
      { numRuns: 2000 },
    );
  });

  it("fromUtf8 and fromBase64url on random bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        if (codeOrNone(() => fromUtf8(bytes)) === undefined)
          expect(utf8(fromUtf8(bytes))).to.deep.equal(bytes);
      }),
    );
  });
});
