import { formatCheckpoint } from "../../protocol/checkpoint.ts";
import { checkpointOrigin, type LogId } from "../../protocol/log-id.ts";
import { signNote, verifierKey } from "../../protocol/note.ts";
import { signLater, type SignBytesLater } from "../../protocol/sign-later.ts";

/** The log's Ed25519 checkpoint key. */
export interface CheckpointKey {
  readonly publicKey: Uint8Array;
  readonly sign: SignBytesLater;
}

/** Signs a size and its root; the same bytes each time. */
export type SignCheckpoint = (size: number, root: Uint8Array) => string | Promise<string>;

/** Signs the checkpoints of a log with its checkpoint key as C2SP signed notes named by its origin. */
export function checkpointSigner(
  log: LogId,
  key: CheckpointKey,
): (size: number, root: Uint8Array) => Promise<string> {
  const origin = checkpointOrigin(log);
  const name = verifierKey(origin, key.publicKey);
  return async (size, root) =>
    await signLater((sign) => signNote(formatCheckpoint({ origin, size, root }), name, sign), key.sign);
}
