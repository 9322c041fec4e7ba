import { expect } from "chai";
import type { App } from "../../server/app.ts";
import { readConfig } from "../../server/config.ts";
import { type Seen, codeOf, PortalBrowser } from "../server/portal/browser.ts";
import { makePages } from "../server/portal/pages.ts";
import { ACCESS, type Deployed, deployed, fetchUntil, openDemoRecorder, startLedger } from "./fixture.ts";

const MINUTE_MS = 60_000;

describe("signing on at the portal", function () {
  this.timeout(600_000);
  let system: Deployed;
  let app: App;
  /** Added to the machine's clock. */
  let laterMs = 0;
  let log = "";
  const opened: PortalBrowser[] = [];

  before(async () => {
    system = await deployed();
    const portal = { ...readConfig({}).portal, folder: await makePages(`${system.dataDir}/pages`) };
    app = await startLedger(system, {
      clock: { now: () => Date.now() + laterMs },
      config: { portal, logLevel: "trace" },
      logTo: { write: (line: string) => void (log += line) },
    });
    await fetchUntil(`${app.url}/ready`);
    const recorder = await openDemoRecorder(system, app.url);
    await recorder.record(ACCESS);
    await recorder.flush(AbortSignal.timeout(100_000));
    await recorder.close();
    await fetchUntil(`${app.url}/v1/events/0/evidence`);
  });
  after(async () => {
    await app.close();
    await system.destroy();
  });
  afterEach(() => (laterMs = 0));

  function browser(): PortalBrowser {
    const made = new PortalBrowser(app.url);
    opened.push(made);
    return made;
  }

  async function signedOn(person = "citizen-1"): Promise<PortalBrowser> {
    const made = browser();
    expect((await made.signOn(person)).status).to.equal(200);
    return made;
  }

  /** The person's statement, once it is ready. */
  async function statement(from: PortalBrowser, headers: Record<string, string> = {}): Promise<Seen> {
    for (;;) {
      const answer = await from.ask("/v1/statement", { headers });
      if (codeOf(answer) !== "statement-not-ready") return answer;
    }
  }

  it("a citizen signs on by code, comes back to the page, and reads their own statement", async () => {
    const citizen = browser();
    const page = await citizen.signOn("citizen-1", "/portal/my-data?year=2026");
    expect(page.url).to.equal(`${app.url}/portal/my-data?year=2026`);
    expect(await citizen.session()).to.deep.include({ signOn: true, inbox: false, environment: "embedded" });
    const { signedOn: shown } = await citizen.session();
    expect(shown).to.include({ role: "citizen", name: "citizen-1", idleSeconds: 900 });
    const { idleExpires, since } = shown as { idleExpires: string; since: string };
    expect(Date.parse(idleExpires)).to.be.within(Date.parse(since) + 900_000, Date.now() + 900_000);
    expect(shown).to.have.deep.property("person", { scheme: "vn-cccd", id: "999199000001" });

    const { status, text } = await statement(citizen);
    expect(status).to.equal(200);
    expect(JSON.parse(text)).to.have.property("type", "minhbach/statement");
    // The permission table is the same for a session as for a token.
    expect(await citizen.code("/v1/statement?scheme=vn-cccd&id=999199000002")).to.equal("no-mandate");
    expect(await citizen.code("/v1/findings")).to.equal("forbidden");
  });

  it("an inspector and an officer are who they are", async () => {
    const inspector = await signedOn("inspector-1");
    expect(await inspector.session()).to.have.nested.include({
      "signedOn.role": "inspector",
      "signedOn.authority": "qn-inspectorate",
    });
    expect((await inspector.ask("/v1/findings")).status).to.equal(200);
    const officer = await signedOn("officer-qn-police");
    expect(await officer.session()).to.have.nested.include({ "signedOn.agency": "qn-police" });
  });

  it("the cookie is for this host, for no script, and for requests that come from our own pages", async () => {
    const { setCookies } = await signedOn();
    const session = setCookies.find((line) => line.startsWith("minhbach="));
    expect(session).to.match(
      /^minhbach=[A-Za-z0-9_-]{43}; Max-Age=\d{1,4}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const begun = setCookies.find((line) => line.startsWith("minhbach-sign-on="));
    expect(begun).to.match(
      /^minhbach-sign-on=[A-Za-z0-9_.-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  describe("another site's page", () => {
    const acts: readonly (readonly [path: string, method: string])[] = [
      ["/v1/statement", "GET"],
      ["/v1/consents", "POST"],
      ["/portal/sign-off", "POST"],
      ["/portal/inbox/messages", "GET"],
    ];

    it("has no session without the portal's header, whatever cookies the browser sends", async () => {
      const citizen = await signedOn();
      for (const [path, method] of acts) {
        const answer = await citizen.step(path, {
          method,
          headers: { "content-type": "application/json" },
          ...(method === "POST" ? { body: "{}" } : {}),
        });
        expect([401, 403], `${method} ${path}`).to.include(answer.status);
      }
      expect(await citizen.session()).to.have.nested.property("signedOn.role", "citizen");
    });

    for (const [what, headers] of Object.entries({
      "by what the browser says": { "sec-fetch-site": "cross-site" },
      "on a neighbouring host": { "sec-fetch-site": "same-site" },
      "of a browser that does not say": { "sec-fetch-site": "", origin: "https://evil.example" },
      "in a frame without an origin": { origin: "null" },
    })) {
      it(`is refused with the header too: ${what}`, async () => {
        const citizen = await signedOn();
        const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ""));
        for (const [path, method] of acts) {
          const answer = await citizen.step(path, {
            method,
            headers: { "x-minhbach-portal": "1", "content-type": "application/json", ...sent },
            ...(method === "POST" ? { body: "{}" } : {}),
          });
          expect(codeOf(answer), `${method} ${path}`).to.equal("cross-origin");
        }
        expect(await citizen.session()).to.have.nested.property("signedOn.role", "citizen");
      });
    }

    it("cannot send the header: the preflight does not allow it", async () => {
      const answer = await fetch(`${app.url}/v1/consents`, {
        method: "OPTIONS",
        headers: {
          origin: "https://evil.example",
          "access-control-request-method": "POST",
          "access-control-request-headers": "x-minhbach-portal",
        },
      });
      expect(answer.headers.get("access-control-allow-headers")).to.not.contain("x-minhbach-portal");
      expect(answer.headers.get("access-control-allow-credentials")).to.equal(null);
    });

    it("cannot have somebody signed on as somebody else: a code counts in the browser that began", async () => {
      const thief = browser();
      const page = await thief.go("/portal/sign-on");
      let back = await thief.step(page.url, {
        method: "POST",
        body: new URLSearchParams({ person: "citizen-2" }),
      });
      while (!(back.headers.get("location") ?? "").includes("/portal/signed-on"))
        back = await thief.step(back.headers.get("location") ?? "");
      const link = back.headers.get("location") ?? "";

      const victim = browser();
      expect((await victim.step(link)).headers.get("location")).to.equal("/portal/?sign-on=expired");
      // Not even one who began a sign-on of their own.
      await victim.go("/portal/sign-on");
      expect((await victim.step(link)).headers.get("location")).to.equal("/portal/?sign-on=expired");
      expect(await victim.session()).to.have.property("signedOn", null);
    });
  });

  it("leads back to pages of the portal alone", async () => {
    for (const back of [
      "https://evil.example/",
      "//evil.example/portal/",
      "/\\evil.example/portal/",
      "/portal/../../evil",
      "/portal/sign-on?back=/portal/",
      "/v1/statement",
      "javascript:alert(1)",
      "/portal/\n/evil.example",
      "",
    ]) {
      const answer = await browser().step(`/portal/sign-on?${new URLSearchParams({ back }).toString()}`);
      expect([answer.status, codeOf(answer)], JSON.stringify(back)).to.deep.equal([400, "bad-request"]);
    }
  });

  it("nobody is in a session that somebody else chose: each sign-on has an id of its own", async () => {
    const victim = browser();
    victim.cookies.set("minhbach", "A".repeat(43));
    await victim.signOn("citizen-1");
    const first = victim.cookies.get("minhbach");
    expect(first).to.not.equal("A".repeat(43));
    await victim.signOn("citizen-2");
    const second = victim.cookies.get("minhbach");
    expect(second).to.not.equal(first);
    expect(await victim.session()).to.have.nested.property("signedOn.name", "citizen-2");
    // The one before is none any more, whoever kept its id.
    const other = browser();
    other.cookies.set("minhbach", first ?? "");
    expect(await other.code("/v1/statement")).to.equal("session-ended");
  });

  it("signing off ends the session for whoever has its id, and takes the cookie back", async () => {
    const citizen = await signedOn();
    const id = citizen.cookies.get("minhbach") ?? "";
    const answer = await citizen.ask("/portal/sign-off", { method: "POST" });
    expect(JSON.parse(answer.text)).to.deep.equal({ signedOn: null, next: null });
    expect(citizen.cookies.has("minhbach")).to.equal(false);
    expect(await citizen.session()).to.have.property("signedOn", null);
    citizen.cookies.set("minhbach", id);
    expect(await citizen.code("/v1/statement")).to.equal("session-ended");
    expect(citizen.cookies.has("minhbach"), "the cookie is taken back").to.equal(false);
  });

  it("a session ends when nobody used it for a quarter of an hour, and a page that asks by itself is nobody", async () => {
    const [active, resting] = [await signedOn(), await signedOn("citizen-2")];
    for (let minutes = 5; minutes <= 20; minutes += 5) {
      laterMs = minutes * MINUTE_MS;
      expect(await active.code("/portal/session"), `${minutes}`).to.equal(undefined);
      expect(
        await resting.code("/portal/session", { headers: { "x-minhbach-portal": "background" } }),
        `${minutes}`,
      ).to.equal(minutes < 15 ? undefined : minutes === 15 ? "session-ended" : undefined);
    }
    expect(resting.cookies.has("minhbach")).to.equal(false);
    expect(await resting.session()).to.have.property("signedOn", null);
  });

  it("a session ends with its token, however much it is used", async () => {
    const citizen = await signedOn();
    const { expires } = (await citizen.session())["signedOn"] as { expires: string };
    const end = Date.parse(expires) - Date.now();
    expect(end).to.be.within(59 * MINUTE_MS, 60 * MINUTE_MS);
    for (laterMs = 0; laterMs < end; laterMs += 10 * MINUTE_MS)
      expect(await citizen.code("/portal/session")).to.equal(undefined);
    laterMs = end - 5_000;
    expect(await citizen.code("/portal/session")).to.equal(undefined);
    laterMs = end + 1_000;
    expect(await citizen.code("/v1/statement")).to.equal("session-ended");
  });

  it("a sign-on that was begun too long ago, ended there, or made up leads to a page that says so", async () => {
    const slow = browser();
    const page = await slow.go("/portal/sign-on");
    const state = new URL(slow.seen[0]?.headers.get("location") ?? "").searchParams.get("state") ?? "";
    expect(page.status).to.equal(200);
    const back = (query: Record<string, string>): string =>
      `/portal/signed-on?${new URLSearchParams({ state, iss: `${app.url}/oidc`, ...query }).toString()}`;
    const begun = slow.cookies.get("minhbach-sign-on") ?? "";
    const reasonOf = async (path: string): Promise<string | null> => {
      slow.cookies.set("minhbach-sign-on", begun);
      return (await slow.step(path)).headers.get("location");
    };
    expect(await reasonOf(back({ error: "access_denied" }))).to.equal("/portal/?sign-on=cancelled");
    expect(await reasonOf(back({ code: "made-up" }))).to.equal("/portal/?sign-on=expired");
    expect(await reasonOf(back({ code: "made-up", iss: "https://evil.example" }))).to.equal(
      "/portal/?sign-on=unavailable",
    );
    expect(await reasonOf(back({ code: "made-up", state: "another" }))).to.equal("/portal/?sign-on=expired");
    laterMs = 11 * MINUTE_MS;
    expect(await reasonOf(back({ error: "access_denied" }))).to.equal("/portal/?sign-on=expired");
  });

  it("a token beside a session counts, and the session does not", async () => {
    const citizen = await signedOn();
    expect(await citizen.code("/v1/statement", { headers: { authorization: "Bearer wrong" } })).to.equal(
      "unauthenticated",
    );
    expect(await citizen.session()).to.have.nested.property("signedOn.role", "citizen");
  });

  it("whoever comes by another name of this machine is led to the one that cookies belong to", async () => {
    const byName = app.url.replace("127.0.0.1", "localhost");
    const answer = await fetch(`${byName}/portal/sign-on?back=/portal/inbox-page&language=vi`, {
      redirect: "manual",
    });
    expect(answer.headers.get("location")).to.equal(
      `${app.url}/portal/sign-on?back=%2Fportal%2Finbox-page&language=vi`,
    );
    expect(answer.headers.getSetCookie()).to.deep.equal([]);
  });

  describe("after all of it", () => {
    it("no answer and no log line holds a token, a code, a verifier or a session's id", () => {
      expect(opened.length).to.be.greaterThan(10);
      const jwt = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}/;
      for (const { seen } of opened)
        for (const { url, headers, text } of seen) {
          expect(text, url).to.not.match(jwt).and.not.contain("access_token");
          for (const [name, value] of headers) expect(value, `${url} ${name}`).to.not.match(jwt);
        }
      const ids = opened.flatMap(({ setCookies }) =>
        setCookies.flatMap((line) => /^minhbach=([^;]{43});/.exec(line)?.[1] ?? []),
      );
      expect(ids.length).to.be.greaterThan(5);
      const codes = opened.flatMap(({ seen }) =>
        seen.flatMap(({ headers }) => /[?&]code=([^&]+)/.exec(headers.get("location") ?? "")?.[1] ?? []),
      );
      expect(codes.length).to.be.greaterThan(5);
      expect(log).to.contain("a sign-on led nowhere");
      expect(log).to.not.match(jwt);
      for (const secret of [...ids, ...codes, "999199000001"]) expect(log).to.not.contain(secret);
      for (const id of ids)
        for (const { seen } of opened) for (const { text } of seen) expect(text).to.not.contain(id);
    });
  });
});
