import path from "node:path";
import { expect } from "chai";
import { DEVELOPMENT_CLAIM_RULES } from "../../server/config-sign-on.ts";
import { ConfigError, readConfig } from "../../server/config.ts";

describe("server/config", () => {
  it("has a default for everything", () => {
    const config = readConfig({});
    expect(config).to.deep.include({
      environment: "embedded",
      dataDir: path.resolve("data"),
      host: "127.0.0.1",
      port: 8080,
      trustProfilePath: path.resolve("data/trust.json"),
      checkpointIntervalMs: 2000,
      anchorPromiseSeconds: 600,
    });
  });

  it("takes several nodes of the chain", () => {
    expect(readConfig({ RPC_URL: "http://a:1, https://b/x" }).rpcUrls).to.deep.equal([
      "http://a:1",
      "https://b/x",
    ]);
  });

  it("takes a folder of a catalogue, or none", () => {
    expect(readConfig({}).catalogueDir).to.equal(path.resolve("catalogue"));
    expect(readConfig({ CATALOGUE: "./mine" }).catalogueDir).to.equal(path.resolve("mine"));
    expect(readConfig({ CATALOGUE: "none" }).catalogueDir).to.equal(undefined);
  });

  it("takes durations with their unit", () => {
    expect(readConfig({ CHECKPOINT_INTERVAL: "500ms" }).checkpointIntervalMs).to.equal(500);
    expect(readConfig({ ANCHOR_PROMISE: "1h" }).anchorPromiseSeconds).to.equal(3600);
    expect(readConfig({})).to.include({ exchangeGraceSeconds: 3600, silenceLimitSeconds: 900 });
    expect(readConfig({ EXCHANGE_GRACE: "24h" }).exchangeGraceSeconds).to.equal(86_400);
    expect(readConfig({ SILENCE_LIMIT: "1500ms" }).silenceLimitSeconds).to.equal(2);
    expect(() => readConfig({ ANCHOR_PROMISE: "745h" })).to.throw(ConfigError, "ANCHOR_PROMISE");
  });

  const ISSUER = { OIDC_ISSUER: "https://id.example/realms/qn", PUBLIC_URL: "https://ledger.example/" };

  it("has a development sign-on on the embedded chain, and nobody signs on in production without an issuer", () => {
    expect(readConfig({}).signOn).to.deep.equal({ kind: "development" });
    expect(readConfig({ OIDC_ISSUER: "none" }).signOn).to.deep.equal({ kind: "none" });
    expect(readConfig({ ENVIRONMENT: "production" }).signOn).to.deep.equal({ kind: "none" });
    expect(() => readConfig({ ENVIRONMENT: "production", OIDC_ISSUER: "development" })).to.throw(
      ConfigError,
      /OIDC_ISSUER.*embedded chain only/,
    );
  });

  it("takes an issuer, with defaults for what its tokens say", () => {
    const { signOn, publicUrl } = readConfig({ ...ISSUER, ENVIRONMENT: "production" });
    expect(publicUrl).to.equal("https://ledger.example");
    expect(signOn).to.deep.equal({
      ...{ kind: "issuer", issuer: ISSUER.OIDC_ISSUER, audience: "https://ledger.example" },
      ...{ tokenType: "at+jwt", requireDpop: false },
      claims: DEVELOPMENT_CLAIM_RULES,
    });
  });

  it("takes what another issuer's tokens say", () => {
    const env = {
      ...{ ...ISSUER, OIDC_AUDIENCE: "ledger", OIDC_TOKEN_TYPE: "JWT", OIDC_REQUIRE_DPOP: "true" },
      ...{ OIDC_ROLE_PREFIX: "", OIDC_DEFAULT_ROLE: "citizen" },
      OIDC_CLAIMS: "roles=realm_access.roles, person=https://id.example/cccd",
    };
    const { signOn } = readConfig(env);
    expect(signOn).to.deep.include({ audience: "ledger", tokenType: "JWT", requireDpop: true });
    expect(signOn)
      .to.have.property("claims")
      .that.deep.equals({
        ...{ rolePrefix: "", defaultRole: "citizen" },
        names: {
          ...DEVELOPMENT_CLAIM_RULES.names,
          ...{ roles: "realm_access.roles", person: "https://id.example/cccd" },
        },
      });
  });

  it("asks in production for https and for its own address, and everywhere for the audience", () => {
    const production = { ...ISSUER, ENVIRONMENT: "production" };
    for (const [env, name] of [
      [{ ...production, OIDC_ISSUER: "http://id.example" }, "OIDC_ISSUER"],
      [{ ...production, PUBLIC_URL: undefined, OIDC_AUDIENCE: "ledger" }, "PUBLIC_URL"],
      [{ OIDC_ISSUER: "http://127.0.0.1:1" }, "OIDC_AUDIENCE"],
    ] as const)
      expect(() => readConfig(env)).to.throw(ConfigError, name);
  });

  for (const [name, values] of Object.entries({
    OIDC_AUDIENCE: [""],
    OIDC_TOKEN_TYPE: ["jwt", ""],
    OIDC_REQUIRE_DPOP: ["yes", ""],
    OIDC_DEFAULT_ROLE: ["inspector", ""],
    OIDC_CLAIMS: ["roles", "role=x", "roles=", "roles=a b", "toString=x"],
  })) {
    for (const value of values)
      it(`refuses ${name}=${JSON.stringify(value)} beside an issuer, and names it`, () => {
        expect(() => readConfig({ ...ISSUER, [name]: value })).to.throw(ConfigError, name);
      });
  }

  it("the portal has its defaults, and can be none", () => {
    expect(readConfig({}).portal).to.deep.equal({
      folder: path.resolve("dist/portal"),
      ...{ clientId: "minhbach-portal", scope: "openid ledger", idleMs: 900_000, sessionMs: 28_800_000 },
      inboxUrl: undefined,
      contact: undefined,
    });
    expect(readConfig({ PORTAL_CONTACT: "tel:1022" }).portal.contact).to.equal("tel:1022");
    expect(readConfig({ PORTAL: "none" }).portal.folder).to.equal(undefined);
  });

  it("people's tokens go to the inbox over TLS, or within the machine", () => {
    const production = { ENVIRONMENT: "production" };
    for (const [env, url] of [
      [{}, "http://inbox.example/"],
      [production, "https://inbox.example/province/"],
      [production, "http://127.0.0.1:8090"],
    ] as const)
      expect(readConfig({ ...env, INBOX_URL: url }).portal.inboxUrl).to.equal(url.replace(/\/$/, ""));
    expect(() => readConfig({ ...production, INBOX_URL: "http://inbox.example" })).to.throw(
      ConfigError,
      /INBOX_URL must be https/,
    );
  });

  const unusable: Record<string, string[]> = {
    OIDC_ISSUER: ["", "id.example", "https://id.example/?x=1", "https://user@id.example", "ftp://id.example"],
    PUBLIC_URL: [
      "",
      "ledger.example",
      "https://ledger.example/?x",
      "https://a:b@ledger.example",
      "file:///x",
    ],
    PORT: ["", "x", "-1", "65536", "80.5", "0x50"],
    CHECKPOINT_INTERVAL: ["2", "0s", "-1s", "2 s", "forever"],
    EXCHANGE_GRACE: ["", "60", "0s"],
    SILENCE_LIMIT: ["", "15", "15 m"],
    RPC_URL: ["", "http://a,", "localhost:8545", "file:///etc/passwd"],
    ENVIRONMENT: ["", "prod", "toString"],
    CATALOGUE: [""],
    OPERATOR: ["", "Uppercase", "-a", "a/b", "a".repeat(32)],
    RECEIVE_WORKERS: ["0", "65"],
    SOURCE_EVENTS_PER_SECOND: ["0", "99"],
    LOG_LEVEL: ["loud"],
    PORTAL: [""],
    PORTAL_CLIENT_ID: ["", 'a"b', "ü"],
    PORTAL_SCOPE: ["", "ledger", "openid\n"],
    PORTAL_IDLE: ["15", "0m"],
    PORTAL_CONTACT: [
      "",
      "help@tinh.example.vn",
      "javascript:alert(1)",
      "mailto:a b@c",
      `tel:${"1".repeat(200)}`,
    ],
    PORTAL_SESSION: ["8", "1d"],
    INBOX_URL: ["", "inbox.example", "https://inbox.example/?x=1", "file:///x"],
  };
  for (const [name, values] of Object.entries(unusable)) {
    for (const value of values) {
      it(`refuses ${name}=${JSON.stringify(value)} and names it`, () => {
        expect(() => readConfig({ [name]: value })).to.throw(ConfigError, name);
      });
    }
  }

  it("keeps a node's password out of the message", () => {
    expect(() => readConfig({ RPC_URL: "ws://user:hunter2@node" }))
      .to.throw(ConfigError)
      .to.not.match(/hunter2/);
  });
});
