import { expect } from "chai";
import { isSource, parseSource, splitSource } from "../../protocol/source.ts";
import { expectCode } from "./expect-code.ts";

describe("source", () => {
  it("is an agency and a recorder", () => {
    expect(splitSource(parseSource("qn-police/r1"))).to.deep.equal({ agency: "qn-police", recorder: "r1" });
    for (const source of ["a/b", "0/0", `${"a".repeat(31)}/${"b".repeat(31)}`, "a-b--c/1-2"]) {
      expect(isSource(source), source).to.be.true;
    }
  });

  for (const text of [
    ...[
      "",
      "a",
      "a/",
      "/b",
      "a/b/c",
      "A/b",
      "a/B",
      "-a/b",
      "a-/b",
      "a/-b",
      "a/b-",
      "a_b/c",
      "a b/c",
      "a/b\n",
      "\na/b",
    ],
    ...[`${"a".repeat(32)}/b`, `a/${"b".repeat(32)}`, "đ/b", "a\\b", "a%2Fb", "../b"],
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => expectCode("source", () => parseSource(text)));
  }

  it("is a string", () => {
    for (const value of [undefined, null, 1, ["a/b"], { toString: () => "a/b" }])
      expect(isSource(value)).to.be.false;
  });
});
