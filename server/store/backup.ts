import { toBase64url } from "../../protocol/bytes.ts";
import { frameWriter } from "./backup-frames.ts";
import { type BackupFile, type BackupHead, FORMAT, KEY_FRAME, TITLES } from "./backup-head.ts";
import { frameOfPart, keysApart } from "./backup-parts.ts";
import { u64 } from "./rows.ts";
import { checkedParts, nothingCounted } from "./transfer-check.ts";
import type { Origin, Part } from "./transfer-parts.ts";

/** Some bytes of one of the files of a backup. */
export interface BackupChunk {
  readonly file: BackupFile;
  readonly bytes: Buffer;
}

/** Bytes handed on at once. */
const CHUNK_BYTES = 256 * 1024;

/**
 * The backup of these records, made and checked while it is taken: a file without the events' keys and, if wanted, one with nothing but them. Whoever
 * has the first alone opens nothing: it holds what is public, ciphertexts, and tags under the operator's pepper.
 * @throws TransferError `inconsistent` when the records are damaged
 */
export async function* backupOf(
  { head, parts }: Origin,
  { withKeys, ...about }: { readonly log: string; readonly time: number; readonly withKeys: boolean },
): AsyncGenerator<BackupChunk> {
  const backup = chunkWriter("backup", { ...about, ...head });
  const keys = withKeys ? chunkWriter("keys", { ...about, ...head }) : undefined;
  const count = nothingCounted();
  for await (const part of checkedParts(parts(), head, count)) {
    const apart = part.kind === "submission" ? keysApart(part.submission) : undefined;
    const keyless: Part = apart === undefined ? part : { kind: "submission", submission: apart.submission };
    const { kind, body } = frameOfPart(keyless);
    yield* backup.frame(kind, ...body);
    if (apart !== undefined && keys !== undefined)
      yield* keys.frame(KEY_FRAME, u64(apart.submission.index), apart.keys);
  }
  yield* backup.end(count);
  if (keys !== undefined) yield* keys.end({ events: head.size });
}

function chunkWriter(file: BackupFile, { log, size, root, commits, time }: BackupHead) {
  const writer = frameWriter(TITLES[file]);
  const head = { type: TITLES[file], version: FORMAT, log, size, root: toBase64url(root), commits, time };
  let held = [writer.begin(head)];
  let bytes = 0;

  function* chunks(more: Buffer, least: number): Generator<BackupChunk> {
    held.push(more);
    bytes += more.length;
    if (bytes < least) return;
    const whole = Buffer.concat(held);
    [held, bytes] = [[], 0];
    yield { file, bytes: whole };
  }

  return {
    frame: (kind: string, ...body: readonly Uint8Array[]) => chunks(writer.frame(kind, ...body), CHUNK_BYTES),
    end: (counted: object) => chunks(writer.end(counted), 0),
  };
}
