import { fromBase64url } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { parseLogId } from "../../protocol/log-id.ts";
import { HASH_BYTES, isSize } from "../../protocol/merkle.ts";
import { damaged, type Frame, FRAMES, jsonIn } from "./backup-frames.ts";
import { TransferError } from "./transfer-error.ts";
import type { RecordsHead } from "./transfer-parts.ts";

/** The first format that was released is 1; later programs go on reading every one from then on. */
export const FORMAT = 1;

/** What the files of a backup begin with, by what they hold. */
export const TITLES = { backup: "minhbach-backup", keys: "minhbach-event-keys" } as const;
export type BackupFile = keyof typeof TITLES;

/** The frame of the keys of one submission's events: its index (u64), then 32 bytes an event, zeros where the key was destroyed. */
export const KEY_FRAME = "k";

/** What is written at the beginning of both files. */
export interface BackupHead extends RecordsHead {
  /** `chainId:registry:logId` */
  readonly log: string;
  /** When it was taken, Unix seconds. */
  readonly time: number;
}

/** @throws TransferError `damaged`, `newer-format` */
export function headInFrame(frame: Frame, file: BackupFile): BackupHead {
  const { type, version, log, size, root, commits, time } = jsonIn(frame);
  if (frame.kind !== FRAMES.head || type !== TITLES[file])
    throw damaged(`it has no head of a ${TITLES[file]}`);
  if (typeof version === "number" && version > FORMAT) {
    const message = `The file has format ${version}, this program knows up to ${FORMAT}: use a newer version.`;
    throw new TransferError("newer-format", message);
  }
  if (version !== FORMAT || !isSize(size) || !isSize(commits) || !isSize(time))
    throw damaged("its head is wrong");
  if (typeof log !== "string" || typeof root !== "string") throw damaged("its head is wrong");
  try {
    parseLogId(log);
    const bytes = fromBase64url(root);
    if (bytes.length === HASH_BYTES) return { log, size, root: bytes, commits, time };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  throw damaged("its head is wrong");
}
