import { createPrivateKey, sign } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { KeyError } from "../keys/errors.ts";
import type { Pkcs11Key } from "../keys/pkcs11-key.ts";
import { keyId, type SignBytes } from "../protocol/jws.ts";
import type { RemoteAccountKey } from "./anchor/anchor-transaction.ts";
import { LedgerError } from "./errors.ts";
import type { Signer } from "./sequence/receipts.ts";

/** RFC 8410: what stands before the 32 bytes of an Ed25519 private key in PKCS #8. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

/** A key that signs, and the public key by which that is verified. */
export interface KeySigner extends Signer {
  /** 32 bytes of Ed25519. */
  readonly publicKey: Uint8Array;
}

/** An Ed25519 key: its 32-byte seed, or where it is. */
export type SigningSecret = Uint8Array | Pkcs11Key;

/** Signs with an Ed25519 key, given by its 32-byte seed. OpenSSL signs a receipt thirty times faster than JavaScript. */
export function ed25519Signer(seed: Uint8Array): KeySigner & { readonly sign: SignBytes } {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
  const publicKey = ed25519.getPublicKey(seed);
  return {
    alg: "EdDSA",
    kid: keyId("EdDSA", publicKey),
    publicKey,
    sign: (data) => new Uint8Array(sign(null, data, key)),
  };
}

/** Signs with an Ed25519 key, wherever it is. */
export function signerOf(secret: SigningSecret): KeySigner {
  if (secret instanceof Uint8Array) return ed25519Signer(secret);
  const { publicKey } = secret;
  return { alg: "EdDSA", kid: keyId("EdDSA", publicKey), publicKey, sign: availably(secret.sign) };
}

/** The public key of an Ed25519 key, 32 bytes. */
export function publicKeyOf(secret: SigningSecret): Uint8Array {
  return secret instanceof Uint8Array ? ed25519.getPublicKey(secret) : secret.publicKey;
}

/** A key in a token that was there at the start is there again once somebody has seen to it, whatever is wrong meanwhile. */
function availably(
  signing: (data: Uint8Array) => Promise<Uint8Array>,
): (data: Uint8Array) => Promise<Uint8Array> {
  return async (data) => {
    try {
      return await signing(data);
    } catch (cause) {
      if (!(cause instanceof KeyError)) throw cause;
      const message =
        "A key of the ledger cannot be used at the moment. Keep everything and send the same again in a few seconds.";
      throw new LedgerError("signer-unavailable", message, { cause });
    }
  };
}

/** The anchorer's key as `anchorAccount` takes it. */
export function accountKeyOf(secret: SigningSecret): Uint8Array | RemoteAccountKey {
  if (secret instanceof Uint8Array) return secret;
  return { publicKey: secret.publicKey, sign: availably(secret.sign) };
}
