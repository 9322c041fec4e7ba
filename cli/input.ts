import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { Readable } from "node:stream";
import { UnusableInput } from "./command.ts";

/** What stands for standard input in the place of a file's name. */
const STANDARD_INPUT = "-";

/** Reads files, and `stdin` as the file `-`. */
export function inputReader(stdin: Readable): (file: string, maxBytes: number) => Promise<Uint8Array> {
  return async (file, maxBytes) => {
    const isStdin = file === STANDARD_INPUT;
    // One byte more than allowed tells a file that is too long from one that just fits.
    const stream = isStdin ? stdin : createReadStream(file, { end: maxBytes });
    const name = isStdin ? "standard input" : file;
    const chunks: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const chunk of stream) {
        const bytes = Buffer.from(chunk);
        chunks.push(bytes);
        length += bytes.length;
        if (length > maxBytes) break;
      }
    } catch (cause) {
      throw new UnusableInput(`${name} cannot be read: ${reasonOf(cause)}`, { cause });
    }
    if (length > maxBytes) throw new UnusableInput(`${name} is longer than ${maxBytes} bytes`);
    return new Uint8Array(Buffer.concat(chunks));
  };
}

/** What a command makes may hold personal data. */
const OWNER_ONLY = 0o600;

/** Writes a file that its owner alone can read. Throws UnusableInput when it cannot. */
export async function writeOwnFile(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { mode: OWNER_ONLY });
  } catch (cause) {
    throw new UnusableInput(`${file} cannot be written: ${reasonOf(cause)}`, { cause });
  }
}

const REASONS: ReadonlyMap<unknown, string> = new Map([
  ["ENOENT", "there is no such file or folder"],
  ["EACCES", "you may not"],
  ["EISDIR", "it is a folder"],
]);

function reasonOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return REASONS.get(code) ?? (typeof code === "string" ? code : "an unknown fault");
}
