import { chmod, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import path from "node:path";
import { expect } from "chai";
import { isJsonObject } from "../../protocol/json.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import { addClientToken, readClientTokens } from "../../recorder/client-tokens.ts";
import type { Recorder } from "../../recorder/index.ts";
import type { RecorderLog } from "../../recorder/sender.ts";
import {
  createRecorderService,
  type RecorderService,
  type RecorderServiceOptions,
} from "../../recorder/service.ts";
import { accessEvent, flushed, premises, SOURCE, type Premises } from "./fixture.ts";

describe("recorder service", () => {
  let here: Premises;
  let recorder: Recorder;
  const services = new Set<RecorderService>();
  const logged: unknown[] = [];
  const log = (...line: unknown[]) => void logged.push(line);
  const logger: RecorderLog = { info: log, warn: log, error: log };

  beforeEach(async () => {
    here = await premises();
    recorder = await here.open();
    logged.length = 0;
  });
  afterEach(async () => {
    for (const service of services) await service.close();
    services.clear();
    await here.close();
  });

  async function serve(options: Partial<RecorderServiceOptions> = {}): Promise<string> {
    const service = await createRecorderService({ recorder, logger, port: 0, ...options });
    services.add(service);
    return service.url;
  }

  async function call(
    url: string,
    init: RequestInit = {},
  ): Promise<{ status: number; headers: Headers; body: unknown }> {
    const response = await fetch(url, init);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  const post = (url: string, value: unknown, headers: Record<string, string> = {}) =>
    call(`${url}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof value === "string" ? value : JSON.stringify(value),
    });

  it("answers 202 with source and number, and tells how far the event is", async () => {
    const url = await serve();
    const { status, body } = await post(url, accessEvent("a"));
    expect(status).to.equal(202);
    expect(body).to.deep.equal({ source: SOURCE, seq: 1 });
    await flushed(recorder);
    const told = await call(`${url}/v1/events/1`);
    expect(told.status).to.equal(200);
    expect(told.body).to.include({
      source: SOURCE,
      seq: 1,
      state: "receipted",
      index: 0,
      anchorBy: 1_790_000_600,
    });
    expect(isJsonObject(told.body) && typeof told.body["receipt"]).to.equal("string");
    const early = await call(`${url}/v1/events/1/evidence`);
    expect([early.status, isJsonObject(early.body) && early.body["code"]]).to.deep.equal([
      404,
      "no-evidence",
    ]);
  });

  it("hands out the receipt of an event as the ledger signed it", async () => {
    const url = await serve();
    await post(url, [accessEvent("a"), accessEvent("b")]);
    await flushed(recorder);
    const response = await fetch(`${url}/v1/events/2/receipt`);
    expect(response.headers.get("content-type")).to.equal("application/jose");
    const text = await response.text();
    expect(text).to.equal((await recorder.receiptOf(2))?.receipt);
    expect(parseReceipt(text).receipt).to.include({ src: SOURCE, first: 1, count: 2 });
    expect((await call(`${url}/v1/events/3/receipt`)).body).to.include({ status: 404, code: "no-receipt" });
  });

  it("takes a list of events, all or none", async () => {
    const url = await serve();
    const taken = await post(url, [accessEvent("a"), accessEvent("b")]);
    expect(taken.status).to.equal(202);
    expect(taken.body).to.deep.equal([1, 2].map((seq) => ({ source: SOURCE, seq })));
    const refused = await post(url, [
      accessEvent("c"),
      { ...accessEvent("d"), subject: { scheme: "vn-cccd", id: "12" } },
    ]);
    expect(refused.status).to.equal(400);
    expect(refused.body).to.include({ code: "invalid-event", facet: "subject", position: 1 });
    expect(recorder.status().nextSeq).to.equal(3);
  });

  it("records once under an Idempotency-Key", async () => {
    const url = await serve();
    const headers = { "idempotency-key": "his-1" };
    const [a, b] = [await post(url, accessEvent("a"), headers), await post(url, accessEvent("a"), headers)];
    expect([a.body, b.body]).to.deep.equal([1, 1].map((seq) => ({ source: SOURCE, seq })));
  });

  it("tells of a refused event what the ledger said", async () => {
    here.ledger.refusalOf = ({ type }) => (type === "tombstone" ? undefined : "schema-violation");
    const url = await serve();
    await post(url, accessEvent("a"));
    await flushed(recorder);
    const { body } = await call(`${url}/v1/events/1`);
    expect(isJsonObject(body) && body["refused"]).to.deep.include({ code: "schema-violation" });
  });

  describe("names each fault and stores nothing", () => {
    const event = JSON.stringify(accessEvent("a"));
    const without = (name: string) =>
      Object.fromEntries(Object.entries(accessEvent("a")).filter(([key]) => key !== name));
    const cases: [what: string, body: unknown, status: number, code: string, facet?: string][] = [
      ["no JSON", "{", 400, "json"],
      ["duplicate keys", event.replace('"type"', '"type":"access","type"'), 400, "json-duplicate-key"],
      ["deep JSON", "[".repeat(40) + "]".repeat(40), 400, "json-depth"],
      ["half a surrogate pair", event.replace("BIRTH_REG", "\\ud800"), 400, "json-lone-surrogate"],
      ["no object", "7", 400, "invalid-event"],
      ["an empty list", "[]", 400, "bad-request"],
      ["too many events", Array.from({ length: 1001 }, () => 0), 413, "too-many-events"],
      ["no type", without("type"), 400, "invalid-event", "type"],
      ["an unknown type", { type: "acces" }, 400, "invalid-event", "type"],
      [
        "a type the system makes itself",
        { type: "tombstone", tombstone: { reason: "x" } },
        400,
        "invalid-event",
        "type",
      ],
      ["a missing facet", without("exchange"), 400, "invalid-event", "exchange"],
      ["an unknown facet", { ...accessEvent("a"), colour: 1 }, 400, "invalid-event", "colour"],
      [
        "a facet's missing member",
        { ...accessEvent("a"), data: { action: "R" } },
        400,
        "invalid-event",
        "data.personalData",
      ],
      [
        "a wrong time",
        { ...accessEvent("a"), time: { occurred: "21/11/2026" } },
        400,
        "invalid-event",
        "time.occurred",
      ],
      [
        "a number in a text",
        { ...accessEvent("a"), purpose: { procedure: "079200000001" } },
        400,
        "invalid-event",
        "purpose.procedure",
      ],
      [
        "two different officials",
        { ...accessEvent("a"), exchange: { messageId: "a", client: "b", service: "c", userId: "d" } },
        400,
        "invalid-event",
        "agent.id",
      ],
    ];
    for (const [what, body, status, code, facet] of cases) {
      it(what, async () => {
        const answer = await post(await serve(), body);
        expect(answer.status).to.equal(status);
        expect(answer.headers.get("content-type")).to.equal("application/problem+json");
        expect(answer.body).to.include({ status, code, ...(facet === undefined ? {} : { facet }) });
        expect(JSON.stringify(answer.body) + JSON.stringify(logged)).not.to.contain("079200000001");
        expect(recorder.status().nextSeq).to.equal(1);
      });
    }

    it("a body that is too large, declared or not", async () => {
      const url = await serve();
      const declared = await post(url, JSON.stringify("x".repeat(8 * 1024 * 1024)));
      expect(declared.body).to.include({ status: 413, code: "body-too-large" });
      const status = await new Promise((resolve, reject) => {
        const request = httpRequest(`${url}/v1/events`, {
          method: "POST",
          headers: { "content-type": "application/json" },
        });
        request.on("response", (response) => resolve(response.statusCode));
        request.on("error", reject);
        for (let sent = 0; sent < 10; sent++) request.write("x".repeat(1024 * 1024));
      });
      expect(status).to.equal(413);
    });

    it("another content type, which a web page could send unasked", async () => {
      const answer = await post(await serve(), accessEvent("a"), { "content-type": "text/plain" });
      expect(answer.body).to.include({ status: 415, code: "unsupported-media-type" });
    });

    it("another host name, which a web page could have pointed here", async () => {
      const { port } = new URL(await serve());
      const answer = await raw(
        Number(port),
        "GET /v1/events/1 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
      );
      expect(answer).to.contain("403").and.to.contain("wrong-host");
    });

    it("unknown addresses, methods and numbers", async () => {
      const url = await serve();
      expect((await call(`${url}/v2`)).body).to.include({ code: "not-found" });
      expect((await call(`${url}/v1/events`)).body).to.include({ status: 405, code: "method-not-allowed" });
      expect((await call(`${url}/v1/events/0`)).body).to.include({ status: 400, code: "bad-request" });
      expect((await call(`${url}/v1/events/9`)).body).to.include({ status: 404, code: "unknown-event" });
    });
  });

  it("answers 507 with a time to come back when the spool is full, and is not ready then", async () => {
    here.ledger.faultOf = () => "unavailable";
    await recorder.close();
    recorder = await here.open({ limits: { events: 1 } });
    const url = await serve();
    await post(url, accessEvent("a"));
    const answer = await post(url, accessEvent("b"));
    expect(answer.body).to.include({ status: 507, code: "spool-full" });
    expect(answer.headers.get("retry-after")).to.equal("30");
    expect((await call(`${url}/ready`)).status).to.equal(503);
    expect((await call(`${url}/live`)).status).to.equal(200);
  });

  it("stays ready while the ledger is away, and says that it is", async () => {
    await recorder.close();
    recorder = await here.open({ ledgerUrl: "http://127.0.0.1:9" });
    const url = await serve();
    const { status, body } = await call(`${url}/ready`);
    expect(status).to.equal(200);
    expect(isJsonObject(body) && body["sending"]).to.be.an("object");
  });

  it("counts what it did", async () => {
    const url = await serve();
    await post(url, accessEvent("a"));
    await post(url, "{");
    await flushed(recorder);
    const { body } = await call(`${url}/metrics`);
    expect(body).to.contain('minhbach_recorder_events_total{outcome="accepted"} 1');
    expect(body).to.contain('minhbach_recorder_events_total{outcome="json"} 1');
    expect(body).to.contain("minhbach_recorder_receipted_through 1");
    expect(body).to.contain('minhbach_recorder_sending{state="sending"} 1');
  });

  describe("beyond loopback", () => {
    const file = () => path.join(here.directory, "tokens.json");

    it("is not opened without client tokens", async () => {
      const error = await serve({ host: "0.0.0.0" }).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: "bad-setting" });
      expect(String(error)).to.contain("RECORDER_TOKENS");
    });

    it("admits each client by its token and nobody else; the probes stay open", async () => {
      const his = await addClientToken(file(), "his");
      const old = await addClientToken(file(), "gateway");
      const gateway = await addClientToken(file(), "gateway");
      const url = await serve({ tokens: await readClientTokens(file()) });
      const as = (token: string) => post(url, accessEvent("a"), { authorization: `Bearer ${token}` });
      expect((await as(his)).status).to.equal(202);
      expect((await as(gateway)).status).to.equal(202);
      for (const answer of [await as(old), await as(`${his}x`), await post(url, accessEvent("a"))]) {
        expect(answer.body).to.include({ status: 401, code: "unauthenticated" });
        expect(answer.headers.get("www-authenticate")).to.equal("Bearer");
      }
      expect((await call(`${url}/v1/events/1`)).status).to.equal(401);
      expect((await call(`${url}/metrics`)).status).to.equal(401);
      expect((await call(`${url}/live`)).status).to.equal(200);
      expect((await call(`${url}/ready`)).status).to.equal(200);
    });

    it("keeps no token in the file, and refuses a file others may write", async () => {
      const token = await addClientToken(file(), "his");
      const { readFile } = await import("node:fs/promises");
      expect(await readFile(file(), "utf8")).not.to.contain(token);
      await chmod(file(), 0o620);
      expect(await readClientTokens(file()).catch((thrown: unknown) => thrown)).to.include({
        code: "bad-setting",
      });
    });

    it("refuses a file of tokens that is missing, empty or not of its form", async () => {
      for (const text of [undefined, "{", '{"clients":[]}', '{"clients":[{"name":"a","sha256":"00"}]}']) {
        if (text !== undefined) await writeFile(file(), text, { mode: 0o600 });
        expect(await readClientTokens(file()).catch((thrown: unknown) => thrown), text).to.include({
          code: "bad-setting",
        });
      }
      const error = await addClientToken(path.join(here.directory, "new.json"), "No Name").catch(
        (thrown: unknown) => thrown,
      );
      expect(error).to.include({ code: "bad-setting" });
    });
  });
});

/** Sends bytes as they are, and returns the whole answer. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    let answer = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk) => (answer += String(chunk)));
    socket.on("end", () => resolve(answer));
    socket.on("error", reject);
  });
}
