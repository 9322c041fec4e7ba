/**
 * ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381, section 5.5) with full public-key validation (section 5.4.5).
 *
 * The log turns a person's id into an index key with it: only the holder of the secret key can compute the key of an id, and everybody can check
 * with the public key that it was computed rightly and that no other key belongs to that id.
 */
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { concat } from "./bytes.ts";
import { FormatError } from "./errors.ts";

type Point = InstanceType<typeof ed25519.Point>;

const SUITE = 0x03;
const CHALLENGE_BYTES = 16;
/** Length of a proof: a point, half a hash and a scalar. */
export const VRF_PROOF_BYTES = 80;
const GROUP_ORDER = ed25519.Point.Fn.ORDER;
const BASE = ed25519.Point.BASE;

/** An expanded secret key; expand once and keep, since expanding costs a scalar multiplication. */
export interface VrfSecretKey {
  readonly scalar: bigint;
  readonly prefix: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** Expands a 32-byte Ed25519 seed (RFC 8032, section 5.1.5). */
export function expandVrfSecretKey(seed: Uint8Array): VrfSecretKey {
  const { scalar, prefix, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  return { scalar, prefix, publicKey: pointBytes };
}

/** ECVRF_prove (section 5.1): the 80-byte proof for the input. Deterministic. */
export function proveVrf(secret: VrfSecretKey, alpha: Uint8Array): Uint8Array {
  const h = encodeToCurve(secret.publicKey, alpha);
  const hBytes = h.toBytes();
  const gamma = h.multiply(secret.scalar);
  const nonce = littleEndian(sha512(concat(secret.prefix, hBytes))) % GROUP_ORDER;
  const gammaBytes = gamma.toBytes();
  const challenge = challengeOf(
    secret.publicKey,
    hBytes,
    gammaBytes,
    BASE.multiply(nonce),
    h.multiply(nonce),
  );
  const s = (nonce + challenge * secret.scalar) % GROUP_ORDER;
  return concat(gammaBytes, toLittleEndian(challenge, CHALLENGE_BYTES), toLittleEndian(s, 32));
}

/** ECVRF_proof_to_hash (section 5.2) of a proof the caller made or has verified: the 64-byte output. */
export function vrfOutput(proof: Uint8Array): Uint8Array {
  return outputOf(decodeProof(proof).gamma);
}

/** ECVRF_verify (section 5.3) with key validation: the 64-byte output, or undefined when the proof is not for this key and input. */
export function verifyVrf(
  publicKey: Uint8Array,
  alpha: Uint8Array,
  proof: Uint8Array,
): Uint8Array | undefined {
  try {
    const key = ed25519.Point.fromBytes(publicKey);
    if (key.isSmallOrder()) return undefined;
    const { gamma, gammaBytes, challenge, s } = decodeProof(proof);
    const h = encodeToCurve(publicKey, alpha);
    const u = BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(challenge));
    const v = h.multiplyUnsafe(s).subtract(gamma.multiplyUnsafe(challenge));
    return challengeOf(publicKey, h.toBytes(), gammaBytes, u, v) === challenge ? outputOf(gamma) : undefined;
  } catch {
    // A point or scalar that does not decode is an invalid proof or key, whatever the library calls it.
    return undefined;
  }
}

/** ECVRF_encode_to_curve_try_and_increment (section 5.4.1.1), salted with the public key. */
function encodeToCurve(publicKey: Uint8Array, alpha: Uint8Array): Point {
  const input = concat(Uint8Array.of(SUITE, 0x01), publicKey, alpha, Uint8Array.of(0, 0));
  for (let counter = 0; counter < 256; counter += 1) {
    input[input.length - 2] = counter;
    const candidate = decodePoint(sha512(input).subarray(0, 32))?.clearCofactor();
    if (candidate !== undefined && !candidate.is0()) return candidate;
  }
  throw new FormatError("vrf", "no curve point was found for this input in 256 tries");
}

function decodePoint(bytes: Uint8Array): Point | undefined {
  try {
    return ed25519.Point.fromBytes(bytes);
  } catch {
    return undefined;
  }
}

/** ECVRF_challenge_generation (section 5.4.3). */
function challengeOf(publicKey: Uint8Array, h: Uint8Array, gamma: Uint8Array, u: Point, v: Point): bigint {
  const digest = sha512(
    concat(Uint8Array.of(SUITE, 0x02), publicKey, h, gamma, u.toBytes(), v.toBytes(), Uint8Array.of(0)),
  );
  return littleEndian(digest.subarray(0, CHALLENGE_BYTES));
}

function outputOf(gamma: Point): Uint8Array {
  return sha512(concat(Uint8Array.of(SUITE, 0x03), gamma.clearCofactor().toBytes(), Uint8Array.of(0)));
}

function decodeProof(proof: Uint8Array): {
  gamma: Point;
  gammaBytes: Uint8Array;
  challenge: bigint;
  s: bigint;
} {
  if (proof.length !== VRF_PROOF_BYTES)
    throw new FormatError("vrf", `a VRF proof has ${VRF_PROOF_BYTES} bytes, this one has ${proof.length}`);
  const gammaBytes = proof.subarray(0, 32);
  const gamma = decodePoint(gammaBytes);
  const s = littleEndian(proof.subarray(48));
  if (gamma === undefined || s >= GROUP_ORDER)
    throw new FormatError("vrf", "the VRF proof holds no point of the curve or no scalar of the group");
  return { gamma, gammaBytes, challenge: littleEndian(proof.subarray(32, 48)), s };
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte);
  return value;
}

function toLittleEndian(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0, rest = value; index < length; index += 1, rest >>= 8n)
    bytes[index] = Number(rest & 0xffn);
  return bytes;
}
