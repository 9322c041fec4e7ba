import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { expect } from "chai";
import { readRecorderSettings } from "../../recorder/settings.ts";
import { ledgerServers, type Servers } from "../../recorder/servers.ts";
import { accessEvent, premises, type Premises } from "./fixture.ts";

/** Nobody listens there. */
const AWAY = "http://127.0.0.1:9";

describe("recorder/servers", () => {
  const asked: string[] = [];
  const opened: Server[] = [];
  afterEach(() => {
    asked.length = 0;
    for (const server of opened.splice(0)) server.close().closeAllConnections();
  });

  /** A server that answers with the status that it has at that time, and says that it was asked. */
  async function serverOf(
    name: string,
    state: { status: number },
    answer = (_: IncomingMessage, response: ServerResponse): unknown =>
      response.writeHead(state.status).end(name),
  ): Promise<string> {
    const server = createServer((request, response) => {
      asked.push(name);
      answer(request, response);
    });
    opened.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    return `http://127.0.0.1:${typeof address === "object" ? (address?.port ?? 0) : 0}/`;
  }

  const over = (urls: readonly string[], signal?: AbortSignal): Servers =>
    ledgerServers({ urls, timeoutMs: 100_000, signal, maxAnswerBytes: 100 });
  const ask = async (servers: Servers): Promise<string> =>
    (await servers.request("/x", { method: "GET" })).text;

  it("asks the preferred server, another when that is away, and stays with who answers", async () => {
    const state = { status: 200 };
    const servers = over([AWAY, await serverOf("b", state), await serverOf("c", { status: 200 })]);
    expect(await ask(servers)).to.equal("b");
    expect(await ask(servers)).to.equal("b");
    state.status = 503;
    expect(await ask(servers)).to.equal("c");
    state.status = 200;
    expect(await ask(servers)).to.equal("c");
    expect(asked).to.deep.equal(["b", "b", "b", "c", "c"]);
  });

  it("takes a refusal for what it is, and asks nobody else", async () => {
    const servers = over([await serverOf("a", { status: 409 }), await serverOf("b", { status: 201 })]);
    expect((await servers.request("/x", { method: "POST" })).status).to.equal(409);
    expect(asked).to.deep.equal(["a"]);
  });

  it("goes on when a server ends in the middle of its answer", async () => {
    const cut = await serverOf("a", { status: 200 }, (_, response) => {
      response.writeHead(200, { "content-length": "50" });
      response.write("some");
      setImmediate(() => response.destroy());
    });
    expect(await ask(over([cut, await serverOf("b", { status: 200 })]))).to.equal("b");
  });

  it("says what the first one said when none can, and what was wrong when none answers", async () => {
    const [busy, broken] = [await serverOf("a", { status: 503 }), await serverOf("b", { status: 502 })];
    expect(await over([AWAY, busy, broken]).request("/x", {})).to.include({ status: 503, text: "a" });
    const refused = await over([AWAY, AWAY])
      .request("/x", {})
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    expect(refused).to.be.instanceOf(Error);
  });

  it("asks nobody else when the recorder is closed meanwhile", async () => {
    const closing = new AbortController();
    const held = await serverOf("a", { status: 200 }, () => closing.abort());
    const answer = over([held, await serverOf("b", { status: 200 })], closing.signal).request("/x", {});
    expect(
      await answer.then(
        () => "answered",
        () => "cut off",
      ),
    ).to.equal("cut off");
    expect(asked).to.deep.equal(["a"]);
  });

  describe("of a recorder", () => {
    let here: Premises;
    beforeEach(async () => {
      here = await premises();
    });
    afterEach(async () => await here.close());

    it("get its events in order and its questions answered, though the preferred one is away", async () => {
      const recorder = await here.open({ ledgerUrl: [AWAY, here.ledger.url] });
      await recorder.recordAll([accessEvent("m-1"), accessEvent("m-2")]);
      await recorder.flush(AbortSignal.timeout(100_000));
      expect(recorder.status()).to.deep.include({ receiptedThrough: 2, backlogEvents: 0 });
    });
  });

  it("stand in LEDGER_URL with commas between them", () => {
    const urls = (value: string): readonly string[] =>
      readRecorderSettings({ RECORDER_SOURCE: "qn-police/r1", LEDGER_URL: value }).ledgerUrl;
    expect(urls("http://a.example, https://b.example:8080")).to.deep.equal([
      "http://a.example",
      "https://b.example:8080",
    ]);
    for (const value of ["", "http://a.example,", "a.example", "ftp://a.example"])
      expect(() => urls(value), value).to.throw(/^LEDGER_URL must be/);
  });
});
