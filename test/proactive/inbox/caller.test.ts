import { expect } from "chai";
import { keyPair, proof } from "../../server/identity/issuer.ts";
import { AN, Around, codeOf } from "./around.ts";

const CITIZEN = { roles: ["minhbach:citizen"], person_number: AN.id };

describe("proactive/inbox/caller", function () {
  this.timeout(600_000);
  let around: Around;
  beforeEach(async () => (around = await Around.start()));
  afterEach(async () => await around.end());

  async function asked(token: string | undefined): Promise<number> {
    return (await around.ask("GET", "/v1/messages", token === undefined ? {} : { token })).status;
  }

  it("takes an access token of the issuer, for the service or for the ledger", async () => {
    for (const claims of [
      CITIZEN,
      { ...CITIZEN, aud: "https://ledger.example" },
      { ...CITIZEN, aud: ["https://elsewhere.example", "https://inbox.example"] },
      { ...CITIZEN, roles: "openid minhbach:citizen", person_scheme: "vn-cccd" },
    ])
      expect(await asked(await around.tokenWith(claims)), JSON.stringify(claims)).to.equal(200);
    const typed = await around.tokenWith(CITIZEN, { header: { typ: "application/at+jwt" } });
    expect(await asked(typed)).to.equal(200);
  });

  it("takes nothing else", async () => {
    const seconds = around.now / 1000;
    const refused: Record<string, object> = {
      "another issuer": { iss: "https://other.example" },
      "another audience": { aud: "https://inbox.example.evil.example" },
      "no audience": { aud: undefined },
      ended: { exp: seconds - 31 },
      "no end": { exp: undefined },
      "not yet": { nbf: seconds + 60 },
      "issued in the future": { iat: seconds + 60 },
      "no iat": { iat: undefined },
      "no client": { client_id: undefined },
      "no id": { jti: undefined },
      "no subject": { sub: undefined },
      "bound to a key": { cnf: { jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" } },
      "bound to a certificate": { cnf: { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" } },
      "no role": { roles: [] },
      "somebody else's role": { roles: ["citizen"] },
      "two roles": { roles: ["minhbach:citizen", "minhbach:agency"], agency: "qn-police" },
      "no number": { person_number: undefined },
      "a number that is none": { person_number: "999 199 000 001" },
      "an unknown scheme": { person_scheme: "name" },
      "no agency": { roles: ["minhbach:agency"] },
      "an agency that is none": { roles: ["minhbach:agency"], agency: "../qn-police" },
    };
    for (const [why, claims] of Object.entries(refused))
      expect(await asked(await around.tokenWith({ ...CITIZEN, ...claims })), why).to.equal(401);
    for (const role of ["officer", "inspector", "operator", "registrar"]) {
      const token = await around.tokenWith({ roles: [`minhbach:${role}`], agency: "qn-police" });
      expect(await asked(token), role).to.equal(403);
    }
    expect(await asked(undefined), "nothing").to.equal(401);
    expect(await asked("x.y.z"), "nonsense").to.equal(401);
  });

  it("takes a token that is bound to a key with a proof for this very request, once", async () => {
    const key = await keyPair();
    const { kid: jkt } = key.jwk;
    const token = await around.tokenWith({ ...CITIZEN, cnf: { jkt } });
    const url = `${around.service.url}/v1/messages`;
    const at = around.now / 1000;
    const request = { method: "GET", url, token, at };
    const shown = async (header: string | undefined, scheme = "DPoP", of = token): Promise<number> => {
      const headers = { authorization: `${scheme} ${of}`, ...(header !== undefined && { dpop: header }) };
      return (await fetch(`${url}?limit=1`, { headers })).status;
    };
    const good = await proof(key, request);
    expect(await shown(good)).to.equal(200);
    expect(await shown(good), "used before").to.equal(401);
    expect(await shown(undefined), "no proof").to.equal(401);
    expect(await shown(await proof(key, request), "Bearer"), "as a bearer token").to.equal(401);
    expect(await shown(await proof(await keyPair(), request)), "another key").to.equal(401);
    const others = [
      { method: "POST" },
      { url: `${around.service.url}/v1/preferences` },
      { url: "https://elsewhere.example/v1/messages" },
      { token: "another" },
      { at: at - 120 },
      { at: at + 120 },
      { claims: { jti: undefined } },
      { header: { typ: "JWT" } },
    ];
    for (const other of others)
      expect(await shown(await proof(key, { ...request, ...other })), JSON.stringify(other)).to.equal(401);
    const unbound = await around.tokenWith(CITIZEN);
    expect(await shown(await proof(key, { ...request, token: unbound }), "DPoP", unbound)).to.equal(401);
    around.now += 90_000;
    expect(await shown(await proof(key, { ...request, at: at + 90 }))).to.equal(200);
  });

  it("takes no ID token, no other type, and no other key or kind of signature", async () => {
    for (const typ of ["JWT", "id+jwt", ""])
      expect(await asked(await around.tokenWith(CITIZEN, { header: { typ } })), typ).to.equal(401);
    const stranger = await keyPair();
    expect(await asked(await around.tokenWith(CITIZEN, { key: stranger })), "unknown key").to.equal(401);
    const [own] = around.issuer.keys;
    if (own === undefined) throw new Error("the issuer has no key");
    const forged = { ...stranger, jwk: { ...stranger.jwk, kid: own.jwk.kid } };
    expect(await asked(await around.tokenWith(CITIZEN, { key: forged })), "its name, another key").to.equal(
      401,
    );
    const [, payload] = (await around.tokenWith(CITIZEN)).split(".");
    const header = Buffer.from(`{"alg":"none","typ":"at+jwt"}`).toString("base64url");
    expect(await asked(`${header}.${payload}.`), "none").to.equal(401);
  });

  it("knows a key that the issuer adds, and asks it no more often than it must", async () => {
    expect(await asked(await around.tokenWith(CITIZEN))).to.equal(200);
    const before = around.issuer.asked.length;
    const added = await keyPair();
    around.issuer.keys.push(added);
    expect(await asked(await around.tokenWith(CITIZEN, { key: added })), "asked a moment ago").to.equal(401);
    expect(around.issuer.asked.length).to.equal(before);
    around.now += 31_000;
    expect(await asked(await around.tokenWith(CITIZEN, { key: added }))).to.equal(200);
    around.issuer.keys.pop();
    around.now += 10 * 60_000;
    expect(await asked(await around.tokenWith(CITIZEN, { key: added })), "taken back").to.equal(401);
  });

  it("goes on for an hour when the issuer is down, and then says that nothing can be checked", async () => {
    expect(await asked(await around.tokenWith(CITIZEN))).to.equal(200);
    for (const answer of ["error", "another issuer", "endlessly", "elsewhere", "nonsense"] as const) {
      around.issuer.answer = answer;
      around.now += 10 * 60_000;
      expect(await asked(await around.tokenWith(CITIZEN)), answer).to.equal(200);
    }
    around.now += 11 * 60_000;
    const token = await around.tokenWith(CITIZEN);
    const reply = await around.ask("GET", "/v1/messages", { token });
    expect([reply.status, codeOf(reply), reply.headers.get("retry-after")]).to.deep.equal([
      503,
      "sign-on-unavailable",
      "5",
    ]);
    expect(JSON.stringify(around.logged)).not.to.contain(AN.id);
    around.issuer.answer = "well";
    around.now += 5_000;
    expect(await asked(await around.tokenWith(CITIZEN))).to.equal(200);
  });

  it("keeps people out of agencies' routes and agencies out of inboxes, and says what to do", async () => {
    const [person, agency] = [await around.person(AN), await around.agency()];
    const routes = [
      ["POST", "/v1/messages", "agency"],
      ["PUT", "/v1/cases/C-1", "agency"],
      ["GET", "/v1/answers", "agency"],
      ["POST", "/v1/wishes", "agency"],
      ["GET", "/v1/messages", "citizen"],
      ["GET", "/v1/messages/events", "citizen"],
      ["POST", "/v1/messages/1/answer", "citizen"],
      ["GET", "/v1/preferences", "citizen"],
      ["PUT", "/v1/preferences", "citizen"],
    ] as const;
    for (const [method, path, role] of routes) {
      const wrong = await around.ask(method, path, { token: role === "agency" ? person : agency });
      expect([wrong.status, codeOf(wrong)], `${method} ${path}`).to.deep.equal([403, "forbidden"]);
      const nobody = await around.ask(method, path);
      expect(nobody.status, `${method} ${path}`).to.equal(401);
      expect(nobody.headers.get("www-authenticate")).to.equal("Bearer");
    }
    const bad = await around.ask("GET", "/v1/messages", { token: "x.y.z" });
    expect(bad.headers.get("www-authenticate")).to.equal('Bearer error="invalid_token"');
    expect(JSON.stringify(bad.body)).not.to.contain("x.y.z");
  });
});
