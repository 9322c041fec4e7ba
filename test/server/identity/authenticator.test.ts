import { createHmac, createPublicKey } from "node:crypto";
import { expect } from "chai";
import { type CryptoKey, exportSPKI, importJWK, type JWTPayload, UnsecuredJWT } from "jose";
import { DEVELOPMENT_CLAIM_RULES } from "../../../server/config-sign-on.ts";
import { LedgerError } from "../../../server/errors.ts";
import { authenticator, type TrustedIssuer } from "../../../server/identity/authenticator.ts";
import type { Caller } from "../../../server/identity/caller.ts";
import { dpopProofs } from "../../../server/identity/dpop.ts";
import { expiringInMemory } from "../../../server/store/expiring.ts";
import { remoteKeys } from "../../../server/identity/issuer-keys.ts";
import { createLog } from "../../../server/log.ts";
import { INSPECTOR } from "../callers.ts";
import { type KeyPair, keyPair, proof, publicHalf, signed, startIssuer, type TestIssuer } from "./issuer.ts";

/** Also malformed ones; undefined leaves one out. */
type Claims = Record<string, unknown>;

const AUDIENCE = "https://ledger.example";
const NOW = Date.parse("2026-11-22T00:00:00Z");
const SECONDS = NOW / 1000;
const log = createLog({ logLevel: "silent" });

describe("server/identity/authenticator", () => {
  let issuer: TestIssuer;
  let key: KeyPair;
  let now: number;
  let trusted: TrustedIssuer;
  let callerOf: (authorization: string | undefined, dpop?: string) => Promise<Caller>;
  /** Another server that remembers proofs at the same place. */
  let otherServer: typeof callerOf;

  beforeEach(async () => {
    now = NOW;
    const clock = { now: () => now };
    issuer = await startIssuer();
    [key] = issuer.keys as [KeyPair];
    trusted = {
      ...{ issuer: issuer.url, audience: AUDIENCE, tokenType: "at+jwt", requireDpop: false, clock },
      claims: DEVELOPMENT_CLAIM_RULES,
      keys: remoteKeys({ issuer: issuer.url, clock, log }),
    };
    const among = expiringInMemory(clock);
    const server = (): typeof callerOf => {
      const checked = authenticator({
        findKept: (token) => (token === "kept" ? INSPECTOR : undefined),
        issuer: () => trusted,
        checkProof: dpopProofs(clock, { limits: { total: 5, perKey: 3 }, among }),
        publicUrl: () => AUDIENCE,
      });
      return async (authorization, dpop) =>
        await checked.callerOf({ authorization, dpop, method: "GET", path: "/v1/statement" });
    };
    callerOf = server();
    otherServer = server();
  });
  afterEach(async () => {
    await issuer.close();
  });

  const claims = (others: Claims = {}): JWTPayload => ({
    ...{ iss: issuer.url, aud: AUDIENCE, sub: "p-1", client_id: "portal", jti: "t-1" },
    ...{ iat: SECONDS - 10, exp: SECONDS + 300, roles: ["minhbach:inspector"], authority: "qn-inspectorate" },
    ...others,
  });

  async function refusal(authorization: string, dpop?: string): Promise<LedgerError> {
    const thrown: unknown = await callerOf(authorization, dpop).then(
      (caller) => new Error(`it is taken, as ${caller.role}`),
      (error: unknown) => error,
    );
    if (thrown instanceof LedgerError) return thrown;
    throw thrown as Error;
  }

  async function expectRefused(token: string, reason: RegExp): Promise<void> {
    const error = await refusal(`Bearer ${token}`);
    expect(error.code).to.equal("unauthenticated");
    expect(error.message).to.match(reason);
    // Its cause would be logged, with the claims in it.
    expect(error.cause).to.equal(undefined);
  }

  it("takes a request without credentials as the public, and asks nobody", async () => {
    expect(await callerOf(undefined)).to.deep.equal({ role: "public" });
    expect(issuer.asked).to.deep.equal([]);
  });

  it("knows its own tokens without the issuer, as bearer tokens only", async () => {
    expect(await callerOf("bearer kept")).to.equal(INSPECTOR);
    expect(await refusal("DPoP kept", "x")).to.have.property("code", "unauthenticated");
  });

  for (const header of [
    "",
    "one",
    "Bearer",
    "Bearer ",
    "Bearer one two",
    "Basic b25lOg==",
    "Bearer kept, Bearer x",
  ]) {
    it(`refuses ${JSON.stringify(header)} instead of falling back to the public`, async () => {
      expect(await refusal(header)).to.have.property("code", "unauthenticated");
    });
  }

  it("takes an access token, and remembers by which sign-on without keeping the token", async () => {
    const token = await signed(claims({ auth_time: SECONDS - 60.5, acr: "high" }), key);
    const caller = await callerOf(`Bearer ${token}`);
    expect(caller).to.deep.equal({
      ...{ role: "inspector", name: "p-1", authority: "qn-inspectorate" },
      signOn: {
        ...{ issuer: issuer.url, subject: "p-1", tokenId: "t-1", client: "portal", level: "high" },
        ...{ authenticatedAt: SECONDS - 61, expires: SECONDS + 300 },
        tokenDigest: (caller.role === "public" ? undefined : caller.signOn)?.tokenDigest,
      },
    });
    expect(JSON.stringify(caller)).to.match(/"tokenDigest":"[\w-]{43}"/);
    expect(JSON.stringify(caller)).to.not.include(token);
  });

  it("takes tokens of several kinds of keys", async () => {
    issuer.keys = await Promise.all(
      ["RS256", "PS256", "EdDSA", "ES384"].map(async (alg) => await keyPair(alg)),
    );
    for (const pair of issuer.keys)
      expect(await callerOf(`Bearer ${await signed(claims(), pair)}`)).to.include({ role: "inspector" });
  });

  describe("refuses a token", () => {
    const wrong: Record<string, { of: () => Claims; reason: RegExp }> = {
      "that has expired": { of: () => ({ exp: SECONDS - 31 }), reason: /expired/ },
      "that is not yet valid": { of: () => ({ nbf: SECONDS + 31 }), reason: /not yet valid/ },
      "that was issued in the future": { of: () => ({ iat: SECONDS + 31 }), reason: /in the future/ },
      "for another audience": {
        of: () => ({ aud: "https://other.example" }),
        reason: /for another audience.*ledger\.example/,
      },
      "of another issuer": { of: () => ({ iss: "https://other.example" }), reason: /another issuer/ },
      "without an end": { of: () => ({ exp: undefined }), reason: /lacks a claim/ },
      "without an audience": { of: () => ({ aud: undefined }), reason: /audience|lacks/ },
      "without a beginning": { of: () => ({ iat: undefined }), reason: /lacks a claim/ },
      "whose end is no time": { of: () => ({ exp: "never" }), reason: /malformed/ },
      "bound to a certificate": {
        of: () => ({ cnf: { "x5t#S256": "A".repeat(43) } }),
        reason: /cannot check/,
      },
      "bound in two ways": {
        of: () => ({ cnf: { jkt: "A".repeat(43), "x5t#S256": "A".repeat(43) } }),
        reason: /cannot check/,
      },
      "bound to nothing": { of: () => ({ cnf: {} }), reason: /cannot check/ },
    };
    for (const [what, { of, reason }] of Object.entries(wrong)) {
      it(what, async () => await expectRefused(await signed(claims(of()), key), reason));
    }

    it("that is nobody's", async () => {
      await expectRefused("unknown", /cannot be read/);
      await expectRefused("a.b.c", /cannot be read|no kind/);
    });

    it("that is unsigned", async () => {
      await expectRefused(new UnsecuredJWT(claims()).encode(), /kind|cannot be read/);
      const [, body] = (await signed(claims(), key)).split(".") as [string, string];
      for (const alg of ["none", "None", "NONE"]) {
        const header = Buffer.from(JSON.stringify({ alg, typ: "at+jwt", kid: key.jwk.kid })).toString(
          "base64url",
        );
        await expectRefused(`${header}.${body}.`, /kind|cannot be read/);
      }
    });

    it("that is signed with the public key as if it were a secret", async () => {
      const spki = await exportSPKI((await importJWK(key.jwk)) as CryptoKey);
      const secrets = [
        spki,
        JSON.stringify(key.jwk),
        createPublicKey(spki).export({ type: "spki", format: "der" }),
      ];
      const header = { alg: "HS256", typ: "at+jwt", kid: key.jwk.kid };
      const input = [header, claims()]
        .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
        .join(".");
      for (const secret of secrets) {
        const mac = createHmac("sha256", secret).update(input).digest("base64url");
        await expectRefused(`${input}.${mac}`, /no kind/);
      }
    });

    it("whose signature is another's, or changed", async () => {
      const other = await keyPair();
      await expectRefused(await signed(claims(), other, { kid: key.jwk.kid }), /not signed by a key/);
      const [header, , signature] = (await signed(claims(), key)).split(".") as [string, string, string];
      const body = Buffer.from(JSON.stringify(claims({ roles: ["minhbach:operator"] }))).toString(
        "base64url",
      );
      await expectRefused(`${header}.${body}.${signature}`, /not signed by a key/);
    });

    it("by a key that the issuer does not publish, and asks it at most twice a minute", async () => {
      const other = await keyPair();
      for (let i = 0; i < 5; i++) await expectRefused(await signed(claims(), other), /not signed by a key/);
      expect(issuer.asked).to.deep.equal(["/.well-known/openid-configuration", "/jwks"]);
      now += 31_000;
      for (let i = 0; i < 5; i++) await expectRefused(await signed(claims(), other), /not signed by a key/);
      expect(issuer.asked).to.have.length(4);
    });

    it("that brings its own key", async () => {
      const other = await keyPair();
      const header = { kid: other.jwk.kid, jwk: other.jwk, jku: `${issuer.url}/mine` };
      await expectRefused(await signed(claims(), other, header), /not signed by a key/);
      expect(issuer.asked).to.not.include("/mine");
    });

    it("that is an ID token", async () => {
      for (const typ of ["JWT", "secevent+jwt", "dpop+jwt"])
        await expectRefused(await signed(claims(), key, { typ }), /ID token/);
      trusted = { ...trusted, tokenType: "JWT" };
      expect(await callerOf(`Bearer ${await signed(claims(), key, { typ: "JWT" })}`)).to.include({
        role: "inspector",
      });
      await expectRefused(await signed(claims({ nonce: "n" }), key, { typ: "JWT" }), /access token/);
      await expectRefused(await signed(claims(), key, { typ: "logout+jwt" }), /access token/);
    });

    it("where nobody signs people on", async () => {
      const nobody = authenticator({
        ...{ findKept: () => undefined, issuer: () => undefined },
        ...{ checkProof: dpopProofs(trusted.clock), publicUrl: () => AUDIENCE },
      });
      const shown = {
        authorization: `Bearer ${await signed(claims(), key)}`,
        dpop: undefined,
        method: "GET",
        path: "/",
      };
      const error: unknown = await nobody.callerOf(shown).catch((thrown: unknown) => thrown);
      expect(error).to.have.property("code", "unauthenticated");
    });
  });

  describe("the issuer's keys", () => {
    it("are fetched once, and again when the issuer signs with a new one", async () => {
      for (let i = 0; i < 3; i++) await callerOf(`Bearer ${await signed(claims(), key)}`);
      expect(issuer.asked).to.have.length(2);
      const next = await keyPair();
      issuer.keys = [next];
      now += 31_000;
      expect(await callerOf(`Bearer ${await signed(claims(), next)}`)).to.include({ role: "inspector" });
      await expectRefused(await signed(claims(), key), /not signed by a key/);
    });

    it("are refused ten minutes after the issuer took them back", async () => {
      const token = await signed(claims({ exp: SECONDS + 7200 }), key);
      await callerOf(`Bearer ${token}`);
      issuer.keys = [await keyPair()];
      now += 601_000;
      await expectRefused(token, /not signed by a key/);
    });

    for (const answer of ["error", "another issuer", "endlessly", "elsewhere", "nonsense"] as const) {
      it(`that cannot be had (the issuer answers: ${answer}) are no word about the token`, async () => {
        issuer.answer = answer;
        const token = `Bearer ${await signed(claims(), key)}`;
        expect(await refusal(token)).to.include({ code: "sign-on-unavailable", retryAfterSeconds: 5 });
        const asked = issuer.asked.length;
        expect(await refusal(token)).to.have.property("code", "sign-on-unavailable");
        expect(issuer.asked, "it is left alone for a while").to.have.length(asked);
        issuer.answer = "well";
        now += 5_000;
        expect(await callerOf(token)).to.include({ role: "inspector" });
      });
    }

    it("are used for an hour while the issuer is down", async () => {
      const token = `Bearer ${await signed(claims({ exp: SECONDS + 7200 }), key)}`;
      await callerOf(token);
      issuer.answer = "error";
      now += 3_500_000;
      expect(await callerOf(token)).to.include({ role: "inspector" });
      now += 200_000;
      expect(await refusal(token)).to.have.property("code", "sign-on-unavailable");
    });
  });

  describe("a token that is bound to a key", () => {
    let holder: KeyPair;
    let token: string;
    const request = () => ({ method: "GET", url: `${AUDIENCE}/v1/statement`, token, at: now / 1000 });

    beforeEach(async () => {
      holder = await keyPair();
      token = await signed(claims({ cnf: { jkt: holder.jwk.kid } }), key);
    });

    async function expectProofRefused(dpop: string | undefined, reason: RegExp): Promise<void> {
      const error = await refusal(`DPoP ${token}`, dpop);
      expect(error.code).to.equal("wrong-dpop-proof");
      expect(error.message).to.match(reason);
    }

    it("is taken with a proof by that key, for this request", async () => {
      expect(await callerOf(`DPoP ${token}`, await proof(holder, request()))).to.include({
        role: "inspector",
      });
      const withQuery = await proof(holder, {
        ...request(),
        url: `HTTPS://Ledger.example:443/v1/statement?x=1#y`,
      });
      expect(await callerOf(`dpop ${token}`, withQuery)).to.include({ role: "inspector" });
    });

    it("is refused as a bearer token, and without a proof", async () => {
      await expectRefused(token, /bound to a key/);
      expect(await refusal(`Bearer ${token}`, await proof(holder, request()))).to.have.property(
        "code",
        "unauthenticated",
      );
      await expectProofRefused(undefined, /send a proof/);
    });

    it("is refused with a proof that was used at another server of the log", async () => {
      const used = await proof(holder, request());
      await otherServer(`DPoP ${token}`, used);
      await expectProofRefused(used, /used before/);
      expect(await callerOf(`DPoP ${token}`, await proof(holder, request()))).to.include({
        role: "inspector",
      });
    });

    it("is refused with a proof that was used before, until nobody would take it any more", async () => {
      const used = await proof(holder, request());
      await callerOf(`DPoP ${token}`, used);
      await expectProofRefused(used, /used before/);
      now += 69_000;
      await expectProofRefused(used, /used before/);
      now += 2_000;
      await expectProofRefused(used, /last 60 seconds/);
    });

    it("is refused with a proof of a clock that is ahead, a second time", async () => {
      const ahead = await proof(holder, { ...request(), at: now / 1000 + 10 });
      await callerOf(`DPoP ${token}`, ahead);
      for (now = NOW; now <= NOW + 81_000; now += 500)
        expect(await refusal(`DPoP ${token}`, ahead)).to.have.property("code", "wrong-dpop-proof");
    });

    const wrong: Record<string, { change: () => Partial<Parameters<typeof proof>[1]>; reason: RegExp }> = {
      "for another method": { change: () => ({ method: "POST" }), reason: /another method/ },
      "for another path": { change: () => ({ url: `${AUDIENCE}/v1/findings` }), reason: /another URL/ },
      "for another server": {
        change: () => ({ url: "https://other.example/v1/statement" }),
        reason: /another URL/,
      },
      "for another token": { change: () => ({ token: "another" }), reason: /another token/ },
      "without the token": { change: () => ({ claims: { ath: undefined } }), reason: /another token/ },
      "without an id": { change: () => ({ claims: { jti: undefined } }), reason: /id of its own/ },
      "with an empty id": { change: () => ({ claims: { jti: "" } }), reason: /id of its own/ },
      "with an id that is no text": {
        change: () => ({ claims: { jti: 7 } }),
        reason: /id of its own/,
      },
      "with an endless id": { change: () => ({ claims: { jti: "x".repeat(300) } }), reason: /id of its own/ },
      "from long ago": { change: () => ({ at: SECONDS - 71 }), reason: /last 60 seconds/ },
      "from the future": { change: () => ({ at: SECONDS + 11 }), reason: /last 60 seconds/ },
      "without a time": { change: () => ({ claims: { iat: undefined } }), reason: /last 60 seconds/ },
      "of another type": { change: () => ({ header: { typ: "at+jwt" } }), reason: /cannot be read/ },
    };
    for (const [what, { change, reason }] of Object.entries(wrong)) {
      it(`is refused with a proof ${what}`, async () => {
        await expectProofRefused(await proof(holder, { ...request(), ...change() }), reason);
      });
    }

    it("is refused with a proof that is none", async () => {
      for (const dpop of ["", "x", "a.b.c", "x".repeat(5000)])
        await expectProofRefused(dpop, /cannot be read|longer/);
      const good = await proof(holder, request());
      await expectProofRefused(`${good}, ${await proof(holder, request())}`, /cannot be read/);
      const thief = await keyPair();
      await expectProofRefused(await proof(thief, request()), /another key/);
      const stolen = { jwk: publicHalf(holder) };
      await expectProofRefused(await proof(thief, { ...request(), header: stolen }), /cannot be read/);
    });

    it("is the only kind where the settings say so", async () => {
      trusted = { ...trusted, requireDpop: true };
      await expectRefused(await signed(claims(), key), /Only tokens that are bound/);
      expect(await callerOf(`DPoP ${token}`, await proof(holder, request()))).to.include({
        role: "inspector",
      });
    });

    it("leaves room for others when its holder sends more proofs than can be remembered, and forgets none", async () => {
      const proofs = await Promise.all(Array.from({ length: 4 }, async () => await proof(holder, request())));
      for (const one of proofs.slice(0, 3)) await callerOf(`DPoP ${token}`, one);
      expect(await refusal(`DPoP ${token}`, proofs[3])).to.have.property("code", "overloaded");
      await expectProofRefused(proofs[0], /used before/);
      const other = await keyPair();
      const othersToken = await signed(claims({ cnf: { jkt: other.jwk.kid } }), key);
      const others = await proof(other, { ...request(), token: othersToken });
      expect(await callerOf(`DPoP ${othersToken}`, others)).to.include({ role: "inspector" });
      now += 82_000;
      expect(await callerOf(`DPoP ${token}`, await proof(holder, request()))).to.include({
        role: "inspector",
      });
    });

    it("and one that is not are told apart by how they are sent", async () => {
      const unbound = await signed(claims(), key);
      expect(
        await refusal(`DPoP ${unbound}`, await proof(holder, { ...request(), token: unbound })),
      ).to.have.property("code", "unauthenticated");
    });
  });
});
