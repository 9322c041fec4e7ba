import { hash } from "node:crypto";
import { fromUtf8, toBase64 } from "../../protocol/bytes.ts";
import { payloadOf } from "../../protocol/event.ts";
import type { Equivocation } from "../../protocol/facet-values.ts";
import { inclusionProof } from "../../protocol/merkle.ts";
import { parseSubmissionBody } from "../../protocol/submission.ts";
import { leafAt } from "./known.ts";
import type { VerifiedSubmission } from "./verified.ts";

/** Names a conflict: the same source, number and contradicting leaf, however often and in whichever batch it is sent. */
export function conflictName(submission: VerifiedSubmission, seq: number): Uint8Array {
  const leaf = leafAt(submission, seq - submission.first);
  const text = Buffer.from(`${submission.source}\n${seq}\n`, "latin1");
  return new Uint8Array(hash("sha256", Buffer.concat([text, leaf]), "buffer"));
}

/**
 * The proof that a source signed a second leaf for a number: its JWS, the payload and the path from it to the signed
 * root, and where the first leaf stands in the log. It convinces anybody who has the source's key.
 */
export function proofOfConflict(
  submission: VerifiedSubmission,
  seq: number,
  storedIndex: number,
): Equivocation {
  const pathIndex = seq - submission.first;
  const event = parseSubmissionBody(fromUtf8(submission.body)).events[pathIndex];
  if (event === undefined) throw new RangeError(`the submission has no event ${seq}`);
  const leaves = Array.from({ length: submission.count }, (_, n) => leafAt(submission, n));
  return {
    source: submission.source,
    seq,
    jws: submission.jws,
    payload: payloadOf(event),
    path: inclusionProof(leaves, pathIndex).map(toBase64),
    pathIndex,
    storedIndex,
  };
}
