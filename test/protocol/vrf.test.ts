import { ed25519 } from "@noble/curves/ed25519.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { expect } from "chai";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { concat, fromHex, toHex, utf8 } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import { expandVrfSecretKey, proveVrf, verifyVrf, vrfOutput } from "../../protocol/vrf.ts";
import { expectCode } from "./expect-code.ts";

interface Vector {
  readonly example: number;
  readonly sk: string;
  readonly pk: string;
  readonly alpha: string;
  readonly pi: string;
  readonly beta: string;
}

const PUBLISHED = new URL("../vectors/published/rfc9381-edwards25519-sha512-tai.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(PUBLISHED, "utf8")) as { vectors: readonly Vector[] };
const { Point } = ed25519;
const SECRET = expandVrfSecretKey(new Uint8Array(32).fill(7));
const ID = utf8("vn-cccd:001099012345");
const PROOF = proveVrf(SECRET, ID);

/** The points of order 1, 2, 4 and 8 in their canonical encodings (RFC 9381, section 5.4.5, without those that decode strictly to nothing). */
const SMALL_ORDER = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];
/** A coordinate not below 2^255 - 19, and a zero with a sign: encodings of the same points that RFC 8032 refuses. */
const NOT_CANONICAL = [
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

function scalarBytes(value: bigint, length: number): Uint8Array {
  return fromHex(value.toString(16).padStart(2 * length, "0")).toReversed();
}

function scalar(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes.toReversed())}`);
}

describe("vrf", () => {
  for (const { example, sk, pk, alpha, pi, beta } of vectors) {
    it(`makes and verifies example ${example} of RFC 9381`, () => {
      const secret = expandVrfSecretKey(fromHex(sk));
      expect(toHex(secret.publicKey)).to.equal(pk);
      const proof = proveVrf(secret, fromHex(alpha));
      expect(toHex(proof)).to.equal(pi);
      expect(toHex(vrfOutput(proof))).to.equal(beta);
      expect(toHex(verifyVrf(fromHex(pk), fromHex(alpha), proof) ?? new Uint8Array())).to.equal(beta);
    });
  }

  it("has all three examples of the suite", () => {
    expect(vectors.map(({ example }) => example)).to.deep.equal([16, 17, 18]);
  });

  it("verifies what it proves, and nothing else", () => {
    const inputs = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(inputs, fc.nat(79), fc.integer({ min: 1, max: 255 }), (alpha, at, flip) => {
        const proof = proveVrf(SECRET, alpha);
        expect(verifyVrf(SECRET.publicKey, alpha, proof)).to.deep.equal(vrfOutput(proof));
        const mutated = proof.map((byte, index) => (index === at ? byte ^ flip : byte));
        expect(verifyVrf(SECRET.publicKey, alpha, mutated)).to.equal(undefined);
        expect(verifyVrf(SECRET.publicKey, concat(alpha, Uint8Array.of(0)), proof)).to.equal(undefined);
      }),
      { numRuns: 25 },
    );
  });

  it("refuses the proof under another key, cut short, or with something behind it", () => {
    const other = expandVrfSecretKey(new Uint8Array(32).fill(8));
    expect(verifyVrf(other.publicKey, ID, PROOF)).to.equal(undefined);
    expect(verifyVrf(SECRET.publicKey, ID, PROOF.subarray(0, 79))).to.equal(undefined);
    expect(verifyVrf(SECRET.publicKey, ID, concat(PROOF, Uint8Array.of(0)))).to.equal(undefined);
  });

  it("refuses a second spelling of the scalar", () => {
    const s = scalar(PROOF.subarray(48));
    const unreduced = concat(PROOF.subarray(0, 48), scalarBytes(s + Point.Fn.ORDER, 32));
    expect(verifyVrf(SECRET.publicKey, ID, unreduced)).to.equal(undefined);
    expectCode("vrf", () => vrfOutput(unreduced));
  });

  it("refuses second spellings of points, in the key and in the proof", () => {
    for (const encoding of NOT_CANONICAL) {
      expect(verifyVrf(fromHex(encoding), ID, PROOF), encoding).to.equal(undefined);
      expectCode("vrf", () => vrfOutput(concat(fromHex(encoding), PROOF.subarray(32))));
    }
  });

  it("refuses keys of small order, with proofs that satisfy the equations", () => {
    for (const encoding of SMALL_ORDER) {
      const key = fromHex(encoding);
      expect(Point.fromBytes(key).isSmallOrder()).to.equal(true);
      expect(verifyVrf(key, ID, PROOF)).to.equal(undefined);
      const { proof, holds } = forgeForSmallOrderKey(key, ID);
      expect(holds).to.equal(true);
      expect(verifyVrf(key, ID, proof), encoding).to.equal(undefined);
    }
  });

  it("gives one output even where the key's holder shifts the proof by a point of small order", () => {
    const torsion = Point.fromBytes(fromHex(SMALL_ORDER[1] ?? ""));
    const shifted = proveShifted(new Uint8Array(32).fill(7), ID, torsion);
    expect(toHex(shifted.subarray(0, 32))).to.not.equal(toHex(PROOF.subarray(0, 32)));
    expect(verifyVrf(SECRET.publicKey, ID, shifted)).to.deep.equal(vrfOutput(PROOF));
  });

  it("never throws on hostile proofs and keys", () => {
    const [key, proof] = [fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 78, maxLength: 82 })];
    fc.assert(
      fc.property(key, proof, (anyKey, anyProof) => {
        expect(verifyVrf(anyKey, utf8("x"), anyProof)).to.equal(undefined);
        expect(verifyVrf(SECRET.publicKey, utf8("x"), anyProof)).to.equal(undefined);
      }),
      { numRuns: 50 },
    );
  });

  it("names what is no proof when asked for its output", () => {
    expect(() => vrfOutput(new Uint8Array(79))).to.throw(FormatError, "80 bytes");
  });
});

function encodeToCurve(key: Uint8Array, alpha: Uint8Array): InstanceType<typeof Point> {
  for (let counter = 0; counter < 256; counter++) {
    const digest = sha512(concat(Uint8Array.of(3, 1), key, alpha, Uint8Array.of(counter, 0))).subarray(0, 32);
    try {
      return Point.fromBytes(digest).clearCofactor();
    } catch {
      continue;
    }
  }
  throw new Error("no point was found");
}

/** The challenge of RFC 9381, section 5.4.3, for points given by their bytes. */
function challengeOf(...points: readonly Uint8Array[]): bigint {
  return scalar(sha512(concat(Uint8Array.of(3, 2), ...points, Uint8Array.of(0))).subarray(0, 16));
}

/** A proof with an output of its own choice for a key of small order, which anybody can make: Gamma is any multiple of H, and c is ground to 0 mod 8. */
function forgeForSmallOrderKey(key: Uint8Array, alpha: Uint8Array): { proof: Uint8Array; holds: boolean } {
  const h = encodeToCurve(key, alpha);
  const gamma = Point.ZERO;
  for (let nonce = 1n; ; nonce++) {
    const [u, v] = [Point.BASE.multiply(nonce), h.multiply(nonce)];
    const challenge = challengeOf(key, h.toBytes(), gamma.toBytes(), u.toBytes(), v.toBytes());
    if (challenge % 8n !== 0n) continue;
    const multiple = Point.fromBytes(key).multiplyUnsafe(challenge);
    return {
      proof: concat(gamma.toBytes(), scalarBytes(challenge, 16), scalarBytes(nonce, 32)),
      holds: Point.BASE.multiply(nonce).subtract(multiple).equals(u),
    };
  }
}

/** A valid proof whose Gamma is shifted by a point of order 2: its maker grinds nonces until the challenge is even. */
function proveShifted(seed: Uint8Array, alpha: Uint8Array, torsion: InstanceType<typeof Point>): Uint8Array {
  const { scalar: x, publicKey } = expandVrfSecretKey(seed);
  const h = encodeToCurve(publicKey, alpha);
  const gamma = h.multiply(x).add(torsion);
  for (let nonce = 1n; ; nonce++) {
    const [u, v] = [Point.BASE.multiply(nonce), h.multiply(nonce)];
    const challenge = challengeOf(publicKey, h.toBytes(), gamma.toBytes(), u.toBytes(), v.toBytes());
    if (challenge % 2n !== 0n) continue;
    const s = (nonce + challenge * x) % Point.Fn.ORDER;
    return concat(gamma.toBytes(), scalarBytes(challenge, 16), scalarBytes(s, 32));
  }
}
