import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { RecorderError } from "./errors.ts";

/** One record of an imported file, as text, and where it stands. */
export interface TextRecord {
  text: string;
  /** Number of the record in the file, from 1. */
  record: number;
  /** Line it begins on, from 1. */
  line: number;
}

/** Told how far reading is, in bytes of the file. */
export type ReadProgress = (bytesRead: number, bytesTotal: number) => void;

const GZIP_MAGIC = [0x1f, 0x8b] as const;

/**
 * The text of a file as it streams in, unpacked when it is gzip (as X-Road sends its records). Throws `bad-import` when the
 * file can't be read, unpacked, or is not UTF-8.
 */
export async function* textOfFile(file: string, onProgress: ReadProgress): AsyncGenerator<string> {
  try {
    const { size } = await stat(file);
    const packed = counted(createReadStream(file), (bytes) => onProgress(bytes, size));
    const unpacked = (await isGzip(file)) ? pipeline(packed, createGunzip(), () => undefined) : packed;
    const decoder = new TextDecoder("utf-8", { fatal: true });
    for await (const chunk of unpacked) {
      if (chunk instanceof Uint8Array) yield decoder.decode(chunk, { stream: true });
    }
    yield decoder.decode();
  } catch (cause) {
    throw new RecorderError(
      "bad-import",
      `${file} cannot be read as text: is it the right file, whole, and UTF-8?`,
      { cause },
    );
  }
}

async function* counted(
  chunks: AsyncIterable<unknown>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) continue;
    bytes += chunk.length;
    onBytes(bytes);
    yield chunk;
  }
}

async function isGzip(file: string): Promise<boolean> {
  for await (const chunk of createReadStream(file, { end: 1 })) {
    if (chunk instanceof Uint8Array) return chunk[0] === GZIP_MAGIC[0] && chunk[1] === GZIP_MAGIC[1];
  }
  return false;
}

/**
 * The JSON objects at a nesting depth of a text: 0 for objects one after the other (NDJSON), 1 for an array of them, 2 for
 * an array that is a member of an object. They are cut out by their braces and not parsed. Throws `bad-import` when one is
 * longer than `maxLength` or the text ends inside one.
 */
export async function* jsonObjects(
  chunks: AsyncIterable<string>,
  depth: number,
  maxLength: number,
): AsyncGenerator<TextRecord> {
  let level = 0;
  let isString = false;
  let isEscaped = false;
  let line = 1;
  let found: TextRecord | undefined;
  let record = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const char = chunk[at];
      if (char === "\n") line += 1;
      if (isString) {
        if (isEscaped) isEscaped = false;
        else if (char === "\\") isEscaped = true;
        else if (char === '"') isString = false;
      } else if (char === '"') isString = true;
      else if (char === "{" || char === "[") {
        if (level === depth && char === "{") {
          record += 1;
          found = { text: "", record, line };
          from = at;
        }
        level += 1;
      } else if (char === "}" || char === "]") {
        level -= 1;
        if (found !== undefined && level === depth) {
          yield { ...found, text: found.text + chunk.slice(from, at + 1) };
          found = undefined;
        }
      }
    }
    if (found === undefined) continue;
    found.text += chunk.slice(from);
    refuseTooLong(found, maxLength);
  }
  if (found !== undefined) throw endsInside(found);
}

/** The beginning of a text, and the whole text still to be read. */
export async function peek(
  chunks: AsyncGenerator<string>,
): Promise<{ start: string; whole: AsyncIterable<string> }> {
  let start = "";
  while (start.trimStart().length < 64) {
    const next = await chunks.next();
    if (next.done === true) break;
    start += next.value;
  }
  async function* whole(): AsyncGenerator<string> {
    yield start;
    yield* chunks;
  }
  return { start: start.replace(/^\uFEFF/, "").trimStart(), whole: whole() };
}

/**
 * The elements of one name in an XML text, whether one is the document or many stand in a bundle. Comments and CDATA are
 * passed over; a DOCTYPE is refused, as FHIR allows none. Throws `bad-import` as `jsonObjects` does.
 */
export async function* xmlElements(
  chunks: AsyncIterable<string>,
  name: string,
  maxLength: number,
): AsyncGenerator<TextRecord> {
  const marks = new RegExp(`<!--|<!\\[CDATA\\[|<!DOCTYPE|<${name}(?=[\\s/>])|</${name}\\s*>`, "g");
  // Longer than any mark with its look-ahead: a mark cut in two by a chunk's end is found with the next chunk.
  const overlap = name.length + 16;
  let buffer = "";
  let line = 1;
  let record = 0;
  let found: TextRecord | undefined;
  let level = 0;
  let isLast = false;
  const iterator = chunks[Symbol.asyncIterator]();
  while (!isLast) {
    const next = await iterator.next();
    isLast = next.done === true;
    buffer += next.done === true ? "" : next.value;
    let at = 0;
    const take = (end: number) => {
      if (found !== undefined) found.text += buffer.slice(at, end);
      line += buffer.slice(at, end).split("\n").length - 1;
      at = end;
    };
    marks.lastIndex = 0;
    const safe = isLast ? buffer.length : Math.max(0, buffer.length - overlap);
    for (let mark = marks.exec(buffer); mark !== null && mark.index < safe; mark = marks.exec(buffer)) {
      const [text] = mark;
      take(mark.index);
      if (text === "<!DOCTYPE")
        throw new RecorderError("bad-import", `line ${line}: a DOCTYPE is not allowed`);
      if (text === "<!--" || text === "<![CDATA[") {
        const close = text === "<!--" ? "-->" : "]]>";
        const end = buffer.indexOf(close, mark.index);
        if (end === -1) break;
        // What stands in a comment is none of the record's.
        line += buffer.slice(at, end).split("\n").length - 1;
        if (text !== "<!--" && found !== undefined) found.text += buffer.slice(at, end + close.length);
        at = end + close.length;
        marks.lastIndex = at;
      } else if (text.startsWith("</")) {
        take(mark.index + text.length);
        level = Math.max(0, level - 1);
        if (found !== undefined && level === 0) {
          yield found;
          found = undefined;
        }
      } else {
        if (level === 0) {
          record += 1;
          found = { text: "", record, line };
        }
        level += 1;
      }
    }
    const rest = isInsideComment(buffer, at) ? at : Math.max(at, safe);
    take(rest);
    buffer = buffer.slice(rest);
    if (buffer.length > maxLength)
      throw new RecorderError("bad-import", `line ${line}: a comment is too long`);
    if (found !== undefined) refuseTooLong(found, maxLength);
  }
  if (found !== undefined) throw endsInside(found);
}

function isInsideComment(buffer: string, at: number): boolean {
  return buffer.startsWith("<!--", at) || buffer.startsWith("<![CDATA[", at);
}

function refuseTooLong(found: TextRecord, maxLength: number): void {
  if (found.text.length > maxLength) {
    throw new RecorderError(
      "bad-import",
      `record ${found.record} (line ${found.line}) is longer than ${maxLength} characters`,
    );
  }
}

function endsInside(found: TextRecord): RecorderError {
  return new RecorderError(
    "bad-import",
    `the file ends inside record ${found.record} (line ${found.line}): it was cut off`,
  );
}
