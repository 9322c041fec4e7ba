import { LedgerError } from "../errors.ts";
import { indexOfKey, isLogRow, logKey, registerKey } from "./level-keys.ts";
import type { Database, Databases } from "./level-reader.ts";
import { attachmentOf, headOf, headRow, isSubmissionRow, sourceRow, submissionOf, u64 } from "./rows.ts";
import type { Group, Head, StoredSubmission } from "./store.ts";

export type Batch = ReturnType<Database["batch"]>;

/** How many rows are carried over to the register at once. */
const STEP_ROWS = 10_000;

/** The rows by which the submissions of a group are found, and how far the register has followed. */
export function registerGroup(batch: Batch, group: Group): void {
  for (const submission of group.submissions) {
    registerSubmission(batch, submission, (submission.attachment ?? submission.keptAttachment)?.name);
  }
  batch.put(registerKey("head"), headRow(group.head));
}

function registerSubmission(
  batch: Batch,
  submission: StoredSubmission,
  attachmentName: Uint8Array | undefined,
): void {
  const { source, first, count, index, time } = submission;
  batch.put(registerKey("sequences", source, first), u64(index));
  batch.put(registerKey("sources", source), sourceRow({ source, next: first + count, lastTime: time }));
  if (attachmentName !== undefined) batch.put(registerKey("attachments", attachmentName), u64(index));
}

/** The head of the log's last row: what is durable. */
export async function lastHead(log: Database): Promise<Head> {
  const [row] = await log.values({ reverse: true, limit: 1 }).all();
  return headOf(row);
}

/**
 * Carries over to the register what the log holds beyond it: the rest that a crash took. Does nothing in the usual case.
 * @throws LedgerError `store-unavailable` when the register knows more than the log: the two are not of one store.
 */
export async function followLog({ log, register }: Databases): Promise<void> {
  const head = await lastHead(log);
  const [row] = await register.getMany([registerKey("head")]);
  const followed = headOf(row).size;
  if (followed > head.size) {
    const message = `The records are of different times: the log ends at ${head.size}, its register at ${followed}. Restore both.`;
    throw new LedgerError("store-unavailable", message);
  }
  if (followed === head.size) return;
  let batch = register.batch();
  for await (const [key, value] of log.iterator({ gte: logKey(followed) })) {
    carryOver(batch, key, value);
    if (batch.length < STEP_ROWS) continue;
    await batch.write();
    batch = register.batch();
  }
  // Last, so that an interrupted run is run again.
  await batch.put(registerKey("head"), headRow(head)).write();
}

function carryOver(batch: Batch, key: Buffer, value: Buffer): void {
  if (isLogRow(key, "submission") && isSubmissionRow(value))
    registerSubmission(batch, submissionOf(value), undefined);
  if (isLogRow(key, "attachment")) {
    batch.put(registerKey("attachments", attachmentOf(value).name), u64(indexOfKey(key)));
  }
}
