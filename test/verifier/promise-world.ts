import { utf8 } from "../../protocol/bytes.ts";
import { leafHash, rootHash } from "../../protocol/merkle.ts";
import { makeReceipt, type Receipt } from "../../protocol/receipt.ts";
import { parseSource } from "../../protocol/source.ts";
import { type ChainReader, chainReader } from "../../verifier/chain.ts";
import type { LogTiles } from "../../verifier/log-tiles.ts";
import { logOf, type TrustProfile } from "../../verifier/trust-profile.ts";
import { type ChainState, nodeOf } from "./chain-state.ts";
import { PROFILE, type Signer, signerOf, smallLedger } from "./world.ts";

/** Entries of a log: as many as any history here needs. */
export const LEAVES = Array.from({ length: 64 }, (_, at) => leafHash(utf8(`entry ${at}`)));
const RECEIPT_KEY = signerOf("receipt");
const SOURCE = parseSource("qn-police/r1");

/** What a chain knows of a log: the time of block b is `times[b]`, the last one being the latest. */
export interface History {
  readonly times: readonly number[];
  readonly anchors: readonly { readonly size: number; readonly indexSize: number; readonly block: number }[];
  readonly finalityDepth: number;
}

/** A receipt for events that the log holds, unless `change` says otherwise. */
export function receiptOf(change: Partial<Receipt> = {}, key: Signer = RECEIPT_KEY): string {
  const { index = 0, count = 1 } = change;
  const root = rootHash(LEAVES.slice(index, index + count));
  const promise = { time: 100, anchorBy: 200, indexBy: 0 };
  return makeReceipt(
    { log: logOf(PROFILE), src: SOURCE, first: 1, count, root, index, ...promise, ...change },
    key,
  );
}

export function profileOf({ finalityDepth }: Pick<History, "finalityDepth">): TrustProfile {
  return { ...PROFILE, finalityDepth };
}

export function stateOf({ times, anchors }: History, change: Partial<ChainState> = {}): ChainState {
  const timeOf = (block: number): number => times[block] ?? 0;
  return {
    ...smallLedger().state(),
    latestBlock: times.length - 1,
    times: timeOf,
    anchors: anchors.map((anchor) => ({
      ...anchor,
      time: timeOf(anchor.block),
      root: rootHash(LEAVES.slice(0, anchor.size)),
    })),
    logKeys: [{ fromBlock: 0, checkpoint: RECEIPT_KEY.key, receipt: RECEIPT_KEY.key, vrf: RECEIPT_KEY.key }],
    ...change,
  };
}

export function readerOf(history: History, change: Partial<ChainState> = {}): ChainReader {
  return chainReader(nodeOf(stateOf(history, change)), "the node");
}

/** The tiles of the log. */
export const TILES: LogTiles = {
  name: "the mirror",
  readNodes: async (nodes) =>
    nodes.map(({ level, index }) => rootHash(LEAVES.slice(index * 2 ** level, (index + 1) * 2 ** level))),
};
