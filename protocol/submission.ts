import { equal, fromBase64url, toBase64url } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { parseEvent, type ParsedEvent, payloadLeafHash, payloadOf } from "./event.ts";
import { isSeq } from "./payload.ts";
import { type JwsAlgorithm, parseCompactJws, type ParsedJws, signJws, type SignBytes } from "./jws.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";
import { formatLogId, type LogId, parseLogId } from "./log-id.ts";
import { HASH_BYTES, rootHash } from "./merkle.ts";
import { parseSource, type Source } from "./source.ts";

/** Most events of one submission. */
export const MAX_SUBMISSION_EVENTS = 1000;
/** Longest submission body, in bytes. */
export const MAX_SUBMISSION_BYTES = 8 * 1024 * 1024;

const PAYLOAD_MEMBERS = 6;
const MAX_BODY_DEPTH = 2;

/** What a source signs about a batch of its events. */
export interface SubmissionPayload {
  readonly log: LogId;
  readonly src: Source;
  /** Number of the first event; the others follow without gaps. */
  readonly first: number;
  readonly count: number;
  /** RFC 6962 root over the payloads: 32 bytes. */
  readonly root: Uint8Array;
  /** When it was signed, Unix seconds by the recorder's clock. */
  readonly iat: number;
}

/** `POST /v1/submissions`. */
export interface SubmissionBody {
  readonly jws: string;
  readonly events: readonly string[];
}

/** A submission whose form was checked whole; whether its signature is the source's was not. */
export interface ParsedSubmission {
  readonly jws: ParsedJws;
  readonly payload: SubmissionPayload;
  readonly events: readonly ParsedEvent[];
  readonly leafHashes: readonly Uint8Array[];
}

/** Parses the signed payload of a submission. Throws FormatError `submission-payload`, `source` or `log-id`. */
export function parseSubmissionPayload(value: unknown): SubmissionPayload {
  if (!isJsonObject(value) || Object.keys(value).length !== PAYLOAD_MEMBERS) throw badPayload();
  const { log, src, first, count, root, iat } = value;
  if (typeof log !== "string" || typeof src !== "string" || typeof root !== "string") throw badPayload();
  if (!isSeq(first) || !isCount(count) || !isSeq(first + count - 1) || !isUnixSeconds(iat))
    throw badPayload();
  return { log: parseLogId(log), src: parseSource(src), first, count, root: parseRoot(root), iat };
}

/** The 32 bytes of a `root` member. Throws FormatError `base64url` or `submission-root`. */
export function parseRoot(text: string): Uint8Array {
  const root = fromBase64url(text);
  if (root.length !== HASH_BYTES) throw new FormatError("submission-root", `a root has ${HASH_BYTES} bytes`);
  return root;
}

/**
 * Parses the body of a submission, and nothing inside its strings. Throws FormatError `submission`,
 * `submission-too-large`, `submission-too-many-events` or one of `parseStrictJson`'s.
 */
export function parseSubmissionBody(text: string): SubmissionBody {
  if (text.length > MAX_SUBMISSION_BYTES) {
    throw new FormatError("submission-too-large", `a submission has at most ${MAX_SUBMISSION_BYTES} bytes`);
  }
  const value = parseStrictJson(text, { maxDepth: MAX_BODY_DEPTH });
  if (!isJsonObject(value) || Object.keys(value).length !== 2) throw badBody();
  const { jws, events } = value;
  if (typeof jws !== "string" || !Array.isArray(events) || events.length === 0 || !events.every(isString))
    throw badBody();
  if (events.length > MAX_SUBMISSION_EVENTS) {
    throw new FormatError(
      "submission-too-many-events",
      `send at most ${MAX_SUBMISSION_EVENTS} events at once`,
    );
  }
  return { jws, events };
}

/** A submission whose signed part was checked and whose events are still text. */
export interface SignedSubmission {
  readonly jws: ParsedJws;
  readonly payload: SubmissionPayload;
  readonly body: SubmissionBody;
}

/**
 * Parses body, JWS and signed payload: all a reader needs to check the signature before the work on the events begins.
 * Throws FormatError.
 */
export function parseSignedSubmission(text: string): SignedSubmission {
  const body = parseSubmissionBody(text);
  const jws = parseCompactJws(body.jws, "submission+jws");
  const payload = parseSubmissionPayload(jws.payload);
  if (payload.count !== body.events.length) {
    throw new FormatError(
      "submission-count",
      `count says ${payload.count}, but there are ${body.events.length} events`,
    );
  }
  return { jws, payload, body };
}

/** Parses the events and checks that they are those the JWS signs: source, consecutive numbers, root. Throws FormatError. */
export function parseSubmissionEvents({
  payload,
  body,
}: SignedSubmission): Pick<ParsedSubmission, "events" | "leafHashes"> {
  const events = body.events.map(parseEvent);
  events.forEach((event, at) => checkPlace(event, payload, at));
  const leafHashes = events.map((event) => payloadLeafHash(event.payloadText));
  if (!equal(rootHash(leafHashes), payload.root)) {
    throw new FormatError(
      "submission-root",
      "root is not the RFC 6962 root over the payloads of these events",
    );
  }
  return { events, leafHashes };
}

/**
 * Parses and checks a whole submission: body, JWS, every event, and that the events are those the JWS signs (their
 * source, consecutive numbers, count and root). The caller still checks the signature (`verifyJws`), whose key and which
 * log it is, and the facets' values. Throws FormatError.
 */
export function parseSubmission(text: string): ParsedSubmission {
  const signed = parseSignedSubmission(text);
  return { jws: signed.jws, payload: signed.payload, ...parseSubmissionEvents(signed) };
}

function checkPlace(event: ParsedEvent, submission: SubmissionPayload, at: number): void {
  if (event.payload.src !== submission.src) {
    throw new FormatError("submission-source", `event ${at} has another source than the submission`);
  }
  if (event.payload.seq !== submission.first + at) {
    throw new FormatError(
      "submission-sequence",
      `event ${at} must have the number ${submission.first + at}: numbers run without gaps from first`,
    );
  }
}

export interface SubmissionDraft {
  readonly log: LogId;
  readonly source: Source;
  readonly first: number;
  readonly events: readonly string[];
  /** Unix seconds. */
  readonly issuedAt: number;
  readonly alg: JwsAlgorithm;
  readonly kid: string;
  readonly sign: SignBytes;
}

/** Signs a batch of events. Throws FormatError when they can form no submission. */
export function makeSubmission(draft: SubmissionDraft): SubmissionBody {
  const root = rootHash(draft.events.map((event) => payloadLeafHash(payloadOf(event))));
  const payload = {
    log: formatLogId(draft.log),
    src: draft.source,
    first: draft.first,
    count: draft.events.length,
    root: toBase64url(root),
    iat: draft.issuedAt,
  };
  parseSubmissionPayload(payload);
  const jws = signJws({ alg: draft.alg, kid: draft.kid, typ: "submission+jws" }, payload, draft.sign);
  return { jws, events: draft.events };
}

/** Whether a value can be the number of events of a submission. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= MAX_SUBMISSION_EVENTS;
}

/** Whether a value can be a time in Unix seconds. */
export function isUnixSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function badPayload(): FormatError {
  return new FormatError(
    "submission-payload",
    `a submission signs exactly {log, src, first, count, root, iat} with first from 1 and count from 1 to ${MAX_SUBMISSION_EVENTS}`,
  );
}

function badBody(): FormatError {
  return new FormatError(
    "submission",
    'expected {"jws": "...", "events": ["...", ...]} with at least one event and nothing else',
  );
}
