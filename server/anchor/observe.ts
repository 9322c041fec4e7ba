import { equal } from "../../protocol/bytes.ts";
import type { StoredAnchor, StoreReader } from "../store/store.ts";
import { nextNonce } from "./anchor-transaction.ts";
import { confirmedLine, recordAfter } from "./anchored-line.ts";
import type { ChainAnchor, ChainClient } from "./chain-client.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { type AnchorContent, NOTHING_ANCHORED, withIndexOf, withNoOlderIndex } from "./content.ts";
import type { Agreement, IntentObservation, Observation, UnconfirmedAnchor } from "./decide.ts";
import { isUnderpriced } from "./fees.ts";
import { parseIntent } from "./intent.ts";
import { type Rpc, unavailable } from "./json-rpc.ts";

export interface Observed {
  readonly chain: ChainClient;
  readonly rpc: Rpc;
  readonly store: Pick<StoreReader, "head" | "anchorsFrom" | "lastAnchor" | "anchorIntent">;
  readonly checkpoints: Checkpoints;
  /** Address of the account that anchors. */
  readonly account: string;
}

/** What is seen now, but for how long it has been so. `lastConfirmed` is the newest record that stands on the chain. */
export type Sighting = Omit<Observation, "missingForMs"> & {
  readonly lastConfirmed: StoredAnchor | undefined;
  /** Our index of as many events as the contract's head is known to have another root. */
  readonly isOtherIndex: boolean;
};

/**
 * Looks at the store and the chain. The reads are not of one instant, so their order is part of the argument: the transaction
 * before the contract (what was mined and has no effect was undone), the contract before our own log (which only grows).
 */
export async function observe(observed: Observed): Promise<Sighting> {
  const { chain, store, checkpoints } = observed;
  const intent = await observeIntent(observed);
  const count = await chain.anchorCount();
  const head = count === 0 ? NOTHING_ANCHORED : await anchorAt(count - 1, chain);
  const line = await confirmedLine(count, { chain, store });
  // Another server recorded an anchor that was not there yet when we counted: look again.
  if (line.recorded > count && (await chain.anchorCount()) > count) return await observe(observed);
  const latest = checkpoints.latest();
  const ownIndexRoot = checkpoints.indexRootAt(head.indexSize);
  const isOtherIndex = ownIndexRoot !== undefined && !equal(ownIndexRoot, head.indexRoot);
  return {
    count,
    head,
    agreement: await agreementOn(head, observed),
    recorded: line.recorded,
    confirmed: line.confirmed,
    lastConfirmed: line.last,
    unconfirmed: line.confirmed < count ? await observeAnchor(line.confirmed, observed) : undefined,
    record: await recordAfter(line.last, store),
    intent,
    isOtherIndex,
    // An index that is not the continuation of the anchored one is not anchored either.
    latest: latest && (isOtherIndex ? withIndexOf(latest, head) : withNoOlderIndex(latest, head)),
  };
}

async function observeIntent({
  chain,
  rpc,
  store,
  account,
}: Observed): Promise<IntentObservation | undefined> {
  const stored = await store.anchorIntent();
  const intent = stored && parseIntent(stored);
  if (intent === undefined) return undefined;
  const { hash, raw } = intent.transaction;
  return {
    intent,
    state: await chain.transactionState(hash),
    nextNonce: await nextNonce(rpc, account),
    isUnderpriced: isUnderpriced(raw, (await chain.latestBlock()).baseFee),
  };
}

async function observeAnchor(place: number, observed: Observed): Promise<UnconfirmedAnchor> {
  const anchor = await anchorAt(place, observed.chain);
  const depth = await settledPlace(anchor, observed.chain);
  return { anchor, ...depth, agreement: await agreementOn(anchor, observed) };
}

/** An anchor that was counted. If it is gone now the chain was reorganised between two reads, and all have to be made again. */
async function anchorAt(place: number, chain: ChainClient): Promise<ChainAnchor> {
  const anchor = await chain.anchorAt(place);
  if (anchor === undefined) throw unavailable("its newest blocks changed while they were read");
  return anchor;
}

/**
 * Where the anchor stands and how deep. The block is read again after the newest one: if the hash is still the same, the depth was
 * counted on the chain that holds the anchor.
 */
async function settledPlace(
  anchor: ChainAnchor,
  chain: ChainClient,
): Promise<Pick<UnconfirmedAnchor, "place" | "depth">> {
  const place = await chain.placeOf(anchor);
  const newest = await chain.latestBlock();
  const block = await chain.block(anchor.block);
  if (place === undefined || block?.hash !== place.blockHash) return { place: undefined, depth: 0 };
  return { place, depth: newest.number - place.block + 1 };
}

async function agreementOn(
  { size, root }: AnchorContent,
  { store, checkpoints }: Observed,
): Promise<Agreement> {
  if (size === 0) return "agrees";
  if (size > (await store.head()).size) return "beyond";
  const ours = await checkpoints.rootAt(size);
  if (ours === undefined) return "unread";
  return equal(ours, root) ? "agrees" : "differs";
}
