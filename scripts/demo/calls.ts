import type { ShownMessage } from "../../proactive/inbox/message.ts";
import { isJsonObject } from "../../protocol/json.ts";

/** An HTTP answer of a service. */
export interface Reply {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
}

/** Asks a service once. A body makes it a POST. */
export async function ask(url: string, token: string, body?: object): Promise<Reply> {
  const response = await fetch(url, {
    ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    headers: {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { "content-type": "application/json" }),
    },
  });
  const text = await response.text();
  const json: unknown = text === "" ? {} : JSON.parse(text);
  return { status: response.status, json: isJsonObject(json) ? json : {} };
}

/** The same, where any other answer than 200 or 201 is a fault of the demo. @throws Error naming the service's own code */
export async function demand(url: string, token: string, body?: object): Promise<Reply["json"]> {
  const { status, json } = await ask(url, token, body);
  if (status !== 200 && status !== 201)
    throw new Error(`${new URL(url).pathname} answers ${status} (${String(json["code"])})`);
  return json;
}

/** The messages in somebody's inbox, the newest first. */
export async function messagesOf(inboxUrl: string, token: string): Promise<readonly ShownMessage[]> {
  const { messages } = await demand(`${inboxUrl}/v1/messages?limit=100`, token);
  return Array.isArray(messages) ? (messages as ShownMessage[]) : [];
}
