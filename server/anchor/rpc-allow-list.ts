import { isJsonObject } from "../../protocol/json.ts";

/** What may pass to the node: a method and parameters made anew from what was understood, never what was sent. */
export interface AllowedCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** A call that does not pass, with a JSON-RPC 2.0 error code (section 5.1). */
export class RpcRefusal extends Error {
  override readonly name = "RpcRefusal";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const INVALID_REQUEST = -32600;
const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = -32602;
/** EIP-1474. */
export const LIMIT_EXCEEDED = -32005;

/** Most blocks one search for events may cover: nodes read them one by one. */
const MAX_LOG_BLOCKS = 100_000;
const MAX_TOPIC_ALTERNATIVES = 16;

type Params = readonly unknown[];

/** Answers with what may pass, or throws RpcRefusal. Everything the two registries tell is readable; nothing can be sent or changed. */
export type AllowList = (method: string, params: Params) => AllowedCall;

/** The list for two contracts, given by their 0x addresses. */
export function allowList(registries: readonly string[]): AllowList {
  const addresses = new Set(registries.map((address) => address.toLowerCase()));

  const requireRegistry = (value: unknown): string => {
    const address = matching(value, ADDRESS, "an address").toLowerCase();
    if (!addresses.has(address)) refuse("only the AnchorRegistry and the AgencyRegistry can be read here");
    return address;
  };

  const parsers: Readonly<Record<string, (params: Params) => Params>> = {
    eth_chainId: none,
    eth_blockNumber: none,
    net_version: none,
    web3_clientVersion: none,
    eth_getBlockByNumber: ([block, full, ...rest]) => [blockTag(block), isFull(full), ...none(rest)],
    eth_getBlockByHash: ([hash, full, ...rest]) => [
      matching(hash, HASH, "a hash"),
      isFull(full),
      ...none(rest),
    ],
    eth_getTransactionByHash: ([hash, ...rest]) => [matching(hash, HASH, "a hash"), ...none(rest)],
    eth_getTransactionReceipt: ([hash, ...rest]) => [matching(hash, HASH, "a hash"), ...none(rest)],
    eth_getCode: ([address, block, ...rest]) => [
      matching(address, ADDRESS, "an address"),
      blockTag(block ?? "latest"),
      ...none(rest),
    ],
    eth_call: ([call, block, ...rest]) => [
      contractCall(call, requireRegistry),
      // State overrides would show a chain that does not exist.
      blockTag(block ?? "latest"),
      ...none(rest),
    ],
    eth_getLogs: ([filter, ...rest]) => [logFilter(filter, requireRegistry), ...none(rest)],
  };

  return (method, params) => {
    const parse = Object.hasOwn(parsers, method) ? parsers[method] : undefined;
    if (parse === undefined) {
      throw new RpcRefusal(
        METHOD_NOT_FOUND,
        `${method.slice(0, 64)} does not pass here; these do: ${Object.keys(parsers).join(", ")}`,
      );
    }
    return { method, params: parse(params) };
  };
}

/** How many blocks an allowed search covers, given the newest block's number. */
export function requireFewBlocks([filter]: Params, newest: number): void {
  if (!isJsonObject(filter) || filter["blockHash"] !== undefined) return;
  const numberOf = (tag: unknown): number =>
    typeof tag === "string" && tag.startsWith("0x") ? Number(tag) : tag === "earliest" ? 0 : newest;
  const blocks = numberOf(filter["toBlock"]) - numberOf(filter["fromBlock"]);
  if (blocks >= MAX_LOG_BLOCKS)
    throw new RpcRefusal(LIMIT_EXCEEDED, `a search covers at most ${MAX_LOG_BLOCKS} blocks; split it`);
}

const HASH = /^0x[0-9a-fA-F]{64}$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const DATA = /^0x(?:[0-9a-fA-F]{2})*$/;
const BLOCK_TAG = /^(?:0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,12})|latest|earliest|pending|safe|finalized)$/;

function contractCall(value: unknown, requireRegistry: (address: unknown) => string): object {
  if (!isJsonObject(value)) refuse("the first parameter is an object with to and data");
  const { to, data, input, ...others } = value;
  if (Object.keys(others).length > 0) refuse("a call has to and data (or input) here, and nothing else");
  if (data !== undefined && input !== undefined && data !== input)
    refuse("data and input differ; give one of them");
  return { to: requireRegistry(to), data: matching(data ?? input, DATA, "0x hex") };
}

function logFilter(value: unknown, requireRegistry: (address: unknown) => string): object {
  if (!isJsonObject(value)) refuse("the parameter is an object with address, topics and blocks");
  const { address, topics, fromBlock, toBlock, blockHash, ...others } = value;
  if (Object.keys(others).length > 0) refuse("a filter has address, topics, fromBlock, toBlock or blockHash");
  if (blockHash !== undefined && (fromBlock ?? toBlock) !== undefined)
    refuse("give blockHash or a range of blocks");
  const blocks =
    blockHash === undefined
      ? { fromBlock: blockTag(fromBlock ?? "latest"), toBlock: blockTag(toBlock ?? "latest") }
      : { blockHash: matching(blockHash, HASH, "a hash") };
  const addresses = (Array.isArray(address) ? address : [address]).map(requireRegistry);
  if (addresses.length === 0) refuse("name the registry whose events you look for");
  return { address: addresses, topics: topicFilter(topics ?? []), ...blocks };
}

/** At most four places, each null, a topic, or several alternatives. */
function topicFilter(value: unknown): unknown[] {
  if (!Array.isArray(value) || value.length > 4) refuse("topics is a list of at most four");
  return value.map((topic: unknown) => {
    if (topic === null) return null;
    if (!Array.isArray(topic)) return matching(topic, HASH, "a topic");
    if (topic.length > MAX_TOPIC_ALTERNATIVES)
      refuse(`a topic has at most ${MAX_TOPIC_ALTERNATIVES} alternatives`);
    return topic.map((alternative: unknown) => matching(alternative, HASH, "a topic"));
  });
}

function blockTag(value: unknown): string {
  return matching(value, BLOCK_TAG, "a block number in 0x hex or a block tag");
}

function isFull(value: unknown): boolean {
  if (value === undefined || typeof value === "boolean") return value ?? false;
  return refuse("whether whole transactions are wanted is true or false");
}

function matching(value: unknown, grammar: RegExp, what: string): string {
  return typeof value === "string" && grammar.test(value) ? value : refuse(`expected ${what}`);
}

function none(params: Params): Params {
  return params.length === 0 ? params : refuse("there are too many parameters");
}

function refuse(message: string): never {
  throw new RpcRefusal(INVALID_PARAMS, message);
}
