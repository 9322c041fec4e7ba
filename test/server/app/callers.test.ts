import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import { expect } from "chai";
import { type Callers, callersOf } from "../../../server/app/callers.ts";
import { readConfig } from "../../../server/config.ts";
import { createLog } from "../../../server/log.ts";
import { signed, startIssuer, type TestIssuer } from "../identity/issuer.ts";

const NOW = Date.parse("2026-11-22T00:00:00Z");

describe("server/app/callers", () => {
  let dataDir: string;
  let logged: string;
  let issuer: TestIssuer;
  before(async () => (issuer = await startIssuer()));
  after(async () => {
    await issuer.close();
  });
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(tmpdir(), "minhbach-callers-"));
    logged = "";
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  function callers(env: Record<string, string>): Callers {
    const lines = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        logged += chunk.toString();
        done();
      },
    });
    const config = readConfig({ ...env, DATA_DIR: dataDir });
    const options = { config, clock: { now: () => NOW }, log: createLog({ logLevel: "info" }, lines) };
    const made = callersOf(options, { keys: () => [], onChange: () => () => undefined });
    made.listensAt("http://127.0.0.1:8080");
    return made;
  }

  async function tokenFor(audience: string): Promise<string> {
    const [key] = issuer.keys;
    if (key === undefined) throw new Error("the issuer has no key");
    const claims = { iss: issuer.url, aud: audience, sub: "i-1", iat: NOW / 1000, exp: NOW / 1000 + 60 };
    return await signed({ ...claims, roles: ["minhbach:inspector"], authority: "qn-inspectorate" }, key);
  }

  const asked = (token: string) => ({
    authorization: `Bearer ${token}`,
    dpop: undefined,
    method: "GET",
    path: "/",
  });

  it("in production without an issuer nobody can sign on, and the log says so", async () => {
    const { callerOf, beside } = callers({ ENVIRONMENT: "production" });
    expect(beside).to.equal(undefined);
    expect(logged).to.match(/"level":40.*OIDC_ISSUER/);
    expect(await callerOf({ ...asked(""), authorization: undefined })).to.deep.equal({ role: "public" });
    const refused: unknown = await callerOf(asked(await tokenFor("x"))).catch((error: unknown) => error);
    expect(refused).to.have.property("code", "unauthenticated");
    expect(readdirSync(dataDir), "no development token or key is made").to.deep.equal([]);
  });

  it("in production the issuer of the settings is believed, and no development sign-on is there", async () => {
    const env = { ENVIRONMENT: "production", OIDC_ISSUER: issuer.url, PUBLIC_URL: "https://ledger.example" };
    const { callerOf, beside } = callers(env);
    expect(beside).to.equal(undefined);
    expect(await callerOf(asked(await tokenFor("https://ledger.example")))).to.include({ role: "inspector" });
    expect(readdirSync(dataDir)).to.deep.equal([]);
    expect(logged).to.equal("");
  });

  it("on the embedded chain the development sign-on is there, unless the settings say otherwise", () => {
    expect(callers({}).beside?.path).to.equal("/oidc");
    expect(callers({ OIDC_ISSUER: "none" }).beside).to.equal(undefined);
    expect(callers({ OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: "x" }).beside).to.equal(undefined);
  });
});
