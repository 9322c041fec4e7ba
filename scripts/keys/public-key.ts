import { createPrivateKey, createPublicKey } from "node:crypto";
import { existsSync } from "node:fs";
import { ed25519 } from "@noble/curves/ed25519.js";
import { computeAddress, getAddress, hexlify, isAddress } from "ethers";
import { KeyError } from "../../keys/errors.ts";
import { openPkcs11Key } from "../../keys/pkcs11-key.ts";
import { isPkcs11Uri } from "../../keys/pkcs11-uri.ts";
import { readSecretFile } from "../../keys/secret-file.ts";
import { fromBase64url, fromHex } from "../../protocol/bytes.ts";
import { isSafePublicKey, type PublicKey } from "../../protocol/jws.ts";
import { KeysError } from "./error.ts";

/** What stands before a public key in hexadecimal: without it nobody can tell one from a private key. */
const PUBLIC = "public:";

/** What is public of a key that signs, from wherever the argument says. @throws KeysError */
export async function publicKeyFrom(argument: string, pin: string | undefined): Promise<PublicKey> {
  const key = await explained(async () => await signingKey(argument, pin));
  if (!isSafePublicKey(key)) throw new KeysError("This is no safe key: make a new one.");
  return key;
}

/** An Ed25519 key of the log: 32 bytes. @throws KeysError */
export async function logKeyFrom(argument: string, pin: string | undefined): Promise<Uint8Array> {
  const { alg, key } = await publicKeyFrom(argument, pin);
  if (alg !== "EdDSA") throw new KeysError("The log's keys are Ed25519.");
  return key;
}

/** The address of an account: itself, or of the secp256k1 key in a file or a token. @throws KeysError */
export async function addressFrom(argument: string, pin: string | undefined): Promise<string> {
  return await explained(async () => {
    if (isAddress(argument)) return getAddress(argument);
    if (isPkcs11Uri(argument)) {
      const { curve, publicKey } = await openPkcs11Key(argument, pin);
      if (curve === "secp256k1") return computeAddress(hexlify(publicKey));
      throw new KeysError("An account's key is of the curve secp256k1.");
    }
    if (isBareKey(argument)) throw notAnArgument();
    const text = readSecretFile(argument);
    if (/^(?:0x)?[0-9a-fA-F]{64}$/.test(text)) return computeAddress(`0x${text.replace(/^0x/, "")}`);
    throw new KeysError("The file holds no account's key.");
  });
}

async function signingKey(argument: string, pin: string | undefined): Promise<PublicKey> {
  if (isPkcs11Uri(argument)) {
    const { curve, publicKey } = await openPkcs11Key(argument, pin);
    if (curve === "secp256k1") throw new KeysError("A key of secp256k1 is an account's.");
    return { alg: curve === "ed25519" ? "EdDSA" : "ES256", key: publicKey };
  }
  if (argument.startsWith(PUBLIC)) {
    const hex = argument.slice(PUBLIC.length);
    if (!/^(?:[0-9a-f]{64}|04[0-9a-f]{128})$/.test(hex))
      throw new KeysError(
        `After ${PUBLIC} stand the 32 bytes of Ed25519, or the 65 of P-256, in hexadecimal.`,
      );
    return { alg: hex.length === 64 ? "EdDSA" : "ES256", key: fromHex(hex) };
  }
  if (isBareKey(argument)) throw notAnArgument();
  const text = readSecretFile(argument);
  if (text.startsWith("-----BEGIN")) return keyOfPem(text, argument);
  const seed = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text)?.[1];
  if (seed === undefined) throw new KeysError(`${argument} holds no key that this knows.`);
  return { alg: "EdDSA", key: ed25519.getPublicKey(fromHex(seed.toLowerCase())) };
}

/** It may be a private key, which would be published for a public one, and is not repeated in a message. */
function isBareKey(argument: string): boolean {
  return /^(?:0x)?[0-9a-fA-F]{64,130}$/.test(argument) && !existsSync(argument);
}

function notAnArgument(): KeysError {
  return new KeysError(
    `A key itself must not be an argument: give its file. What is public of a signing key is written ${PUBLIC}HEX.`,
  );
}

function keyOfPem(text: string, file: string): PublicKey {
  const { kty, x, y } = createPublicKey(createPrivateKey(text)).export({ format: "jwk" });
  if (kty === "OKP" && x !== undefined) return { alg: "EdDSA", key: fromBase64url(x) };
  if (kty === "EC" && x !== undefined && y !== undefined)
    return { alg: "ES256", key: Uint8Array.of(4, ...fromBase64url(x), ...fromBase64url(y)) };
  throw new KeysError(`${file} holds neither an Ed25519 nor a P-256 key.`);
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof KeyError) throw new KeysError(cause.message, { cause });
    throw cause;
  }
}
