import { createHash, createPublicKey, verify } from "node:crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { parseCompactJws, verifyJws, type ParsedJws } from "../../../protocol/jws.ts";
import { parseSubmissionPayload } from "../../../protocol/submission.ts";
import { KeyRing } from "../../../server/receive/key-ring.ts";
import type { RecorderKey } from "../../../server/receive/keys.ts";
import { NOW_SECONDS, testKey, testRecorder, type TestRecorder } from "./recorder.ts";

/** A point of order 8: added to a key, it makes one that verifiers judge differently. */
const TORSION = ed25519.Point.fromHex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a");
const ORDER = ed25519.Point.Fn.ORDER;
const SECRET = 1234567890123456789n;
const NONCE = 9876543210987654321n;

describe("key ring", () => {
  for (const alg of ["EdDSA", "ES256"] as const) {
    it(`accepts what the verifier accepts: ${alg}`, () => {
      const recorder = testRecorder("qn-police/r1", testKey(alg));
      const jws = signed(recorder, NOW_SECONDS);
      expect(verifyJws(jws, recorder)).to.equal(true);
      expect(signerOf([recorder.listed()], jws).kid).to.equal(recorder.kid);
      const other = testRecorder("qn-police/r1", { ...testKey(alg), kid: recorder.kid });
      expect(() => signerOf([recorder.listed()], signed(other, NOW_SECONDS)))
        .to.throw()
        .with.property("code", "wrong-signature");
    });
  }

  it("refuses a key on which verifiers could disagree, even where OpenSSL accepts the signature", () => {
    const key = ed25519.Point.BASE.multiply(SECRET).add(TORSION).toBytes();
    const recorder = testRecorder("qn-police/r1", { ...testKey(), key, sign: (data) => signWith(key, data) });
    const jwk = { kty: "OKP", crv: "Ed25519", x: Buffer.from(key).toString("base64url") };
    const object = createPublicKey({ key: jwk, format: "jwk" });
    // OpenSSL accepts where the torsion cancels out: an eighth of all messages.
    const accepted = Array.from({ length: 60 }, (_, at) => signed(recorder, NOW_SECONDS + at)).filter((jws) =>
      verify(null, Buffer.from(jws.signingInput), object, jws.signature),
    );
    expect(accepted).to.have.length.within(1, 30);
    for (const jws of accepted) {
      expect(() => signerOf([recorder.listed()], jws))
        .to.throw()
        .with.property("code", "wrong-signature");
    }
  });

  it("chooses among the ranges of the same key, and forgets keys that left the directory", () => {
    const recorder = testRecorder("qn-police/r1");
    const jws = signed(recorder, NOW_SECONDS);
    const ring = new KeyRing();
    ring.replace([recorder.listed({ fromSeq: 5 }), recorder.listed({ toSeq: 5 })]);
    expect(ring.signerOf(jws, parseSubmissionPayload(jws.payload)).toSeq).to.equal(5);
    ring.replace([]);
    expect(() => ring.signerOf(jws, parseSubmissionPayload(jws.payload)))
      .to.throw()
      .with.property("code", "unknown-key");
  });
});

/** RFC 8032 section 5.1.6 with a fixed nonce, under a public key that is not quite the secret's. */
function signWith(key: Uint8Array, data: Uint8Array): Uint8Array {
  const R = ed25519.Point.BASE.multiply(NONCE).toBytes();
  const hash = createHash("sha512").update(R).update(key).update(data).digest().reverse();
  const scalar = (NONCE + (BigInt(`0x${hash.toString("hex")}`) % ORDER) * SECRET) % ORDER;
  const bytes = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex").reverse();
  return new Uint8Array(Buffer.concat([R, bytes]));
}

function signed(recorder: TestRecorder, iat: number): ParsedJws {
  return parseCompactJws(recorder.submission(1, [recorder.event(1)], { iat }).jws, "submission+jws");
}

function signerOf(keys: readonly RecorderKey[], jws: ParsedJws): RecorderKey {
  const ring = new KeyRing();
  ring.replace(keys);
  return ring.signerOf(jws, parseSubmissionPayload(jws.payload));
}
