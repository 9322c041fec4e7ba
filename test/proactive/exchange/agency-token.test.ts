import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { expect } from "chai";
import { decodeProtectedHeader, jwtVerify } from "jose";
import {
  agencyTokens,
  type AgencyTokenOptions,
  SignOnError,
} from "../../../proactive/exchange/agency-token.ts";

const KEY = generateKeyPairSync("ec", { namedCurve: "P-256" });

/** What the issuer says next: to discovery, and to who asks for a token. */
interface Says {
  about: Record<string, unknown>;
  status: number;
  token: unknown;
}

describe("proactive/exchange: an agency's tokens", () => {
  let server: Server;
  let issuer: string;
  let says: Says;
  let asked: URLSearchParams[];
  let nowMs: number;

  beforeEach(async () => {
    asked = [];
    nowMs = Date.parse("2026-11-22T08:00:00Z");
    server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        const isAbout = request.url === "/oidc/.well-known/openid-configuration";
        if (!isAbout) asked.push(new URLSearchParams(text));
        response.writeHead(isAbout ? 200 : says.status, { "content-type": "application/json" });
        response.end(JSON.stringify(isAbout ? says.about : says.token));
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    issuer = `http://127.0.0.1:${port}/oidc`;
    says = {
      about: { issuer, token_endpoint: `${issuer}/token` },
      status: 200,
      token: { access_token: "t-1", token_type: "Bearer", expires_in: 600 },
    };
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  const tokens = (changes: Partial<AgencyTokenOptions> = {}) =>
    agencyTokens({ issuer, agency: "qn-justice", key: KEY.privateKey, now: () => nowMs, ...changes });

  async function failure(of: Promise<string>): Promise<string> {
    const error = await of.catch((caught: unknown) => caught);
    if (!(error instanceof SignOnError)) throw new Error("it gave a token, or failed in another way");
    return `${error.code}: ${error.message}`;
  }

  it("are asked for with an assertion for this issuer, each with an id of its own", async () => {
    const token = tokens({ keyId: "k-1", resource: "https://ledger.example" });
    expect(await token()).to.equal("t-1");
    nowMs += 600_000;
    await token();
    const ids = new Set<unknown>();
    for (const form of asked) {
      expect(form.get("grant_type")).to.equal("client_credentials");
      expect(form.get("resource")).to.equal("https://ledger.example");
      const assertion = form.get("client_assertion") ?? "";
      expect(decodeProtectedHeader(assertion)).to.deep.equal({ alg: "ES256", kid: "k-1" });
      const { payload } = await jwtVerify(assertion, KEY.publicKey, {
        ...{ issuer: "qn-justice", subject: "qn-justice", audience: issuer, maxTokenAge: "1h" },
        currentDate: new Date(Date.parse("2026-11-22T08:00:00Z")),
        clockTolerance: 600,
      });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).to.equal(60);
      ids.add(payload.jti);
    }
    expect(ids.size).to.equal(2);
  });

  it("are used until a minute before their end, and asked for once by many at a time", async () => {
    const token = tokens();
    await Promise.all([token(), token(), token()]);
    nowMs += 539_000;
    await token();
    expect(asked).to.have.length(1);
    nowMs += 2_000;
    says.token = { access_token: "t-2", token_type: "bearer", expires_in: 600 };
    expect(await Promise.all([token(), token()])).to.deep.equal(["t-2", "t-2"]);
    expect(asked).to.have.length(2);
  });

  it("that last less than two minutes are used for half of it", async () => {
    says.token = { access_token: "t-1", token_type: "Bearer", expires_in: 60 };
    const token = tokens();
    await token();
    nowMs += 29_000;
    await token();
    expect(asked).to.have.length(1);
    nowMs += 2_000;
    await token();
    expect(asked).to.have.length(2);
  });

  const KEYS: readonly (readonly [what: string, alg: string, key: KeyObject])[] = [
    ["Ed25519", "EdDSA", generateKeyPairSync("ed25519").privateKey],
    ["RSA", "PS256", generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey],
  ];
  for (const [what, alg, key] of KEYS) {
    it(`can be had with a key of ${what}`, async () => {
      await tokens({ key })();
      expect(decodeProtectedHeader(asked[0]?.get("client_assertion") ?? "").alg).to.equal(alg);
    });
  }

  const REFUSALS: readonly (readonly [what: string, expected: RegExp, change: (says: Says) => void])[] = [
    [
      "the issuer does not know the key",
      /^refused: .*invalid_client.*public half.*clock/,
      (it) => Object.assign(it, { status: 401, token: { error: "invalid_client" } }),
    ],
    [
      "the issuer says no in its own words",
      /^refused: .*\(no reason\): ask who runs/,
      (it) => Object.assign(it, { status: 400, token: { error: "<b>999199000001</b>" } }),
    ],
    ["the issuer is broken", /^unreachable: .*503.*try again/, (it) => (it.status = 503)],
    [
      "the issuer is another one",
      /^unusable: .*another issuer/,
      (it) => (it.about["issuer"] = "https://evil.example"),
    ],
    [
      "the endpoint is nowhere safe",
      /^unusable: .*as safe as itself/,
      (it) => (it.about["token_endpoint"] = "ftp://127.0.0.1/token"),
    ],
    [
      "the token has no end",
      /^unusable: .*expires_in/,
      (it) => (it.token = { access_token: "t", token_type: "Bearer" }),
    ],
    [
      "the token is bound to a key",
      /^unusable: .*set it to Bearer/,
      (it) => (it.token = { access_token: "t", token_type: "DPoP", expires_in: 60 }),
    ],
  ];
  for (const [what, expected, change] of REFUSALS) {
    it(`say what to do when ${what}`, async () => {
      change(says);
      expect(await failure(tokens()())).to.match(expected);
    });
  }

  it("say what to do when nobody answers, or the key signs nothing, and are had when that is over", async () => {
    expect(await failure(tokens({ key: KEY.publicKey })())).to.match(/^unusable: Sign on with a private key/);
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    expect(await failure(tokens({ key: privateKey })())).to.match(/^unusable/);
    expect(await failure(tokens({ issuer: "http://127.0.0.1:9/oidc" })())).to.match(
      /^unreachable: .*try again/,
    );
    const token = tokens();
    says.status = 500;
    expect(await failure(token())).to.match(/^unreachable/);
    says.status = 200;
    expect(await token()).to.equal("t-1");
  });
});
