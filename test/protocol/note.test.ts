import { expect } from "chai";
import fc from "fast-check";
import { utf8 } from "../../protocol/bytes.ts";
import {
  formatNote,
  formatVerifierKey,
  parseNote,
  parseVerifierKey,
  signNote,
  verifierKey,
  verifyNote,
} from "../../protocol/note.ts";
import published from "../vectors/published/c2sp-spec-examples.json" with { type: "json" };
import cases from "../vectors/published/tlog-proof-cases.json" with { type: "json" };
import { codeOf, expectCode } from "./expect-code.ts";
import { ed25519Key } from "./samples.ts";

const signer = ed25519Key("note");
const key = verifierKey("example.com/log", signer.public.key);
const otherSigner = ed25519Key("other note");
const other = verifierKey("witness.example.com/w1", otherSigner.public.key);
const signed = signNote("first\n\nsecond\n", key, signer.sign);
const line = signed.split("\n").at(-2) ?? "";
const note = parseNote(signed);

describe("note: the specification's examples", () => {
  it("verifies the signed note with its key", () => {
    const { vkey, note: text } = published.signed_note;
    expect(verifyNote(parseNote(text), parseVerifierKey(vkey))).to.be.true;
    expect(formatNote(parseNote(text))).to.equal(text);
    expect(formatVerifierKey(parseVerifierKey(vkey))).to.equal(vkey);
  });

  it("reads the cosigned checkpoint and keeps the witness's line, whose type it does not know", () => {
    const text = published.cosigned_checkpoint_no_public_keys_given;
    const { signatures } = parseNote(text);
    expect(signatures.map(({ name }) => name)).to.deep.equal([
      "example.com/behind-the-sofa",
      "witness.example.com/w1",
    ]);
    expect(signatures.map(({ signature }) => signature.length)).to.deep.equal([64, 72]);
    expect(formatNote(parseNote(text))).to.equal(text);
  });

  it("reads the time in a cosignature of another implementation", () => {
    const [signature] = parseNote(`x\n\n— w ${cases.cosig_timestamp.signature_base64}\n`).signatures;
    if (signature === undefined) throw new Error("the note has a signature");
    const seconds = new DataView(signature.signature.buffer, signature.signature.byteOffset).getBigUint64(0);
    expect(Number(seconds)).to.equal(cases.cosig_timestamp.unix_time);
  });

  for (const vkey of cases.vkey_must_fail) {
    it(`refuses the key ${vkey}`, () => expectCode("verifier-key", () => parseVerifierKey(vkey)));
  }
});

describe("note", () => {
  it("is signed by its key, with its text up to the last blank line", () => {
    expect(note.text).to.equal("first\n\nsecond\n");
    expect(verifyNote(note, key)).to.be.true;
    expect(verifyNote(note, other)).to.be.false;
  });

  it("may carry lines of unknown keys, and is judged by the known one's alone", () => {
    const line2 = { name: other.name, keyId: other.keyId, signature: new Uint8Array(72) };
    const cosigned = parseNote(formatNote({ ...note, signatures: [...note.signatures, line2] }));
    expect(verifyNote(cosigned, key)).to.be.true;
    expect(verifyNote(cosigned, other)).to.be.false;
    const sameName = { ...line2, name: key.name };
    expect(verifyNote({ ...note, signatures: [sameName, ...note.signatures] }, key)).to.be.true;
  });

  it("is refused when a line of the known key does not verify, even beside one that does", () => {
    const [own] = note.signatures;
    if (own === undefined) throw new Error("the note is signed");
    const wrong = { ...own, signature: own.signature.with(0, (own.signature[0] ?? 0) ^ 1) };
    expect(verifyNote({ ...note, signatures: [wrong] }, key)).to.be.false;
    expect(verifyNote({ ...note, signatures: [own, wrong] }, key)).to.be.false;
    expect(verifyNote({ ...note, signatures: [own, own] }, key)).to.be.true;
    // Every line costs the reader a verification.
    expect(verifyNote({ ...note, signatures: Array.from({ length: 4 }, () => own) }, key)).to.be.true;
    expect(verifyNote({ ...note, signatures: Array.from({ length: 5 }, () => own) }, key)).to.be.false;
    expect(verifyNote({ ...note, signatures: [{ ...own, signature: new Uint8Array(3) }] }, key)).to.be.false;
    expect(verifyNote({ ...note, signatures: [] }, key)).to.be.false;
    expect(verifyNote({ ...note, text: "first\n\nthird\n" }, key)).to.be.false;
  });

  it("is refused when it is longer than anything it could be, or holds half a surrogate pair", () => {
    expectCode("note", () => parseNote(`${"x".repeat(200_000)}\n\n${line}\n`));
    expectCode("note", () => parseNote(signed.replace("first", "\ud800")));
    expectCode("note", () => parseNote(signed.replace("first", "first\u0000")));
  });

  it("accepts sixteen signatures of post-quantum size", () => {
    const signature = { name: "w", keyId: "00000000", signature: new Uint8Array(5000) };
    const signatures = Array.from({ length: 16 }, () => signature);
    expect(parseNote(formatNote({ text: "x\n", signatures })).signatures.length).to.equal(16);
  });

  it("is never accepted after any one character of the text or of the signature changed", () => {
    for (let at = 0; at < signed.length; at++) {
      const changed = signed.slice(0, at) + (signed[at] === "A" ? "B" : "A") + signed.slice(at + 1);
      if (codeOf(() => parseNote(changed)) !== undefined) continue;
      expect(verifyNote(parseNote(changed), key), `character ${at}`).to.be.false;
    }
  });

  it("is not signed without a final newline, or as two notes in one", () => {
    expectCode("note", () => signNote("text", key, signer.sign));
    expectCode("note", () => signNote("te\u0007xt\n", key, signer.sign));
  });

  it("encodes again to the same text when it is accepted at all", () => {
    const parts = fc.constantFrom("a", "\n", "\n\n", "— ", " ", "+", "AAAAAAA=", "—", "é", "\u0000", line);
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 12 }), (pieces) => {
        const text = pieces.join("");
        if (codeOf(() => parseNote(text)) === undefined) expect(formatNote(parseNote(text))).to.equal(text);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("verifier keys", () => {
  it("read back, whatever the name", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(name, (text) => {
        if (codeOf(() => verifierKey(text, signer.public.key)) !== undefined) return;
        const made = verifierKey(text, signer.public.key);
        expect(parseVerifierKey(formatVerifierKey(made))).to.deep.equal(made);
      }),
    );
  });

  it("have the first four bytes of the specified hash as their id", () => {
    expect(() => verifierKey("a b", signer.public.key)).to.throw();
    expect(() => verifierKey("a", utf8("short"))).to.throw();
    expect(key.keyId).to.match(/^[0-9a-f]{8}$/);
  });
});
