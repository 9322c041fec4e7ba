import { useQuery } from "@tanstack/react-query";

import { type Anchor, ChainError, chainReader } from "../../../verifier/chain.ts";
import { type Fetch, jsonRpc } from "../../../verifier/json-rpc.ts";
import { ApiError } from "../../api/error.ts";
import { LIVE_MS, readTrust } from "../../api/log.ts";

/** What the browser itself read from the chain. */
export interface ChainHead {
  /** Number and time (Unix seconds) of the newest block. */
  readonly block: number;
  readonly time: number;
  /** How many times the log was anchored, and the last one. */
  readonly anchors: number;
  readonly anchor: Anchor | undefined;
}

/** The newest block, and what the contract holds of the log; asked through the server's own way to the chain. @param isLive whether it is asked for again by itself */
export function useChainHead(isLive: boolean) {
  return useQuery({
    queryKey: ["chain-head"],
    queryFn: ({ signal }) => readHead(signal),
    refetchInterval: isLive && LIVE_MS,
    refetchOnWindowFocus: isLive,
    refetchOnReconnect: isLive,
    structuralSharing: false,
  });
}

async function readHead(signal: AbortSignal): Promise<ChainHead> {
  const { anchorRegistry, logId } = await readTrust(signal);
  const node = new URL("/rpc", location.origin).href;
  const fetchNode: Fetch = async (url, request) => await fetch(url, request);
  const chain = chainReader(jsonRpc(node, { fetch: fetchNode, name: node }), node);
  try {
    const block = await chain.latestBlock();
    const [time, anchors] = await Promise.all([
      chain.blockTime(block),
      chain.anchorCount(anchorRegistry, logId, block),
    ]);
    const anchor =
      anchors === 0 ? undefined : await chain.anchorAt(anchorRegistry, logId, anchors - 1, block);
    return { block, time, anchors, anchor };
  } catch (cause) {
    if (!(cause instanceof ChainError)) throw cause;
    throw new ApiError("chain-unreachable", cause.message, { status: 502, cause });
  }
}
