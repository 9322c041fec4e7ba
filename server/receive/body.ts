import type { IncomingMessage, ServerResponse } from "node:http";
import { LedgerError } from "../errors.ts";

/** Memory that requests under way may hold together. */
export class ByteBudget {
  readonly #maxBytes: number;
  #taken = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes the bytes and returns the function that gives them back. @throws LedgerError `overloaded`. */
  take(bytes: number): () => void {
    if (this.#taken + bytes > this.#maxBytes) {
      throw new LedgerError(
        "overloaded",
        "Too many submissions are under way. Send the same again in a second.",
      );
    }
    this.#taken += bytes;
    return () => {
      this.#taken -= bytes;
    };
  }
}

/**
 * The length of a request's body, known before the body is read.
 * @throws LedgerError `length-required`, `submission-too-large`.
 */
export function bodyLength(request: IncomingMessage, maxBytes: number): number {
  const header = request.headers["content-length"];
  if (header === undefined) {
    throw new LedgerError("length-required", "Send the body with a Content-Length, not in chunks.");
  }
  const length = Number(header);
  if (length > maxBytes) {
    throw new LedgerError(
      "submission-too-large",
      `A body has at most ${maxBytes} bytes. Send fewer events at once.`,
    );
  }
  return length;
}

/**
 * Reads a body of known length into memory of its own, so that it can be moved to another thread.
 * @throws LedgerError `slow-body` (and the connection ends with the answer); `bad-request` when the client went away.
 */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  length: number,
  timeoutMs: number,
): Promise<Uint8Array> {
  const body = Buffer.allocUnsafeSlow(length);
  let received = 0;
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      response.setHeader("connection", "close");
      settle();
      reject(
        new LedgerError(
          "slow-body",
          `The body did not arrive within ${timeoutMs} ms. Send it faster or in parts.`,
        ),
      );
    }, timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose);
    };
    // Node's parser never delivers more than Content-Length says.
    const onData = (chunk: Buffer): void => void (received += chunk.copy(body, received));
    const onEnd = (): void => {
      settle();
      resolve(body);
    };
    const onClose = (): void => {
      settle();
      reject(new LedgerError("bad-request", `The body ended after ${received} of ${length} bytes.`));
    };
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}
