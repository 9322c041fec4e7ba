import { LedgerError } from "../errors.ts";

/** One Ethereum JSON-RPC call. Rejects with RpcFailure when a node answers with an error, with LedgerError `chain-unavailable` when none answers. */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** A node's own error answer (JSON-RPC 2.0 section 5.1). */
export class RpcFailure extends Error {
  override readonly name = "RpcFailure";
  readonly code: number;
  /** The revert data of a call (0x hex), where the node gave any. */
  readonly data: string | undefined;

  constructor(message: string, code: number, data?: string) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** Calls to one node, one HTTP request each. */
export function httpRpc(url: string, timeoutMs: number, maxAnswerBytes: number): Rpc {
  const node = endpointOf(url);
  let id = 0;
  return async (method, params) => {
    id += 1;
    const answer = await post(node, { jsonrpc: "2.0", id, method, params }, timeoutMs, maxAnswerBytes);
    if (isObject(answer) && isObject(answer["error"])) throw failureOf(answer["error"]);
    if (!isObject(answer) || !("result" in answer))
      throw unavailable("the chain's node does not answer as a JSON-RPC server does");
    return answer["result"];
  };
}

interface Endpoint {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A user and password in the URL go into a header (RFC 7617): `fetch` refuses such a URL, with an error that shows the password.
 */
function endpointOf(text: string): Endpoint {
  const url = new URL(text);
  const { username, password } = url;
  const headers = { "content-type": "application/json" };
  if (username === "" && password === "") return { url: text, headers };
  [url.username, url.password] = ["", ""];
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  return { url: url.href, headers: { ...headers, authorization: `Basic ${credentials.toString("base64")}` } };
}

async function post(
  { url, headers }: Endpoint,
  body: object,
  timeoutMs: number,
  maxAnswerBytes: number,
): Promise<unknown> {
  // The URL may carry a password: it stays out of every message.
  try {
    const response = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      redirect: "error",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return JSON.parse(await textOf(response, maxAnswerBytes)) as unknown;
  } catch (cause) {
    throw unavailable("the chain's node did not answer", cause);
  }
}

async function textOf(response: Response, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function failureOf(error: Readonly<Record<string, unknown>>): RpcFailure {
  const { message, code, data } = error;
  // Nodes disagree on where revert data goes: the string itself, or a member of an object.
  const revertData = isObject(data) ? data["data"] : data;
  return new RpcFailure(
    typeof message === "string" ? message : "the node gave no reason",
    typeof code === "number" ? code : 0,
    typeof revertData === "string" ? revertData : undefined,
  );
}

/** Whether a node's answer is the contract's: every node says the same. Nodes agree on no one sign of it. */
export function isRevert({ code, data, message }: RpcFailure): boolean {
  return code === 3 || data !== undefined || /revert/i.test(message);
}

/** The chain cannot be asked at present, for this reason. */
export function unavailable(message: string, cause?: unknown): LedgerError {
  return new LedgerError("chain-unavailable", `Chain: ${message}.`, { cause });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
