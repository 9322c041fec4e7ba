import { once } from "node:events";
import type { Server } from "node:http";
import { Readable } from "node:stream";
import { ed25519 } from "@noble/curves/ed25519.js";
import { expect } from "chai";
import express, { type RequestHandler } from "express";
import { type Decision, makeDecision } from "../../../protocol/decision-jws.ts";
import { openFacets, parseEvent } from "../../../protocol/event.ts";
import { keyId } from "../../../protocol/jws.ts";
import { onceOnly } from "../../../proactive/exchange/gate.ts";
import { headersOf, messageIn, personIn } from "../../../proactive/exchange/message.ts";
import { permissionChecker } from "../../../proactive/exchange/permission.ts";
import { sendProblem } from "../../../proactive/exchange/problem.ts";
import { onceOnlyReader, type Reading } from "../../../proactive/exchange/reading.ts";
import type { Recorder } from "../../../recorder/index.ts";
import { logOf } from "../../../verifier/trust-profile.ts";
import { premises, type Premises } from "../../recorder/fixture.ts";

const NOW = Date.parse("2026-11-22T08:00:00Z");
const SEED = new Uint8Array(32).fill(7);
const PERSON = { scheme: "vn-cccd", id: "999199000001" } as const;
const READING: Reading = {
  ...{ procedure: "DRIVER_LIC", subject: PERSON, personalData: ["pd:Name", "pd:BirthDate"] },
  ...{ provider: "qn-police", service: "qn-police/population", caseId: "HS-17" },
};
const PERSONS_DATA = { name: "Nguyễn Thị An", born: "1999-01-02", income: 9_000_000 };

/** A provider with its gate and its recorder, and a reader with the same recorder for its own half. */
interface Exchange {
  readonly url: string;
  readonly recorder: Recorder;
  readonly decide: (changes?: Partial<Decision>, seed?: Uint8Array) => string;
  /** The facets of everything recorded so far. */
  readonly recorded: () => Promise<Record<string, unknown>[]>;
  /** Answers as the provider's own service from now on. */
  answer: RequestHandler;
}

describe("proactive/exchange", () => {
  let place: Premises;
  let server: Server;
  let here: Exchange;

  beforeEach(async () => {
    place = await premises();
    const { trust } = place.ledger;
    const recorder = await place.open();
    const receipt = ed25519.getPublicKey(SEED);
    const chain = {
      latestBlock: () => Promise.resolve(1),
      logKeysAt: () => Promise.resolve({ checkpoint: receipt, receipt, vrf: receipt }),
    };
    const gate = onceOnly({
      ...{ service: "qn-police/population", recorder, now: () => NOW },
      check: permissionChecker({ agency: "qn-police", trust, chain, now: () => NOW }),
      categories: { name: "pd:Name", born: "pd:BirthDate", residence: "pd:Residency" },
      subjectOf: (request) => personIn((request.body as { subject?: unknown } | undefined)?.subject),
      askedOf: (request) => (request.body as { members?: string[] } | undefined)?.members,
    });
    const app = express();
    app.post("/read", express.json(), gate, (request, response, next) =>
      here.answer(request, response, next),
    );
    app.use(((error, _request, response, _next) => {
      sendProblem(response, {
        status: 503,
        code: "failed",
        detail: error instanceof Error ? error.message : "",
      });
    }) satisfies express.ErrorRequestHandler);
    server = app.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    here = {
      url: `http://127.0.0.1:${port}/read`,
      recorder,
      decide: (changes = {}, seed = SEED) => {
        const iat = Math.floor(NOW / 1000) - 10;
        const decision: Decision = {
          ...{ log: logOf(trust), jti: "AAAAAAAAAAAAAAAAAAAAAA", iat, exp: iat + 300, decision: true },
          ...{ agency: "qn-justice", procedure: "DRIVER_LIC", action: "read", subject: PERSON, size: 9 },
          ...{ personalData: ["pd:Name", "pd:BirthDate"], reason: "law", obligations: [] },
          ...(changes.decision === false ? {} : { basis: { law: "194/2025/NĐ-CP", article: "16" } }),
          catalogue: { version: "1", digest: keyId("EdDSA", receipt) },
          ...changes,
        };
        const kid = keyId("EdDSA", ed25519.getPublicKey(seed));
        return makeDecision(decision, { alg: "EdDSA", kid, sign: (data) => ed25519.sign(data, seed) });
      },
      recorded: async () => {
        const events: Record<string, unknown>[] = [];
        for (let seq = 1; seq < recorder.status().nextSeq; seq++) {
          const text = await recorder.eventOf(seq);
          if (text !== undefined) events.push({ ...openFacets(parseEvent(text)) });
        }
        return events;
      },
      answer: (_request, response) => void response.json(PERSONS_DATA),
    };
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await place.close();
  });

  async function ask(
    decision: string | undefined,
    members?: string[],
  ): Promise<{ status: number; body: unknown }> {
    const message = { client: "qn-justice/civil", messageId: "m-1", issue: "HS-17", procedure: "DRIVER_LIC" };
    const response = await fetch(here.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...headersOf({ ...message, ...(decision !== undefined && { decision }) }),
      },
      body: JSON.stringify({ subject: PERSON, ...(members && { members }) }),
    });
    return { status: response.status, body: await response.json() };
  }

  it("releases what the decision allows and nothing else, when the release is recorded", async () => {
    const decision = here.decide();
    const { status, body } = await ask(decision, ["name", "born"]);
    expect(status).to.equal(200);
    expect(body).to.deep.equal({ name: PERSONS_DATA.name, born: PERSONS_DATA.born });
    const [half] = await here.recorded();
    expect(half).to.deep.include({
      exchange: {
        ...{ messageId: "m-1", client: "qn-justice/civil", service: "qn-police/population" },
        ...{ side: "provider", issue: "HS-17" },
      },
      data: { action: "R", personalData: ["pd:Name", "pd:BirthDate"] },
      outcome: { code: "success" },
      purpose: { procedure: "DRIVER_LIC", legalBasis: { law: "194/2025/NĐ-CP", article: "16" } },
      decision,
    });
  });

  const REFUSED: readonly (readonly [reason: string, what: string, decision: () => string | undefined])[] = [
    ["no-decision", "no decision", () => undefined],
    ["not-a-decision", "a text that is no decision", () => "a.b.c"],
    ["not-signed-by-the-log", "another key's", () => here.decide({}, new Uint8Array(32).fill(8))],
    ["denied", "a denial", () => here.decide({ decision: false, reason: "not-a-party" })],
    ["another-agency", "another agency's", () => here.decide({ agency: "qn-tax" })],
    ["another-procedure", "another procedure's", () => here.decide({ procedure: "PASSPORT" })],
    ["another-person", "another person's", () => here.decide({ subject: { ...PERSON, id: "999199000002" } })],
    ["more-categories", "fewer categories", () => here.decide({ personalData: ["pd:Name"] })],
    ["another-provider", "another provider", () => here.decide({ provider: "qn-tax" })],
    [
      "another-time",
      "a time that is over",
      () => here.decide({ iat: NOW / 1000 - 900, exp: NOW / 1000 - 600 }),
    ],
    [
      "not-signed-by-the-log",
      "another log",
      () => here.decide({ log: { ...logOf(place.ledger.trust), logId: 99 } }),
    ],
  ];
  for (const [reason, what, decision] of REFUSED) {
    it(`refuses with a decision for ${what}, and records that with its ground`, async () => {
      const { status, body } = await ask(decision(), ["name", "born"]);
      expect([status, (body as { code: string }).code]).to.deep.equal([403, reason]);
      expect(JSON.stringify(body)).to.not.include(PERSONS_DATA.name);
      const [half, ...others] = await here.recorded();
      expect(half).to.deep.include({ outcome: { code: "refused", detail: reason } });
      expect((half?.["explanation"] as { vi: string }).vi).to.be.a("string");
      expect(others).to.deep.equal([]);
    });
  }

  it("releases nothing that it cannot record", async () => {
    await here.recorder.close();
    const { status, body } = await ask(here.decide(), ["name", "born"]);
    expect(status).to.equal(503);
    expect(JSON.stringify(body)).to.not.include(PERSONS_DATA.name);
  });

  const SECRET = JSON.stringify(PERSONS_DATA);
  const OTHER_WAYS: Readonly<Record<string, RequestHandler>> = {
    send: (_request, response) => void response.send(SECRET),
    jsonp: (_request, response) => void response.jsonp(PERSONS_DATA),
    end: (_request, response) => void response.end(SECRET),
    "a stream": (_request, response) => void Readable.from([SECRET, SECRET]).pipe(response),
    "an error's text": () => {
      throw new Error(SECRET);
    },
    "a failure with data in it": (_request, response) => void response.status(500).json(PERSONS_DATA),
  };
  for (const [way, answer] of Object.entries(OTHER_WAYS)) {
    it(`lets nothing past it by ${way}, and records that the exchange failed`, async () => {
      here.answer = answer;
      const { status, body } = await ask(here.decide(), ["name"]);
      expect(status).to.be.within(500, 503);
      expect(JSON.stringify(body)).to.not.include(PERSONS_DATA.name);
      const halves = await here.recorded();
      expect(halves.map(({ outcome }) => (outcome as { code: string }).code)).to.deep.equal(["failure"]);
    });
  }

  it("records one release once, and any other under the same message id by itself", async () => {
    const decision = here.decide();
    for (const asked of [["name"], ["name"], ["born"]]) await ask(decision, asked);
    await ask(here.decide({ jti: "BBBBBBBBBBBBBBBBBBBBBA" }), ["name"]);
    const categories = (await here.recorded()).map(
      ({ data }) => (data as { personalData: string[] }).personalData,
    );
    expect(categories).to.deep.equal([["pd:Name"], ["pd:BirthDate"], ["pd:Name"]]);
  });

  it("knows no members that every object has", async () => {
    const { status } = await ask(here.decide(), ["constructor"]);
    expect(status).to.equal(400);
  });

  it("is a once-only reading: both halves under one message id, once however often it is repeated", async () => {
    const read = onceOnlyReader({
      ...{ client: "qn-justice/civil", recorder: here.recorder, now: () => NOW },
      ask: () => Promise.resolve({ permits: true, jws: here.decide(), reason: "law", obligations: [] }),
      send: async (reading, headers) => {
        const response = await fetch(here.url, {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body: JSON.stringify({ subject: reading.subject, members: ["name", "born"] }),
        });
        return { status: response.status, body: await response.json() };
      },
    });
    const first = await read(READING);
    expect(first).to.deep.include({
      kind: "read",
      answer: { name: PERSONS_DATA.name, born: PERSONS_DATA.born },
    });
    const again = await read(READING, first.messageId);
    expect(again.kind).to.equal("read");
    const names = (await here.recorded()).map(
      ({ exchange }) => (exchange as { messageId: string }).messageId,
    );
    // One recorder stands in for both agencies' here, and each half has the same key once.
    expect(new Set(names)).to.deep.equal(new Set([first.messageId]));
  });

  it("records a reading that is repeated by another decision, as the provider does", async () => {
    const decisions = ["A", "B", "B"].map((letter) => here.decide({ jti: letter.repeat(21) + "A" }));
    const asked = [...decisions];
    const read = onceOnlyReader({
      ...{ client: "qn-justice/civil", recorder: here.recorder, now: () => NOW },
      ask: () => Promise.resolve({ permits: true, jws: asked.shift() ?? "", reason: "law", obligations: [] }),
      send: () => Promise.resolve({ status: 200, body: {} }),
    });
    for (let times = 0; times < 3; times++) await read(READING, "m-1");
    const cited = (await here.recorded()).map(({ decision }) => decision);
    expect(cited).to.deep.equal(decisions.slice(0, 2));
  });

  it("records that it asked when no answer comes, and the reading when it is repeated", async () => {
    let isAway = true;
    const read = onceOnlyReader({
      ...{ client: "qn-justice/civil", recorder: here.recorder, now: () => NOW },
      ask: () => Promise.resolve({ permits: true, jws: here.decide(), reason: "law", obligations: [] }),
      send: () =>
        isAway ? Promise.reject(new TypeError("fetch failed")) : Promise.resolve({ status: 200, body: {} }),
    });
    const { messageId, ...failed } = await read(READING);
    expect(failed).to.deep.equal({ kind: "failed", reason: "unreachable" });
    isAway = false;
    expect((await read(READING, messageId)).kind).to.equal("read");
    const outcomes = (await here.recorded()).map(({ outcome }) => outcome);
    expect(outcomes).to.deep.equal([{ code: "failure", detail: "unreachable" }, { code: "success" }]);
  });

  it("asks nobody when the ledger says no, and says so in the record", async () => {
    const read = onceOnlyReader({
      ...{ client: "qn-justice/civil", recorder: here.recorder, now: () => NOW },
      ask: () => Promise.resolve({ permits: false, jws: here.decide(), reason: "consent-missing" }),
      send: () => Promise.reject(new Error("nobody is to be asked")),
    });
    expect(await read(READING)).to.deep.include({ kind: "refused", reason: "consent-missing" });
    const [half] = await here.recorded();
    expect(half).to.deep.include({ outcome: { code: "refused", detail: "consent-missing" } });
    expect((half?.["exchange"] as { service: string }).service).to.equal("qn-justice/decision");
  });

  it("names the header that is missing", () => {
    const given = new Map([["x-road-client", "qn-justice"]]);
    expect(messageIn((name) => given.get(name))).to.deep.equal({ fault: "x-road-id" });
    given.set("x-road-id", "%zz");
    expect(messageIn((name) => given.get(name))).to.deep.equal({ fault: "x-road-id" });
    given.set("x-road-id", "m-1").set("x-road-client", "a company");
    expect(messageIn((name) => given.get(name))).to.deep.equal({ fault: "x-road-client" });
  });
});
