import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { text as readText } from "node:stream/consumers";
import { expect } from "chai";
import fc from "fast-check";
import { SMTPServer } from "smtp-server";
import { firstWakingMoment, type Addresses, type Message } from "../../../proactive/reach/channel.ts";
import { emailChannel } from "../../../proactive/reach/email.ts";
import { asWished } from "../../../proactive/reach/wishes.ts";
import { smsChannel } from "../../../proactive/reach/sms.ts";

const TO: Addresses = {
  ...{ language: "vi", phone: "+840000000001", email: "an@example.vn" },
  inbox: { scheme: "vn-cccd", id: "999199000001" },
};
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
      for (const uncertain of [302, 408, 409, 429, 500, 503, 0]) {
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

  it("wakes nobody between 21:00 and 07:00 in Vietnam, and waits no longer than it has to", () => {
    fc.assert(
      fc.property(MOMENT, (now) => {
        const moment = firstWakingMoment(now);
        const hour = new Date(moment + 7 * 3_600_000).getUTCHours();
        expect(hour).to.be.within(7, 20);
        expect(moment - now).to.be.within(0, 10 * 3_600_000);
        if (moment > now)
          expect(new Date(moment + 7 * 3_600_000).toISOString().slice(11, 19)).to.equal("07:00:00");
      }),
    );
  });

  it("keeps a person's own quiet hours to the minute, and none where there are none", () => {
    const minute = fc.integer({ min: 0, max: 24 * 60 - 1 });
    fc.assert(
      fc.property(MOMENT, minute, minute, (now, from, until) => {
        const isQuiet = (at: number): boolean => {
          const time = Math.floor(((at + 7 * 3_600_000) % 86_400_000) / 60_000);
          return from <= until ? from <= time && time < until : time >= from || time < until;
        };
        const moment = firstWakingMoment(now, { from: written(from), until: written(until) });
        expect(isQuiet(moment)).to.equal(false);
        if (moment === now) return;
        expect(isQuiet(now)).to.equal(true);
        expect(isQuiet(moment - 1), "a moment before it was still quiet").to.equal(true);
        expect(moment - now).to.be.below(86_400_000);
      }),
    );
  });

  it("leaves out what the person does not want, and speaks their language", () => {
    const night = { from: "20:00", until: "08:00" };
    const { phone: _, ...noPhone } = TO;
    expect(asWished(TO, { language: "en", sms: false, email: true, quiet: night })).to.deep.equal({
      ...{ ...noPhone, language: "en", quiet: night },
    });
    const { email: __, ...noEmail } = TO;
    expect(asWished(TO, { sms: true, email: false, quiet: night })).to.deep.equal({
      ...noEmail,
      quiet: night,
    });
  });
});

const MOMENT = fc
  .date({ min: new Date("2026-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
  .map((date) => date.getTime());

/** Minutes of the day as `HH:MM`. */
function written(minutes: number): string {
  return [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");
}
