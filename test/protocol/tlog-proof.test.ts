import { expect } from "chai";
import fc from "fast-check";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import { parseCheckpoint } from "../../protocol/checkpoint.ts";
import { leafHash, verifyInclusion } from "../../protocol/merkle.ts";
import { parseVerifierKey, verifyNote } from "../../protocol/note.ts";
import { formatTlogProof, parseTlogProof } from "../../protocol/tlog-proof.ts";
import cases from "../vectors/published/tlog-proof-cases.json" with { type: "json" };
import { codeOf, expectCode } from "./expect-code.ts";
import { sampleProof } from "./samples.ts";

const leaves = Array.from({ length: 11 }, (_, at) => leafHash(utf8(`${at}`)));
const sample = sampleProof(leaves, 7);

describe("tlog proof", () => {
  it("of another implementation's log verifies from the leaf to the signed checkpoint", () => {
    const { proof: text, leaf, vkey, origin, leaf_hash_hex } = cases.valid;
    const proof = parseTlogProof(text);
    const checkpoint = parseCheckpoint(proof.checkpoint);
    const hash = leafHash(utf8(leaf));
    expect(toHex(hash)).to.equal(leaf_hash_hex);
    expect(checkpoint.origin).to.equal(origin);
    expect(verifyNote(checkpoint.note, parseVerifierKey(vkey))).to.be.true;
    const { index, hashes } = proof;
    const claim = { index, size: checkpoint.size, leafHash: hash, proof: hashes, root: checkpoint.root };
    expect(verifyInclusion(claim)).to.be.true;
    expect(verifyInclusion({ ...claim, index: index + 1 })).to.be.false;
    expect(formatTlogProof(proof)).to.equal(text);
  });

  for (const { name, proof } of cases.must_not_parse) {
    it(`must not parse: ${name}`, () => {
      expect(codeOf(() => parseTlogProof(proof))).to.be.oneOf(["tlog-proof", "base64"]);
    });
  }

  it("reads back as what it was written from, with extra data and without", () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const proof = fc.record({
      index: fc.maxSafeNat(),
      hashes: fc.array(hash, { maxLength: 53 }),
      checkpoint: fc.constantFrom("checkpoint\n", "some\n\n— checkpoint\n"),
    });
    fc.assert(
      fc.property(proof, fc.option(fc.uint8Array(), { nil: undefined }), (written, extra) => {
        const whole = extra === undefined ? written : { ...written, extra };
        expect(parseTlogProof(formatTlogProof(whole))).to.deep.equal(whole);
      }),
    );
  });

  it("is refused when it is longer than anything it could be", () => {
    expectCode("tlog-proof", () =>
      parseTlogProof(sample.replace("index 7\n", `index 7\n${"A".repeat(400_000)}\n`)),
    );
  });

  it("is not made from an impossible index or hash", () => {
    const good = { index: 0, hashes: [], checkpoint: "checkpoint\n" };
    expectCode("tlog-proof", () => formatTlogProof({ ...good, index: -1 }));
    expectCode("tlog-proof", () => formatTlogProof({ ...good, hashes: [new Uint8Array(31)] }));
    expectCode("tlog-proof", () => formatTlogProof({ ...good, checkpoint: "no newline" }));
    expectCode("tlog-proof", () => formatTlogProof({ ...good, checkpoint: "\nx\n" }));
  });
});
