import { execFile } from "node:child_process";
import { readFile, stat, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import path from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { freePorts } from "../../scripts/start/ports.ts";
import type { App } from "../../server/app.ts";
import { type KeyPair, keyPair, proof, publicHalf } from "../server/identity/issuer.ts";
import {
  authorizationRequest,
  Browser,
  clientAssertion,
  clientCredentials,
  discovered,
  type Issued,
  redeem,
  signOnAs,
} from "../server/identity/program.ts";
import { type Deployed, deployed, fetchUntil, startLedger } from "./fixture.ts";

const RESIDENTS = Array.from({ length: 30 }, (_, at) => ({
  ...{ id: `resident-${at + 1}`, number: `999199000${101 + at}`, name: `Người thứ ${at + 1}` },
}));

describe("signing on with the development provider", function () {
  this.timeout(600_000);
  let system: Deployed;
  let app: App;

  before(async () => {
    system = await deployed();
    await writeFile(path.join(system.dataDir, "dev-people.json"), JSON.stringify(RESIDENTS));
    // One that is still free when the ledger starts again.
    const [port] = await freePorts([{ variable: "PORT", host: "127.0.0.1", port: 0 }]);
    app = await startLedger(system, { config: { port } });
    // The agencies are read from the chain.
    await fetchUntil(`${app.url}/ready`);
  });
  after(async () => {
    await app.close();
    await system.destroy();
  });

  async function get(path: string, authorization: string, dpop?: string): Promise<Response> {
    return await fetch(app.url + path, {
      headers: { authorization, ...(dpop === undefined ? {} : { dpop }) },
    });
  }

  async function codeOf(answer: Response): Promise<string> {
    return String(((await answer.json()) as { code?: string }).code);
  }

  it("a citizen picks who to be and reads their own statement, nobody else's", async () => {
    const { access_token: token, token_type: type } = await signOnAs(app.url, "citizen-1");
    expect(type).to.equal("Bearer");
    expect(decodeProtectedHeader(token)).to.include({ alg: "ES256", typ: "at+jwt" });
    expect(decodeJwt(token)).to.deep.include({
      ...{
        iss: `${app.url}/oidc`,
        aud: app.url,
        sub: "citizen-1",
        client_id: "minhbach-cli",
        acr: "development",
      },
      ...{ roles: ["minhbach:citizen"], person_number: "999199000001" },
    });
    // Nothing is anchored yet: it is known who asks, and that there is nothing.
    expect(await codeOf(await get("/v1/statement", `Bearer ${token}`))).to.equal("statement-not-ready");
    const others = "/v1/statement?scheme=vn-cccd&id=999199000002";
    expect(await codeOf(await get(others, `Bearer ${token}`))).to.equal("no-mandate");
    expect(await codeOf(await get("/v1/findings", `Bearer ${token}`))).to.equal("forbidden");
  });

  it("anybody of a made-up population signs on by the name that the file has for them", async () => {
    const { authorization_endpoint: endpoint, token_endpoint: tokens } = await discovered(app.url);
    const shown = await (await new Browser().go(authorizationRequest(endpoint).url)).text();
    expect(shown).to.include("Người thứ 20 ·").and.to.not.include("Người thứ 21 ·");
    const { url, verifier } = authorizationRequest(endpoint, { login_hint: "resident-25" });
    const back = (await new Browser().go(url)).headers.get("location") ?? "about:blank";
    const code = new URL(back).searchParams.get("code") ?? "";
    const { access_token: token } = (await (await redeem(tokens, { code, verifier })).json()) as Issued;
    expect(decodeJwt(token)).to.deep.include({
      ...{ sub: "resident-25", roles: ["minhbach:citizen"], person_number: "999199000125" },
    });
  });

  it("an inspector reads findings, one after another at the same browser", async () => {
    const browser = new Browser();
    for (const person of ["inspector-1", "inspector-2", "inspector-1"]) {
      const { access_token: token } = await signOnAs(app.url, person, { browser });
      expect(decodeJwt(token)).to.deep.include({ sub: person, authority: "qn-inspectorate" });
      expect((await get("/v1/findings", `Bearer ${token}`)).status).to.equal(200);
    }
  });

  it("each role is one that can be signed on as", async () => {
    for (const person of ["operator-1", "registrar-1", "officer-qn-police"]) {
      const { access_token: token } = await signOnAs(app.url, person);
      expect(await codeOf(await get("/v1/mandates", `Bearer ${token}`)), person).to.equal("forbidden");
    }
  });

  it("a program that names the person by login_hint needs no page", async () => {
    const { authorization_endpoint: endpoint } = await discovered(app.url);
    const { url } = authorizationRequest(endpoint, { login_hint: "citizen-2" });
    const back = await new Browser().go(url);
    expect(back.headers.get("location")).to.match(/^http:\/\/127\.0\.0\.1:45678\/callback\?code=/);
  });

  it("the page says what it is, and may neither run anything nor be framed", async () => {
    const { authorization_endpoint: endpoint } = await discovered(app.url);
    const page = await new Browser().go(authorizationRequest(endpoint).url);
    expect(page.headers.get("content-security-policy"))
      .to.match(/^default-src 'none'; style-src 'sha256-/)
      .and.to.include("form-action 'self' http://127.0.0.1:45678;")
      .and.to.include("frame-ancestors 'none'");
    expect(page.headers.get("cache-control")).to.equal("no-store");
    expect(await page.text())
      .to.include("no passwords")
      .and.to.include("Đây không phải là đăng nhập thật");
  });

  it("gives no code to who asks without PKCE, for another audience, or to be sent elsewhere", async () => {
    const { authorization_endpoint: endpoint } = await discovered(app.url);
    const { url } = authorizationRequest(endpoint, { login_hint: "citizen-1" });
    const changed: Record<string, (url: URL) => void> = {
      "no challenge": ({ searchParams }) => searchParams.delete("code_challenge"),
      "a plain challenge": ({ searchParams }) => searchParams.set("code_challenge_method", "plain"),
      "another audience": ({ searchParams }) => searchParams.set("resource", "https://other.example"),
      "another kind of answer": ({ searchParams }) => searchParams.set("response_type", "token"),
    };
    for (const [what, change] of Object.entries(changed)) {
      const asked = new URL(url);
      change(asked);
      const back = (await new Browser().go(asked.href)).headers.get("location");
      expect(back, what)
        .to.match(/[?#&]error=/)
        .and.to.not.match(/code=/);
    }
    const elsewhere = new URL(url);
    elsewhere.searchParams.set("redirect_uri", "https://evil.example/callback");
    const page = await new Browser().go(elsewhere.href);
    expect([page.status, page.headers.get("location")]).to.deep.equal([400, null]);
    expect(page.headers.get("content-type")).to.match(/^text\/plain/);
  });

  it("a code is redeemed once, by who began", async () => {
    const { authorization_endpoint: endpoint, token_endpoint: tokens } = await discovered(app.url);
    const { url, verifier } = authorizationRequest(endpoint, { login_hint: "citizen-1" });
    const location = (await new Browser().go(url)).headers.get("location") ?? "";
    const code = new URL(location).searchParams.get("code") ?? "";
    const thief = await redeem(tokens, { code, verifier: "x".repeat(43) });
    expect(thief.status).to.equal(400);
    const again = authorizationRequest(endpoint, { login_hint: "citizen-1" });
    const next =
      new URL((await new Browser().go(again.url)).headers.get("location") ?? "").searchParams.get("code") ??
      "";
    expect((await redeem(tokens, { code: next, verifier: again.verifier })).status).to.equal(200);
    expect((await redeem(tokens, { code: next, verifier: again.verifier })).status).to.equal(400);
    expect((await redeem(tokens, { code, verifier })).status, "the thief used it up").to.not.equal(500);
  });

  it("a sign-on is finished by the browser that began it", async () => {
    const { authorization_endpoint: endpoint } = await discovered(app.url);
    const page = await new Browser().go(authorizationRequest(endpoint).url);
    const other = await new Browser().go(page.url, {
      method: "POST",
      body: new URLSearchParams({ person: "inspector-1" }),
    });
    expect(other.status).to.equal(400);
    expect(await other.text()).to.include("begun in another browser");
  });

  describe("an agency's system", () => {
    let endpoint: string;
    let issuer: string;
    let pem: string;

    before(async () => {
      ({ token_endpoint: endpoint, issuer } = await discovered(app.url));
      pem = await readFile(path.join(system.dataDir, "keys", "client-qn-health.pem"), "utf8");
    });

    it("signs on with a key that only its owner can read", async () => {
      const { mode } = await stat(path.join(system.dataDir, "keys", "client-qn-health.pem"));
      expect(mode & 0o777).to.equal(0o600);
      const answer = await clientCredentials(endpoint, await clientAssertion(pem, "qn-health", issuer));
      const { access_token: token } = (await answer.json()) as Issued;
      expect(decodeJwt(token)).to.deep.include({
        ...{ sub: "qn-health", aud: app.url },
        ...{ roles: ["minhbach:agency"], agency: "qn-health" },
      });
      expect((await get("/v1/sources", `Bearer ${token}`)).status).to.equal(200);
      expect(await codeOf(await get("/v1/statement", `Bearer ${token}`))).to.equal("forbidden");
    });

    it("has a command that signs with that key", async () => {
      const { port } = new URL(app.url);
      const env = { PATH: process.env["PATH"], DATA_DIR: system.dataDir, PORT: port };
      const { stdout } = await promisify(execFile)(process.execPath, ["scripts/assertion.ts", "qn-health"], {
        env,
      });
      const answer = await clientCredentials(endpoint, stdout.trim());
      expect(answer.status).to.equal(200);
      const wrong = promisify(execFile)(process.execPath, ["scripts/assertion.ts", "qn-nobody"], { env });
      expect(String(await wrong.catch((error: unknown) => error))).to.include(
        "start the ledger with npm start",
      );
    });

    it("is refused with an assertion that was used before", async () => {
      const assertion = await clientAssertion(pem, "qn-health", issuer);
      expect((await clientCredentials(endpoint, assertion)).status).to.equal(200);
      const replayed = await clientCredentials(endpoint, assertion);
      expect([replayed.status, await replayed.json()]).to.deep.include(401);
    });

    it("is refused with another agency's key, for another audience, and as an agency that does not exist", async () => {
      for (const [agency, audience] of [
        ["qn-police", issuer],
        ["qn-health", "https://other.example"],
        ["qn-nobody", issuer],
        ["minhbach-cli", issuer],
      ] as const) {
        const answer = await clientCredentials(endpoint, await clientAssertion(pem, agency, audience));
        expect(answer.status, agency).to.be.within(400, 401);
      }
    });
  });

  describe("a token that is bound to a key", () => {
    let holder: KeyPair;
    let token: string;

    const madeNow = (url: string, others: { token?: string; method?: string } = {}) => ({
      ...{ method: "GET", url, token: "", at: Math.floor(Date.now() / 1000) },
      ...others,
    });

    before(async () => {
      holder = await keyPair();
      const { token_endpoint: url } = await discovered(app.url);
      const dpop = await proof(holder, madeNow(url, { method: "POST" }));
      const issued = await signOnAs(app.url, "inspector-1", { headers: { dpop } });
      expect(issued.token_type).to.equal("DPoP");
      token = issued.access_token;
      expect(decodeJwt(token)["cnf"]).to.deep.equal({ jkt: holder.jwk.kid });
      expect(publicHalf(holder)).to.not.have.property("d");
    });

    it("is taken with a proof for the request, once", async () => {
      const dpop = await proof(holder, madeNow(`${app.url}/v1/findings`, { token }));
      expect((await get("/v1/findings", `DPoP ${token}`, dpop)).status).to.equal(200);
      const replayed = await get("/v1/findings", `DPoP ${token}`, dpop);
      expect(replayed.headers.get("www-authenticate")).to.match(
        /^DPoP error="invalid_dpop_proof", algs="ES256 /,
      );
      expect([replayed.status, await codeOf(replayed)]).to.deep.equal([401, "wrong-dpop-proof"]);
    });

    it("is nothing to a thief", async () => {
      const bearer = await get("/v1/findings", `Bearer ${token}`);
      expect(bearer.headers.get("www-authenticate")).to.equal('Bearer error="invalid_token"');
      expect(bearer.status).to.equal(401);
      const thief = await keyPair();
      const dpop = await proof(thief, madeNow(`${app.url}/v1/findings`, { token }));
      expect(await codeOf(await get("/v1/findings", `DPoP ${token}`, dpop))).to.equal("wrong-dpop-proof");
    });
  });

  describe("answers only this machine", () => {
    /** `fetch` lets nobody choose the Host header. */
    async function statusWith(headers: Record<string, string>): Promise<number> {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      httpRequest(`${app.url}/oidc/.well-known/openid-configuration`, { headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on("error", reject)
        .end();
      return await promise;
    }

    it("under its own name, and not through a proxy", async () => {
      expect(await statusWith({})).to.equal(200);
      for (const headers of [
        { host: "evil.example" },
        { host: `localhost:${new URL(app.url).port}` },
        { "x-forwarded-for": "192.0.2.1" },
        { forwarded: "for=192.0.2.1" },
        { via: "1.1 proxy" },
      ])
        expect(await statusWith(headers), JSON.stringify(headers)).to.equal(404);
    });
  });

  it("is not there when the settings name another issuer, or none", async () => {
    const other = await startLedger(
      { ...system, dataDir: path.join(system.dataDir, "other") },
      { config: { signOn: { kind: "none" } } },
    );
    try {
      const { access_token: token } = await signOnAs(app.url, "inspector-1");
      expect((await fetch(`${other.url}/oidc/.well-known/openid-configuration`)).status).to.equal(404);
      const refused = await fetch(`${other.url}/v1/findings`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(refused.status).to.equal(401);
    } finally {
      await other.close();
    }
  });

  it("keeps its key: tokens outlive a restart", async () => {
    const { access_token: token } = await signOnAs(app.url, "inspector-1");
    const { port } = new URL(app.url);
    await app.close();
    app = await startLedger(system, { config: { port: Number(port) } });
    await fetchUntil(`${app.url}/ready`);
    expect((await get("/v1/findings", `Bearer ${token}`)).status).to.equal(200);
  });
});
