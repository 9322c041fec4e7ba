import { fromUtf8 } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import { LedgerError } from "../errors.ts";
import type { Route } from "../route.ts";
import { hex } from "./chain-values.ts";
import { type Rpc, RpcFailure } from "./json-rpc.ts";
import {
  allowList,
  type AllowList,
  INVALID_REQUEST,
  LIMIT_EXCEEDED,
  requireFewBlocks,
  RpcRefusal,
} from "./rpc-allow-list.ts";

export interface RpcRoutesOptions {
  readonly rpc: Rpc;
  /** 0x addresses. */
  readonly anchorRegistry: string;
  readonly agencyRegistry: string;
}

/** A batch of twenty calls of the contracts fits many times. */
const MAX_BODY_BYTES = 64 * 1024;
const MAX_BATCH = 20;
/** The whole answer; the longest honest one is a page of events. */
const MAX_ANSWER_CHARACTERS = 4 * 1024 * 1024;
/** Requests under way at once, so that readers of the chain cannot crowd out the anchorer. */
const MAX_UNDER_WAY = 32;

const OPEN_TO_ALL_PAGES = { "access-control-allow-origin": "*" };

const PARSE_ERROR = -32700;
const INTERNAL_ERROR = -32603;

/** What is answered to one call (JSON-RPC 2.0 section 5). */
type RpcAnswer = { readonly jsonrpc: "2.0"; readonly id: RpcId } & (
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: string } }
);
type RpcId = string | number | null;

/**
 * `POST /rpc`: the chain's JSON-RPC as far as a verifier needs it, for chains whose nodes are not open to the world. Reads of the two
 * registries only (see rpc-allow-list.ts). Anyone may use it from any web page; whoever does trusts our node, not theirs.
 */
export function rpcRoutes({ rpc, anchorRegistry, agencyRegistry }: RpcRoutesOptions): Route[] {
  const allow = allowList([anchorRegistry, agencyRegistry]);
  let underWay = 0;

  async function answerAll(request: unknown): Promise<RpcAnswer | RpcAnswer[]> {
    if (!Array.isArray(request)) return answerOne(request, rpc, allow);
    if (request.length === 0 || request.length > MAX_BATCH)
      return failed(null, INVALID_REQUEST, `a batch has 1 to ${MAX_BATCH} calls`);
    const answers: RpcAnswer[] = [];
    let characters = 0;
    for (const call of request) {
      const answer = await answerOne(call, rpc, allow);
      characters += JSON.stringify(answer).length;
      answers.push(characters <= MAX_ANSWER_CHARACTERS ? answer : tooLong(answer.id));
    }
    return answers;
  }

  return [
    {
      name: "postRpc",
      method: "post",
      path: "/rpc",
      maxBodyBytes: MAX_BODY_BYTES,
      handle: async ({ body }) => {
        if (underWay >= MAX_UNDER_WAY)
          throw new LedgerError("overloaded", "Too many others read the chain here; try again in a moment.");
        underWay += 1;
        try {
          return { json: await answerAll(parse(body)), headers: OPEN_TO_ALL_PAGES };
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
          return {
            json: failed(null, PARSE_ERROR, `not JSON: ${error.message}`),
            headers: OPEN_TO_ALL_PAGES,
          };
        } finally {
          underWay -= 1;
        }
      },
    },
  ];
}

function parse(body: Uint8Array): unknown {
  return parseStrictJson(fromUtf8(body), { maxDepth: 8 });
}

async function answerOne(request: unknown, rpc: Rpc, allow: AllowList): Promise<RpcAnswer> {
  const id = isJsonObject(request) ? idOf(request["id"]) : undefined;
  if (!isJsonObject(request) || id === undefined)
    return failed(null, INVALID_REQUEST, "a call is an object with jsonrpc, id, method and params");
  const { jsonrpc, method, params = [] } = request;
  if (jsonrpc !== "2.0" || typeof method !== "string" || !Array.isArray(params))
    return failed(id, INVALID_REQUEST, 'a call has jsonrpc "2.0", a method and a list of params');
  try {
    const call = allow(method, params);
    if (method === "eth_getLogs")
      requireFewBlocks(call.params, Number(hex(await rpc("eth_blockNumber", []))));
    const answer: RpcAnswer = { jsonrpc: "2.0", id, result: await rpc(call.method, call.params) };
    return JSON.stringify(answer).length <= MAX_ANSWER_CHARACTERS ? answer : tooLong(id);
  } catch (error) {
    return failureOf(id, error);
  }
}

function idOf(value: unknown): RpcId | undefined {
  return value === null || typeof value === "string" || typeof value === "number" ? value : undefined;
}

function failureOf(id: RpcId, error: unknown): RpcAnswer {
  if (error instanceof RpcRefusal) return failed(id, error.code, error.message);
  if (error instanceof RpcFailure) return failed(id, error.code, error.message, error.data);
  if (error instanceof LedgerError) return failed(id, INTERNAL_ERROR, error.message);
  throw error;
}

function tooLong(id: RpcId): RpcAnswer {
  return failed(id, LIMIT_EXCEEDED, "the answer is too long; ask for less at once");
}

function failed(id: RpcId, code: number, message: string, data?: string): RpcAnswer {
  return { jsonrpc: "2.0", id, error: { code, message, ...(data === undefined ? {} : { data }) } };
}
