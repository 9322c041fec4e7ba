import { expect } from "chai";
import { LedgerError } from "../../../server/errors.ts";
import type { Caller } from "../../../server/identity/caller.ts";
import { bearerTokens } from "../../../server/identity/tokens.ts";

const inspector: Caller = { role: "inspector", name: "inspector" };
const police: Caller = { role: "agency", name: "police", agency: "qn-police" };

describe("server/identity/tokens", () => {
  const tokens = bearerTokens([
    { token: "one", caller: inspector },
    { token: "two", caller: police },
  ]);

  it("knows the caller by the token", () => {
    expect(tokens.callerOf("Bearer one")).to.equal(inspector);
    expect(tokens.callerOf("bearer two")).to.equal(police);
  });

  it("takes a request without credentials as the public", () => {
    expect(tokens.callerOf(undefined)).to.deep.equal({ role: "public" });
  });

  for (const header of [
    "",
    "one",
    "Bearer",
    "Bearer ",
    "Bearer on",
    "Bearer onee",
    "Bearer one two",
    "Basic b25lOg==",
  ]) {
    it(`refuses ${JSON.stringify(header)} instead of falling back to the public`, () => {
      expect(() => tokens.callerOf(header))
        .to.throw(LedgerError)
        .with.property("code", "unauthenticated");
    });
  }

  it("never says what was sent", () => {
    expect(() => tokens.callerOf("Bearer some-secret"))
      .to.throw(LedgerError)
      .to.not.match(/some-secret/);
  });
});
