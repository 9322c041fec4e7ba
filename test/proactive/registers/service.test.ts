import { connect } from "node:net";
import { expect } from "chai";
import type { Decision } from "../../../protocol/decision-jws.ts";
import { openFacets, parseEvent } from "../../../protocol/event.ts";
import { agencyApplication } from "../../../proactive/agency/application.ts";
import { type ExchangeMessage, headersOf } from "../../../proactive/exchange/message.ts";
import type { CheckPermission } from "../../../proactive/exchange/permission.ts";
import { serve, type Serving } from "../../../proactive/exchange/serving.ts";
import { population } from "../../../proactive/population/population.ts";
import { type RegisterClient, registerClient } from "../../../proactive/registers/client.ts";
import { society } from "../../../proactive/registers/facts.ts";
import { type Register, register } from "../../../proactive/registers/register.ts";
import { registerRoutes } from "../../../proactive/registers/routes.ts";
import type { Recorder } from "../../../recorder/index.ts";
import { ChainError } from "../../../verifier/chain.ts";
import { logOf } from "../../../verifier/trust-profile.ts";
import { premises, type Premises } from "../../recorder/fixture.ts";

const AS_OF = "2026-11-22";
const NOW = Date.parse("2026-11-22T08:00:00Z");
const PEOPLE = population({
  ...{ seed: 3, persons: 200, asOf: AS_OF, days: 10 },
  registers: ["health", "electricity"],
});
const PERSON = { scheme: "vn-cccd", id: PEOPLE.persons[0]?.id ?? "" } as const;
const SERVICE = "qn-police/population";
const MESSAGE: ExchangeMessage = {
  ...{ client: "qn-justice/civil", messageId: "m-1", issue: "HS-17", procedure: "DRIVER_LIC" },
  decision: "a.b.c",
};

describe("proactive/registers: the service", () => {
  let place: Premises;
  let recorder: Recorder;
  let held: Register;
  let service: Serving;
  let client: RegisterClient;
  let check: CheckPermission;

  beforeEach(async () => {
    place = await premises();
    recorder = await place.open();
    const decision: Decision = {
      ...{ log: logOf(place.ledger.trust), jti: "AAAAAAAAAAAAAAAAAAAAAA", iat: 0, exp: 1, decision: true },
      ...{ agency: "qn-justice", procedure: "DRIVER_LIC", action: "read", subject: PERSON, size: 9 },
      ...{ personalData: ["pd:Name"], reason: "law", obligations: [] },
      ...{ basis: { law: "194/2025/NĐ-CP" }, catalogue: { version: "1", digest: "A" } },
    };
    check = ({ message }) =>
      Promise.resolve(
        message.decision === undefined
          ? { permits: false, reason: "no-decision" }
          : { permits: true, decision },
      );
    held = register("population", society(PEOPLE, AS_OF), PEOPLE.documents);
    const routes = registerRoutes({
      ...{ register: held, recorder, now: () => NOW, correctors: ["qn-justice"] },
      check: (asked) => check(asked),
    });
    const logger = { error: () => undefined };
    service = await serve(agencyApplication({ routers: [routes], recorder, logger }), { port: 0 });
    client = registerClient({ urls: { [SERVICE]: service.url } });
  });
  afterEach(async () => {
    await service.close();
    await place.close();
  });

  async function recorded(): Promise<Record<string, unknown>[]> {
    const events: Record<string, unknown>[] = [];
    for (let seq = 1; seq < recorder.status().nextSeq; seq++)
      events.push({ ...openFacets(parseEvent((await recorder.eventOf(seq)) ?? "")) });
    return events;
  }

  async function read(
    personalData: readonly string[],
    { subject = PERSON, message = MESSAGE }: { subject?: object; message?: ExchangeMessage } = {},
  ): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${service.url}/read`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headersOf(message) },
      body: JSON.stringify({ subject, personalData }),
    });
    return { status: response.status, body: await response.json() };
  }

  const codeOf = ({ body }: { body: unknown }): unknown => (body as { code?: string }).code;

  it("answers a reading with what it holds, once that is recorded", async () => {
    const reading = {
      ...{ procedure: "DRIVER_LIC", subject: PERSON, personalData: ["pd:Name", "pd:BirthDate"] },
      ...{ provider: "qn-police", service: SERVICE, caseId: "HS-17" },
    };
    const { status, body } = await client.send(reading, headersOf(MESSAGE));
    expect(status).to.equal(200);
    expect(body).to.deep.equal(held.read(PERSON.id, ["pd:Name", "pd:BirthDate"]));
    const [half, ...more] = await recorded();
    expect(more).to.deep.equal([]);
    expect(half).to.deep.include({
      exchange: {
        messageId: "m-1",
        client: "qn-justice/civil",
        service: SERVICE,
        side: "provider",
        issue: "HS-17",
      },
      data: { action: "R", personalData: ["pd:Name", "pd:BirthDate"] },
      outcome: { code: "success" },
    });
  });

  it("refuses without a decision, and says of whom it knows nothing no more than that", async () => {
    const { decision: _none, ...message } = MESSAGE;
    const refused = await read(["pd:Name"], { message });
    expect([refused.status, codeOf(refused)]).to.deep.equal([403, "no-decision"]);
    for (const subject of [
      { scheme: "vn-cccd", id: "999199999999" },
      { scheme: "vn-passport", id: "C1234567" },
    ]) {
      const unknown = await read(["pd:Name"], { subject });
      expect([unknown.status, codeOf(unknown)]).to.deep.equal([404, "unknown-person"]);
    }
    const outcomes = (await recorded()).map(({ outcome }) => (outcome as { code: string }).code);
    expect(outcomes).to.deep.equal(["refused", "failure", "failure"]);
  });

  it("does not know categories that are none of its own", async () => {
    for (const asked of [["pd:Tax"], [], ["__proto__"], "pd:Name", [1]]) {
      const answer = await read(asked as string[]);
      expect([answer.status, codeOf(answer)], JSON.stringify(asked)).to.deep.equal([400, "bad-request"]);
    }
    expect(await recorded()).to.deep.equal([]);
  });

  it("releases nothing while nothing can be checked or recorded, and is not ready then", async () => {
    expect((await fetch(`${service.url}/ready`)).status).to.equal(200);
    const { check: good } = { check };
    check = () => Promise.reject(new ChainError("unreachable", "no node answers"));
    expect(codeOf(await read(["pd:Name"]))).to.equal("unavailable");
    check = good;
    await recorder.close();
    const answer = await read(["pd:Name"]);
    expect([answer.status, codeOf(answer)]).to.deep.equal([503, "unavailable"]);
    expect(JSON.stringify(answer.body)).to.not.include(PEOPLE.persons[0]?.name);
    expect((await fetch(`${service.url}/live`)).status).to.equal(200);
  });

  const BODIES: readonly (readonly [what: string, status: number, type: string, body: string])[] = [
    ["a body that is too large", 413, "application/json", JSON.stringify({ x: "x".repeat(20_000) })],
    ["another type", 415, "text/plain", "{}"],
    ["a member twice", 400, "application/json", '{"subject":1,"subject":2}'],
    ["no JSON", 400, "application/json", "{"],
    ["no body", 400, "application/json", ""],
  ];
  for (const [what, status, type, body] of BODIES) {
    it(`answers ${status} to ${what}`, async () => {
      const headers = { "content-type": type, ...headersOf(MESSAGE) };
      const response = await fetch(`${service.url}/read`, { method: "POST", headers, body });
      expect(response.status).to.equal(status);
      expect(response.headers.get("content-type")).to.include("application/problem+json");
    });
  }

  it("has no other addresses and methods", async () => {
    expect((await fetch(`${service.url}/read?id=1`)).status).to.equal(405);
    expect((await fetch(`${service.url}/persons/1`)).status).to.equal(404);
  });

  it("takes a correction of who may correct, and records it before it holds", async () => {
    const correction = { subject: PERSON, category: "pd:Residency", value: "Thôn 3, xã Tam Ngọc" } as const;
    for (let times = 0; times < 2; times++)
      expect(await client.correct(SERVICE, MESSAGE, correction)).to.equal(204);
    expect(held.read(PERSON.id, ["pd:Residency"])).to.deep.equal({ "pd:Residency": correction.value });
    const [act, ...more] = await recorded();
    expect(more).to.deep.equal([]);
    expect(act).to.deep.include({
      ...{ type: "action", subject: PERSON, case: "HS-17", purpose: { procedure: "DRIVER_LIC" } },
      data: { action: "U", personalData: ["pd:Residency"] },
    });
    expect(JSON.stringify(act)).to.not.include("Tam Ngọc");
  });

  it("takes no correction of anybody else, of what it does not hold, or that it cannot record", async () => {
    const correction = { subject: PERSON, category: "pd:Residency", value: "Thôn 3" } as const;
    const before = held.read(PERSON.id, ["pd:Residency"]);
    const { issue: _none, ...noCase } = MESSAGE;
    const refusals = [
      [403, { ...MESSAGE, client: "qn-tax/office" }, correction],
      [400, noCase, correction],
      [400, MESSAGE, { ...correction, category: "pd:Tax" as const }],
      [404, MESSAGE, { ...correction, subject: { scheme: "vn-cccd", id: "999199999999" } as const }],
    ] as const;
    for (const [status, message, wrong] of refusals)
      expect(await client.correct(SERVICE, message, wrong)).to.equal(status);
    await recorder.close();
    expect(await client.correct(SERVICE, MESSAGE, correction)).to.equal(503);
    expect(held.read(PERSON.id, ["pd:Residency"])).to.deep.equal(before);
  });

  it("ends when what is under way is answered", async () => {
    const waiting = Promise.withResolvers<undefined>();
    const begun = Promise.withResolvers<undefined>();
    const { check: good } = { check };
    check = async (asked) => {
      begun.resolve(undefined);
      await waiting.promise;
      return await good(asked);
    };
    const answer = read(["pd:Name"]);
    await begun.promise;
    const closed = service.close();
    waiting.resolve(undefined);
    expect((await answer).status).to.equal(200);
    await closed;
    const { port } = new URL(service.url);
    const socket = connect(Number(port), "127.0.0.1");
    const refused = await new Promise<boolean>((resolve) => {
      socket.on("error", () => resolve(true)).on("connect", () => resolve(false));
    });
    socket.destroy();
    expect(refused).to.equal(true);
  });

  it("is asked by the names that the records have", async () => {
    const reading = { procedure: "P", subject: PERSON, personalData: [], provider: "qn-tax", caseId: "1" };
    const asked = client.send({ ...reading, service: "qn-tax/tax" }, {});
    const error = await asked.catch((caught: unknown) => caught);
    expect(String(error)).to.include("no address is known of the service qn-tax/tax");
  });
});
