/** The checks of evidence that need the file alone: what it says in itself. */
import { fromBase64, fromUtf8 } from "../protocol/bytes.ts";
import { parseCheckpoint, type SignedCheckpoint } from "../protocol/checkpoint.ts";
import { parseShownEvent, payloadLeafHash, type ShownEvent } from "../protocol/event.ts";
import { type EvidenceFile, MAX_EVIDENCE_LENGTH, parseEvidenceFile } from "../protocol/evidence.ts";
import { parseCompactJws, type ParsedJws } from "../protocol/jws.ts";
import { verifyInclusion } from "../protocol/merkle.ts";
import { parseSubmissionPayload, type SubmissionPayload } from "../protocol/submission.ts";
import { parseTlogProof } from "../protocol/tlog-proof.ts";
import { established, failed, type Outcome, passed } from "./checks.ts";

/** An event with the parts that are shown, and its leaf hash. */
export interface EventInEvidence extends ShownEvent {
  readonly leafHash: Uint8Array;
}

/** A submission as it was signed, and where the event stands in it. */
export interface SubmissionInEvidence extends SubmissionPayload {
  readonly jws: ParsedJws;
  /** Place of the event in the submission, from 0. */
  readonly place: number;
  /** Inclusion path to the submission's root. */
  readonly path: readonly Uint8Array[];
}

/** The log's proof: where the event stands in the log, and the checkpoint that leads to. */
export interface LogProof {
  readonly index: number;
  readonly path: readonly Uint8Array[];
  readonly checkpoint: SignedCheckpoint;
}

/** No character of well-formed UTF-8 takes more bytes. */
const MAX_UTF8_BYTES = 4;

export function readFile(input: Uint8Array | string): Outcome<EvidenceFile> {
  if (input.length > MAX_UTF8_BYTES * MAX_EVIDENCE_LENGTH) return failed("the file is too long for evidence");
  const file = parseEvidenceFile(typeof input === "string" ? input : fromUtf8(input));
  return established(`evidence of version ${file.version}`, file);
}

/** Each shown disclosure opens a digest of its own, and its name may stand in an event of this type. */
export function openEvent({ file }: { file: EvidenceFile }): Outcome<EventInEvidence> {
  const event = parseShownEvent(file.event);
  const detail = `${event.disclosures.length} of ${event.payload.sd.length} digests are opened`;
  return established(detail, { ...event, leafHash: payloadLeafHash(event.payloadText) });
}

export function readSubmission({ file }: { file: EvidenceFile }): Outcome<SubmissionInEvidence> {
  const { jws: text, index, path } = file.submission;
  const jws = parseCompactJws(text, "submission+jws");
  const payload = parseSubmissionPayload(jws.payload);
  const submission = { ...payload, jws, place: index, path: path.map(fromBase64) };
  return established(`${payload.src}, ${payload.count} events from number ${payload.first}`, submission);
}

interface EventAndSubmission {
  readonly event: EventInEvidence;
  readonly submission: SubmissionInEvidence;
}

export function sameSource({ event, submission }: EventAndSubmission): Outcome<true> {
  return event.payload.src === submission.src
    ? passed(submission.src)
    : failed(`the event is of ${event.payload.src}, the submission of ${submission.src}`);
}

export function rightNumber({ event, submission }: EventAndSubmission): Outcome<true> {
  const expected = submission.first + submission.place;
  return event.payload.seq === expected
    ? passed(`number ${expected}`)
    : failed(`the event has the number ${event.payload.seq}, its place that of number ${expected}`);
}

export function isSubmitted({ event, submission }: EventAndSubmission): Outcome<true> {
  const { place: index, count: size, root, path: proof } = submission;
  return verifyInclusion({ index, size, leafHash: event.leafHash, proof, root })
    ? passed(`event ${index + 1} of ${size}`)
    : failed("the path does not lead from this event to the signed root");
}

export function readProof({ file }: { file: EvidenceFile }): Outcome<LogProof> {
  const { index, hashes: path, checkpoint: text } = parseTlogProof(file.proof);
  const checkpoint = parseCheckpoint(text);
  return established(`a checkpoint of ${checkpoint.size} entries`, { index, path, checkpoint });
}

export function isIncluded({ event, proof }: { event: EventInEvidence; proof: LogProof }): Outcome<true> {
  const { index, path, checkpoint } = proof;
  const { size, root } = checkpoint;
  return verifyInclusion({ index, size, leafHash: event.leafHash, proof: path, root })
    ? passed(`entry ${index} of ${size}`)
    : failed("the path does not lead from this event to the checkpoint's root");
}
