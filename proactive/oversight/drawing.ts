import { fromHex } from "../../protocol/bytes.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { drawSample, isSampleRange, type SampleRange } from "../../protocol/sample.ts";
import type { Rpc } from "../../verifier/chain.ts";
import type { EvidenceClaim } from "../../verifier/evidence.ts";
import { InspectionError } from "./ledger-calls.ts";

/** What the ledger says it drew. */
export interface SaidSample {
  /** Log indexes in the order of drawing. */
  readonly indexes: readonly number[];
  /** Those of them that it says are grants, in the same order. */
  readonly matching: readonly number[];
}

/** Which grants are looked for among what was drawn; all when it is empty. */
export interface GrantFilter {
  readonly agency?: string;
  readonly procedure?: string;
}

/** A sample that was drawn again. */
export interface DrawnSample {
  /** Log index of the event that asked for it. */
  readonly sample: number;
  readonly range: SampleRange;
  /** The block whose hash it was drawn with. */
  readonly block: number;
  readonly indexes: readonly number[];
  readonly of: GrantFilter;
  /** Log indexes of the drawn events that are such grants, in the order of drawing: the first ones are a sample of their own. */
  readonly granted: readonly number[];
}

/**
 * Draws a sample again, from what the chain proves of the event that asked for it and from the hash of its block; the ledger's own drawing must be the same.
 * @throws InspectionError `not-proven` for a sample that was not drawn so
 */
export function redrawn(
  sample: number,
  claim: EvidenceClaim,
  {
    desk,
    of,
    blockHash,
    said,
  }: {
    readonly desk: string;
    readonly of: GrantFilter;
    readonly blockHash: Uint8Array;
    readonly said: SaidSample;
  },
): DrawnSample {
  const range = claim.source === desk ? rangeAskedFor(claim) : undefined;
  if (claim.index !== sample || range === undefined || range.to > sample)
    throw notProven("at this place of the log no sample of what stood before was asked for");
  const indexes = drawSample(range, { blockHash, leafHash: fromHex(claim.leafHash) });
  if (!isSame(indexes, said.indexes))
    throw notProven("the ledger shows another sample than the one that the chain's block draws");
  const matching = new Set(said.matching);
  const granted = indexes.filter((index) => matching.has(index));
  if (!isSame(granted, said.matching))
    throw notProven("the ledger names grants that were not drawn, or in another order");
  return { sample, range, block: claim.anchor.block, indexes, of, granted };
}

/** Hash of a block as the node gives it. @throws InspectionError `not-proven`; ChainError */
export async function blockHashOf(rpc: Rpc, block: number): Promise<Uint8Array> {
  const header = await rpc("eth_getBlockByNumber", [`0x${block.toString(16)}`, false]);
  const hash = isJsonObject(header) ? header["hash"] : undefined;
  if (typeof hash !== "string" || !/^0x[0-9a-f]{64}$/i.test(hash))
    throw notProven(`the node of the chain shows no block ${block}`);
  return fromHex(hash.slice(2).toLowerCase());
}

function rangeAskedFor({ facets }: EvidenceClaim): SampleRange | undefined {
  const { type, inspection } = facets;
  if (type !== "inspection" || !isJsonObject(inspection) || inspection["state"] !== "sampled")
    return undefined;
  const { from, to, count } = isJsonObject(inspection["sample"]) ? inspection["sample"] : {};
  if (typeof from !== "number" || typeof to !== "number" || typeof count !== "number") return undefined;
  return isSampleRange({ from, to, count }) ? { from, to, count } : undefined;
}

function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}

function notProven(message: string): InspectionError {
  return new InspectionError("not-proven", message);
}
