import { DeployError } from "./error.ts";

/** One Ethereum JSON-RPC call; rejects with RpcFailure when the node answers with an error. */
export type Rpc = (method: string, params: readonly unknown[]) => Promise<unknown>;

/** The node's own error answer. `data` is the revert data of a call, where there is any. */
export class RpcFailure extends Error {
  override readonly name = "RpcFailure";
  readonly data: string | undefined;

  constructor(message: string, data?: string) {
    super(message);
    this.data = data;
  }
}

/** A node that does not answer in this time is not there. */
const REQUEST_TIMEOUT_MS = 20_000;

/**
 * Calls over HTTP, one request each and nothing cached: a deployment must see the chain as it is. @throws
 * DeployError `chain-unavailable`.
 */
export function httpRpc(url: string): Rpc {
  let id = 0;
  return async (method, params) => {
    id += 1;
    const answer = await post(url, { jsonrpc: "2.0", id, method, params });
    if (isObject(answer) && isObject(answer["error"])) throw failureOf(answer["error"]);
    if (!isObject(answer) || !("result" in answer)) {
      throw new DeployError(
        "chain-unavailable",
        "The chain's node did not answer as a JSON-RPC server does: check the URL.",
      );
    }
    return answer["result"];
  };
}

async function post(url: string, body: object): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    return await response.json();
  } catch (cause) {
    // The URL may carry a password: it stays out of the message.
    throw new DeployError(
      "chain-unavailable",
      "The chain's node did not answer: check that it runs and that the URL is right.",
      {
        cause,
      },
    );
  }
}

function failureOf(error: Readonly<Record<string, unknown>>): RpcFailure {
  const { message, data } = error;
  // Nodes disagree on where revert data goes: the string itself, or a member of an object.
  const revertData = isObject(data) ? data["data"] : data;
  return new RpcFailure(
    typeof message === "string" ? message : "the node gave no reason",
    typeof revertData === "string" ? revertData : undefined,
  );
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
