import type { IncomingMessage } from "node:http";
import { LedgerError } from "./errors.ts";
import type { BudgetShare } from "./receive/body.ts";

/**
 * The body of a small request. Its time is bounded by the server's `requestTimeout`, its memory by the share.
 * @throws LedgerError `body-too-large` as soon as it is longer than `maxBytes`; `overloaded` when too many bodies are under way;
 * `bad-request` when the client went away.
 */
export async function readSmallBody(
  request: IncomingMessage,
  maxBytes: number,
  share: BudgetShare,
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError("the request was given an encoding");
      length += chunk.length;
      if (length > maxBytes)
        throw new LedgerError("body-too-large", `A body has at most ${maxBytes} bytes here.`);
      if (!share.take(chunk.length))
        throw new LedgerError(
          "overloaded",
          "Too many requests are under way. Send the same again in a second.",
        );
      chunks.push(chunk);
    }
  } catch (error) {
    // Whoever began to read has to see to the rest: nobody else would, and the next request on the connection would wait behind it for ever.
    request.resume();
    if (error instanceof LedgerError || !request.destroyed) throw error;
    throw new LedgerError("bad-request", "The body ended too early.", { cause: error });
  }
  return Buffer.concat(chunks);
}
