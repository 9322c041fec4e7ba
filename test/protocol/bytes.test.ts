import { expect } from "chai";
import fc from "fast-check";
import * as bytes from "../../protocol/bytes.ts";
import { codeOf, expectCode } from "./expect-code.ts";

const anyBytes = fc.uint8Array({ maxLength: 200 });

describe("bytes", () => {
  it("encodes as Node's Buffer does and reads it back", () => {
    fc.assert(
      fc.property(anyBytes, (data) => {
        const buffer = Buffer.from(data);
        expect(bytes.toHex(data)).to.equal(buffer.toString("hex"));
        expect(bytes.toBase64(data)).to.equal(buffer.toString("base64"));
        expect(bytes.toBase64url(data)).to.equal(buffer.toString("base64url"));
        expect(bytes.fromHex(bytes.toHex(data))).to.deep.equal(data);
        expect(bytes.fromBase64(bytes.toBase64(data))).to.deep.equal(data);
        expect(bytes.fromBase64url(bytes.toBase64url(data))).to.deep.equal(data);
        expect(bytes.base64urlByteLength(bytes.toBase64url(data))).to.equal(data.length);
      }),
    );
  });

  it("accepts one text for each byte string: whatever is accepted encodes back to itself", () => {
    const alphabet = fc.constantFrom(..."AQgwBZ09-_+/= \n~é");
    const text = fc.array(alphabet, { maxLength: 9 }).map((characters) => characters.join(""));
    fc.assert(
      fc.property(text, (input) => {
        if (codeOf(() => bytes.fromBase64(input)) === undefined) {
          expect(bytes.toBase64(bytes.fromBase64(input))).to.equal(input);
        }
        const strict = codeOf(() => bytes.fromBase64url(input)) === undefined;
        if (strict) expect(bytes.toBase64url(bytes.fromBase64url(input))).to.equal(input);
        expect(bytes.base64urlByteLength(input) !== undefined).to.equal(strict);
      }),
      { numRuns: 3000 },
    );
  });

  for (const [reason, text] of [
    ["padding", "QQ=="],
    ["a single character", "Q"],
    ["non-zero trailing bits after one byte", "QR"],
    ["non-zero trailing bits after two bytes", "QUJ"],
    ["the standard alphabet", "+/+/"],
    ["a space", "QU JD"],
    ["a newline at the end", "QUJD\n"],
    ["a letter beyond ASCII", "QUJé"],
    ["a character whose low byte is a good one", "QUJ\u0141"],
  ] as const) {
    it(`refuses base64url with ${reason}`, () => {
      expectCode("base64url", () => bytes.fromBase64url(text));
      expectCode("base64url", () => bytes.textFromBase64url(text));
    });
  }

  for (const [reason, text] of [
    ["no padding", "QQ"],
    ["half the padding", "QQ="],
    ["too much padding", "QUI=="],
    ["padding alone", "===="],
    ["padding in the middle", "QQ==QQ=="],
    ["non-zero trailing bits", "QR=="],
    ["the URL alphabet", "-_-_"],
  ] as const) {
    it(`refuses base64 with ${reason}`, () => {
      expectCode("base64", () => bytes.fromBase64(text));
    });
  }

  it("refuses hexadecimal of odd length, in capitals or with other characters", () => {
    for (const text of ["a", "AB", "0x00", "zz", " 00"]) expectCode("hex", () => bytes.fromHex(text));
  });

  it("reads text as well by the fast way as by the plain one, and refuses ill-formed UTF-8 in both", () => {
    const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ unit: "binary-ascii" }));
    fc.assert(
      fc.property(text, (value) => {
        expect(bytes.textFromBase64url(bytes.toBase64url(bytes.utf8(value)))).to.equal(value);
      }),
    );
    fc.assert(
      fc.property(anyBytes, (data) => {
        const encoded = bytes.toBase64url(data);
        const plain = codeOf(() => bytes.fromUtf8(data));
        expect(codeOf(() => bytes.textFromBase64url(encoded))).to.equal(plain);
      }),
    );
    expectCode("utf8", () => bytes.textFromBase64url(bytes.toBase64url(Uint8Array.of(0xed, 0xa0, 0x80))));
    expectCode("utf8", () => bytes.textFromBase64url(bytes.toBase64url(Uint8Array.of(0xc0, 0x80))));
  });

  it("keeps a byte order mark instead of swallowing it", () => {
    expect(bytes.fromUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x41))).to.equal("\ufeffA");
  });

  it("compares and joins", () => {
    expect(bytes.equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).to.be.true;
    expect(bytes.equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).to.be.false;
    expect(bytes.equal(Uint8Array.of(1), Uint8Array.of(1, 2))).to.be.false;
    expect(bytes.concat(Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2))).to.deep.equal(
      Uint8Array.of(1, 2),
    );
  });
});
