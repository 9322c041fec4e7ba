import {
  computeAddress,
  getBytes,
  hexlify,
  recoverAddress,
  Signature,
  SigningKey,
  toBeHex,
  Transaction,
} from "ethers";
import type { Bytes } from "../../protocol/bytes.ts";
import { anchorRegistryArtifact } from "./artifacts.ts";
import { hash, hex, revertName } from "./chain-values.ts";
import type { AnchorContent } from "./content.ts";
import { feesFor, replacing } from "./fees.ts";
import type { SignedTransaction } from "./intent.ts";
import { type Rpc, RpcFailure } from "./json-rpc.ts";

/** The account that anchors: its 0x address in lower case, and its signature. */
export interface AnchorAccount {
  readonly address: string;
  /** Returns the signed transaction. Signed twice it may be two transactions: whoever sends one keeps its bytes. */
  sign: (transaction: Transaction) => Promise<Transaction>;
}

/** A secp256k1 key that is elsewhere, such as in an HSM. */
export interface RemoteAccountKey {
  /** The 65 bytes of the uncompressed point. */
  readonly publicKey: Bytes;
  /** Returns r || s over a digest of 32 bytes. Rejects with LedgerError `signer-unavailable` while the key cannot be used. */
  readonly sign: (digest: Bytes) => Promise<Bytes>;
}

/** The account of a secp256k1 key: its 32 bytes, or where it is. */
export function anchorAccount(key: Bytes | RemoteAccountKey): AnchorAccount {
  return key instanceof Uint8Array ? localAccount(key) : remoteAccount(key);
}

function remoteAccount(key: RemoteAccountKey): AnchorAccount {
  const address = computeAddress(hexlify(key.publicKey));
  return {
    address: address.toLowerCase(),
    sign: async (transaction) => {
      const signed = transaction.clone();
      const digest = signed.unsignedHash;
      const [r, s] = halves(await key.sign(getBytes(digest)));
      // Chains refuse the larger of the two s that are valid (EIP-2), and tokens give either.
      const lowS = s > CURVE_ORDER / 2n ? CURVE_ORDER - s : s;
      for (const v of [27, 28]) {
        const signature = Signature.from({ r: toBeHex(r, 32), s: toBeHex(lowS, 32), v });
        if (recoverAddress(digest, signature) !== address) continue;
        signed.signature = signature;
        return signed;
      }
      throw new Error("the anchorer's key signs with another key than it shows");
    },
  };
}

/** Order of secp256k1 (SEC 2 section 2.4.1). */
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

function halves(signature: Bytes): [bigint, bigint] {
  return [BigInt(hexlify(signature.subarray(0, 32))), BigInt(hexlify(signature.subarray(32)))];
}

function localAccount(key: Bytes): AnchorAccount {
  const signingKey = new SigningKey(hexlify(key));
  return {
    address: computeAddress(signingKey.publicKey).toLowerCase(),
    sign: (transaction) => {
      const signed = transaction.clone();
      signed.signature = signingKey.sign(signed.unsignedHash);
      return Promise.resolve(signed);
    },
  };
}

/** A call of `anchor`: what it extends, what it says, and the RFC 9162 consistency proof between the two. */
export interface AnchorCall {
  readonly expectedSize: number;
  readonly content: AnchorContent;
  readonly proof: readonly Bytes[];
}

export interface AnchorSender {
  readonly rpc: Rpc;
  readonly chainId: number;
  readonly anchorRegistry: string;
  readonly logId: number;
  readonly account: AnchorAccount;
}

/** The chain would not take the anchor; the message says what an operator has to do. */
class AnchorRefused extends Error {
  override readonly name = "AnchorRefused";
}

/** The state may differ a little between the estimate and the block. */
const GAS_MARGIN_PERCENT = 125n;

/** What to do about the contract's refusals. The others are the anchorer's own affair: it reads the head again. */
const REMEDIES: Readonly<Record<string, string>> = {
  NotAnchorer: "The log has another anchorer: let the administrator call setAnchorer with this account.",
  LogIsFrozen: "The log is frozen for ever: go on with its successor.",
  EnforcedPause: "Anchoring is paused by the administrator: it goes on by itself after unpause.",
  GrowthTooLarge: "One anchor may not add that many events: let the administrator call setMaxGrowth.",
};

/**
 * Signs the anchor with the account's next nonce, or with the nonce of the transaction (0x hex) it replaces. Nothing is sent.
 * @throws AnchorRefused when the contract would revert; LedgerError `chain-unavailable`.
 */
export async function signAnchor(
  call: AnchorCall,
  sender: AnchorSender,
  replaces?: SignedTransaction,
): Promise<SignedTransaction> {
  const { rpc, account, chainId } = sender;
  const transaction = {
    from: account.address,
    to: sender.anchorRegistry,
    data: encodeCall(call, sender.logId),
  };
  const gas = await estimateGas(transaction, rpc);
  const fees = await feesFor(rpc, account.address);
  const signed = await account.sign(
    Transaction.from({
      ...(replaces === undefined ? fees : replacing(fees, replaces.raw)),
      chainId,
      nonce: replaces?.nonce ?? (await nextNonce(rpc, account.address)),
      to: transaction.to,
      data: transaction.data,
      gasLimit: (gas * GAS_MARGIN_PERCENT) / 100n,
    }),
  );
  return { hash: hash(signed.hash), nonce: signed.nonce, raw: signed.serialized };
}

function encodeCall({ expectedSize, content, proof }: AnchorCall, logId: number): string {
  const { size, root, indexSize, indexRoot } = content;
  return anchorRegistryArtifact.abi.encodeFunctionData("anchor", [
    logId,
    expectedSize,
    size,
    root,
    indexSize,
    indexRoot,
    proof,
  ]);
}

/** The account's next nonce by the newest block: what waits in a node's pool is either our own intent or forgotten. */
export async function nextNonce(rpc: Rpc, address: string): Promise<number> {
  return Number(hex(await rpc("eth_getTransactionCount", [address, "latest"])));
}

async function estimateGas(transaction: object, rpc: Rpc): Promise<bigint> {
  try {
    return BigInt(hex(await rpc("eth_estimateGas", [transaction])));
  } catch (cause) {
    if (!(cause instanceof RpcFailure)) throw cause;
    const name = revertName(cause, anchorRegistryArtifact.abi) ?? cause.message;
    throw new AnchorRefused(REMEDIES[name] ?? `The contract refuses the anchor: ${name}.`, { cause });
  }
}
