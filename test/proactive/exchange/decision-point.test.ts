import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { expect } from "chai";
import {
  decisionPoint,
  type ReadingQuestion,
  UndecidedError,
} from "../../../proactive/exchange/decision-point.ts";

const QUESTION = {
  ...{ procedure: "BIRTH_REG", subject: { scheme: "vn-cccd", id: "999199000001" } as const },
  ...{ personalData: ["pd:Name"], provider: "qn-police" },
};
const CONTEXT = { jws: "a.b.c", reason: "law", obligations: ["notify", 7] };

describe("proactive/exchange: asking the decision point", () => {
  let server: Server;
  let url: string;
  let answer: { status: number; body: string };
  let seen: { authorization?: string | undefined; body: unknown };

  before(async () => {
    server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        seen = { authorization: request.headers.authorization, body: JSON.parse(text) };
        response.writeHead(answer.status).end(answer.body);
      });
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const ask = async (status: number, body: unknown, question: ReadingQuestion = QUESTION) => {
    answer = { status, body: typeof body === "string" ? body : JSON.stringify(body) };
    return await decisionPoint({ url, agency: "qn-justice", token: () => Promise.resolve("t") })(question);
  };

  it("asks as AuthZEN has it, with the agency's token", async () => {
    const decision = await ask(200, {
      decision: true,
      context: { ...CONTEXT, basis: { law: "1", other: 2 } },
    });
    expect(decision).to.deep.equal({
      ...{ permits: true, jws: "a.b.c", reason: "law", obligations: ["notify"], basis: { law: "1" } },
    });
    expect(seen).to.deep.equal({
      authorization: "Bearer t",
      body: {
        subject: { type: "agency", id: "qn-justice" },
        action: { name: "read" },
        resource: {
          ...{ type: "person", id: "vn-cccd:999199000001", properties: { personalData: ["pd:Name"] } },
        },
        context: { procedure: "BIRTH_REG", provider: "qn-police" },
      },
    });
  });

  it("says when a machine asks of its own accord, and hears that the person objects", async () => {
    const reason_user = { vi: "Không.", en: "No." };
    const refused = { decision: false, context: { jws: "a.b.c", reason: "objected", reason_user } };
    expect(await ask(200, refused, { ...QUESTION, automated: true })).to.deep.equal({
      ...{ permits: false, jws: "a.b.c", reason: "objected", explanation: reason_user },
    });
    expect(seen.body).to.have.deep.property("context", {
      ...{ procedure: "BIRTH_REG", provider: "qn-police", automated: true },
    });
  });

  it("takes nothing but a plain yes for one", async () => {
    for (const decision of [false, "true", 1, undefined])
      expect(await ask(200, { decision, context: CONTEXT })).to.deep.include({ permits: false });
  });

  const UNDECIDED: readonly (readonly [what: string, status: number, body: unknown])[] = [
    ["the ledger is starting", 503, { code: "starting" }],
    ["something else answers", 502, "<p>Bad gateway</p>"],
    ["the answer is no decision", 200, { decision: true }],
    ["the decision is not signed", 200, { decision: true, context: { reason: "law" } }],
    ["the answer never ends", 200, JSON.stringify({ x: "x".repeat(100_000) })],
    [
      "a member stands twice",
      200,
      '{"decision":false,"decision":true,"context":{"jws":"a.b.c","reason":"law"}}',
    ],
  ];
  for (const [what, status, body] of UNDECIDED) {
    it(`is undecided when ${what}`, async () => {
      const error = await ask(status, body).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(UndecidedError);
      expect(String(error)).to.not.include(QUESTION.subject.id);
    });
  }

  it("is undecided when nobody answers", async () => {
    const nobody = decisionPoint({
      url: "http://127.0.0.1:9",
      agency: "a",
      token: () => Promise.resolve("t"),
    });
    const error = await nobody(QUESTION).catch((caught: unknown) => caught);
    expect(String(error)).to.include("nothing may be read until it decides");
  });
});
