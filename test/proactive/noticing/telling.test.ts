import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { expect } from "chai";
import express from "express";
import type { PlainEvent } from "../../../protocol/facet-values.ts";
import { parseSource } from "../../../protocol/source.ts";
import { answerFailure } from "../../../proactive/exchange/failure.ts";
import { type ExchangeMessage, headersOf } from "../../../proactive/exchange/message.ts";
import { mayNotify, type Notice, occasionId } from "../../../proactive/noticing/notice.ts";
import { noticeRoutes } from "../../../proactive/noticing/routes.ts";
import { noticeClient, NoticeError } from "../../../proactive/noticing/sending.ts";
import { population } from "../../../proactive/population/population.ts";
import { society } from "../../../proactive/registers/facts.ts";
import { type Register, register } from "../../../proactive/registers/register.ts";
import type { Occasion } from "../../../proactive/rules/rule.ts";
import { type Recorder, RecorderError } from "../../../recorder/index.ts";

const AS_OF = "2026-11-22";
const NOW = Date.parse("2026-11-23T08:00:00Z");
const PEOPLE = population({ seed: 3, persons: 300, asOf: AS_OF, days: 30, registers: ["health"] });
const BIRTH = PEOPLE.timeline.find((each) => each.kind === "birth") ?? expect.fail("nobody is born");
const NOTICE: Notice = {
  procedure: "BIRTH_REG",
  occasion: { key: BIRTH.notice, subject: BIRTH.notice, on: BIRTH.on, known: {} },
};
const ID = occasionId(NOTICE);
const MESSAGE: ExchangeMessage = {
  ...{ client: "qn-health/health", messageId: `${ID}/notice`, procedure: "BIRTH_REG" },
};

/** Keeps what is recorded, each idempotency key once, as a recorder does. */
function recording(): Pick<Recorder, "record"> & { readonly events: PlainEvent[] } {
  const events: PlainEvent[] = [];
  const keys = new Map<string, number>();
  return {
    events,
    record: (event, { idempotencyKey = "" } = {}) => {
      const created = !keys.has(idempotencyKey);
      const seq = keys.get(idempotencyKey) ?? events.push(event);
      keys.set(idempotencyKey, seq);
      return Promise.resolve({ seq, source: parseSource("qn-test/r1"), created });
    },
  };
}

describe("proactive/noticing: one agency tells another", () => {
  let server: Server;
  let url: string;
  let health: Register;
  let ours: ReturnType<typeof recording>;
  let theirs: ReturnType<typeof recording>;
  let cases: Map<string, Occasion>;
  let take: (procedure: string, occasion: Occasion, from: string) => Promise<"new" | "known">;
  let tell: (notice: Notice) => Promise<void>;

  beforeEach(async () => {
    health = register("health", society(PEOPLE, AS_OF), PEOPLE.documents);
    await health.hear(PEOPLE.timeline, "2027-01-01");
    ours = recording();
    theirs = recording();
    cases = new Map();
    take = (procedure, occasion, from) => {
      const key = `${from} ${procedure} ${occasion.key}`;
      const isKnown = cases.has(key);
      cases.set(key, occasion);
      return Promise.resolve(isKnown ? "known" : "new");
    };
    const app = express();
    app.use(
      noticeRoutes({
        ...{ agency: "qn-justice", recorder: theirs, mayNotify, now: () => NOW },
        take: (...occasion) => take(...occasion),
      }),
      answerFailure({ error: () => undefined }),
    );
    server = createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    tell = noticeClient({ register: health, recorder: ours, urls: { "qn-justice": url }, now: () => NOW });
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function post(
    body: unknown,
    message: ExchangeMessage = MESSAGE,
  ): Promise<{ status: number; code: unknown }> {
    const response = await fetch(`${url}/notices`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headersOf(message) },
      body: JSON.stringify(body),
    });
    const { code } = (await response.json()) as { code?: unknown };
    return { status: response.status, code };
  }

  it("and the occasion is taken once, with a half of the record on each side, however often it is told", async () => {
    await tell(NOTICE);
    await tell(NOTICE);
    expect([...cases]).to.deep.equal([[`qn-health BIRTH_REG ${BIRTH.notice}`, NOTICE.occasion]]);
    const half = {
      ...{ type: "action", case: ID, purpose: { procedure: "BIRTH_REG" } },
      data: { action: "C", personalData: ["pd:LifeHistory"] },
    };
    const exchange = { messageId: `${ID}/notice`, client: "qn-health/health", service: "qn-justice/notices" };
    const [told, ...more] = ours.events;
    expect(told).to.deep.include({ ...half, exchange: { ...exchange, issue: ID } });
    expect(told?.subject).to.deep.equal({ scheme: "vn-newborn", id: BIRTH.notice });
    expect(told?.["subject.2"]).to.deep.equal({ scheme: "vn-cccd", id: BIRTH.mother, role: "parent" });
    const [taken, ...others] = theirs.events;
    expect(taken).to.deep.include({
      ...{ ...half, outcome: { code: "success" } },
      exchange: { ...exchange, issue: ID, side: "provider" },
    });
    expect([more, others]).to.deep.equal([[], []]);
  });

  it("answers what is new, and what was known", async () => {
    expect((await post(NOTICE)).status).to.equal(201);
    expect((await post(NOTICE)).status).to.equal(200);
  });

  it("records before it leaves: what cannot be recorded is not told", async () => {
    const full = { record: () => Promise.reject(new RecorderError("spool-full", "the spool is full")) };
    const silent = noticeClient({
      register: health,
      recorder: full,
      urls: { "qn-justice": url },
      now: () => NOW,
    });
    const failed = await silent(NOTICE).catch((caught: unknown) => caught);
    expect(failed).to.be.instanceOf(RecorderError);
    expect([cases.size, theirs.events.length]).to.deep.equal([0, 0]);
  });

  it("is refused, and that is recorded, where nobody agreed on notices", async () => {
    const message = { ...MESSAGE, client: "qn-tax/tax" };
    expect(await post(NOTICE, message)).to.deep.equal({ status: 403, code: "not-agreed" });
    expect(theirs.events.map(({ outcome }) => outcome)).to.deep.equal([
      { code: "refused", detail: "not-agreed" },
    ]);
    expect(cases.size).to.equal(0);
  });

  it("takes nothing that is no notice of what this agency leads, and records nothing about it", async () => {
    const school = { ...NOTICE, procedure: "SCHOOL_ADM" };
    const wrong = [
      [404, "not-the-lead", school, { ...MESSAGE, procedure: "SCHOOL_ADM" }],
      [
        404,
        "not-the-lead",
        { ...NOTICE, procedure: "constructor" },
        { ...MESSAGE, procedure: "constructor" },
      ],
      [400, "bad-request", school, MESSAGE],
      [400, "bad-request", NOTICE, { ...MESSAGE, messageId: "another" }],
      [400, "bad-request", { ...NOTICE, occasion: { ...NOTICE.occasion, subject: "1" } }, MESSAGE],
      [400, "bad-request", undefined, MESSAGE],
    ] as const;
    for (const [status, code, body, message] of wrong)
      expect(await post(body, message)).to.deep.equal({ status, code });
    expect((await fetch(`${url}/notices`)).status).to.equal(405);
    expect((await fetch(`${url}/notices`, { method: "POST" })).status).to.equal(400);
    expect((await post({ ...NOTICE, more: "x".repeat(20_000) })).status).to.equal(413);
    expect([cases.size, theirs.events.length]).to.deep.equal([0, 0]);
  });

  it("takes the request that the description shows", async () => {
    const readme = readFileSync("proactive/noticing/README.md", "utf8");
    const [, head = "", body = ""] = /```http\nPOST \/notices\n([^`]*?)\n\n([^`]*)```/.exec(readme) ?? [];
    const headers = head.split("\n").map((line): [string, string] => {
      const [name = "", value = ""] = line.split(": ", 2);
      return [name, value];
    });
    const response = await fetch(`${url}/notices`, { method: "POST", headers, body });
    expect(response.status, await response.text()).to.equal(201);
  });

  it("fails where the lead cannot be reached or cannot take it, without a word about the person", async () => {
    take = () => Promise.reject(new Error("no disk"));
    const unreachable = noticeClient({ register: health, recorder: ours, urls: {}, now: () => NOW });
    for (const [telling, text] of [
      [tell, "qn-justice answers 500 to a notice of BIRTH_REG"],
      [unreachable, "no address is known for notices of BIRTH_REG"],
    ] as const) {
      const error = await telling(NOTICE).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(NoticeError);
      expect(String(error)).to.equal(`NoticeError: ${text}`);
    }
  });
});
