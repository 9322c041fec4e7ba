import { httpRpc as nodeRpc, type Rpc } from "../../server/anchor/json-rpc.ts";

/** A node that does not answer in this time is not there. */
const REQUEST_TIMEOUT_MS = 20_000;
/** Far above a contract's code, the longest answer there is. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Calls to the node that a deployment goes through, nothing cached: it must see the chain as it is. */
export function httpRpc(url: string): Rpc {
  return nodeRpc(url, REQUEST_TIMEOUT_MS, MAX_ANSWER_BYTES);
}
