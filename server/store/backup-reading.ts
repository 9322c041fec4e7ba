import { damaged, type Frame, FRAMES, framesOf, jsonIn } from "./backup-frames.ts";
import { type BackupFile, type BackupHead, headInFrame, KEY_FRAME, TITLES } from "./backup-head.ts";
import { keyAt, partOfFrame } from "./backup-parts.ts";
import { bundleEntries, bundleOf } from "./bundle.ts";
import { numberOf } from "./rows.ts";
import { openAttachment, openDisclosures } from "./sealing.ts";
import { checkedParts, nothingCounted, type RecordsCount } from "./transfer-check.ts";
import { TransferError } from "./transfer-error.ts";
import type { MovedSubmission, Origin, Part } from "./transfer-parts.ts";

/** Gives the bytes of a file from its beginning, each time it is called. */
export type OpenFile = () => AsyncIterable<Uint8Array>;

const INDEX_BYTES = 8;
const KEY_BYTES = 32;
const NOTHING = new Uint8Array();

/** The head of a file, read alone. @throws TransferError `damaged`, `newer-format` */
async function readHead(open: OpenFile, file: BackupFile): Promise<BackupHead> {
  for await (const frame of framesOf(TITLES[file], open())) return headInFrame(frame, file);
  throw damaged("it is empty");
}

/**
 * Reads a backup to its end and checks it: its digest, and the records against each other. With its keys also that each opens what it sealed.
 * @throws TransferError `damaged`, `inconsistent`, `newer-format`, `wrong-keys`
 */
export async function checkBackup(
  backup: OpenFile,
  keys?: OpenFile,
  onPart: (part: Part, head: BackupHead) => Promise<void> | void = () => undefined,
): Promise<{ readonly head: BackupHead; readonly count: RecordsCount }> {
  const origin = await backupOrigin(backup, keys);
  const count = nothingCounted();
  for await (const part of checkedParts(origin.parts(), origin.head, count)) await onPart(part, origin.head);
  return { head: origin.head, count };
}

/**
 * The records in a backup, with the keys of their events if they are given. An event that is erased in either of the two files is erased. Whoever
 * takes parts takes all of them, or has no digest compared.
 */
export async function backupOrigin(
  backup: OpenFile,
  keys?: OpenFile,
): Promise<Origin & { readonly head: BackupHead }> {
  const head = await readHead(backup, "backup");
  if (keys === undefined) return { head, parts: () => partsIn(backup, head) };
  const keysHead = await readHead(keys, "keys");
  requireCovering(keysHead, head);
  return { head, parts: () => withKeys(partsIn(backup, head), keyRows(keys), { head, keysHead }) };
}

async function* partsIn(open: OpenFile, head: BackupHead): AsyncGenerator<Part> {
  let end: Frame | undefined;
  const count = { submission: 0, "index-key": 0, anchor: 0, binding: 0, "anchor-intent": 0 };
  for await (const frame of framesOf(TITLES.backup, open())) {
    if (frame.kind === FRAMES.head) continue;
    if (frame.kind === FRAMES.end) {
      end = frame;
      continue;
    }
    const part = partOfFrame(frame);
    count[part.kind]++;
    yield part;
  }
  const counted = end === undefined ? {} : jsonIn(end);
  if (
    counted["events"] !== head.size ||
    counted["submissions"] !== count.submission ||
    counted["indexKeys"] !== count["index-key"] ||
    counted["anchors"] !== count.anchor
  )
    throw damaged("it does not hold as many records as it says");
}

/** Keys of fewer events would leave orders, seals and consents that nobody can read and execute, beside others that can be. */
function requireCovering(keys: BackupHead, backup: BackupHead): void {
  if (keys.log !== backup.log)
    throw wrongKeys(`they are of the log ${keys.log}, the backup of ${backup.log}`);
  if (keys.size < backup.size)
    throw wrongKeys(
      `they end at ${keys.size}, the backup at ${backup.size}: seals and orders after that could not be read`,
    );
}

/** The keys of each submission in the order of the log: its index, and 32 bytes an event. */
async function* keyRows(open: OpenFile): AsyncGenerator<{ readonly index: number; readonly keys: Buffer }> {
  for await (const { kind, body } of framesOf(TITLES.keys, open())) {
    if (kind !== KEY_FRAME) continue;
    if (body.length < INDEX_BYTES) throw damaged("a frame holds no keys");
    yield { index: numberOf(body), keys: body.subarray(INDEX_BYTES) };
  }
}

async function* withKeys(
  parts: AsyncIterable<Part>,
  rows: AsyncGenerator<{ readonly index: number; readonly keys: Buffer }>,
  { head, keysHead }: { readonly head: BackupHead; readonly keysHead: BackupHead },
): AsyncGenerator<Part> {
  for await (const part of parts) {
    if (part.kind !== "submission") {
      yield part;
      continue;
    }
    const row = await rows.next();
    const { index, count } = part.submission;
    if (row.done === true || row.value.index !== index || row.value.keys.length !== count * KEY_BYTES)
      throw wrongKeys(`they are not of the submission at index ${index}`);
    yield { kind: "submission", submission: keyed(part.submission, row.value.keys) };
  }
  // To the end, where the digest is.
  let { done } = await rows.next();
  if (keysHead.size === head.size && done !== true) throw wrongKeys("they are of more events than they say");
  while (done !== true) ({ done } = await rows.next());
}

/** With its keys, each of which has to open what it sealed. What is erased in the records or among the keys stays erased. */
function keyed(submission: MovedSubmission, keys: Buffer): MovedSubmission {
  const sealed = bundleEntries(submission.sealed, 0, Infinity);
  const tags = bundleEntries(submission.keys, 0, Infinity);
  const kept = sealed.map((text, n) => (text.length === 0 ? undefined : keyAt(keys, n)));
  for (const [n, text] of sealed.entries()) {
    const key = kept[n];
    if (key !== undefined) opening(submission.index + n, () => openDisclosures(key, text));
  }
  const { keptAttachment } = submission;
  const [first] = kept;
  const body = first === undefined ? NOTHING : (keptAttachment?.sealed ?? NOTHING);
  if (first !== undefined && body.length > 0) opening(submission.index, () => openAttachment(first, body));
  return {
    ...submission,
    sealed: bundleOf(sealed.map((text, n) => (kept[n] === undefined ? NOTHING : text))),
    keys: bundleOf(tags.map((entry, n) => Buffer.concat([kept[n] ?? NOTHING, entry]))),
    ...(keptAttachment && { keptAttachment: { name: keptAttachment.name, sealed: body } }),
  };
}

function opening(index: number, open: () => unknown): void {
  try {
    open();
  } catch (cause) {
    throw new TransferError(
      "wrong-keys",
      `The key of the event at index ${index} does not open it: name the keys that belong to this backup.`,
      { cause },
    );
  }
}

function wrongKeys(fault: string): TransferError {
  return new TransferError(
    "wrong-keys",
    `The keys do not belong to this backup: ${fault}. Name those that were taken with it, or later.`,
  );
}
