import { createHmac } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import type { IndexKey } from "../../../protocol/index-keys.ts";
import { TAG_KINDS } from "../../../protocol/tag-kinds.ts";
import { indexTags } from "../../../server/receive/index-tags.ts";

describe("index tags", () => {
  it("are HMAC-SHA256 over kind and id, for peppers of any length", () => {
    const key = fc.record<IndexKey>({
      kind: fc.constantFrom("person", "official", "consent"),
      id: fc.string({ unit: "grapheme", maxLength: 200 }),
    });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.array(key, { maxLength: 4 }), (pepper, keys) => {
        const tagOf = indexTags(pepper);
        for (const { kind, id } of keys) {
          const expected = createHmac("sha256", pepper)
            .update(Buffer.of(TAG_KINDS[kind]))
            .update(id)
            .digest("hex");
          expect(Buffer.from(tagOf({ kind, id }), "latin1").toString("hex")).to.equal(expected);
        }
      }),
    );
  });

  it("refuses an id that would not fit, instead of cutting it", () => {
    expect(() => indexTags(new Uint8Array(32))({ kind: "person", id: "x".repeat(8193) })).to.throw(
      RangeError,
    );
  });
});
