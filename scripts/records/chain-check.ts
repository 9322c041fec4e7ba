import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { equal, toBase64url } from "../../protocol/bytes.ts";
import { keyId, parseCompactJws } from "../../protocol/jws.ts";
import { isJsonObject } from "../../protocol/json.ts";
import { formatLogId } from "../../protocol/log-id.ts";
import type { BackupHead } from "../../server/store/backup-head.ts";
import { TransferError } from "../../server/store/transfer-error.ts";
import { nameOfPart, type Part } from "../../server/store/transfer-parts.ts";
import type { ChainReader } from "../../verifier/chain.ts";
import { logOf, type TrustProfile } from "../../verifier/trust-profile.ts";
import { RecordsInputError } from "./error.ts";

/** Compares a backup with what the chain says. */
export interface ChainCheck {
  /** @throws TransferError `inconsistent`; RecordsInputError when it is of another log; ChainError */
  readonly check: (part: Part, head: BackupHead) => Promise<void>;
  /** Size of the newest anchor on the chain. */
  readonly anchoredSize: number;
}

/**
 * Holds every anchor against the contract's history, and every receipt against the keys that the contract ever had for this log. (That an anchor's root follows
 * from the payloads is checked with the backup itself.) Receipts of the log that this one succeeded are told by their log, and passed over.
 */
export async function chainCheck(chain: ChainReader, profile: TrustProfile): Promise<ChainCheck> {
  const { chainId, genesisHash } = await chain.identity();
  if (chainId !== profile.chainId || genesisHash !== profile.genesisHash)
    throw new RecordsInputError(`${chain.name} serves another chain than the trust profile names.`);
  const { anchorRegistry: registry, logId } = profile;
  const name = formatLogId(logOf(profile));
  const asOf = await chain.latestBlock();
  const anchors = await chain.anchorCount(registry, logId, asOf);
  const newest = anchors === 0 ? undefined : await chain.anchorAt(registry, logId, anchors - 1, asOf);
  const keys = new Map<string, KeyObject>();
  for (const { receipt } of await chain.keyVersions(registry, logId, asOf))
    keys.set(keyId("EdDSA", receipt), publicKey(receipt));

  async function check(part: Part, head: BackupHead): Promise<void> {
    if (head.log !== name)
      throw new RecordsInputError(`The backup is of the log ${head.log}, the trust profile names ${name}.`);
    if (part.kind === "submission") requireSigned(part.submission.receipt, part);
    if (part.kind !== "anchor") return;
    const { number, size, root, indexSize, indexRoot } = part.anchor;
    const found = number < anchors ? await chain.anchorAt(registry, logId, number, asOf) : undefined;
    if (
      found?.size !== size ||
      found.indexSize !== indexSize ||
      !equal(found.root, root) ||
      !equal(found.indexRoot, indexRoot)
    )
      throw new TransferError("inconsistent", `${nameOfPart(part)} is not the one on the chain.`);
  }

  function requireSigned(receipt: string, part: Part): void {
    const { header, payload, signingInput, signature } = parseCompactJws(receipt, "receipt+jws");
    const ofLog = isJsonObject(payload) ? payload["log"] : undefined;
    if (ofLog !== name) return;
    const key = keys.get(header.kid);
    const isSigned = key !== undefined && verify(null, Buffer.from(signingInput, "latin1"), key, signature);
    if (!isSigned)
      throw new TransferError("inconsistent", `The receipt of ${nameOfPart(part)} is not signed by the log.`);
  }

  return { check, anchoredSize: newest?.size ?? 0 };
}

function publicKey(key: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: toBase64url(key) }, format: "jwk" });
}
