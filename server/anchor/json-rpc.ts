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

/** Which chain it must be: two chains may share a chain id, not the hash of block 0. */
export interface ChainIdentity {
  readonly chainId: number;
  /** 0x and 64 lowercase hexadecimal digits. */
  readonly genesisHash: string;
}

export interface RpcOptions {
  /** Nodes of the chain, the preferred one first. */
  readonly urls: readonly string[];
  readonly identity: ChainIdentity;
  /** How long one node may take to answer before the next one is asked. */
  readonly timeoutMs?: number;
  /** Longest answer taken, in bytes. */
  readonly maxAnswerBytes?: number;
  /** Called when a node that answered no longer does, with its place in `urls`: the URL may hold a password. */
  readonly onFailover?: (place: number, reason: string) => void;
}

/** Nodes answer reads in milliseconds; one that takes this long is not there. */
const DEFAULT_TIMEOUT_MS = 5_000;
/** The longest honest answer is a page of event logs. */
const DEFAULT_MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** Error codes by which a node says that it cannot do what another may (JSON-RPC 2.0 section 5.1, EIP-1474). */
const NODE_TROUBLES = new Set([
  // No such method here; internal error.
  -32601, -32603,
  // Resource not found, resource unavailable, method not supported, limit exceeded.
  -32001, -32002, -32004, -32005,
]);
/** For everything that has no code of its own: a header it lacks as well as a nonce that is used. */
const SERVER_ERROR = -32000;
/** About these the node judges the transaction, and every node judges it the same. */
const ABOUT_TRANSACTIONS = new Set(["eth_sendRawTransaction", "eth_estimateGas"]);

/** Whether the error is the node's own, so that another node may answer. A revert is the contract's answer. */
function isNodesOwn({ code, data, message }: RpcFailure, method: string): boolean {
  if (code === 3 || data !== undefined || /revert/i.test(message)) return false;
  return NODE_TROUBLES.has(code) || (code === SERVER_ERROR && !ABOUT_TRANSACTIONS.has(method));
}

/**
 * Calls over HTTP to one of several nodes. It stays with a node as long as that one answers, so that what was read does not jump
 * between nodes of different height, and goes on to the next one when it does not, or cannot (see `isNodesOwn`). A node is asked for its chain id and
 * genesis hash before it is believed, again after every failure; one of another chain is never used.
 */
export function chainRpc(options: RpcOptions): Rpc {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const maxAnswerBytes = options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES;
  const nodes = options.urls.map((url) => ({
    call: httpRpc(url, timeoutMs, maxAnswerBytes),
    checked: undefined as Promise<void> | undefined,
    isDown: false,
  }));
  let preferred = 0;

  async function callNode(place: number, method: string, params: readonly unknown[]): Promise<unknown> {
    const node = nodes[place];
    if (node === undefined) throw unavailable("no node of the chain is configured");
    node.checked ??= requireIdentity(node.call, options.identity);
    try {
      await node.checked;
      const answer = await node.call(method, params);
      node.isDown = false;
      return answer;
    } catch (error) {
      if (error instanceof RpcFailure && !isNodesOwn(error, method)) throw error;
      // Whatever answers there next time may be another node.
      if (!(error instanceof RpcFailure)) node.checked = undefined;
      if (!node.isDown) options.onFailover?.(place, error instanceof Error ? error.message : String(error));
      node.isDown = true;
      throw error;
    }
  }

  return async (method, params) => {
    let failure: unknown = unavailable("no node of the chain is configured");
    for (let tried = 0; tried < nodes.length; tried++) {
      const place = preferred;
      try {
        return await callNode(place, method, params);
      } catch (error) {
        if (error instanceof RpcFailure && !isNodesOwn(error, method)) throw error;
        // What a node said tells more than that another one is gone.
        if (!(failure instanceof RpcFailure)) failure = error;
        // Of calls that fail together only the first moves on.
        if (preferred === place) preferred = (place + 1) % nodes.length;
      }
    }
    throw failure;
  };
}

async function requireIdentity(call: Rpc, identity: ChainIdentity): Promise<void> {
  const chainId = await answerOf(call("eth_chainId", []));
  const genesis = await answerOf(call("eth_getBlockByNumber", ["0x0", false]));
  const genesisHash = isObject(genesis) ? genesis["hash"] : undefined;
  if (typeof chainId !== "string" || Number(chainId) !== identity.chainId) {
    throw unavailable(
      `the node is of chain ${String(chainId)}, not of chain ${identity.chainId}; point RPC_URL to the right chain`,
    );
  }
  if (genesisHash !== identity.genesisHash) {
    throw unavailable(
      `the node's chain has chain id ${identity.chainId} but another genesis block; point RPC_URL to the right chain`,
    );
  }
}

/** An error answer to a question every node can answer means that the node cannot be used. */
async function answerOf(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RpcFailure)
      throw unavailable(`the node cannot say which chain it is of: ${error.message}`, error);
    throw error;
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

/** The chain cannot be asked at present, for this reason. */
export function unavailable(message: string, cause?: unknown): LedgerError {
  return new LedgerError("chain-unavailable", `Chain: ${message}.`, { cause });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
