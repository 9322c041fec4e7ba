import * as v from "valibot";

import { fromHex } from "../../protocol/bytes.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { drawSample, isSampleRange, type SampleRange } from "../../protocol/sample.ts";
import { ChainError, type ChainReader, type Rpc } from "../../verifier/chain.ts";
import { type EvidenceClaim, verifyEvidence } from "../../verifier/evidence.ts";
import type { TrustProfile } from "../../verifier/trust-profile.ts";
import { ask } from "../api/request.ts";
import type { CheckedSample } from "./inspection-messages.ts";

const SAMPLE = v.object({
  sample: v.object({ from: v.number(), to: v.number(), count: v.number() }),
  seed: v.object({ block: v.number() }),
  indexes: v.array(v.number()),
  matching: v.optional(v.array(v.number()), []),
  evidence: v.unknown(),
});

/** Below a ledger's operator, the source that records what people do. */
const DESK = /\/desk$/;

export interface DrawingWith {
  readonly profile: TrustProfile | undefined;
  readonly chain: ChainReader;
  readonly rpc: Rpc;
}

/**
 * Fetches a sample and draws it again: what was asked for is read from the evidence, as the chain proves it, and the block's hash from the chain.
 * @throws ApiError
 */
export async function checkSample(
  index: number,
  { profile, chain, rpc }: DrawingWith,
): Promise<CheckedSample> {
  const said = await ask(SAMPLE, `/v1/samples/${index}?only=granted`);
  const { verdict, checks, claim } = await verifyEvidence(JSON.stringify(said.evidence), profile, chain);
  const blockHash = claim === null ? undefined : await blockHashOf(rpc, claim.anchor.block);
  return {
    ...{ verdict, checks, blockHash },
    range: said.sample,
    block: claim?.anchor.block ?? said.seed.block,
    ...{ indexes: said.indexes, granted: said.matching },
    isSame:
      claim === null || blockHash === undefined ? undefined : isDrawn(index, { claim, blockHash }, said),
  };
}

/** Whether the ledger shows what the record that asked and the block draw, and names no grant that was not drawn. */
function isDrawn(
  index: number,
  { claim, blockHash }: { readonly claim: EvidenceClaim; readonly blockHash: string },
  { indexes, matching }: v.InferOutput<typeof SAMPLE>,
): boolean {
  const range = DESK.test(claim.source) ? rangeAskedFor(claim) : undefined;
  if (claim.index !== index || range === undefined || range.to > index) return false;
  const drawn = drawSample(range, {
    blockHash: fromHex(blockHash.slice(2)),
    leafHash: fromHex(claim.leafHash),
  });
  const among = new Set(matching);
  return (
    isEqual(drawn, indexes) &&
    isEqual(
      drawn.filter((each) => among.has(each)),
      matching,
    )
  );
}

function rangeAskedFor({ facets: { type, inspection } }: EvidenceClaim): SampleRange | undefined {
  if (type !== "inspection" || !isJsonObject(inspection) || inspection["state"] !== "sampled")
    return undefined;
  const { from, to, count } = isJsonObject(inspection["sample"]) ? inspection["sample"] : {};
  if (typeof from !== "number" || typeof to !== "number" || typeof count !== "number") return undefined;
  return isSampleRange({ from, to, count }) ? { from, to, count } : undefined;
}

/** As the node gives it; undefined where it gives none. */
async function blockHashOf(rpc: Rpc, block: number): Promise<string | undefined> {
  try {
    const header = await rpc("eth_getBlockByNumber", [`0x${block.toString(16)}`, false]);
    const hash = isJsonObject(header) ? header["hash"] : undefined;
    return typeof hash === "string" && /^0x[0-9a-f]{64}$/i.test(hash) ? hash.toLowerCase() : undefined;
  } catch (error) {
    if (error instanceof ChainError) return undefined;
    throw error;
  }
}

function isEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((each, at) => each === b[at]);
}
