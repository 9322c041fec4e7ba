/**
 * Evidence: one self-contained file that proves one event. It says nothing about what to trust; that comes from the
 * verifier's user. The anchor is a hint where to look on the chain, never a proof.
 */
import { fromBase64, toBase64 } from "./bytes.ts";
import { parseCheckpoint, type SignedCheckpoint } from "./checkpoint.ts";
import { FormatError } from "./errors.ts";
import { parseShownEvent, type ShownEvent } from "./event.ts";
import { parseCompactJws, type ParsedJws } from "./jws.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";
import { HASH_BYTES, isSize } from "./merkle.ts";
import { MAX_SUBMISSION_EVENTS, parseSubmissionPayload, type SubmissionPayload } from "./submission.ts";
import { parseTlogProof, type TlogProof } from "./tlog-proof.ts";

/** The file as JSON, with everything in it still text. */
export interface EvidenceFile {
  readonly type: typeof EVIDENCE_TYPE;
  readonly version: typeof EVIDENCE_VERSION;
  /** `payload~disclosure~...~` with the disclosures being shown. */
  readonly event: string;
  readonly submission: {
    readonly jws: string;
    /** Place of the event in the submission, from 0. */
    readonly index: number;
    /** Inclusion path to the submission's root, standard base64. */
    readonly path: readonly string[];
  };
  /** C2SP tlog-proof to an anchored checkpoint. */
  readonly proof: string;
  readonly anchor: AnchorHint;
}

export interface AnchorHint {
  readonly block: number;
  /** `0x` and 64 lowercase hexadecimal digits. */
  readonly transaction: string;
}

/** Evidence with all its parts parsed, and none of its claims checked. */
export interface Evidence {
  readonly event: ShownEvent;
  readonly submission: {
    readonly jws: ParsedJws;
    readonly payload: SubmissionPayload;
    readonly index: number;
    readonly path: readonly Uint8Array[];
  };
  readonly proof: TlogProof;
  readonly checkpoint: SignedCheckpoint;
  readonly anchor: AnchorHint;
}

export const EVIDENCE_TYPE = "minhbach/evidence";
export const EVIDENCE_VERSION = 1;

/** Longest evidence file, in characters: an event, a submission's JWS and a proof whose checkpoint has many cosignatures. */
export const MAX_EVIDENCE_LENGTH = 256 * 1024;
/** No character of well-formed UTF-8 that evidence holds takes more bytes. */
export const MAX_EVIDENCE_BYTES = 3 * MAX_EVIDENCE_LENGTH;

/** How deeply the JSON of evidence is nested. */
export const EVIDENCE_DEPTH = 3;
/** 1,000 events make a path of at most 10 hashes. */
const MAX_PATH = Math.ceil(Math.log2(MAX_SUBMISSION_EVENTS));

/** The file's text; it has passed `parseEvidence`. */
export function formatEvidence(file: EvidenceFile): string {
  const text = evidenceText(file);
  parseEvidence(text);
  return text;
}

/** The file's text without reading it again, for whoever knows that its parts are what they should be. */
export function evidenceText({ event, submission, proof, anchor }: EvidenceFile): string {
  const { jws, index, path } = submission;
  const file = {
    type: EVIDENCE_TYPE,
    version: EVIDENCE_VERSION,
    event,
    submission: { jws, index, path },
    proof,
    anchor: { block: anchor.block, transaction: anchor.transaction },
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** Parses an evidence file with everything in it. Unknown members are refused at every level. Throws FormatError. */
export function parseEvidence(text: string): Evidence {
  const file = parseEvidenceFile(text);
  const jws = parseCompactJws(file.submission.jws, "submission+jws");
  const proof = parseTlogProof(file.proof);
  return {
    event: parseShownEvent(file.event),
    submission: {
      jws,
      payload: parseSubmissionPayload(jws.payload),
      index: file.submission.index,
      path: file.submission.path.map(parseHash),
    },
    proof,
    checkpoint: parseCheckpoint(proof.checkpoint),
    anchor: file.anchor,
  };
}

/** Parses the outer JSON only. Throws FormatError `evidence` or one of `parseStrictJson`'s. */
export function parseEvidenceFile(text: string): EvidenceFile {
  if (text.length > MAX_EVIDENCE_LENGTH) throw badEvidence(`at most ${MAX_EVIDENCE_LENGTH} characters`);
  return evidenceFileOf(parseStrictJson(text, { maxDepth: EVIDENCE_DEPTH }));
}

/** The file of a value that was parsed strictly, as other files hold evidence. Throws FormatError `evidence`. */
export function evidenceFileOf(value: unknown): EvidenceFile {
  const { type, version, event, submission, proof, anchor } = members(value, 6);
  if (type !== EVIDENCE_TYPE) throw badEvidence(`"type":"${EVIDENCE_TYPE}"`);
  if (version !== EVIDENCE_VERSION)
    throw badEvidence(`"version":${EVIDENCE_VERSION}; a newer verifier may know this one`);
  if (typeof event !== "string" || typeof proof !== "string") throw badEvidence("event and proof as strings");
  return {
    type,
    version,
    event,
    submission: parseSubmission(submission),
    proof,
    anchor: parseAnchor(anchor),
  };
}

function parseSubmission(value: unknown): EvidenceFile["submission"] {
  const { jws, index, path } = members(value, 3);
  if (typeof jws !== "string" || !isSize(index) || !isStringList(path) || path.length > MAX_PATH) {
    throw badEvidence(`submission {jws, index, path} with at most ${MAX_PATH} hashes`);
  }
  return { jws, index, path };
}

function parseAnchor(value: unknown): AnchorHint {
  const { block, transaction } = members(value, 2);
  if (!isSize(block) || typeof transaction !== "string" || !/^0x[0-9a-f]{64}$/.test(transaction)) {
    throw badEvidence("anchor {block, transaction} with a block number and a transaction hash in lowercase");
  }
  return { block, transaction };
}

function parseHash(text: string): Uint8Array {
  const hash = fromBase64(text);
  if (hash.length !== HASH_BYTES || toBase64(hash) !== text)
    throw badEvidence("paths of base64 hashes of 32 bytes");
  return hash;
}

function members(value: unknown, count: number): { readonly [name: string]: unknown } {
  if (!isJsonObject(value) || Object.keys(value).length !== count) {
    throw badEvidence(
      "exactly {type, version, event, submission{jws, index, path}, proof, anchor{block, transaction}}",
    );
  }
  return value;
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function badEvidence(expected: string): FormatError {
  return new FormatError("evidence", `not an evidence file of this version: expected ${expected}`);
}
