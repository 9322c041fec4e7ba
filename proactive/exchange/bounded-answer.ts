import { fromUtf8 } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { parseStrictJson } from "../../protocol/json.ts";

/** An answer is longer than its reader takes. */
export class AnswerTooLongError extends Error {
  override readonly name = "AnswerTooLongError";
}

/** Answers nest less. */
const MAX_DEPTH = 32;

/**
 * The JSON value of an answer of at most so many bytes (unpacked); undefined for anything but JSON in UTF-8 in which no member stands twice.
 * @throws AnswerTooLongError, and what `fetch` throws when the answer breaks off
 */
export async function jsonAnswer(response: Response, limitBytes: number): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop ends the connection.
    if (length > limitBytes) throw new AnswerTooLongError(`the answer has more than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  try {
    return parseStrictJson(fromUtf8(Buffer.concat(chunks)), { maxDepth: MAX_DEPTH });
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
