import type { Addresses, Channel, Message } from "./channel.ts";

export interface SmsOptions {
  /** The gateway's address for one message: `POST` with `{"to", "text"}` and an `Idempotency-Key`. */
  readonly url: string;
  /** Sent as a bearer token, where the gateway wants one. */
  readonly token?: string;
  readonly timeoutMs?: number;
}

/** A gateway that takes longer is not waited for; what came of it stays unknown. */
const DEFAULT_TIMEOUT_MS = 15_000;
/** Too slow, another attempt is under way, too many at once. */
const UNCERTAIN = [408, 409, 429];

/**
 * Text messages by an HTTP gateway. Its answer decides: 2xx is delivered to the gateway, 4xx is certainly not sent, but for 409: an attempt under the same
 * key is under way there. Anything else, silence included, is not known, and the same key makes a second attempt harmless (IETF
 * draft-ietf-httpapi-idempotency-key-header).
 */
export function smsChannel({ url, token, timeoutMs = DEFAULT_TIMEOUT_MS }: SmsOptions): Channel {
  return {
    ...{ name: "sms", disturbs: true, isIdempotent: true },
    reaches: ({ phone }) => phone !== undefined,
    send: async ({ phone, language }: Addresses, { key, text }: Message) => {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "idempotency-key": key,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ to: phone, text: text[language] }),
        // A person's number goes to this address alone.
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      await response.body?.cancel();
      if (response.ok) return "delivered";
      const { status } = response;
      if (status >= 400 && status < 500 && !UNCERTAIN.includes(status)) return "failed";
      throw new Error(`the gateway answered ${status}: whether it sent is not known`);
    },
  };
}
