import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isJsonObject } from "../../protocol/json.ts";

/** One message that the gateway sent on to a telephone. */
export interface SentMessage {
  readonly key: string;
  readonly to: string;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A gateway for text messages, as a province rents one: it tells the same `Idempotency-Key` apart, and here it keeps what it sent. */
export interface SmsGateway {
  /** Where it takes a message: `POST`. */
  readonly url: string;
  /** What went out, each key once, in order. */
  readonly sent: readonly SentMessage[];
  /** Requests that came for a key, those that were repeated included. */
  readonly requestsFor: (key: string) => number;
  readonly close: () => Promise<void>;
}

const MAX_BODY_BYTES = 16 * 1024;

export async function startSmsGateway(): Promise<SmsGateway> {
  const sent: SentMessage[] = [];
  const requests = new Map<string, number>();

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = request.headers["idempotency-key"];
    const message = messageIn(await textOf(request));
    if (request.method !== "POST" || typeof key !== "string" || message === undefined) {
      response.writeHead(400).end();
      return;
    }
    const before = requests.get(key) ?? 0;
    requests.set(key, before + 1);
    if (before === 0) sent.push({ key, ...message, at: Date.now() });
    response.writeHead(202).end();
  }

  const server = createServer((request, response) => {
    take(request, response).catch(() => response.writeHead(400).end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/messages`,
    sent,
    requestsFor: (key) => requests.get(key) ?? 0,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) {
    text += String(part);
    if (text.length > MAX_BODY_BYTES) throw new RangeError("a message is short");
  }
  return text;
}

function messageIn(text: string): Pick<SentMessage, "to" | "text"> | undefined {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) return undefined;
  const { to, text: content } = value;
  return typeof to === "string" && typeof content === "string" ? { to, text: content } : undefined;
}
