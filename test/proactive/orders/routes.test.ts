import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { expect } from "chai";
import express from "express";
import { answerFailure } from "../../../proactive/exchange/failure.ts";
import { personNumbered } from "../../../proactive/exchange/message.ts";
import { orderClient } from "../../../proactive/orders/client.ts";
import type { OrderResult, Orders, StepOrder } from "../../../proactive/orders/order.ts";
import { NotNowError } from "../../../proactive/orders/performer.ts";
import { orderRoutes } from "../../../proactive/orders/routes.ts";

const ORDER: StepOrder = {
  ...{ key: "BUILD_PERMIT-1/water", procedure: "BUILD_PERMIT", step: "water" },
  ...{ caseId: "BUILD_PERMIT-1", subject: "999199000001" },
};
const HEADERS = {
  "content-type": "application/json",
  "x-road-client": "qn-construction/construction",
  "x-road-id": ORDER.key,
  "x-road-issue": ORDER.caseId,
  "minhbach-procedure": ORDER.procedure,
};
const BODY = { subject: { scheme: "vn-cccd", id: ORDER.subject }, step: "water" };

describe("proactive/orders over HTTP", () => {
  let server: Server;
  let url: string;
  let orders: Orders;
  let asked: { readonly act: string; readonly order: StepOrder; readonly from: string }[];
  let result: OrderResult | Error;

  before(async () => {
    const acting = (act: string) => (order: StepOrder, from: string) => {
      asked.push({ act, order, from });
      return result instanceof Error ? Promise.reject(result) : Promise.resolve(result);
    };
    const app = express();
    app.use(
      orderRoutes({
        ...{ perform: acting("perform"), undo: acting("undo") },
        mayOrder: (agency, procedure, step) =>
          agency === "qn-construction" && procedure === "BUILD_PERMIT" && step === "water",
      }),
    );
    app.use(answerFailure({ error: () => undefined }));
    server = createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    [asked, result] = [[], "done"];
    orders = orderClient({
      ...{ urls: { "qn-water": url }, client: "qn-construction/construction", personOf: personNumbered },
    });
  });

  it("carry an order to the agency of the step, as it was given", async () => {
    expect(await orders.perform(ORDER)).to.equal("done");
    expect(await orders.undo(ORDER)).to.equal("done");
    expect(asked).to.deep.equal([
      { act: "perform", order: ORDER, from: "qn-construction" },
      { act: "undo", order: ORDER, from: "qn-construction" },
    ]);
    const newborn = { ...ORDER, subject: "99901.GCS.00001.26" };
    expect(await orders.perform(newborn)).to.equal("done");
    expect(asked.at(-1)?.order.subject).to.equal("99901.GCS.00001.26");
  });

  it("bring a refusal back with its reason", async () => {
    result = { refused: "consent-withdrawn" };
    expect(await orders.perform(ORDER)).to.deep.equal({ refused: "consent-withdrawn" });
  });

  it("are given again where nothing can be said now, nothing answers, or something fails", async () => {
    for (const failure of [new NotNowError("unreachable"), new Error("unexpected")]) {
      result = failure;
      expect(await outcomeOf(orders.perform(ORDER)), failure.name).to.be.instanceOf(Error);
    }
    result = new NotNowError("unreachable");
    const response = await post(BODY);
    expect([response.status, response.headers.get("retry-after")]).to.deep.equal([503, "5"]);
    const away = { urls: { "qn-water": "http://127.0.0.1:1" }, client: "qn-construction/construction" };
    expect(
      await outcomeOf(orderClient({ ...away, personOf: personNumbered }).perform(ORDER)),
    ).to.be.instanceOf(Error);
  });

  it("are refused for good where the agency does not take them from this one, or could never", async () => {
    const other = orderClient({
      ...{ urls: { "qn-water": url }, client: "qn-tax/tax", personOf: personNumbered },
    });
    expect(await other.perform(ORDER)).to.deep.equal({ refused: "may-not-order" });
    expect(await orders.perform({ ...ORDER, step: "gas" })).to.deep.equal({ refused: "unknown-step" });
    expect(await orders.perform({ ...ORDER, subject: "nobody" })).to.deep.equal({
      refused: "unknown-person",
    });
    expect(asked).to.deep.equal([]);
  });

  const FAULTS: readonly [why: string, body: unknown, headers: Record<string, string>][] = [
    ["no step", { subject: BODY.subject }, {}],
    ["nobody", { step: "water" }, {}],
    ["a number that is none", { ...BODY, subject: { scheme: "vn-cccd", id: "1" } }, {}],
    ["no case", BODY, { "x-road-issue": "" }],
    ["no client", BODY, { "x-road-client": "" }],
    ["no object", [BODY], {}],
  ];
  for (const [why, body, headers] of FAULTS)
    it(`are not taken with ${why}`, async () => {
      expect((await post(body, headers)).status).to.equal(400);
      expect(asked).to.deep.equal([]);
    });

  it("are not taken when they are longer than any order", async () => {
    expect((await post({ ...BODY, more: "x".repeat(5000) })).status).to.equal(413);
  });

  async function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const response = await fetch(`${url}/orders`, {
      ...{ method: "POST", headers: { ...HEADERS, ...headers }, body: JSON.stringify(body) },
    });
    expect(response.headers.get("cache-control")).to.equal("no-store");
    await response.body?.cancel();
    return response;
  }
});

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.catch((error: unknown) => error);
}
