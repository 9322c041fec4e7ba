import { fromUtf8 } from "../protocol/bytes.ts";
import { isJsonObject, parseStrictJson } from "../protocol/json.ts";
import { ChainError, type Rpc } from "./chain.ts";
import { type FetchResponse, readBody } from "./http-body.ts";

/** The part of the Fetch API a JSON-RPC request takes: a browser's, Node's, or a test's. */
export type Fetch = (
  url: string,
  request: {
    readonly method: "POST";
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly redirect: "error";
    readonly signal: AbortSignal;
  },
) => Promise<FetchResponse>;

export interface JsonRpcOptions {
  readonly fetch: Fetch;
  /** How messages call the node. */
  readonly name: string;
  /** When to give up on one answer. */
  readonly timeoutSeconds?: number;
}

/** A healthy node answers a view call in milliseconds; this bears a slow link and a busy node. */
const DEFAULT_TIMEOUT_SECONDS = 15;
/** Contract code is the longest honest answer (24 KiB by EIP-170, more on some permissioned chains). */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Blocks and errors are shallow; a deeper answer is an attack on the parser. */
const MAX_ANSWER_DEPTH = 16;
/** How much of a node's own error message is passed on. */
const MAX_QUOTED_LENGTH = 200;
/** The JSON-RPC error code of a reverted call in geth, anvil and Erigon. */
const EXECUTION_REVERTED = 3;

/**
 * JSON-RPC 2.0 over HTTP to the node at `url`. Rejects with ChainError: `unreachable` when no answer came in time, `refused` when
 * the contract reverted, `malformed` for everything a node should not say. Follows no redirect: only the named node is asked.
 */
export function jsonRpc(url: string, options: JsonRpcOptions): Rpc {
  const { fetch, name, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = options;
  let lastId = 0;

  return async (method, params) => {
    const id = ++lastId;
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params });
    const { status, bytes } = await post(body);
    return resultOf(parseAnswer(status, bytes), id);
  };

  async function post(body: string): Promise<{ status: number; bytes: Uint8Array }> {
    try {
      const headers = { "content-type": "application/json", accept: "application/json" };
      const signal = AbortSignal.timeout(timeoutSeconds * 1000);
      const response = await fetch(url, { method: "POST", headers, body, redirect: "error", signal });
      const bytes = await readBody(response, MAX_ANSWER_BYTES);
      if (bytes === undefined) throw malformed("its answer is too long");
      return { status: response.status, bytes };
    } catch (cause) {
      if (cause instanceof ChainError) throw cause;
      throw new ChainError("unreachable", `${name} cannot be reached; check its address and the network`, {
        cause,
      });
    }
  }

  function resultOf(answer: unknown, id: number): unknown {
    if (!isJsonObject(answer) || answer["id"] !== id) throw malformed("its answer belongs to no question");
    const { error, result } = answer;
    if (error === undefined && result !== undefined) return result;
    if (!isJsonObject(error)) throw malformed("its answer holds neither a result nor an error");
    const { code, message } = error;
    const words =
      typeof message === "string" ? message.slice(0, MAX_QUOTED_LENGTH) : "an error without words";
    if (code === EXECUTION_REVERTED || /revert/i.test(words)) {
      throw new ChainError("refused", `the contract refuses the question put through ${name}: ${words}`);
    }
    throw malformed(words);
  }

  /** Errors may come with any HTTP status, as long as they are JSON-RPC. */
  function parseAnswer(status: number, bytes: Uint8Array): unknown {
    try {
      return parseStrictJson(fromUtf8(bytes), { maxDepth: MAX_ANSWER_DEPTH });
    } catch (cause) {
      throw malformed(`it answers with HTTP status ${status}, and not with JSON`, cause);
    }
  }

  function malformed(reason: string, cause?: unknown): ChainError {
    return new ChainError("malformed", `${name} gives no usable answer: ${reason}`, { cause });
  }
}
