import type { IncomingMessage } from "node:http";
import { fromUtf8 } from "../protocol/bytes.ts";
import { parseStrictJson } from "../protocol/json.ts";
import { RequestError } from "./service-errors.ts";

/** Largest request: 1,000 events of the largest size would be more, but no real ones are. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Most events of one request. */
const MAX_REQUEST_EVENTS = 1_000;
/** An array of events, whose facets nest a few levels. */
const MAX_DEPTH = 10;

/** The events of a request: one object, or an array of 1 to 1,000. */
export interface RequestedEvents {
  events: readonly unknown[];
  isList: boolean;
}

/**
 * Reads and parses the body of `POST /v1/events`. Throws RequestError for its type, size or number of events, FormatError for
 * JSON that two readers could understand differently.
 */
export async function readEvents(request: IncomingMessage): Promise<RequestedEvents> {
  // Browsers send other types across origins without asking; this one they don't.
  const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new RequestError("unsupported-media-type", "send the event as content-type application/json");
  }
  const value = parseStrictJson(fromUtf8(await readBody(request)), { maxDepth: MAX_DEPTH });
  if (!Array.isArray(value)) return { events: [value], isList: false };
  if (value.length === 0) throw new RequestError("bad-request", "send at least one event");
  if (value.length > MAX_REQUEST_EVENTS) {
    throw new RequestError("too-many-events", `send at most ${MAX_REQUEST_EVENTS} events at once`);
  }
  return { events: value, isList: true };
}

async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  const tooLarge = () => new RequestError("body-too-large", `send at most ${MAX_BODY_BYTES} bytes at once`);
  if (Number(request.headers["content-length"] ?? "0") > MAX_BODY_BYTES) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) {
        request.pause();
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.on("end", () => {
      const [only] = chunks;
      resolve(only !== undefined && chunks.length === 1 ? only : Buffer.concat(chunks));
    });
    // "close" follows "end" too, and an error costs a stack trace: made only when it is one.
    request.on("close", () => {
      if (!request.complete) reject(new RequestError("bad-request", "the request broke off"));
    });
    request.on("error", reject);
  });
}
