import { jsonAnswer } from "../exchange/bounded-answer.ts";
import { type ExchangeMessage, headersOf } from "../exchange/message.ts";
import type { SendReading } from "../exchange/reading.ts";
import type { Correction } from "./correction.ts";

export interface RegisterClientOptions {
  /** Base URL of each service, by the name that the records have: `<agency>/<register>`. */
  readonly urls: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Asks registers over HTTP. */
export interface RegisterClient {
  /** For `onceOnlyReader`. Rejects when the register cannot be reached, or none has that name. */
  readonly send: SendReading;
  /** Tells a register what is right; resolves with the HTTP status, 204 when it was taken. Rejects like `send`. */
  readonly correct: (service: string, message: ExchangeMessage, correction: Correction) => Promise<number>;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 256 * 1024;

export function registerClient({
  urls,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: RegisterClientOptions): RegisterClient {
  async function post(
    { service, path }: { readonly service: string; readonly path: string },
    headers: Readonly<Record<string, string>>,
    body: object,
  ): Promise<Response> {
    const url = urls[service];
    if (url === undefined) throw new RangeError(`no address is known of the service ${service}`);
    return await fetch(url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
  }

  return {
    send: async ({ service, subject: { scheme, id }, personalData }, headers) => {
      const asked = { subject: { scheme, id }, personalData };
      const response = await post({ service, path: "/read" }, headers, asked);
      return { status: response.status, body: await jsonAnswer(response, MAX_ANSWER_BYTES) };
    },
    correct: async (service, message, correction) => {
      const response = await post({ service, path: "/corrections" }, headersOf(message), correction);
      await response.body?.cancel();
      return response.status;
    },
  };
}
