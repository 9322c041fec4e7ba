import { type Rpc, RpcFailure, httpRpc, isObject, isRevert, unavailable } from "./json-rpc.ts";
import { hex } from "./chain-values.ts";

/** Which chain it must be: two chains may share a chain id, not the hash of block 0. */
export interface ChainIdentity {
  readonly chainId: number;
  /** 0x and 64 lowercase hexadecimal digits. */
  readonly genesisHash: string;
}

export interface NodesOptions {
  /** Nodes of the chain, the preferred one first. */
  readonly urls: readonly string[];
  readonly identity: ChainIdentity;
  /** How long one node may take to answer before the next one is asked. */
  readonly timeoutMs?: number;
  /** Longest answer taken, in bytes. */
  readonly maxAnswerBytes?: number;
  /** Called when a node that answered no longer does, or is left for falling behind, with its place in `urls`: the URL may hold a password. */
  readonly onFailover?: (place: number, reason: string) => void;
}

/** The nodes of the chain that this server knows, as one. */
export interface ChainNodes {
  /**
   * Calls over HTTP to one of them. It stays with a node as long as that one answers, so that what was read does not jump between nodes of
   * different height, and goes on to another one when it does not, or cannot (see `isNodesOwn`). A node is asked for its chain id and
   * genesis hash before it is believed, again after every failure; one of another chain is never used.
   */
  readonly rpc: Rpc;
  /**
   * Asks all nodes how far they are, and leaves the one in use when it is far behind another, this time and the last: a node that was cut off
   * from the others answers as readily as ever, and shows a chain that stands still. Of three nodes and more a height counts that two claim; of two, one that
   * claims a height it does not have draws calls to itself, and every node in use is believed. Never rejects.
   */
  readonly compare: () => Promise<void>;
  /**
   * For the first look at a start, by which restored records are believed or not: asks all nodes how far they are, and turns to the first that no two others are ahead of.
   * A single answer out of three nodes or more is not enough, nor of n the answers of fewer than half. @throws LedgerError `chain-unavailable`
   */
  readonly useNewest: () => Promise<void>;
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
function isNodesOwn(failure: RpcFailure, method: string): boolean {
  if (isRevert(failure)) return false;
  const { code } = failure;
  return NODE_TROUBLES.has(code) || (code === SERVER_ERROR && !ABOUT_TRANSACTIONS.has(method));
}

/** Validators are one block apart, two when they make them fast. */
const MAX_BLOCKS_BEHIND = 5;
/** Comparisons in a row: one may have met a node that just catches up. */
const PATIENCE = 2;

/** Connects to the nodes. Nothing is asked before the first call. */
export function chainNodes(options: NodesOptions): ChainNodes {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const maxAnswerBytes = options.maxAnswerBytes ?? DEFAULT_MAX_ANSWER_BYTES;
  const nodes = options.urls.map((url) => ({
    call: httpRpc(url, timeoutMs, maxAnswerBytes),
    checked: undefined as Promise<void> | undefined,
    isDown: false,
    /** In how many comparisons in a row it was far behind. */
    behind: 0,
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

  /** The places of all nodes: the one in use, then the others as they follow it, those last that were behind when last compared. */
  function inOrder(): number[] {
    const [first, ...others] = nodes.map((_, step) => (preferred + step) % nodes.length);
    const isBehind = (place: number): boolean => (nodes[place]?.behind ?? 0) > 0;
    const sorted = [...others.filter((place) => !isBehind(place)), ...others.filter(isBehind)];
    return first === undefined ? [] : [first, ...sorted];
  }

  async function heightOf(place: number): Promise<number | undefined> {
    try {
      return Number(hex(await callNode(place, "eth_blockNumber", [])));
    } catch {
      // It does not answer: another matter, and told already.
      return undefined;
    }
  }

  async function allHeights(): Promise<readonly (number | undefined)[]> {
    return await Promise.all(nodes.map((_, place) => heightOf(place)));
  }

  return {
    useNewest: async () => {
      const heights = await allHeights();
      const known = heights.filter((height) => height !== undefined);
      const needed = Math.ceil(nodes.length / 2);
      if (known.length < needed)
        throw unavailable(
          `${known.length} of ${nodes.length} nodes of the chain answer; before the first look at the chain ${needed} have to, since one alone may have fallen behind`,
        );
      const least = witnessed(known);
      const newest = inOrder().find((place) => (heights[place] ?? -Infinity) >= least);
      if (newest === undefined || newest === preferred) return;
      const [left, blocks] = [preferred, least - (heights[preferred] ?? least)];
      preferred = newest;
      if (blocks > 0)
        options.onFailover?.(left, `its newest block is ${blocks} blocks behind that of node ${newest}`);
    },
    rpc: async (method, params) => {
      let failure: unknown = unavailable("no node of the chain is configured");
      const order = inOrder();
      for (const [tried, place] of order.entries()) {
        try {
          return await callNode(place, method, params);
        } catch (error) {
          if (error instanceof RpcFailure && !isNodesOwn(error, method)) throw error;
          // What a node said tells more than that another one is gone.
          if (!(failure instanceof RpcFailure)) failure = error;
          // Of calls that fail together only the first moves on.
          if (preferred === place) preferred = order[tried + 1] ?? order[0] ?? 0;
        }
      }
      throw failure;
    },
    compare: async () => {
      const heights = await allHeights();
      const highest = witnessed(heights.filter((height) => height !== undefined));
      for (const [place, node] of nodes.entries()) {
        const height = heights[place];
        node.behind = height !== undefined && highest - height > MAX_BLOCKS_BEHIND ? node.behind + 1 : 0;
      }
      const inUse = preferred;
      if ((nodes[inUse]?.behind ?? 0) < PATIENCE) return;
      const next = inOrder().find((place) => heights[place] !== undefined && nodes[place]?.behind === 0);
      if (next === undefined) return;
      preferred = next;
      const blocks = highest - (heights[inUse] ?? 0);
      options.onFailover?.(inUse, `its newest block is ${blocks} blocks behind that of node ${next}`);
    },
  };
}

/** The greatest height that two nodes claim; of two nodes nobody can tell which is right, and the one ahead is believed. */
function witnessed(heights: readonly number[]): number {
  const falling = heights.toSorted((a, b) => b - a);
  return falling[falling.length > 2 ? 1 : 0] ?? -Infinity;
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
