/** C2SP checkpoints (c2sp.org/tlog-checkpoint): three body lines, and no extension lines, because nobody could audit them. */
import { fromBase64, toBase64 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { HASH_BYTES, isSize } from "./merkle.ts";
import { type Note, parseNote } from "./note.ts";

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  /** RFC 6962 root of the first `size` entries: 32 bytes. */
  readonly root: Uint8Array;
}

/** A checkpoint with the note it stands in; verify it with `verifyNote`. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: Note;
}

/** The note text to be signed. Throws FormatError `checkpoint`. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const text = `${checkpoint.origin}\n${checkpoint.size}\n${toBase64(checkpoint.root)}\n`;
  parseCheckpointBody(text);
  return text;
}

/** Parses the note text. Throws FormatError `checkpoint` or `base64`. */
export function parseCheckpointBody(text: string): Checkpoint {
  const [origin, size, root, end, ...rest] = text.split("\n");
  if (!origin || size === undefined || root === undefined || end !== "" || rest.length > 0)
    throw badCheckpoint();
  const parsed = { origin, size: parseDecimal(size), root: fromBase64(root) };
  if (parsed.size === undefined || parsed.root.length !== HASH_BYTES) throw badCheckpoint();
  return { origin, size: parsed.size, root: parsed.root };
}

/** Parses a signed checkpoint. Throws FormatError `note`, `checkpoint` or `base64`. */
export function parseCheckpoint(signed: string): SignedCheckpoint {
  const note = parseNote(signed);
  return { ...parseCheckpointBody(note.text), note };
}

/** A size or index in ASCII decimal without leading zeros, as C2SP writes them; undefined when it is none. */
export function parseDecimal(text: string): number | undefined {
  const value = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : undefined;
  return isSize(value) ? value : undefined;
}

function badCheckpoint(): FormatError {
  return new FormatError(
    "checkpoint",
    "expected three lines: origin, size in decimal, base64 of a 32-byte root",
  );
}
