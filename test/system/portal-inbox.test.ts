import { expect } from "chai";
import type { App } from "../../server/app.ts";
import { MESSAGE } from "../proactive/inbox/around.ts";
import { PortalBrowser } from "../server/portal/browser.ts";
import { type Deployed, deployed, fetchUntil } from "./fixture.ts";
import { type LedgerWithInbox, startLedgerWithInbox } from "./ledger-with-inbox.ts";

describe("the inbox at the portal", function () {
  this.timeout(600_000);
  let system: Deployed;
  let ledger: LedgerWithInbox;
  let app: App;

  before(async () => {
    system = await deployed();
    ledger = await startLedgerWithInbox(system);
    app = ledger.app;
    await fetchUntil(`${app.url}/ready`);
  });
  after(async () => {
    await app.close();
    await ledger.inbox.close();
    await system.destroy();
  });

  const write = async (key: string): Promise<void> => await ledger.write({ ...MESSAGE, key });

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
