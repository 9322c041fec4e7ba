import { expect } from "chai";
import { knownTokens } from "../../../server/identity/tokens.ts";
import { agency, INSPECTOR } from "../callers.ts";

describe("server/identity/tokens", () => {
  it("knows a caller by the whole token and nothing else", () => {
    const police = agency("qn-police");
    const find = knownTokens([
      { token: "one", caller: INSPECTOR },
      { token: "two", caller: police },
    ]);
    expect(find("one")).to.equal(INSPECTOR);
    expect(find("two")).to.equal(police);
    for (const token of ["", "on", "onee", "One", "one two"]) expect(find(token), token).to.equal(undefined);
  });
});
