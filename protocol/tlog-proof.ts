/**
 * C2SP proofs (c2sp.org/tlog-proof): an index, an inclusion path and the checkpoint it leads to, as one text.
 * The specification leaves open how the text ends. Decided here: the checkpoint follows verbatim, so the last line ends with
 * the one newline its note ends with, and nothing follows. Lines end with a newline only, never CR LF.
 */
import { fromBase64, toBase64 } from "./bytes.ts";
import { parseDecimal } from "./checkpoint.ts";
import { FormatError } from "./errors.ts";
import { HASH_BYTES } from "./merkle.ts";
import { MAX_NOTE_LENGTH } from "./note.ts";

export interface TlogProof {
  /** Unauthenticated bytes with a meaning of the application's; we write none. */
  readonly extra?: Uint8Array;
  readonly index: number;
  /** Inclusion path, the leaf's sibling first. */
  readonly hashes: readonly Uint8Array[];
  /** The signed checkpoint, verbatim; see `parseCheckpoint`. */
  readonly checkpoint: string;
}

const HEADER = "c2sp.org/tlog-proof@v1";
const EXTRA = "extra ";
const INDEX = "index ";
/** A tree of 2^53 leaves has paths of 53 hashes. */
const MAX_HASHES = 53;

/** The text of a proof. Throws FormatError `tlog-proof`. */
export function formatTlogProof(proof: TlogProof): string {
  const text = tlogProofText(proof);
  parseTlogProof(text);
  return text;
}

/** The text of a proof without reading it again, for whoever knows that its parts are what they should be. */
export function tlogProofText({ extra, index, hashes, checkpoint }: TlogProof): string {
  const head = extra === undefined ? [HEADER] : [HEADER, EXTRA + toBase64(extra)];
  return [...head, `${INDEX}${index}`, ...hashes.map(toBase64), "", checkpoint].join("\n");
}

/** Parses a proof; the checkpoint in it is left unread. Throws FormatError `tlog-proof`, or `base64`. */
export function parseTlogProof(text: string): TlogProof {
  if (text.length > 2 * MAX_NOTE_LENGTH) throw badProof();
  const blank = text.indexOf("\n\n");
  if (blank === -1) throw badProof();
  const checkpoint = text.slice(blank + 2);
  const [header, ...lines] = text.slice(0, blank).split("\n");
  const extra =
    lines[0]?.startsWith(EXTRA) === true ? fromBase64(lines.shift()?.slice(EXTRA.length) ?? "") : undefined;
  const index = parseIndexLine(lines.shift());
  if (header !== HEADER || index === undefined || lines.length > MAX_HASHES) throw badProof();
  if (!checkpoint.endsWith("\n") || checkpoint.startsWith("\n")) throw badProof();
  const hashes = lines.map(fromBase64);
  if (!hashes.every((hash) => hash.length === HASH_BYTES)) throw badProof();
  return { ...(extra === undefined ? {} : { extra }), index, hashes, checkpoint };
}

function parseIndexLine(line: string | undefined): number | undefined {
  return line?.startsWith(INDEX) === true ? parseDecimal(line.slice(INDEX.length)) : undefined;
}

function badProof(): FormatError {
  return new FormatError(
    "tlog-proof",
    `expected ${HEADER}, optionally an extra line, an index line, up to ${MAX_HASHES} base64 hashes of 32 bytes, a blank line and a checkpoint`,
  );
}
