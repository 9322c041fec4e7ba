import { hash } from "node:crypto";
import sodium from "sodium-native";
import { utf8 } from "../../protocol/bytes.ts";
import type { Vrf } from "./vrf-function.ts";

/*
 * ECVRF-EDWARDS25519-SHA512-TAI (RFC 9381, section 5) by libsodium's group operations; see protocol/vrf.ts for the same in
 * JavaScript. The section numbers below are the RFC's.
 */

const SUITE = 0x03;
const POINT_BYTES = 32;
const CHALLENGE_BYTES = 16;
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
/** The neutral element: y = 1. */
const IDENTITY = Buffer.concat([Buffer.of(1), Buffer.alloc(POINT_BYTES - 1)]);

/** The function for the 32-byte Ed25519 seed. */
export function sodiumVrf(seed: Uint8Array): Vrf {
  const expanded = sha512(seed);
  const scalar = Buffer.from(expanded.subarray(0, 32));
  scalar.writeUInt8(scalar.readUInt8(0) & 0xf8, 0);
  scalar.writeUInt8((scalar.readUInt8(31) & 0x7f) | 0x40, 31);
  const scalarNumber = littleEndian(scalar);
  const prefix = expanded.subarray(32);
  const publicKey = baseTimes(scalar);

  function proof(id: string): Uint8Array {
    const h = encodeToCurve(publicKey, utf8(id));
    const gamma = times(scalar, h);
    const nonce = Buffer.alloc(32);
    sodium.crypto_core_ed25519_scalar_reduce(nonce, sha512(prefix, h));
    const challenge = sha512(
      Buffer.of(SUITE, 0x02),
      publicKey,
      h,
      gamma,
      baseTimes(nonce),
      times(nonce, h),
      Buffer.of(0),
    ).subarray(0, CHALLENGE_BYTES);
    const s = (littleEndian(nonce) + littleEndian(challenge) * scalarNumber) % GROUP_ORDER;
    return new Uint8Array(Buffer.concat([gamma, challenge, toLittleEndian(s)]));
  }

  /** ECVRF_proof_to_hash (5.2), from the point alone: the rest of the proof is not needed for the output. */
  function output(id: string): Uint8Array {
    const gamma = times(scalar, encodeToCurve(publicKey, utf8(id)));
    return new Uint8Array(sha512(Buffer.of(SUITE, 0x03), timesCofactor(gamma), Buffer.of(0)));
  }

  return { by: "libsodium", proof, output };
}

/** ECVRF_encode_to_curve_try_and_increment (5.4.1.1), salted with the public key. */
function encodeToCurve(publicKey: Buffer, alpha: Uint8Array): Buffer {
  for (let counter = 0; counter < 256; counter++) {
    const candidate = sha512(Buffer.of(SUITE, 0x01), publicKey, alpha, Buffer.of(counter, 0)).subarray(
      0,
      POINT_BYTES,
    );
    const point = isCanonical(candidate) ? pointTimesCofactor(candidate) : undefined;
    if (point !== undefined && !point.equals(IDENTITY)) return point;
  }
  throw new Error("no curve point was found for this input in 256 tries");
}

function pointTimesCofactor(candidate: Buffer): Buffer | undefined {
  try {
    return timesCofactor(candidate);
  } catch {
    // Half of all strings are no point of the curve.
    return undefined;
  }
}

/** Eight times the point. Throws when the bytes are none. */
function timesCofactor(point: Buffer): Buffer {
  const result = Buffer.from(point);
  for (let doubling = 0; doubling < 3; doubling++) sodium.crypto_core_ed25519_add(result, result, result);
  return result;
}

/** Whether the y coordinate is below 2^255 - 19: RFC 8032 decodes no other, libsodium would. */
function isCanonical(point: Buffer): boolean {
  const isTop = (point.readUInt8(31) & 0x7f) === 0x7f && point.subarray(1, 31).every((byte) => byte === 0xff);
  return !isTop || point.readUInt8(0) < 0xed;
}

function times(scalar: Uint8Array, point: Uint8Array): Buffer {
  const product = Buffer.alloc(POINT_BYTES);
  sodium.crypto_scalarmult_ed25519_noclamp(product, scalar, point);
  return product;
}

function baseTimes(scalar: Uint8Array): Buffer {
  const product = Buffer.alloc(POINT_BYTES);
  sodium.crypto_scalarmult_ed25519_base_noclamp(product, scalar);
  return product;
}

function sha512(...parts: readonly Uint8Array[]): Buffer {
  return hash("sha512", Buffer.concat(parts), "buffer");
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

function toLittleEndian(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse();
}
