import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import express from "express";
import { type CaseStore, openCaseStore } from "../../../proactive/cases/case-store.ts";
import { decisionIn } from "../../../proactive/cases/decision-form.ts";
import { deskRoutes } from "../../../proactive/cases/desk-routes.ts";
import { caseEngine, type Engine } from "../../../proactive/cases/engine.ts";
import { OCCASION, Surroundings } from "./surroundings.ts";

const TOKEN = "staff-token-of-the-agency";

describe("proactive/cases/desk-routes", () => {
  let directory: string;
  let store: CaseStore;
  let engine: Engine;
  let around: Surroundings;
  let server: Server;
  let url: string;
  let decisions: number;

  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "minhbach-desk-"));
    store = await openCaseStore(directory);
    around = new Surroundings();
    engine = caseEngine(around.parts(store));
    const app = express();
    app.use(deskRoutes({ engine, token: TOKEN, onDecision: () => decisions++ }));
    server = createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    around.register = "refuses";
    for (let each = 1; each <= 3; each++) {
      around.now += 1000;
      await engine.notice("PASSPORT", { ...OCCASION, key: `HC-${each}` });
    }
    await engine.advanceAll();
    around.register = "up";
    around.now += 1000;
    await engine.notice("ID_CARD", OCCASION);
    await engine.advanceAll();
  });
  after(async () => {
    server.closeAllConnections();
    server.close();
    await store.close();
    await rm(directory, { recursive: true });
  });
  beforeEach(() => {
    decisions = 0;
  });

  it("is opened with no token that could be guessed, such as that of an empty file", () => {
    for (const token of ["", "x".repeat(23)])
      expect(() => deskRoutes({ engine, token }), `${token.length}`).to.throw(RangeError);
  });

  async function asked(
    place: string,
    { body, token = TOKEN }: { readonly body?: unknown; readonly token?: string } = {},
  ): Promise<{ readonly status: number; readonly json: Record<string, unknown>; readonly text: string }> {
    const response = await fetch(url + place, {
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
    });
    expect(response.headers.get("cache-control")).to.equal("no-store");
    const text = await response.text();
    return { status: response.status, text, json: JSON.parse(text) as Record<string, unknown> };
  }

  async function ids(query = ""): Promise<string[]> {
    const { json } = await asked(`/cases${query}`);
    return (json["cases"] as { id: string }[]).map(({ id }) => id);
  }

  it("lets nobody in without the token of the agency's officers", async () => {
    const [id = ""] = await ids();
    for (const token of ["", "another", `${TOKEN}x`, TOKEN.slice(1)])
      for (const place of ["/cases", `/cases/${id}`])
        expect((await asked(place, { token })).status, token).to.equal(401);
    const body = { official: "officer-7", decide: "retry" };
    expect((await asked(`/cases/${id}/decision`, { token: "another", body })).status).to.equal(401);
    expect(decisions).to.equal(0);
  });

  it("lists the latest first, a page at a time, and those that are an officer's apart, without anybody's data", async () => {
    const all = await ids();
    expect(all).to.have.length(4);
    expect(all[0]).to.match(/^ID_CARD-/);
    expect(await ids("?at=officer")).to.deep.equal(all.slice(1));
    const { json, text } = await asked("/cases?limit=2");
    expect(json["next"]).to.equal(all[1]);
    expect(text).not.to.contain(OCCASION.subject);
    expect(await ids(`?limit=2&before=${all[1]}`)).to.deep.equal(all.slice(2));
    expect((await asked(`/cases?limit=3&before=${all[1]}`)).json).not.to.have.property("next");
    expect(await ids("?before=PASSPORT-none")).to.deep.equal([]);
  });

  for (const query of [
    "?limit=0",
    "?limit=101",
    "?limit=1.5",
    "?at=closed",
    "?before=../x",
    "?limit=1&limit=2",
    "?x=1",
  ])
    it(`takes no ${query}`, async () => {
      expect((await asked(`/cases${query}`)).status).to.equal(400);
    });

  it("shows an officer one case with all that was read", async () => {
    const [id = ""] = await ids("?at=officer");
    const { json } = await asked(`/cases/${id}`);
    expect(json).to.deep.include({ id, occasion: { ...OCCASION, key: "HC-3" } });
    for (const unknown of ["PASSPORT-none", "x", "PASSPORT-%2F"])
      expect((await asked(`/cases/${unknown}`)).status, unknown).to.equal(404);
  });

  it("takes a decision about a case that is an officer's, and about no other", async () => {
    const [last = "", first = ""] = [(await ids("?at=officer")).at(-1), (await ids())[0]];
    const body = { official: "officer-7", decide: "close", reason: "đã giải quyết tại quầy" };
    const { status, json } = await asked(`/cases/${last}/decision`, { body });
    expect([status, json["stage"]]).to.deep.equal([200, { at: "closed", outcome: "settled" }]);
    expect(decisions).to.equal(1);
    expect((await asked(`/cases/${last}/decision`, { body })).json["code"]).to.equal("not-with-an-officer");
    expect((await asked(`/cases/${first}/decision`, { body })).status).to.equal(409);
    expect((await asked("/cases/PASSPORT-none/decision", { body })).status).to.equal(404);
    const [open = ""] = await ids("?at=officer");
    const correct = { official: "officer-7", decide: "correct", category: "pd:Name", value: "An" };
    expect((await asked(`/cases/${open}/decision`, { body: correct })).json["code"]).to.equal(
      "nothing-to-correct",
    );
    expect((await asked(`/cases/${open}/decision`, { body: { decide: "retry" } })).status).to.equal(400);
  });

  const FORMS: readonly [what: string, value: unknown, isDecision: boolean][] = [
    ["a retry", { official: "o-1", decide: "retry" }, true],
    ["a closing", { official: "o-1", decide: "close", reason: "xong" }, true],
    [
      "a correction",
      { official: "o-1", decide: "correct", category: "pd:Income", value: { a: [1, null] } },
      true,
    ],
    [
      "a correction about the mother",
      { official: "o-1", decide: "correct", category: "pd:Name", value: "An", of: "mother" },
      true,
    ],
    ["nothing", undefined, false],
    ["no official", { decide: "retry" }, false],
    ["an empty official", { official: " ", decide: "retry" }, false],
    ["an official who is a person's number", { official: "999199000001", decide: "retry" }, false],
    ["no reason", { official: "o-1", decide: "close" }, false],
    [
      "a reason with a person's number",
      { official: "o-1", decide: "close", reason: "số 999199000001" },
      false,
    ],
    ["a reason of two lines", { official: "o-1", decide: "close", reason: "a\nb" }, false],
    ["a reason that turns around", { official: "o-1", decide: "close", reason: "a\u202Eb" }, false],
    ["a reason without end", { official: "o-1", decide: "close", reason: "a".repeat(501) }, false],
    ["a category nobody holds", { official: "o-1", decide: "correct", category: "pd:X", value: 1 }, false],
    ["no value", { official: "o-1", decide: "correct", category: "pd:Name" }, false],
    ["somebody else", { official: "o-1", decide: "correct", category: "pd:Name", value: 1, of: "x" }, false],
    ["another decision", { official: "o-1", decide: "approve" }, false],
  ];
  for (const [what, value, isDecision] of FORMS)
    it(`${isDecision ? "takes" : "does not take"} ${what}`, () => {
      expect(decisionIn(value) !== undefined).to.equal(isDecision);
    });
});
