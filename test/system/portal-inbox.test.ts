import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import path from "node:path";
import { expect } from "chai";
import { type InboxService, startInboxService } from "../../proactive/inbox/service.ts";
import type { App } from "../../server/app.ts";
import { readConfig } from "../../server/config.ts";
import { MESSAGE, SECRET } from "../proactive/inbox/around.ts";
import { clientAssertion, clientCredentials, discovered, type Issued } from "../server/identity/program.ts";
import { PortalBrowser } from "../server/portal/browser.ts";
import { type Deployed, deployed, fetchUntil, startLedger } from "./fixture.ts";

describe("the inbox at the portal", function () {
  this.timeout(120_000);
  let system: Deployed;
  let inbox: InboxService;
  let app: App;

  before(async () => {
    system = await deployed();
    // Each of the two has to know where the other is.
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    inbox = await startInboxService({
      ...{ directory: path.join(system.dataDir, "inbox"), secret: SECRET, port: 0, now: Date.now },
      ...{ issuer: `${url}/oidc`, audience: [url] },
      logger: { warn: () => undefined, error: () => undefined },
    });
    const portal = { ...readConfig({}).portal, inboxUrl: inbox.url };
    app = await startLedger(system, { config: { port, portal } });
    await fetchUntil(`${app.url}/ready`);
  });
  after(async () => {
    await app.close();
    await inbox.close();
    await system.destroy();
  });

  async function write(key: string): Promise<void> {
    const { issuer, token_endpoint: endpoint } = await discovered(app.url);
    const pem = await readFile(path.join(system.dataDir, "keys", "client-qn-police.pem"), "utf8");
    const issued = await clientCredentials(endpoint, await clientAssertion(pem, "qn-police", issuer));
    const { access_token: token } = (await issued.json()) as Issued;
    const answer = await fetch(`${inbox.url}/v1/messages`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ ...MESSAGE, key }),
    });
    expect(answer.status, await answer.text()).to.be.within(200, 201);
  }

  async function messages(of: PortalBrowser): Promise<{ number: number; answer?: unknown }[]> {
    const { status, text } = await of.ask("/portal/inbox/messages");
    expect(status, text).to.equal(200);
    return (JSON.parse(text) as { messages: { number: number }[] }).messages;
  }

  it("a person reads what an agency wrote to them and answers once", async () => {
    await write("first");
    const [citizen, other] = [new PortalBrowser(app.url), new PortalBrowser(app.url)];
    await citizen.signOn("citizen-1");
    await other.signOn("citizen-2");
    expect(await citizen.session()).to.have.property("inbox", true);
    const [message] = await messages(citizen);
    expect(message).to.deep.include({ text: MESSAGE.text });
    expect(await messages(other)).to.deep.equal([]);

    const stream = await fetch(`${app.url}/portal/inbox/messages/events?after=1000000`, {
      headers: { "x-minhbach-portal": "background", cookie: `minhbach=${citizen.cookies.get("minhbach")}` },
    });
    expect(stream.headers.get("content-type")).to.equal("text/event-stream");
    await stream.body?.cancel();

    const answering = (answer: string) => ({
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ answer }),
    });
    const at = `/portal/inbox/messages/${message?.number}/answer`;
    expect(await citizen.code(at, answering("accept"))).to.equal(undefined);
    expect(await citizen.code(at, answering("decline"))).to.equal("already-answered");
    expect((await other.ask(at, answering("accept"))).status).to.equal(404);
    expect(JSON.stringify(await messages(citizen))).to.contain("accept");

    const wishes = await citizen.ask("/portal/inbox/preferences");
    expect(wishes.status).to.equal(200);
    const put = await citizen.ask("/portal/inbox/preferences", {
      ...{ method: "PUT", headers: { "content-type": "application/json" }, body: wishes.text },
    });
    expect(put.status, put.text).to.be.within(200, 204);
  });

  it("a stream brings what is written while it is open, and ends when the person signs off", async () => {
    const citizen = new PortalBrowser(app.url);
    await citizen.signOn("citizen-1");
    const stream = await fetch(`${app.url}/portal/inbox/messages/events`, {
      headers: { "x-minhbach-portal": "background", cookie: `minhbach=${citizen.cookies.get("minhbach")}` },
    });
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (reader === undefined) throw new Error("no stream");
    await write("second");
    let text = "";
    while (text.split("event: message").length < 3) {
      const { done, value = "" } = await reader.read();
      if (done) throw new Error(`the stream ended: ${text}`);
      text += value;
    }
    await citizen.ask("/portal/sign-off", { method: "POST" });
    for (;;) if ((await reader.read()).done) break;
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
