import type { StoredAnchor, StoreReader } from "../store/store.ts";
import type { ChainAnchor, ChainClient } from "./chain-client.ts";
import { sameContent } from "./content.ts";

/** How much of our records stands on the chain where it was recorded. */
export interface ConfirmedLine {
  /** Records that do: the first so many. */
  readonly confirmed: number;
  /** The last of them. */
  readonly last: StoredAnchor | undefined;
  /** All records. */
  readonly recorded: number;
}

export interface LineReaders {
  readonly chain: Pick<ChainClient, "anchorAt" | "block">;
  readonly store: Pick<StoreReader, "anchorsFrom" | "lastAnchor">;
}

/**
 * Compares our records with the contract's history of `count` anchors. A chain is a line and a block's hash stands for everything
 * before it, so one record that is where it was means that all before it are: ordinarily two reads for the newest record, and
 * a binary search after the chain lost blocks.
 */
export async function confirmedLine(count: number, readers: LineReaders): Promise<ConfirmedLine> {
  const newest = await readers.store.lastAnchor();
  if (newest === undefined) return { confirmed: 0, last: undefined, recorded: 0 };
  const recorded = newest.number + 1;
  if (count >= recorded && (await standsOnChain(newest, readers.chain)))
    return { confirmed: recorded, last: newest, recorded };
  let last: StoredAnchor | undefined;
  let [low, high] = [0, Math.min(count, recorded)];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const record = await recordOnChain(middle, readers);
    if (record === undefined) high = middle;
    else [low, last] = [middle + 1, record];
  }
  return { confirmed: low, last, recorded };
}

/** Our record of a place in the line, the place before being taken by `previous`. */
export async function recordAfter(
  previous: StoredAnchor | undefined,
  store: LineReaders["store"],
): Promise<StoredAnchor | undefined> {
  const place = previous === undefined ? 0 : previous.number + 1;
  return recordOfPlace(place, store);
}

/** The record of a place in the line, if the chain has it where it was recorded. */
async function recordOnChain(
  place: number,
  { chain, store }: LineReaders,
): Promise<StoredAnchor | undefined> {
  const anchor = await chain.anchorAt(place);
  const record = anchor && (await recordOfPlace(place, store));
  return record && isRecordOf(record, anchor) && (await hasBlock(record, chain)) ? record : undefined;
}

async function standsOnChain(record: StoredAnchor, chain: LineReaders["chain"]): Promise<boolean> {
  const anchor = await chain.anchorAt(record.number);
  return anchor !== undefined && isRecordOf(record, anchor) && hasBlock(record, chain);
}

function isRecordOf(record: StoredAnchor, anchor: ChainAnchor): boolean {
  return record.block === anchor.block && sameContent(record, anchor);
}

async function hasBlock(record: StoredAnchor, chain: LineReaders["chain"]): Promise<boolean> {
  return (await chain.block(record.block))?.hash === record.blockHash;
}

async function recordOfPlace(place: number, store: LineReaders["store"]): Promise<StoredAnchor | undefined> {
  const [record] = await store.anchorsFrom({ from: place, limit: 1 });
  return record?.number === place ? record : undefined;
}
