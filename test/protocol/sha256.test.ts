import { expect } from "chai";
import fc from "fast-check";
import { toHex, utf8 } from "../../protocol/bytes.ts";
import * as native from "../../protocol/sha256.node.ts";
import * as portable from "../../protocol/sha256.ts";

describe("sha256", () => {
  it("gives the digest of FIPS 180-4's example", () => {
    const digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    expect(toHex(portable.sha256(utf8("abc")))).to.equal(digest);
    expect(toHex(native.sha256(utf8("abc")))).to.equal(digest);
  });

  it("is the same in the portable version and in Node's", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        expect(native.sha256(data)).to.deep.equal(portable.sha256(data));
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
        expect(native.sha256Base64url(text)).to.equal(portable.sha256Base64url(text));
      }),
    );
  });

  it("never hands out a buffer it writes to again", () => {
    const first = native.sha256(utf8("a"));
    const copy = Uint8Array.from(first);
    for (let round = 0; round < 1000; round++) native.sha256(utf8(String(round)));
    expect(first).to.deep.equal(copy);
    expect(first.constructor).to.equal(Uint8Array);
  });
});
