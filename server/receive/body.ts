import type { IncomingMessage, ServerResponse } from "node:http";
import { LedgerError } from "../errors.ts";

/** Memory that requests under way may hold together. */
export class ByteBudget {
  readonly #maxBytes: number;
  #taken = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What one request takes of it. */
  share(): BudgetShare {
    let taken = 0;
    return {
      take: (bytes) => {
        if (this.#taken + bytes > this.#maxBytes) return false;
        this.#taken += bytes;
        taken += bytes;
        return true;
      },
      giveBack: () => {
        this.#taken -= taken;
        taken = 0;
      },
    };
  }
}

export interface BudgetShare {
  /** Takes more; false, and nothing is taken, when that is more than there is. */
  readonly take: (bytes: number) => boolean;
  /** Gives back everything. */
  readonly giveBack: () => void;
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
 * Reads a body of known length into memory of its own, so that it can be moved to another thread. The budget is charged with what
 * arrived, not with what was announced: a sender who announces much and sends nothing takes no room from others.
 * @throws LedgerError `slow-body` (and the connection ends with the answer); `overloaded`; `bad-request` when the client went away.
 */
export async function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  { length, timeoutMs, share }: { length: number; timeoutMs: number; share: BudgetShare },
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let received = 0;
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      response.setHeader("connection", "close");
      settle();
      const message = `The body did not arrive within ${timeoutMs} ms. Send it faster or in parts.`;
      reject(new LedgerError("slow-body", message));
    }, timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      request.off("data", onData).off("end", onEnd).off("close", onClose);
    };
    // Node's parser never delivers more than Content-Length says.
    const onData = (chunk: Buffer): void => {
      if (!share.take(chunk.length)) {
        // Node swallows the rest: a connection that ended now would take the answer with it.
        settle();
        const message = "Too many submissions are under way. Send the same again in a second.";
        reject(new LedgerError("overloaded", message));
        return;
      }
      chunks.push(chunk);
      received += chunk.length;
    };
    const onEnd = (): void => {
      settle();
      resolve(joined(chunks, length));
    };
    const onClose = (): void => {
      settle();
      reject(new LedgerError("bad-request", `The body ended after ${received} of ${length} bytes.`));
    };
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

/** In memory of their own, not in Node's pool. */
function joined(chunks: readonly Buffer[], length: number): Uint8Array {
  const body = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for (const chunk of chunks) at += chunk.copy(body, at);
  return body;
}
