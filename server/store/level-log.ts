import { bundleEntries, bundleRows } from "./bundle.ts";
import { logKey } from "./level-keys.ts";
import type { Batch } from "./level-register.ts";
import { attachmentRow, headRow, submissionRow, u64 } from "./rows.ts";
import { sealAttachment } from "./sealing.ts";
import type { Group, NewSubmission } from "./store.ts";

/** The rows of a group, the head last. */
export function putGroup(batch: Batch, group: Group): void {
  for (const submission of group.submissions) putSubmission(batch, submission);
  batch.put(logKey(group.head.size - 1, "head"), headRow(group.head));
}

function putSubmission(batch: Batch, submission: NewSubmission): void {
  const { index, keys, sealed, payloads, attachment, keptAttachment: kept } = submission;
  for (const [row, bundle] of [
    ["eventKeys", keys],
    ["disclosures", sealed],
    ["payloads", payloads],
  ] as const) {
    for (const [start, bytes] of bundleRows(bundle, index)) batch.put(logKey(start, row), asBuffer(bytes));
  }
  for (const [start] of bundleRows(keys, index)) {
    batch.put(logKey(start, "submission"), start === index ? submissionRow(submission) : u64(index));
  }
  if (kept !== undefined) batch.put(logKey(index, "attachment"), attachmentRow(kept.name, kept.sealed));
  if (attachment === undefined) return;
  const [secrets] = bundleEntries(keys, 0, 1);
  if (secrets === undefined) throw new RangeError("an attachment needs an event");
  const sealedBody = sealAttachment(secrets.subarray(0, 32), attachment.body);
  batch.put(logKey(index, "attachment"), attachmentRow(attachment.name, sealedBody));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
