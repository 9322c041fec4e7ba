import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { exportJWK, type JWK } from "jose";
import { Provider } from "oidc-provider";
import { Registry } from "prom-client";
import { callersOf } from "../../../server/app/callers.ts";
import { portal } from "../../../server/app/portal.ts";
import type { Clock } from "../../../server/clock.ts";
import { type Config, readConfig } from "../../../server/config.ts";
import { httpEdge } from "../../../server/edge.ts";
import { memoryAdapter } from "../../../server/identity/development/memory.ts";
import { createLog } from "../../../server/log.ts";
import { httpMetrics } from "../../../server/metrics.ts";
import { ByteBudget } from "../../../server/receive/body.ts";
import { type Expiring, expiringInMemory } from "../../../server/store/expiring.ts";
import { openPostgresStore } from "../../../server/store/postgres-store.ts";
import type { TrustProfile } from "../../../verifier/trust-profile.ts";
import { skipBecause } from "../../skip-because.ts";
import { sharedDatabase } from "../../system/shared-postgres.ts";
import { keyPair } from "../identity/issuer.ts";
import { PortalBrowser } from "../portal/browser.ts";
import { makePages } from "../portal/pages.ts";

const PROFILE: TrustProfile = {
  ...{ name: "a log", environment: "production", chainId: 1, genesisHash: `0x${"0".repeat(64)}` },
  ...{ anchorRegistry: `0x${"1".repeat(40)}`, agencyRegistry: `0x${"2".repeat(40)}`, logId: 1 },
  ...{ finalityDepth: 1, rpc: ["http://node.example"] },
};

/** The ledger's side of a sign-on with an issuer of its own, which may bind tokens to keys. */
describe("server/app/portal with an issuer", function () {
  this.timeout(600_000);
  let folder: string;
  let servers: Server[];
  let issuer: string;
  let ledger: string;
  let log: string;
  let key: JWK;
  /** What the inbox was asked with. */
  let inboxHeaders: IncomingHttpHeaders[];
  /** In place of the issuer's answers. */
  let broken: "away" | "endless" | undefined;

  before(async () => {
    key = await exportJWK((await keyPair()).privateKey);
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-portal-"));
    await makePages(path.join(folder, "pages"));
  });
  after(async () => await rm(folder, { recursive: true }));
  beforeEach(() => {
    servers = [];
    inboxHeaders = [];
    log = "";
    broken = undefined;
  });
  afterEach(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function listening(server: Server): Promise<string> {
    servers.push(server.listen(0, "127.0.0.1"));
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** @param kept where the sessions of each server behind one address are kept */
  async function start(
    env: Record<string, string> = {},
    kept: readonly Expiring[] = [expiringInMemory({ now: Date.now })],
    clock: Clock = { now: Date.now },
  ): Promise<PortalBrowser> {
    const inbox = await listening(
      createServer(({ headers }, response) => {
        inboxHeaders.push(headers);
        response.writeHead(200, { "content-type": "application/json" }).end("{}");
      }),
    );
    const issuing = createServer();
    issuer = await listening(issuing);
    const serving = createServer();
    ledger = await listening(serving);
    const config = readConfig({
      ...{ ENVIRONMENT: "production", OIDC_ISSUER: issuer, PUBLIC_URL: ledger, INBOX_URL: inbox },
      ...{ PORTAL: path.join(folder, "pages"), LOG_LEVEL: "trace", DATA_DIR: folder, ...env },
    });
    const answer = provider(issuer, { audience: ledger, key });
    issuing.on("request", (request, response) => {
      if (broken === "away") response.destroy();
      else if (broken === "endless")
        response.end(JSON.stringify({ ...about(issuer), more: "x".repeat(300_000) }));
      else answer(request, response);
    });
    const edges = await Promise.all(kept.map(async (expiring) => await edgeOf(config, expiring, clock)));
    // Each request goes to another one.
    let asked = 0;
    serving.on("request", (request, response) => edges[asked++ % edges.length]?.(request, response));
    return new PortalBrowser(ledger);
  }

  async function edgeOf(config: Config, expiring: Expiring, clock: Clock): Promise<RequestListener> {
    const logger = createLog(config, { write: (line: string) => void (log += line) });
    const options = { config, profile: PROFILE, clock, log: logger };
    const callers = callersOf(
      { ...options, proofs: expiring },
      { keys: () => [], onChange: () => () => undefined },
    );
    callers.listensAt(ledger);
    const { callerOf, forgetSession, routes } = await portal(
      { ...options, expiring, secret: new Uint8Array(32).fill(7) },
      callers,
    );
    return httpEdge({
      ...{ postSubmission: () => undefined, beside: undefined, dpopAlgorithms: "ES256" },
      ...{ callerOf, forgetSession, routes, bodies: new ByteBudget(1_000_000), log: logger },
      permissionOf: () => () => undefined,
      metrics: httpMetrics(new Registry()),
    });
  }

  /** Signs on, and tells where that led. */
  async function signOn(browser: PortalBrowser): Promise<string> {
    const { url } = await browser.go("/portal/sign-on?back=/portal/queue&language=vi");
    return url.slice(ledger.length);
  }

  it("signs on with a token that is bound to a key, and proves it for each request, to the inbox too", async () => {
    const browser = await start({ OIDC_REQUIRE_DPOP: "true" });
    expect(await signOn(browser)).to.equal("/portal/queue");
    expect(await browser.session()).to.have.nested.property("signedOn.name", "inspector-7");
    for (let at = 0; at < 2; at++) expect((await browser.ask("/portal/inbox/messages")).status).to.equal(200);
    const [first, second] = inboxHeaders;
    expect(first?.authorization).to.match(/^DPoP eyJ/);
    expect(first?.["dpop"]).to.match(/^eyJ/).and.not.equal(second?.["dpop"]);
    expect(log).to.not.match(/eyJ/);
    for (const { text, headers } of browser.seen) {
      const token = first?.authorization?.slice(5) ?? "";
      expect(text).to.not.contain(token);
      expect([...headers.values()].join()).to.not.contain(token);
    }
  });

  it("signs on with a bearer token where the issuer binds none, and asks in the person's language", async () => {
    const browser = await start();
    expect(await signOn(browser)).to.equal("/portal/queue");
    const asked = new URL(browser.seen[0]?.headers.get("location") ?? "");
    expect(Object.fromEntries(asked.searchParams)).to.include({
      ...{ client_id: "minhbach-portal", scope: "openid ledger", ui_locales: "vi" },
      ...{ code_challenge_method: "S256", response_type: "code", redirect_uri: `${ledger}/portal/signed-on` },
    });
    expect((await browser.ask("/portal/inbox/messages")).status).to.equal(200);
    expect(inboxHeaders[0]?.authorization).to.match(/^Bearer eyJ/);
  });

  it("several servers on one database know who signed on at one of them, until they sign off at another", async function () {
    const { url } = await sharedDatabase().catch(() => ({ url: undefined }));
    if (url === undefined) skipBecause(this, "there is no PostgreSQL for this platform");
    const stores = await Promise.all([1, 2].map(async () => await openPostgresStore({ url })));
    const browser = await start(
      { OIDC_REQUIRE_DPOP: "true" },
      stores.map(({ expiring }) => expiring({ now: Date.now })),
    );
    expect(await signOn(browser)).to.equal("/portal/queue");
    for (let at = 0; at < 4; at++)
      expect(await browser.session()).to.have.nested.property("signedOn.name", "inspector-7");
    for (let at = 0; at < 2; at++) expect((await browser.ask("/portal/inbox/messages")).status).to.equal(200);
    const { text } = await browser.ask("/portal/sign-off", { method: "POST" });
    expect(new URL((JSON.parse(text) as { next: string }).next).origin).to.equal(issuer);
    for (let at = 0; at < 2; at++) expect(await browser.session()).to.have.property("signedOn", null);
    for (const { close } of stores) await close();
  });

  it("signing off tells where the sign-on ends at the issuer as well, without a token in the address", async () => {
    const browser = await start();
    await signOn(browser);
    const { text } = await browser.ask("/portal/sign-off", { method: "POST" });
    const next = new URL((JSON.parse(text) as { next: string }).next);
    expect(next.origin).to.equal(issuer);
    expect(Object.fromEntries(next.searchParams)).to.deep.equal({
      client_id: "minhbach-portal",
      post_logout_redirect_uri: `${ledger}/portal/`,
    });
  });

  it("somebody whose token has no role here is told so, and has no session", async () => {
    const browser = await start({ OIDC_ROLE_PREFIX: "other:" });
    expect(await signOn(browser)).to.equal("/portal/?sign-on=refused");
    expect(browser.cookies.has("minhbach")).to.equal(false);
    expect(await browser.session()).to.have.property("signedOn", null);
  });

  it("an issuer that is away, or sends without end, is unavailable, and is left alone for a while", async () => {
    for (const how of ["away", "endless"] as const) {
      broken = how;
      const asked = Date.now();
      // The while is not over before both have asked.
      const browser = await start({}, undefined, { now: () => asked });
      for (let at = 0; at < 2; at++)
        expect((await browser.step("/portal/sign-on")).headers.get("location"), how).to.equal(
          "/portal/?sign-on=unavailable",
        );
      expect(log.match(/does not answer as it should/g), how).to.have.length(2);
      expect(await browser.session()).to.have.property("signOn", true);
      log = "";
    }
  });

  it("an issuer that goes away while somebody signs on leaves nobody signed on", async () => {
    const browser = await start();
    let back = await browser.step("/portal/sign-on");
    while (!(back.headers.get("location") ?? "").startsWith(`${ledger}/portal/signed-on`))
      back = await browser.step(new URL(back.headers.get("location") ?? "", back.url).href);
    broken = "away";
    const told = await browser.step(back.headers.get("location") ?? "");
    expect(told.headers.get("location")).to.equal("/portal/?sign-on=unavailable");
    expect(browser.cookies.has("minhbach")).to.equal(false);
  });

  it("without an issuer nobody signs on, and over a network in the clear neither", async () => {
    for (const env of [{ OIDC_ISSUER: "none" }, { PUBLIC_URL: "http://ledger.example" }]) {
      const browser = await start(env);
      expect(JSON.parse((await browser.step("/portal/session")).text)).to.have.property("signOn", false);
      expect((await browser.step("/portal/sign-on")).headers.get("location")).to.equal(
        "/portal/?sign-on=none",
      );
    }
  });

  it("the pages' trust profile is the ledger's, with the ledger as its node", async () => {
    const browser = await start();
    expect(JSON.parse((await browser.step("/portal/trust")).text)).to.deep.equal({
      ...{ type: "minhbach/trust-profile", version: 1, ...PROFILE, rpc: [`${ledger}/rpc`] },
    });
  });
});

/** What an issuer says of itself, as far as is needed to send people there. */
function about(issuer: string) {
  return { issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` };
}

/** A provider as others run them: bound tokens for who proves a key, a page that ends the sign-on. Whoever comes is `inspector-7`. */
function provider(issuer: string, { audience, key }: { audience: string; key: JWK }): RequestListener {
  const made: Provider = new Provider(issuer, {
    adapter: memoryAdapter({ now: Date.now }, () => Promise.resolve(undefined)),
    clients: [
      {
        ...{ client_id: "minhbach-portal", token_endpoint_auth_method: "none" },
        ...{ redirect_uris: [`${audience}/portal/signed-on`] },
        ...{ post_logout_redirect_uris: [`${audience}/portal/`], id_token_signed_response_alg: "ES256" },
      },
    ],
    jwks: { keys: [key] },
    clientBasedCORS: () => false,
    cookies: { keys: ["a key for tests"] },
    pkce: { required: () => true },
    scopes: ["openid"],
    ttl: {
      ...{
        AccessToken: 3600,
        AuthorizationCode: 60,
        Grant: 600,
        IdToken: 600,
        Interaction: 600,
        Session: 600,
      },
    },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    extraTokenClaims: () => ({ roles: ["minhbach:inspector"], authority: "qn-inspectorate" }),
    loadExistingGrant: async ({ oidc: { client, session } }) => {
      const ids = { clientId: client?.clientId ?? "", accountId: session?.accountId ?? "" };
      const grant = new made.Grant(ids);
      grant.addOIDCScope("openid");
      grant.addResourceScope(audience, "ledger");
      await grant.save();
      return grant;
    },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          ...{ scope: "ledger", audience, accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } },
        }),
      },
    },
  });
  const answer = made.callback();
  return (request, response) => {
    if (request.url?.startsWith("/interaction/") !== true) void answer(request, response);
    else void made.interactionFinished(request, response, { login: { accountId: "inspector-7" } });
  };
}
