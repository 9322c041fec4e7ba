import { expect } from "chai";
import fc from "fast-check";
import { jsonPlaces } from "../../../server/catalogue/json-places.ts";

describe("server/catalogue/json-places", () => {
  it("finds every member and item", () => {
    const text = '{"a": [1, {"b/c": "x"}],\n "~": {}}';
    const { places, faultAt } = jsonPlaces(text);
    expect(faultAt).to.equal(undefined);
    expect(
      Object.fromEntries([...places].map(([pointer, at]) => [pointer, text.slice(at, at + 5)])),
    ).to.deep.equal({
      "": '{"a":',
      "/a": '"a": ',
      "/a/0": '1, {"',
      "/a/1": '{"b/c',
      "/a/1/b~1c": '"b/c"',
      "/~0": '"~": ',
    });
  });

  it("takes what JSON.parse takes, and nothing else", () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom("", ",", '"', "}", "]", "0", "\t", "\u0001", "#"),
        (json, at, change) => {
          for (const text of [
            json,
            `${json.slice(0, at % json.length)}${change}${json.slice(at % json.length)}`,
          ]) {
            if (jsonPlaces(text).faultAt === undefined) JSON.parse(text);
            else expect(repeatsMember(text), text).to.equal(true);
          }
        },
      ),
    );
  });

  const faults: readonly (readonly [text: string, faultAt: number])[] = [
    ["", 0],
    ["  ", 2],
    ["[1,]", 3],
    ["[1 2]", 3],
    ["{'a': 1}", 1],
    ['{"a" 1}', 5],
    ['{"a": 01}', 7],
    ['{"a": 1, "a": 2}', 9],
    ["[1]]", 3],
    ["nul", 0],
  ];
  for (const [text, faultAt] of faults) {
    it(`stops at ${faultAt} in ${JSON.stringify(text)}`, () => {
      expect(jsonPlaces(text).faultAt).to.equal(faultAt);
    });
  }
});

/** Whether the fault can only be a member that is there twice, or that the text is no JSON at all. */
function repeatsMember(text: string): boolean {
  try {
    return JSON.stringify(JSON.parse(text)).replaceAll(/\s/g, "").length < text.replaceAll(/\s/g, "").length;
  } catch {
    return true;
  }
}
