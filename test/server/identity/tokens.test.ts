import { expect } from "chai";
import { LedgerError } from "../../../server/errors.ts";
import { bearerTokens } from "../../../server/identity/tokens.ts";
import { agency, INSPECTOR } from "../callers.ts";

const POLICE = agency("qn-police");
const request = { dpop: undefined, method: "GET", path: "/" };

describe("server/identity/tokens", () => {
  const tokens = bearerTokens([
    { token: "one", caller: INSPECTOR },
    { token: "two", caller: POLICE },
  ]);

  it("knows the caller by the token", async () => {
    expect(await tokens.callerOf({ ...request, authorization: "Bearer one" })).to.equal(INSPECTOR);
    expect(await tokens.callerOf({ ...request, authorization: "bearer two" })).to.equal(POLICE);
  });

  it("takes a request without credentials as the public", async () => {
    expect(await tokens.callerOf({ ...request, authorization: undefined })).to.deep.equal({ role: "public" });
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
    it(`refuses ${JSON.stringify(header)} instead of falling back to the public`, async () => {
      expect(await refusal(header)).to.have.property("code", "unauthenticated");
    });
  }

  it("never says what was sent", async () => {
    expect(String(await refusal("Bearer some-secret"))).to.not.include("some-secret");
  });

  async function refusal(authorization: string): Promise<LedgerError> {
    const thrown: unknown = await tokens.callerOf({ ...request, authorization }).catch((e: unknown) => e);
    if (!(thrown instanceof LedgerError)) throw new Error("the header was taken");
    return thrown;
  }
});
