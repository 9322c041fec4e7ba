import { ed25519 } from "@noble/curves/ed25519.js";
import { formatCheckpoint } from "../../protocol/checkpoint.ts";
import { checkpointOrigin, type LogId } from "../../protocol/log-id.ts";
import { signNote, verifierKey } from "../../protocol/note.ts";

/** Signs the checkpoints of a log with its Ed25519 checkpoint key (32-byte seed) as C2SP signed notes named by its origin. */
export function checkpointSigner(log: LogId, seed: Uint8Array): (size: number, root: Uint8Array) => string {
  const origin = checkpointOrigin(log);
  const key = verifierKey(origin, ed25519.getPublicKey(seed));
  return (size, root) =>
    signNote(formatCheckpoint({ origin, size, root }), key, (data) => ed25519.sign(data, seed));
}
