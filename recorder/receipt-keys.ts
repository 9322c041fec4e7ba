import { fromBase64url, toBase64url } from "../protocol/bytes.ts";
import { keyId } from "../protocol/jws.ts";
import type { ChainReader } from "../verifier/chain.ts";
import type { TrustProfile } from "../verifier/trust-profile.ts";
import type { ReceiptKeys } from "./receipts.ts";
import type { Spool } from "./spool.ts";

/**
 * Receipt keys as the registry on the chain names them. A key once read is kept in the spool, so that a chain outage
 * stops nothing and receipts of a key rotated since can still be read. Rejects while the chain can't be read.
 */
export function receiptKeysFromChain(spool: Spool, chain: ChainReader, profile: TrustProfile): ReceiptKeys {
  return async (kid) => {
    const kept = await spool.receiptKey(kid);
    if (kept !== undefined) return { alg: "EdDSA", key: fromBase64url(kept) };
    const block = await chain.latestBlock();
    const { receipt } = await chain.logKeysAt(profile.anchorRegistry, profile.logId, block);
    const current = keyId("EdDSA", receipt);
    await spool.keepReceiptKey(current, toBase64url(receipt));
    return current === kid ? { alg: "EdDSA", key: receipt } : undefined;
  };
}
