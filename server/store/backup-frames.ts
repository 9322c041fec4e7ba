import { createHash } from "node:crypto";
import { isJsonObject } from "../../protocol/json.ts";
import type { Bytes } from "../../protocol/bytes.ts";
import { TransferError } from "./transfer-error.ts";

/*
 * How the files of a backup are framed. A line that names the kind of file; then frames, each a letter, the length of its body as an unsigned 32-bit
 * big-endian number, and the body. The first frame is the head (JSON), the last but one the end (JSON: what was counted), the last the SHA-256 of all
 * bytes before it. So what is cut off or altered anywhere is noticed, though not who altered it: compare the root with the chain.
 */

export const FRAMES = { head: "H", end: "E", digest: "D" } as const;

const LENGTH_AT = 1;
const HEADER_BYTES = 5;
/** Above any frame: a submission of 8 MiB and an attachment of 8 MiB, with their frames. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
const DIGEST_BYTES = 32;

export interface Frame {
  readonly kind: string;
  readonly body: Buffer;
}

/** Makes a file frame by frame; it has to be ended. */
export interface FrameWriter {
  readonly begin: (head: object) => Buffer;
  readonly frame: (kind: string, ...body: readonly Bytes[]) => Buffer;
  /** The last bytes. */
  readonly end: (counted: object) => Buffer;
}

export function frameWriter(title: string): FrameWriter {
  const digest = createHash("sha256");
  const hashed = (bytes: Buffer): Buffer => {
    digest.update(bytes);
    return bytes;
  };
  const frame = (kind: string, ...body: readonly Bytes[]): Buffer => hashed(frameOf(kind, body));
  return {
    begin: (head) => Buffer.concat([hashed(titleLine(title)), frame(FRAMES.head, jsonBytes(head))]),
    frame,
    end: (counted) =>
      Buffer.concat([frame(FRAMES.end, jsonBytes(counted)), frameOf(FRAMES.digest, [digest.digest()])]),
  };
}

function frameOf(kind: string, body: readonly Bytes[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(kind, "latin1");
  header.writeUInt32BE(
    body.reduce((length, part) => length + part.length, 0),
    LENGTH_AT,
  );
  return Buffer.concat([header, ...body]);
}

/**
 * The frames of a file, without its digest, which is compared when all were taken: whoever stops earlier was shown what nobody vouches for.
 * @throws TransferError `damaged`
 */
export async function* framesOf(title: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const digest = createHash("sha256");
  const reader = byteReader(bytes);
  const line = titleLine(title);
  if (!(await reader.take(line.length))?.equals(line)) throw damaged(`it does not begin as a ${title} does`);
  digest.update(line);
  let last = "";
  for (;;) {
    const header = await reader.take(HEADER_BYTES);
    if (header === undefined) throw damaged("its end is missing");
    const [kind, length] = [header.toString("latin1", 0, LENGTH_AT), header.readUInt32BE(LENGTH_AT)];
    if (length > MAX_FRAME_BYTES) throw damaged("a frame is longer than any can be");
    const body = await reader.take(length);
    if (body === undefined) throw damaged("its end is missing");
    if (kind === FRAMES.digest) {
      if (last !== FRAMES.end || length !== DIGEST_BYTES || !body.equals(digest.digest()))
        throw damaged("its digest is not the one of its bytes");
      if ((await reader.take(1)) !== undefined) throw damaged("it goes on after its end");
      return;
    }
    digest.update(header);
    digest.update(body);
    last = kind;
    yield { kind, body };
  }
}

/** The JSON object in a frame. @throws TransferError `damaged` */
export function jsonIn({ body }: Frame): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (isJsonObject(value)) return value;
  } catch {
    // As for any other value.
  }
  throw damaged("its head or its end cannot be read");
}

/** Parts of a body, each behind its length, so that they are found again. */
export function joined(...parts: readonly Bytes[]): Bytes[] {
  return parts.flatMap((part) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return [length, part];
  });
}

/** The reverse of `joined`. @throws TransferError `damaged` */
export function partsIn(body: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const end = at + 4 + (at + 4 <= body.length ? body.readUInt32BE(at) : Infinity);
    if (end > body.length) throw damaged("a frame does not hold what it says");
    parts.push(body.subarray(at + 4, end));
    at = end;
  }
  return parts;
}

export function damaged(fault: string): TransferError {
  return new TransferError("damaged", `The file is damaged: ${fault}. Use another copy.`);
}

function titleLine(title: string): Buffer {
  return Buffer.from(`${title}\n`, "latin1");
}

function jsonBytes(value: object): Buffer {
  return Buffer.from(JSON.stringify(value), "utf8");
}

/** Takes exact numbers of bytes from a stream, holding one chunk and what is taken. */
function byteReader(bytes: AsyncIterable<Uint8Array>) {
  const iterator = bytes[Symbol.asyncIterator]();
  let held: Buffer[] = [];
  let available = 0;
  return {
    /** Undefined at the end of the stream, also in the middle of what is asked for. */
    take: async (length: number): Promise<Buffer | undefined> => {
      while (available < length) {
        const next = await iterator.next();
        if (next.done === true) return undefined;
        const { buffer, byteOffset, byteLength } = next.value;
        held.push(Buffer.from(buffer, byteOffset, byteLength));
        available += byteLength;
      }
      const all = held.length === 1 ? (held[0] ?? Buffer.alloc(0)) : Buffer.concat(held);
      held = [all.subarray(length)];
      available -= length;
      return all.subarray(0, length);
    },
  };
}
