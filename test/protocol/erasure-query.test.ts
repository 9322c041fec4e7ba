import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import { makeErasureQuery, parseErasureQuery } from "../../protocol/erasure-query.ts";
import { FormatError } from "../../protocol/errors.ts";
import { keyId, signJws, verifyJws } from "../../protocol/jws.ts";
import { parseSource } from "../../protocol/source.ts";

const SEED = new Uint8Array(32).fill(3);
const key = ed25519.getPublicKey(SEED);
const signer = {
  alg: "EdDSA",
  kid: keyId("EdDSA", key),
  sign: (data: Uint8Array) => ed25519.sign(data, SEED),
} as const;
const log = { chainId: 31337, registry: `0x${"ab".repeat(20)}`, logId: 1 };
const QUERY = { log, src: parseSource("qn-police/r1"), after: 7, iat: 1_790_000_000 };

describe("protocol/erasure-query", () => {
  it("reads what was signed", () => {
    const { jws, query } = parseErasureQuery(makeErasureQuery(QUERY, signer));
    expect(query).to.deep.equal(QUERY);
    expect(verifyJws(jws, { alg: "EdDSA", key })).to.equal(true);
  });

  it("refuses other members, other values, and what was signed for something else", () => {
    const payload = { log: `31337:0x${"ab".repeat(20)}:1`, src: "qn-police/r1", after: 7, iat: 1 };
    const signed = (
      members: object,
      typ: "erasure-query+jws" | "receipt+jws" = "erasure-query+jws",
    ): string => signJws({ alg: "EdDSA", kid: signer.kid, typ }, { ...members }, signer.sign);
    expect(parseErasureQuery(signed(payload)).query.after).to.equal(7);
    const bad: [string, string][] = [
      [signed({ ...payload, more: 1 }), "erasure-query"],
      [signed({ ...payload, after: -1 }), "erasure-query"],
      [signed({ ...payload, iat: "1" }), "erasure-query"],
      [signed({ ...payload, src: "Police" }), "source"],
      [signed({ ...payload, log: "1" }), "log-id"],
      [signed(payload, "receipt+jws"), "jws-type"],
    ];
    for (const [text, code] of bad)
      expect(() => parseErasureQuery(text), code)
        .to.throw(FormatError)
        .with.property("code", code);
  });
});
