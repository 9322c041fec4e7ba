import { type Bytes, equal, toHex } from "../../protocol/bytes.ts";
import { isSafePublicKey, type PublicKey } from "../../protocol/jws.ts";
import type { ChainClient, LogKeys } from "./chain-client.ts";

/**
 * Holds the keys this server signs with against those the chain names for the log. What is signed by a key that the chain does not
 * name binds nobody, so nothing must be receipted or anchored then.
 */
export interface LogKeyWatch {
  /**
   * Reads the chain's keys. Undefined when they are ours, else what is wrong, in words for an operator.
   * @throws LedgerError `chain-unavailable`.
   */
  check: () => Promise<string | undefined>;
  /** Every receipt key the log ever had, as read last: each of them bound the log. Our own before the first read. */
  receiptKeys: () => readonly PublicKey[];
}

/** @param own the public keys this server signs with */
export function watchLogKeys(
  chain: Pick<ChainClient, "keyVersions" | "logKeysAt">,
  own: LogKeys,
): LogKeyWatch {
  let receiptKeys: readonly PublicKey[] = [{ alg: "EdDSA", key: own.receipt }];
  /** Fixed for the life of the log: read once. */
  let vrf: Bytes | undefined;
  return {
    check: async () => {
      const versions = await chain.keyVersions();
      const newest = versions.at(-1);
      if (newest === undefined)
        return "The chain names no keys for this log: find out whether it is the right log.";
      vrf ??= (await chain.logKeysAt(newest.fromBlock)).vrf;
      receiptKeys = versions
        .map(({ receipt }) => ({ alg: "EdDSA", key: receipt }) as const)
        .filter(isSafePublicKey);
      return (
        difference("checkpoint key", "CHECKPOINT_KEY", own.checkpoint, newest.checkpoint) ??
        difference("receipt key", "RECEIPT_KEY", own.receipt, newest.receipt) ??
        (equal(own.vrf, vrf)
          ? undefined
          : `VRF_KEY belongs to ${toHex(own.vrf)}, and the chain names ${toHex(vrf)} for the life of this log: restore VRF_KEY.`)
      );
    },
    receiptKeys: () => receiptKeys,
  };
}

function difference(what: string, variable: string, own: Bytes, named: Bytes): string | undefined {
  if (equal(own, named)) return undefined;
  return (
    `${variable} belongs to the ${what} ${toHex(own)}, and the chain names ${toHex(named)} for this log: ` +
    `start the ledger with the ${what} the chain names, or let the administrator register ours with rotateKeys.`
  );
}
