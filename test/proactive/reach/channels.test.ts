import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { text as readText } from "node:stream/consumers";
import { expect } from "chai";
import fc from "fast-check";
import { SMTPServer } from "smtp-server";
import { firstWakingMoment, type Addresses, type Message } from "../../../proactive/reach/channel.ts";
import { emailChannel } from "../../../proactive/reach/email.ts";
import { inboxChannel, type InboxEntry, openInboxes } from "../../../proactive/reach/inbox.ts";
import { smsChannel } from "../../../proactive/reach/sms.ts";

const TO: Addresses = { language: "vi", phone: "+840000000001", email: "an@example.vn", inbox: "an" };
const MESSAGE: Message = {
  ...{ key: "DRIVER_LIC-1 message", procedure: "DRIVER_LIC", caseId: "DRIVER_LIC-1" },
  text: { vi: "Giấy phép lái xe sắp hết hạn.", en: "Your driving licence ends." },
};

function portOf(server: Server | SMTPServer["server"]): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
  return address.port;
}

async function rejects(promise: Promise<unknown>): Promise<boolean> {
  return await promise.then(
    () => false,
    () => true,
  );
}

describe("proactive/reach", () => {
  describe("sms", () => {
    let gateway: Server;
    let asked: { headers: IncomingHttpHeaders; body: unknown }[];
    let status: number;

    beforeEach(async () => {
      [asked, status] = [[], 202];
      gateway = createServer((request, response) => {
        void readText(request).then((body) => {
          asked.push({ headers: request.headers, body: JSON.parse(body) });
          if (status === 0) request.socket.destroy();
          else response.writeHead(status).end();
        });
      });
      gateway.listen(0, "127.0.0.1");
      await once(gateway, "listening");
    });
    afterEach(() => {
      gateway.closeAllConnections();
      gateway.close();
    });

    it("sends the person's language under a key that stays", async () => {
      const channel = smsChannel({ url: `http://127.0.0.1:${portOf(gateway)}/messages`, token: "t-1" });
      expect(await channel.send(TO, MESSAGE)).to.equal("delivered");
      expect(asked[0]?.body).to.deep.equal({ to: TO.phone, text: MESSAGE.text.vi });
      expect(asked[0]?.headers).to.include({ "idempotency-key": MESSAGE.key, authorization: "Bearer t-1" });
    });

    it("knows what failed from what is not known", async () => {
      const channel = smsChannel({ url: `http://127.0.0.1:${portOf(gateway)}/messages` });
      for (const refused of [400, 404, 422]) {
        status = refused;
        expect(await channel.send(TO, MESSAGE), String(refused)).to.equal("failed");
      }
      for (const uncertain of [408, 429, 500, 503, 0]) {
        status = uncertain;
        expect(await rejects(channel.send(TO, MESSAGE)), String(uncertain)).to.equal(true);
      }
    });
  });

  describe("e-mail", () => {
    let server: SMTPServer;
    let letters: string[];

    beforeEach(async () => {
      letters = [];
      server = new SMTPServer({
        disabledCommands: ["AUTH", "STARTTLS"],
        onRcptTo: ({ address }, _session, callback) =>
          callback(address.startsWith("nobody") ? new Error("no such mailbox") : null),
        onData: (stream, _session, callback) => {
          void readText(stream).then((letter) => {
            letters.push(letter);
            callback();
          });
        },
      });
      server.listen(0, "127.0.0.1");
      await once(server.server, "listening");
    });
    afterEach(close);

    async function close(): Promise<void> {
      if (!server.server.listening) return;
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }

    it("sends a letter with a message id made of the key, and knows for certain when nobody took it", async () => {
      const channel = emailChannel({
        url: `smtp://127.0.0.1:${portOf(server.server)}`,
        from: "Một cửa <mot-cua@province.example>",
        subject: { vi: "Thông báo", en: "Notice" },
      });
      expect(await channel.send(TO, MESSAGE)).to.equal("delivered");
      expect(await channel.send({ ...TO, email: "nobody@example.vn" }, MESSAGE)).to.equal("failed");
      expect(letters).to.have.length(1);
      expect(letters[0]).to.match(/message-id:\s+<[0-9a-f]{64}@province\.example>/i);
      await close();
      expect(await channel.send(TO, MESSAGE), "nobody listens").to.equal("failed");
    });
  });

  describe("inbox", () => {
    let directory: string;
    beforeEach(async () => (directory = await mkdtemp(path.join(tmpdir(), "minhbach-inbox-"))));
    afterEach(async () => await rm(directory, { recursive: true }));

    it("keeps a message once under its key, over restarts, and tells whoever listens at once", async () => {
      const heard: InboxEntry[] = [];
      let inboxes = await openInboxes(directory, () => 1);
      const end = inboxes.listen("an", (entry) => heard.push(entry));
      const channel = inboxChannel(inboxes);
      await Promise.all([channel.send(TO, MESSAGE), channel.send(TO, MESSAGE)]);
      await channel.send({ ...TO, inbox: "binh" }, MESSAGE);
      end();
      await inboxes.close();
      inboxes = await openInboxes(directory, () => 2);
      await inboxChannel(inboxes).send(TO, MESSAGE);
      await inboxChannel(inboxes).send(TO, { ...MESSAGE, key: "another" });
      const entries = await inboxes.list("an", { after: 0, limit: 10 });
      expect(entries.map(({ number, key, at }) => [number, key, at])).to.deep.equal([
        [1, MESSAGE.key, 1],
        [2, "another", 2],
      ]);
      expect(await inboxes.list("an", { after: 1, limit: 10 })).to.have.length(1);
      expect(heard.map(({ key }) => key)).to.deep.equal([MESSAGE.key]);
      await inboxes.close();
    });
  });

  it("wakes nobody between 21:00 and 07:00 in Vietnam, and waits no longer than it has to", () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date("2026-01-01"), max: new Date("2030-01-01"), noInvalidDate: true }),
        (date) => {
          const now = date.getTime();
          const moment = firstWakingMoment(now);
          const hour = new Date(moment + 7 * 3_600_000).getUTCHours();
          expect(hour).to.be.within(7, 20);
          expect(moment - now).to.be.within(0, 10 * 3_600_000);
          if (moment > now)
            expect(new Date(moment + 7 * 3_600_000).toISOString().slice(11, 19)).to.equal("07:00:00");
        },
      ),
    );
  });
});
