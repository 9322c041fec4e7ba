import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { FormatError } from "../../protocol/errors.ts";
import type { IndexKey } from "../../protocol/index-keys.ts";
import { canonicalSubjectId, isSubjectScheme, SUBJECT_ID_PATTERNS } from "../../protocol/subject.ts";

/** A line of a population register: the person it names, or why it names none. Never repeats what stood there. */
export type RegisterLine =
  | { readonly line: number; readonly bytes: number; readonly person: IndexKey }
  | { readonly line: number; readonly bytes: number; readonly fault: string };

const HEADER = /^\W*scheme["']?\s*[,;\t:]/i;
const SCHEMES = Object.keys(SUBJECT_ID_PATTERNS).join(", ");

/**
 * The persons in a file: one `scheme:id` a line, or a CSV whose first two columns are scheme and id. A header and empty lines are skipped.
 * `bytes`: how much of the file was read with that line. Rejects with the error of the file system.
 */
export async function* readRegister(file: string): AsyncGenerator<RegisterLine> {
  let line = 0;
  let bytes = 0;
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    line++;
    bytes += Buffer.byteLength(text) + 1;
    if (text.trim() === "" || (line === 1 && HEADER.test(text))) continue;
    yield { line, bytes, ...personIn(text) };
  }
}

function personIn(text: string): { person: IndexKey } | { fault: string } {
  const [scheme = "", id] = /^[^,;\t]*[,;\t]/.test(text) ? columns(text) : halves(text);
  if (id === undefined) return { fault: "expected scheme:id, or scheme and id in two columns" };
  if (!isSubjectScheme(scheme)) return { fault: `the scheme must be one of ${SCHEMES}` };
  try {
    return { person: { kind: "person", id: `${scheme}:${canonicalSubjectId(scheme, id)}` } };
  } catch (error) {
    if (error instanceof FormatError) return { fault: error.message };
    throw error;
  }
}

function columns(text: string): (string | undefined)[] {
  return text.split(/[,;\t]/, 2).map((column) => column.trim().replace(/^"(.*)"$/, "$1"));
}

/** At the first colon: a passport's id has one of its own. */
function halves(text: string): (string | undefined)[] {
  const colon = text.indexOf(":");
  return colon < 0 ? [text.trim()] : [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}
