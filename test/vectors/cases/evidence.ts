import { formatDisclosure } from "../../../protocol/disclosure.ts";
import { type EvidenceFile, formatEvidence } from "../../../protocol/evidence.ts";
import { parseShownEvent, showEvent } from "../../../protocol/event.ts";
import { sampleEvidence } from "../../protocol/samples.ts";
import { type Vector, vectorsOf } from "./vector.ts";

const { valid, invalid } = vectorsOf("evidence", "json");
const file = sampleEvidence();
const event = parseShownEvent(file.event);
const text = formatEvidence(file);
const { submission, anchor } = file;
const FOREIGN = formatDisclosure(new Uint8Array(16), "decoy", null);

const changed = (change: object) => JSON.stringify({ ...file, ...change });
const withSubmission = (change: object) => changed({ submission: { ...submission, ...change } });
const showing = (names: readonly string[]): EvidenceFile => ({
  ...file,
  event: showEvent(event, ({ name }) => names.includes(name)),
});

export const EVIDENCE: readonly Vector[] = [
  valid("everything shown", text),
  valid("nothing shown", formatEvidence(showing([]))),
  valid(
    "what the citizen sees",
    formatEvidence(showing(["type", "subject", "exchange", "data", "purpose", "time"])),
  ),

  invalid("json", "not JSON", "evidence"),
  invalid("json-duplicate-key", "a version twice", text.replace("{", '{"version":1,')),
  invalid("json-depth", "a deep anchor", changed({ anchor: { block: [[[1]]], transaction: "" } })),
  invalid("evidence", "an array", "[]"),
  invalid("evidence", "another type", changed({ type: "minhbach/statement" })),
  invalid("evidence", "a later version", changed({ version: 2 })),
  invalid("evidence", "a version in text", changed({ version: "1" })),
  invalid("evidence", "an unknown member", changed({ note: "" })),
  invalid("evidence", "a missing member", changed({ anchor: undefined })),
  invalid("evidence", "an unknown member in the submission", withSubmission({ kid: "" })),
  invalid("evidence", "an unknown member in the anchor", changed({ anchor: { ...anchor, chain: 1 } })),
  invalid("evidence", "an event that is a list", changed({ event: [] })),
  invalid("evidence", "a proof that is a list", changed({ proof: [] })),
  invalid("evidence", "a negative place", withSubmission({ index: -1 })),
  invalid("evidence", "a fractional place", withSubmission({ index: 0.5 })),
  invalid("evidence", "a path of numbers", withSubmission({ path: [1] })),
  invalid(
    "evidence",
    "a path of eleven hashes",
    withSubmission({ path: new Array(11).fill(submission.path[0]) }),
  ),
  invalid("evidence", "a short hash in the path", withSubmission({ path: ["AAAA"] })),
  invalid("base64", "a path in base64url", withSubmission({ path: [`${"_".repeat(43)}=`] })),
  invalid("evidence", "a negative block", changed({ anchor: { ...anchor, block: -1 } })),
  invalid(
    "evidence",
    "a transaction in capitals",
    changed({ anchor: { ...anchor, transaction: `0x${"AB".repeat(32)}` } }),
  ),
  invalid("event", "a bad event", changed({ event: "x" })),
  invalid(
    "disclosure-unmatched",
    "a disclosure of another event",
    changed({ event: `${file.event}${FOREIGN}~` }),
  ),
  invalid("jws", "a bad JWS", withSubmission({ jws: "x" })),
  invalid("tlog-proof", "a bad proof", changed({ proof: "x" })),
  invalid(
    "note",
    "a checkpoint without a signature",
    changed({ proof: file.proof.replace(/\n\n— .*\n$/, "\n") }),
  ),
  invalid(
    "checkpoint",
    "a checkpoint with an extension line",
    changed({ proof: file.proof.replace("\n\n— ", "\nx\n\n— ") }),
  ),
];
