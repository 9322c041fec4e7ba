import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { isJsonObject } from "../../protocol/json.ts";

/** A call as it came to the gateway. */
export interface SeenCall {
  readonly method: string;
  readonly params: readonly unknown[];
  readonly body: string;
}

/** What becomes of a call: it goes to the node, or is held and never answered. */
export type Verdict = "pass" | "hold";

/** Stands between a ledger and the chain's node, and does to their talk what a test asks for. */
export interface Gateway {
  readonly url: string;
  /** The node behind it. */
  target: string;
  /** While true, nobody answers. */
  isDown: boolean;
  /** Asked about every call before it is passed on. */
  judge: (call: SeenCall) => Verdict;
  /** The signed transactions that came, in order. */
  readonly sent: string[];
  readonly close: () => Promise<void>;
}

/** Opens one on a random port. */
export async function openGateway(target: string): Promise<Gateway> {
  const server = createServer((request, response) => void answer(request, response));
  const sent: string[] = [];
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the gateway has no port");
  const gateway: Gateway = {
    url: `http://127.0.0.1:${address.port}`,
    target,
    isDown: false,
    judge: () => "pass",
    sent,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const part of request) body += String(part);
    if (gateway.isDown) {
      request.destroy();
      return;
    }
    const call = parseCall(body);
    if (call.method === "eth_sendRawTransaction") sent.push(String(call.params[0]));
    if (gateway.judge(call) === "hold") return;
    const headers = { "content-type": "application/json" };
    const passed = await fetch(gateway.target, { method: "POST", headers, body }).catch(() => undefined);
    if (passed === undefined) request.destroy();
    else response.end(await passed.text());
  }

  return gateway;
}

function parseCall(body: string): SeenCall {
  const value: unknown = JSON.parse(body);
  const { method, params } = isJsonObject(value) ? value : {};
  return { method: String(method), params: Array.isArray(params) ? params : [], body };
}
