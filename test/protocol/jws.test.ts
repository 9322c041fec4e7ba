import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { createHash, createPublicKey, verify } from "node:crypto";
import fc from "fast-check";
import { concat, fromBase64url, fromHex, toBase64url, toHex, utf8 } from "../../protocol/bytes.ts";
import type { FormatCode } from "../../protocol/errors.ts";
import {
  isKeyId,
  isSafePublicKey,
  type JwsAlgorithm,
  type JwsHeader,
  keyId,
  MAX_JWS_LENGTH,
  parseCompactJws,
  type ParsedJws,
  type PublicKey,
  signJws,
  verifyJws,
} from "../../protocol/jws.ts";
import published from "../vectors/published/signatures.json" with { type: "json" };
import { codeOf, expectCode } from "./expect-code.ts";
import { ed25519Key, p256Key } from "./samples.ts";

const KEYS = [ed25519Key("a"), p256Key("a")] as const;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const P = 2n ** 255n - 19n;
/** A point of order 8. */
const TORSION = ed25519.Point.fromBytes(
  fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
);
const encode = (value: unknown) => toBase64url(utf8(JSON.stringify(value)));

function publishedKey(vector: { alg: string; x: string; y?: string }): PublicKey {
  const x = fromBase64url(vector.x);
  return vector.y === undefined
    ? { alg: "EdDSA", key: x }
    : { alg: "ES256", key: concat(Uint8Array.of(4), x, fromBase64url(vector.y)) };
}

describe("jws: published vectors", () => {
  for (const [at, vector] of published.ed25519.entries()) {
    it(`RFC 8032 test ${at + 1}`, () => {
      const message = fromHex(vector.message);
      expect(toHex(ed25519.sign(message, fromHex(vector.secret)))).to.equal(vector.signature);
      expect(ed25519.verify(fromHex(vector.signature), message, fromHex(vector.public), { zip215: false })).to
        .be.true;
    });
  }
  for (const vector of published.jws) {
    it(vector.source, () => {
      const key = publishedKey(vector);
      const header: JwsHeader = { alg: key.alg, kid: keyId(key.alg, key.key), typ: "receipt+jws" };
      const jws = { header, payload: {}, signingInput: vector.signing_input };
      const signature = fromBase64url(vector.signature);
      expect(verifyJws({ ...jws, signature }, key)).to.be.true;
      expect(verifyJws({ ...jws, signature: signature.with(5, 0) }, key)).to.be.false;
      expect(isSafePublicKey(key)).to.be.true;
    });
  }
  for (const vector of published.thumbprints) {
    it(`thumbprint of ${vector.source}`, () => {
      const { alg, key } = publishedKey(vector);
      expect(keyId(alg, key)).to.equal(vector.thumbprint);
    });
  }
});

describe("jws: signing and reading", () => {
  for (const key of KEYS) {
    const header: JwsHeader = { alg: key.alg, kid: key.kid, typ: "receipt+jws" };

    it(`${key.alg} reads back and verifies with its key alone`, () => {
      const jws = parseCompactJws(signJws(header, { a: "ă" }, key.sign), "receipt+jws");
      expect(jws.header).to.deep.equal(header);
      expect(jws.payload).to.deep.equal({ a: "ă" });
      expect(verifyJws(jws, key.public)).to.be.true;
      for (const other of [ed25519Key("b"), p256Key("b"), ...KEYS]) {
        expect(verifyJws(jws, other.public)).to.equal(other.kid === key.kid);
      }
    });

    it(`${key.alg}: every changed character is refused or fails to verify`, () => {
      const text = signJws(header, { a: 1 }, key.sign);
      for (let at = 0; at < text.length; at++) {
        const changed = text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1);
        const verified = (): boolean => verifyJws(parseCompactJws(changed, "receipt+jws"), key.public);
        if (codeOf(verified) !== undefined) continue;
        expect(verified(), `character ${at}`).to.be.false;
      }
    });
  }

  const [{ kid, sign }] = KEYS;
  const good = { alg: "EdDSA", kid, typ: "submission+jws" };
  const compact = (header: unknown, payload: unknown = {}) => {
    const input = `${encode(header)}.${encode(payload)}`;
    return `${input}.${toBase64url(sign(utf8(input)))}`;
  };
  const refused: readonly (readonly [string, FormatCode, string])[] = [
    ["alg none", "jws-algorithm", compact({ ...good, alg: "none" })],
    ["alg None in other letters", "jws-algorithm", compact({ ...good, alg: "nOnE" })],
    ["a symmetric alg", "jws-algorithm", compact({ ...good, alg: "HS256" })],
    ["no alg", "jws-algorithm", compact({ kid, typ: good.typ })],
    ["another type", "jws-type", compact({ ...good, typ: "receipt+jws" })],
    ["no type", "jws-type", compact({ alg: "EdDSA", kid })],
    ["no kid", "jws-header", compact({ alg: "EdDSA", typ: good.typ })],
    ["a kid that is no thumbprint", "jws-header", compact({ ...good, kid: "key-1" })],
    ["crit", "jws-header", compact({ ...good, crit: ["exp"] })],
    ["an embedded key", "jws-header", compact({ ...good, jwk: {} })],
    ["b64 false", "jws-header", compact({ ...good, b64: false })],
    ["a key URL", "jws-header", compact({ ...good, jku: "https://example.org" })],
    [
      "a duplicate alg",
      "json-duplicate-key",
      compact(good).replace(/^[^.]+/, toBase64url(utf8(`{"alg":"none",${JSON.stringify(good).slice(1)}`))),
    ],
    ["a header that is an array", "jws", compact([])],
    ["a payload that is a string", "jws", compact(good, "x")],
    ["a payload that is null", "jws", compact(good, null)],
    ["two parts", "jws", compact(good).split(".").slice(0, 2).join(".")],
    ["four parts", "jws", `${compact(good)}.AAAA`],
    ["no signature", "jws", compact(good).replace(/[^.]+$/, "")],
    ["a short signature", "jws", compact(good).replace(/[^.]+$/, toBase64url(new Uint8Array(63)))],
    ["a padded signature", "base64url", `${compact(good)}==`],
    ["a line break", "base64url", `${compact(good)}\n`],
    ["a payload that is not JSON", "json", compact(good).replace(/\.[^.]+\./, `.${toBase64url(utf8("{"))}.`)],
    ["ill-formed UTF-8", "utf8", compact(good).replace(/\.[^.]+\./, `.${toBase64url(Uint8Array.of(0xff))}.`)],
    ["too many characters", "jws", compact(good, { a: "x".repeat(MAX_JWS_LENGTH) })],
  ];
  for (const [reason, code, text] of refused) {
    it(`refuses ${reason}`, () => expectCode(code, () => parseCompactJws(text, "submission+jws")));
  }
});

describe("jws: algorithm and key", () => {
  it("must agree: a good Ed25519 signature under a header that says ES256 is none", () => {
    const [key] = KEYS;
    const jws = parseCompactJws(
      signJws({ alg: "ES256", kid: key.kid, typ: "receipt+jws" }, {}, key.sign),
      "receipt+jws",
    );
    expect(verifyJws(jws, key.public)).to.be.false;
    expect(verifyJws({ ...jws, header: { ...jws.header, alg: "EdDSA" } }, key.public)).to.be.true;
  });
});

describe("jws: keys", () => {
  it("are refused with a wrong length or form", () => {
    const wrong: readonly (readonly [JwsAlgorithm, Uint8Array])[] = [
      ["EdDSA", new Uint8Array(31)],
      ["EdDSA", new Uint8Array(33)],
      ["ES256", new Uint8Array(65)],
      ["ES256", new Uint8Array(33).fill(2)],
    ];
    for (const [alg, key] of wrong) {
      expectCode("jws-key", () => keyId(alg, key));
      expect(isSafePublicKey({ alg, key })).to.be.false;
    }
  });

  it("are unsafe when they are of small order, of mixed order, or not canonical", () => {
    const torsion = TORSION.toBytes();
    const mixed = TORSION.add(ed25519.Point.BASE).toBytes();
    const notCanonical = littleEndian(P + 1n);
    const identity = littleEndian(1n);
    for (const key of [torsion, mixed, notCanonical, identity, littleEndian(0n), littleEndian(P - 1n)]) {
      expect(isSafePublicKey({ alg: "EdDSA", key }), toHex(key)).to.be.false;
    }
    expect(isSafePublicKey(ed25519Key("a").public)).to.be.true;
    expect(isSafePublicKey(p256Key("a").public)).to.be.true;
    const offCurve = Uint8Array.from(p256Key("a").public.key);
    offCurve[64] = (offCurve[64] ?? 0) ^ 1;
    expect(isSafePublicKey({ alg: "ES256", key: offCurve })).to.be.false;
  });

  it("have ids that are the base64url of 32 bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (id) => isKeyId(toBase64url(id))));
    for (const text of ["", "A".repeat(42), "A".repeat(44), `${"A".repeat(42)}B`, `${"A".repeat(42)}=`]) {
      expect(isKeyId(text)).to.be.false;
    }
  });
});

describe("jws: OpenSSL and the pure code", () => {
  const byOpenSsl = (jws: ParsedJws, key: Uint8Array) => {
    const publicKey = createPublicKey({
      key: { kty: "OKP", crv: "Ed25519", x: toBase64url(key) },
      format: "jwk",
    });
    return verify(undefined, utf8(jws.signingInput), publicKey, jws.signature);
  };
  const signedBy = (name: number, payload: object) => {
    const key = ed25519Key(`agree ${name}`);
    const header: JwsHeader = { alg: "EdDSA", kid: key.kid, typ: "receipt+jws" };
    return { key, jws: parseCompactJws(signJws(header, payload, key.sign), "receipt+jws") };
  };

  it("agree on every signature over a safe Ed25519 key, good, changed or malleated", () => {
    const changes = fc.constantFrom("none", "flip", "s plus order", "r zero");
    fc.assert(
      fc.property(fc.nat({ max: 5 }), fc.nat(), changes, (name, bit, change) => {
        const { key, jws } = signedBy(name, { bit });
        const signature = Uint8Array.from(jws.signature);
        if (change === "flip") signature[bit % 64] = (signature[bit % 64] ?? 0) ^ (1 << (bit % 8));
        if (change === "r zero") signature.fill(0, 0, 32);
        if (change === "s plus order") {
          signature.set(littleEndian(fromLittleEndian(signature.subarray(32)) + ORDER), 32);
        }
        const changed = { ...jws, signature };
        const verdict = verifyJws(changed, key.public);
        expect(byOpenSsl(changed, key.public.key)).to.equal(verdict);
        expect(verdict).to.equal(change === "none");
      }),
    );
  });

  /** A signature whose first half is these bytes, with the second half that fits them and the nonce. */
  const craft = (r: Uint8Array, nonce: bigint) => {
    const secret = fromHex(published.ed25519[0]?.secret ?? "");
    const key: PublicKey = { alg: "EdDSA", key: ed25519.getPublicKey(secret) };
    const { jws } = signedBy(0, {});
    const hash = createHash("sha512").update(r).update(key.key).update(jws.signingInput).digest();
    const s = (nonce + fromLittleEndian(hash) * ed25519.utils.getExtendedPublicKey(secret).scalar) % ORDER;
    return { key, jws: { ...jws, signature: concat(r, littleEndian(s)) } };
  };

  it("differ at most so that the server refuses more: a signer that hides a torsion point in its signature", () => {
    for (let multiple = 0n; multiple < 8n; multiple++) {
      const torsion = multiple === 0n ? ed25519.Point.ZERO : TORSION.multiplyUnsafe(multiple);
      const { key, jws } = craft(ed25519.Point.BASE.multiply(5n).add(torsion).toBytes(), 5n);
      const server = byOpenSsl(jws, key.key);
      expect(server).to.equal(multiple === 0n);
      if (server) expect(verifyJws(jws, key)).to.be.true;
    }
  });

  it("both refuse a point that is not written the canonical way", () => {
    const { key, jws } = craft(littleEndian(P + 1n), 0n);
    expect(byOpenSsl(jws, key.key)).to.be.false;
    expect(verifyJws(jws, key)).to.be.false;
  });
});

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n));
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}
