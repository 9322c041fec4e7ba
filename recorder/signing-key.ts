import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { KeyError } from "../keys/errors.ts";
import { openPkcs11Key } from "../keys/pkcs11-key.ts";
import { isPkcs11Uri } from "../keys/pkcs11-uri.ts";
import { concat, fromBase64url } from "../protocol/bytes.ts";
import { keyId, type JwsAlgorithm, type SignBytes } from "../protocol/jws.ts";
import type { SignBytesLater } from "../protocol/sign-later.ts";
import { RecorderError } from "./errors.ts";

/**
 * A recorder's signing key, wherever it is: `publicKey` in the form the chain holds (see `PublicKey` of protocol/jws.ts), `kid` its `keyId`. While
 * `sign` rejects nothing is sent, and the recorder tries again.
 */
export interface SigningKey {
  alg: JwsAlgorithm;
  kid: string;
  publicKey: Uint8Array;
  sign: SignBytesLater;
}

/** A key in this process's memory. */
export interface LocalSigningKey extends SigningKey {
  sign: SignBytes;
}

/** Read and write for the owner alone. */
const PRIVATE_MODE = 0o600;
/** Any permission of others, and of the file's group. */
const OTHERS = 0o007;
const GROUP = 0o070;
/** A PEM of either algorithm is a few hundred bytes. */
const MAX_KEY_FILE_BYTES = 8192;

/**
 * Reads a PKCS #8 PEM with an Ed25519 or P-256 private key. Throws `bad-key-file` when the file is missing, holds
 * another kind of key, or can be read by anyone but its owner (checked on the open file; not on Windows).
 */
export async function readSigningKey(path: string): Promise<LocalSigningKey> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const { mode, uid, gid, size } = await file.stat();
    // Root's own group is root alone: so systemd's credentials look.
    const isRoots = uid === 0 && gid === 0;
    if (process.platform !== "win32" && (mode & (isRoots ? OTHERS : OTHERS | GROUP)) !== 0) {
      throw badKeyFile(path, "can be read by other users; run: chmod 600 " + path);
    }
    if (size > MAX_KEY_FILE_BYTES) throw badKeyFile(path, "is too large for a key");
    return signingKeyOf(createPrivateKey(await file.readFile("utf8")));
  } catch (cause) {
    if (cause instanceof RecorderError) throw cause;
    throw badKeyFile(
      path,
      "holds no readable PKCS #8 private key; create one with: minhbach recorder key",
      cause,
    );
  } finally {
    await file?.close();
  }
}

/**
 * The key of a file (see `readSigningKey`) or of a `pkcs11:` URI with `pin-source`: Ed25519 or P-256 in a token, which the key never leaves. Throws
 * `bad-key-file`.
 */
export async function openSigningKey(place: string): Promise<SigningKey> {
  if (!isPkcs11Uri(place)) return await readSigningKey(place);
  try {
    const { curve, publicKey, sign: signInToken } = await openPkcs11Key(place);
    if (curve === "secp256k1")
      throw new KeyError("wrong-kind", "The key has another curve than Ed25519 and P-256.");
    const alg = curve === "ed25519" ? "EdDSA" : "ES256";
    return { alg, kid: keyId(alg, publicKey), publicKey, sign: signInToken };
  } catch (cause) {
    if (!(cause instanceof KeyError)) throw cause;
    throw new RecorderError("bad-key-file", `RECORDER_KEY: ${cause.message}`, { cause });
  }
}

/** Makes a new key and writes it to `path` with mode 0600. Throws `bad-key-file` when the file exists: keys are never overwritten. */
export async function createSigningKey(path: string, alg: JwsAlgorithm = "EdDSA"): Promise<LocalSigningKey> {
  const { privateKey } =
    alg === "EdDSA" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  let file: FileHandle | undefined;
  try {
    file = await open(path, "wx", PRIVATE_MODE);
    await file.writeFile(privateKey.export({ type: "pkcs8", format: "pem" }));
    await file.sync();
  } catch (cause) {
    throw badKeyFile(path, "cannot be created (a key is never overwritten)", cause);
  } finally {
    await file?.close();
  }
  return signingKeyOf(privateKey);
}

function signingKeyOf(privateKey: KeyObject): LocalSigningKey {
  const { x, y } = createPublicKey(privateKey).export({ format: "jwk" });
  if (privateKey.asymmetricKeyType === "ed25519" && x !== undefined) {
    const publicKey = fromBase64url(x);
    return {
      alg: "EdDSA",
      kid: keyId("EdDSA", publicKey),
      publicKey,
      sign: (data) => sign(null, data, privateKey),
    };
  }
  const isP256 = privateKey.asymmetricKeyDetails?.namedCurve === "prime256v1";
  if (isP256 && x !== undefined && y !== undefined) {
    const publicKey = concat(Uint8Array.of(4), fromBase64url(x), fromBase64url(y));
    const raw = { key: privateKey, dsaEncoding: "ieee-p1363" } as const;
    return {
      alg: "ES256",
      kid: keyId("ES256", publicKey),
      publicKey,
      sign: (data) => sign("sha256", data, raw),
    };
  }
  throw new Error("neither Ed25519 nor P-256");
}

function badKeyFile(path: string, what: string, cause?: unknown): RecorderError {
  return new RecorderError("bad-key-file", `The key file ${path} ${what}.`, { cause });
}
