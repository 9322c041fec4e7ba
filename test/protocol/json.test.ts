import { expect } from "chai";
import fc from "fast-check";
import { isJsonObject, parseStrictJson } from "../../protocol/json.ts";
import type { FormatCode } from "../../protocol/errors.ts";
import { codeOf, expectCode } from "./expect-code.ts";

const parse = (text: string) => parseStrictJson(text, { maxDepth: 8 });

describe("parseStrictJson", () => {
  it("reads what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: "grapheme" }), (value) => {
        const text = JSON.stringify(value);
        expect(parse(text)).to.deep.equal(JSON.parse(text));
      }),
    );
  });

  const refused: readonly (readonly [string, FormatCode, string])[] = [
    ["a duplicate key", "json-duplicate-key", '{"a":1,"a":2}'],
    ["a duplicate key with equal values", "json-duplicate-key", '{"a":1,"a":1}'],
    ["a duplicate key written with an escape", "json-duplicate-key", '{"a":1,"\\u0061":2}'],
    ["a duplicate key deep inside", "json-duplicate-key", '[0,{"b":[{"a":1,"c":{},"a":{}}]}]'],
    ["a duplicate __proto__", "json-duplicate-key", '{"__proto__":1,"__proto__":2}'],
    [
      "a duplicate that replaces an object full of keys",
      "json-duplicate-key",
      '{"a":{"b":1,"c":2},"a":{"b":1,"c":2}}',
    ],
    ["nine levels", "json-depth", "[[[[[[[[[]]]]]]]]]"],
    ["a million open brackets", "json-depth", "[".repeat(1_000_000)],
    ["a raw lone surrogate", "json-lone-surrogate", '"\ud800"'],
    ["an escaped lone surrogate", "json-lone-surrogate", '"\\ud800"'],
    ["an escaped lone low surrogate in capitals", "json-lone-surrogate", '["\\uDC00"]'],
    ["an escaped lone surrogate in a key", "json-lone-surrogate", '{"\\ud800":1}'],
    ["surrogates in the wrong order", "json-lone-surrogate", '"\\udc00\\ud800"'],
    ["a number that overflows", "json-number", "[1e999]"],
    ["a negative number that overflows", "json-number", '{"a":-1e999}'],
    ["an empty text", "json", ""],
    ["two values", "json", "1 2"],
    ["a comment", "json", "{} // colon: here"],
    ["NaN", "json", "NaN"],
    ["an unfinished string", "json", '"abc'],
    ["a string that ends in a backslash", "json", '"abc\\"'],
    ["a byte order mark", "json", "\ufeff{}"],
    ["a leading zero", "json", "01"],
    ["a control character in a string", "json", '"\u0000"'],
  ];
  for (const [reason, code, text] of refused) {
    it(`refuses ${reason}`, () => expectCode(code, () => parse(text)));
  }

  it("is not confused by colons, braces, quotes and backslashes inside strings", () => {
    const value = { ':{"': ':::"\\', "[[[[[[[[[[": ["\\\\", '"', "\\", "}"], "": "\\\\\\" };
    expect(parse(JSON.stringify(value))).to.deep.equal(value);
  });

  it("accepts escaped surrogate pairs and one key in different objects", () => {
    expect(parse('"\\ud83d\\ude00"')).to.equal("😀");
    expect(parse('[{"a":1},{"a":{"a":2}}]')).to.deep.equal([{ a: 1 }, { a: { a: 2 } }]);
  });

  it("finds every duplicated key, wherever it is put", () => {
    const keys = fc.uniqueArray(fc.string({ maxLength: 4 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(keys, fc.nat(), fc.nat(), (names, pick, place) => {
        const members = names.map((name) => `${JSON.stringify(name)}:{"x":[1,2]}`);
        const again = members[pick % members.length] ?? "";
        members.splice(place % (members.length + 1), 0, again);
        expect(codeOf(() => parse(`{${members.join(",")}}`))).to.equal("json-duplicate-key");
      }),
    );
  });

  it("says nothing of the text in its message", () => {
    try {
      parse('{"id":"001099012345"');
      expect.fail("it was accepted");
    } catch (error) {
      expect(String(error)).not.to.contain("001099012345");
      expect(error).not.to.have.property("cause");
    }
  });

  it("tells objects from arrays and null", () => {
    expect([{}, [], null, "x", 1].map(isJsonObject)).to.deep.equal([true, false, false, false, false]);
  });
});
