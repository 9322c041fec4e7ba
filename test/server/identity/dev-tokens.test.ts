import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { ROLES } from "../../../protocol/visibility.ts";
import { developmentTokens, TokenFileError } from "../../../server/identity/dev-tokens.ts";

describe("server/identity/dev-tokens", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "minhbach-tokens-"));
    file = path.join(folder, "dev-tokens.json");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("gives every role its own long token, for the file's owner alone", () => {
    const credentials = developmentTokens(file, { environment: "embedded", agencies: ["qn-police"] });
    expect(credentials.map(({ caller }) => caller.role)).to.include.members(
      ROLES.filter((role) => role !== "public"),
    );
    expect(new Set(credentials.map(({ token }) => token)).size).to.equal(credentials.length);
    for (const { token } of credentials) expect(token).to.match(/^minhbach-dev-[A-Za-z0-9_-]{43}$/);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
  });

  it("keeps the tokens and adds those of new agencies", () => {
    const first = developmentTokens(file, { environment: "embedded", agencies: ["qn-police"] });
    expect(developmentTokens(file, { environment: "embedded", agencies: ["qn-police"] })).to.deep.equal(
      first,
    );
    const second = developmentTokens(file, { environment: "embedded", agencies: ["qn-health", "qn-police"] });
    expect(second.slice(0, first.length)).to.deep.equal(first);
    expect(second.slice(first.length).map(({ caller: { signOn: _, ...caller } }) => caller)).to.deep.equal([
      { role: "agency", name: "qn-health", agency: "qn-health" },
      { role: "officer", name: "officer of qn-health", agency: "qn-health" },
    ]);
  });

  it("says by which token they are here, without the token", () => {
    for (const { token, caller } of developmentTokens(file, { environment: "embedded", agencies: [] })) {
      expect(caller.signOn).to.include({ issuer: "development", subject: caller.name });
      expect(caller.signOn.tokenDigest).to.equal(createHash("sha256").update(token).digest("base64url"));
      expect(JSON.stringify(caller)).to.not.include(token);
    }
  });

  it("takes the file of an earlier version, whose inspectors have no authority", () => {
    const kept = [{ token: "kept", caller: { role: "inspector", name: "inspector" } }];
    writeFileSync(file, JSON.stringify(kept));
    const [first] = developmentTokens(file, { environment: "embedded", agencies: [] });
    expect(first).to.have.property("token", "kept");
    expect(first?.caller).to.include({ role: "inspector", authority: "qn-inspectorate" });
  });

  it("does not exist in production", () => {
    expect(() => developmentTokens(file, { environment: "production", agencies: [] })).to.throw(
      TokenFileError,
    );
    expect(() => statSync(file)).to.throw("ENOENT");
  });

  for (const [what, content] of Object.entries({
    "no JSON": "secret-token",
    "no list": `{"token":"secret-token"}`,
    "an unknown role": `[{"token":"secret-token","caller":{"role":"root","name":"x"}}]`,
    "a public with a token": `[{"token":"secret-token","caller":{"role":"public","name":"x"}}]`,
    "an agency without agency": `[{"token":"secret-token","caller":{"role":"agency","name":"x"}}]`,
    "an empty token": `[{"token":"","caller":{"role":"inspector","name":"x"}}]`,
  })) {
    it(`refuses a file that holds ${what}, shows nothing of it and leaves it alone`, () => {
      writeFileSync(file, content);
      expect(() => developmentTokens(file, { environment: "embedded", agencies: [] }))
        .to.throw(TokenFileError)
        .to.not.match(/secret-token/);
      expect(readFileSync(file, "utf8")).to.equal(content);
    });
  }
});
