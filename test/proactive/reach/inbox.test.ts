import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { type Addresses, type Message, NotSentError } from "../../../proactive/reach/channel.ts";
import { type InboxClient, inboxClient, InboxError } from "../../../proactive/reach/inbox.ts";
import { AN, Around, MESSAGE } from "../inbox/around.ts";

const TO: Addresses = { language: "vi", inbox: AN };
const { key, procedure, caseId, text } = MESSAGE;
const WRITTEN: Message = { key, procedure, caseId, text, answers: ["accept", "object"] };

describe("proactive/reach/inbox", function () {
  this.timeout(600_000);
  let around: Around;
  let client: InboxClient;
  beforeEach(async () => {
    around = await Around.start();
    client = inboxClient({ url: around.service.url, token: async () => await around.agency() });
  });
  afterEach(async () => await around.end());

  it("sends, shows the case, and gets the answer", async () => {
    expect(
      await client.putCase(caseId, { state: "waiting", steps: [], at: 1 }),
      "nobody knows of it",
    ).to.equal(false);
    expect(await client.channel.send(TO, WRITTEN)).to.equal("delivered");
    expect(await client.channel.send(TO, { ...WRITTEN, until: around.now + 1 }), "once more").to.equal(
      "delivered",
    );
    expect(await client.channel.send(TO, { ...WRITTEN, caseId: "C-2" }), "another under its key").to.equal(
      "failed",
    );
    expect(await client.putCase(caseId, { state: "waiting", steps: [], at: 1 })).to.equal(true);
    const page = await around.inboxOf(AN);
    expect(page.messages.map(({ answers }) => answers)).to.deep.equal([["accept", "object"]]);
    expect(page.cases.map(({ state }) => state)).to.deep.equal(["waiting"]);
    const waiting = client.answers(0, { waitSeconds: 20 });
    await around.answer(AN, 1, { answer: "accept" });
    const answer = { number: 1, caseId, procedure, key, at: around.now, answer: "accept" };
    expect(await waiting).to.deep.equal([answer]);
    expect(await client.answers(1)).to.deep.equal([]);
    expect(await client.answers(7), "of a service that was restored").to.deep.equal([answer]);
    expect(await client.wishesOf(AN, procedure)).to.include({ sms: true, email: true });
  });

  it("tells what was refused from what is to be tried again", async () => {
    const replies = [408, 429, 500, 503, 401, 403, 0, 400, 404, 409];
    const server = createServer((request, response) => {
      request.resume();
      const status = replies.shift() ?? 500;
      if (status === 0) request.socket.destroy();
      else response.writeHead(status, { "content-type": "application/json" }).end("{}");
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const other = inboxClient({ url, token: async () => "t" });
    while (replies.length > 3) {
      const [status] = replies;
      const error = await other.channel.send(TO, WRITTEN).catch((thrown: unknown) => thrown);
      expect(error, String(status)).to.be.instanceOf(NotSentError);
    }
    while (replies.length > 0) expect(await other.channel.send(TO, WRITTEN)).to.equal("failed");
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    expect(await other.channel.send(TO, WRITTEN).catch((thrown: unknown) => thrown)).to.be.instanceOf(
      NotSentError,
    );
    const error = await other.answers(0).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(InboxError);
    expect(error).to.include({ code: "unreachable" });
  });

  it("stops waiting when it is told to", async () => {
    const stop = new AbortController();
    const waiting = client.answers(0, { waitSeconds: 50, signal: stop.signal });
    stop.abort(new Error("enough"));
    expect(await waiting.catch((thrown: unknown) => thrown)).to.include({ message: "enough" });
  });
});
