import { ed25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { sha256Base64url } from "#sha256";
import { fromBase64url, fromUtf8, toBase64url, utf8 } from "./bytes.ts";
import { FormatError } from "./errors.ts";
import { isJsonObject, parseStrictJson } from "./json.ts";

/** The signature algorithms we speak (RFC 7518, RFC 8037): Ed25519, and ECDSA over P-256 for hardware that lacks it. */
export type JwsAlgorithm = "EdDSA" | "ES256";

/** What a JWS is for; explicit typing keeps a receipt from passing as a submission (RFC 8725 section 3.11). */
export type JwsType = "submission+jws" | "receipt+jws" | "decision+jws" | "sign-on+jws" | "erasure-query+jws";

export interface JwsHeader {
  readonly alg: JwsAlgorithm;
  /** RFC 7638 thumbprint of the key. */
  readonly kid: string;
  readonly typ: JwsType;
}

/** A compact JWS whose form was checked, and whose signature was not. */
export interface ParsedJws {
  readonly header: JwsHeader;
  readonly payload: { readonly [member: string]: unknown };
  /** The ASCII text that was signed. */
  readonly signingInput: string;
  readonly signature: Uint8Array;
}

/** Ed25519: 32 bytes. P-256: the 65 bytes of the uncompressed point (SEC 1 section 2.3.3), as WebCrypto exports it. */
export interface PublicKey {
  readonly alg: JwsAlgorithm;
  readonly key: Uint8Array;
}

/** Returns the 64 signature bytes over the data: RFC 8032, or r || s for ES256. */
export type SignBytes = (data: Uint8Array) => Uint8Array;

/** Longest compact JWS we read, in characters. */
export const MAX_JWS_LENGTH = 4096;

const SIGNATURE_BYTES = 64;
const HEADER_MEMBERS = 3;
const MAX_DEPTH = 4;

/**
 * Parses a compact JWS (RFC 7515) of the expected type. The header has exactly `alg`, `kid` and `typ`; anything else,
 * `crit` and `jwk` included, is refused. Throws FormatError `jws`, `jws-header`, `jws-algorithm`, `jws-type` or one of
 * the encodings' codes. The signature is not checked: see `verifyJws`.
 */
export function parseCompactJws(text: string, expectedType: JwsType): ParsedJws {
  const parts = text.length <= MAX_JWS_LENGTH ? text.split(".", 4) : [];
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined) {
    throw new FormatError(
      "jws",
      `expected a compact JWS of at most ${MAX_JWS_LENGTH} characters: header.payload.signature`,
    );
  }
  const signatureBytes = fromBase64url(signature);
  if (signatureBytes.length !== SIGNATURE_BYTES) {
    throw new FormatError("jws", `the signature must have ${SIGNATURE_BYTES} bytes`);
  }
  return {
    header: parseHeader(header, expectedType),
    payload: parsePart(payload),
    signingInput: `${header}.${payload}`,
    signature: signatureBytes,
  };
}

function parseHeader(text: string, expectedType: JwsType): JwsHeader {
  const { alg, kid, typ, ...unknown } = parsePart(text);
  if (alg !== "EdDSA" && alg !== "ES256") {
    throw new FormatError("jws-algorithm", "alg must be EdDSA or ES256");
  }
  if (typ !== expectedType) throw new FormatError("jws-type", `typ must be ${expectedType}`);
  if (typeof kid !== "string" || !isKeyId(kid) || Object.keys(unknown).length > 0) {
    throw new FormatError(
      "jws-header",
      `the header must have exactly ${HEADER_MEMBERS} members: alg, typ and kid, the RFC 7638 thumbprint of the key`,
    );
  }
  return { alg, kid, typ: expectedType };
}

function parsePart(text: string): { readonly [member: string]: unknown } {
  const value = parseStrictJson(fromUtf8(fromBase64url(text)), { maxDepth: MAX_DEPTH });
  if (!isJsonObject(value)) throw new FormatError("jws", "header and payload must be JSON objects");
  return value;
}

/**
 * Whether the signature is this key's. Ed25519 is checked by RFC 8032 with canonical encodings only, P-256 on the raw
 * r || s of RFC 7518 section 3.4. Never throws: false for an unusable key or another algorithm than the header's.
 */
export function verifyJws(jws: ParsedJws, publicKey: PublicKey): boolean {
  if (jws.header.alg !== publicKey.alg) return false;
  const data = utf8(jws.signingInput);
  try {
    return publicKey.alg === "EdDSA"
      ? ed25519.verify(jws.signature, data, publicKey.key, { zip215: false })
      : p256.verify(jws.signature, data, publicKey.key, { lowS: false, prehash: true, format: "compact" });
  } catch {
    return false;
  }
}

/** The compact JWS over `payload`; members are written in the order of the object. */
export function signJws(header: JwsHeader, payload: object, sign: SignBytes): string {
  const { alg, kid, typ } = header;
  const signingInput = `${encodeJson({ alg, kid, typ })}.${encodeJson(payload)}`;
  return `${signingInput}.${toBase64url(sign(utf8(signingInput)))}`;
}

function encodeJson(value: object): string {
  return toBase64url(utf8(JSON.stringify(value)));
}

/** The `kid` of a key: base64url of its RFC 7638 SHA-256 thumbprint (RFC 8037 section 2 for Ed25519). Throws FormatError `jws-key`. */
export function keyId(alg: JwsAlgorithm, key: Uint8Array): string {
  if (alg === "EdDSA") {
    if (key.length !== 32) throw unusableKey();
    return sha256Base64url(`{"crv":"Ed25519","kty":"OKP","x":"${toBase64url(key)}"}`);
  }
  if (key.length !== 65 || key[0] !== 4) throw unusableKey();
  const x = toBase64url(key.subarray(1, 33));
  const y = toBase64url(key.subarray(33));
  return sha256Base64url(`{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`);
}

/** Whether a text can be a `kid`: the base64url of 32 bytes. */
export function isKeyId(text: string): boolean {
  return /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(text);
}

/**
 * Whether a key may be admitted. An Ed25519 key must be canonically encoded and of prime order: on such keys whatever
 * OpenSSL accepts (the server's fast path), `verifyJws` accepts too, so nothing is logged that a reader would refuse. A P-256
 * key must be an uncompressed point on the curve.
 */
export function isSafePublicKey(publicKey: PublicKey): boolean {
  try {
    if (publicKey.alg === "ES256") {
      p256.Point.fromBytes(publicKey.key).assertValidity();
      return publicKey.key.length === 65;
    }
    const point = ed25519.Point.fromBytes(publicKey.key, false);
    return !point.is0() && point.isTorsionFree();
  } catch {
    return false;
  }
}

function unusableKey(): FormatError {
  return new FormatError(
    "jws-key",
    "expected 32 bytes for Ed25519, or the 65 bytes of an uncompressed P-256 point",
  );
}
