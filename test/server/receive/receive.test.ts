import { createHmac } from "node:crypto";
import { expect } from "chai";
import { parseEvent, payloadOf } from "../../../protocol/event.ts";
import { parseReceipt } from "../../../protocol/receipt.ts";
import { openDisclosures } from "../../../server/store/sealing.ts";
import { rejection } from "../store/conformance.ts";
import { ledgerRecorder, receivingLedger, type ReceivingLedger } from "./ledger.ts";
import {
  accessFacets,
  LOG,
  NOW_SECONDS,
  testDirectory,
  testKey,
  testRecorder,
  type TestRecorder,
} from "./recorder.ts";

describe("receive: good input", function () {
  this.timeout(600_000);
  const directory = testDirectory([]);
  let ledger: ReceivingLedger;
  let recorder: TestRecorder;
  let start: number;
  let recorders = 0;

  // One ledger for all (a thread takes a while to start), with a recorder of its own for each test.
  before(async () => {
    ledger = await receivingLedger(directory, { threads: 2 });
  });

  beforeEach(async () => {
    recorder = testRecorder(`qn-police/r${recorders++}`);
    directory.set([recorder.listed()]);
    start = (await ledger.store.head()).size;
  });

  after(async () => await ledger.close());

  it("answers 201 with a receipt, then 200 with the same", async () => {
    const body = recorder.submission(1, [recorder.event(1), recorder.event(2)]);
    const created = await ledger.post(body);
    expect(created.status).to.equal(201);
    const [receipt] = created.json["receipts"] as string[];
    expect(parseReceipt(receipt ?? "").receipt).to.deep.include({
      src: recorder.source,
      first: 1,
      count: 2,
      index: 0,
      log: LOG,
    });
    const known = await ledger.post(body);
    expect(known).to.deep.include({ status: 200, json: created.json });
    expect(await ledger.registry.metrics())
      .to.include('minhbach_submissions_total{result="created"} 1')
      .and.to.include('minhbach_submissions_total{result="known"} 1');
  });

  it("stores disclosures that only the event's own key opens, and the tags to find it by", async () => {
    const events = [recorder.event(1), recorder.event(2)];
    await ledger.post(recorder.submission(1, events));
    for (const [index, event] of events.entries()) {
      const disclosures = event.slice(payloadOf(event).length + 1);
      expect(await ledger.store.disclosures(start + index)).to.equal(disclosures);
      expect(parseEvent(`${payloadOf(event)}~${disclosures}`).type).to.equal("access");
    }
    const secrets = await Promise.all([start, start + 1].map(ledger.store.eventKey));
    expect(Buffer.from(secrets[0]?.key ?? []).equals(Buffer.from(secrets[1]?.key ?? []))).to.equal(false);
    const ids = [
      "\u0001vn-cccd:000000000001",
      "\u0002agent:VN%2FGOV%2Fqn-justice%2Fcivil/official-7",
      "\u0003consent:c-12",
      '\u0010["VN/GOV/qn-justice/civil","m-1","VN/GOV/qn-police/population"]',
    ];
    const expected = ids.map((id) => createHmac("sha256", Buffer.alloc(32, 5)).update(id).digest("hex"));
    expect(secrets[0]?.tags.map(({ tag }) => Buffer.from(tag).toString("hex"))).to.deep.equal(expected);
    expect(secrets[0]?.tags.map(({ kind }) => kind)).to.deep.equal([1, 2, 3, 17]);
  });

  it("seals so that one changed bit or another key opens nothing", async () => {
    const verified = await ledger.pool.verify(
      Buffer.from(JSON.stringify(recorder.submission(1, [recorder.event(1)]))),
    );
    const key = verified.keys.subarray(2, 34);
    const sealed = verified.sealed.subarray(2);
    expect(openDisclosures(key, sealed)).to.match(/~$/);
    for (const at of [0, 100, sealed.length - 1]) {
      const changed = Uint8Array.from(sealed, (byte, n) => (n === at ? byte ^ 1 : byte));
      expect(() => openDisclosures(key, changed)).to.throw();
    }
    expect(() =>
      openDisclosures(
        Uint8Array.from(key, (byte) => byte ^ 1),
        sealed,
      ),
    ).to.throw();
  });

  it("takes ES256, and many submissions of many sources at once", async () => {
    const hardware = testRecorder("qn-police/hsm", testKey("ES256"));
    const court = testRecorder("qn-court/r1");
    directory.set([recorder, hardware, court].map((each) => each.listed()));
    const bodies = [recorder, hardware, court].flatMap((each) => [
      each.submission(1, [each.event(1)]),
      each.submission(2, [each.event(2)]),
    ]);
    const [first, second] = [bodies.filter((_, at) => at % 2 === 0), bodies.filter((_, at) => at % 2 === 1)];
    for (const together of [first, second]) {
      const replies = await Promise.all(together.map(ledger.post));
      expect(replies.map(({ status }) => status)).to.deep.equal([201, 201, 201]);
    }
    expect((await ledger.store.head()).size).to.equal(start + 6);
  });

  it("takes a seal from who is entitled to it, and a catalogue from the operator", async () => {
    const court = testRecorder("qn-court/seals");
    const operator = testRecorder("minhbach/desk");
    directory.set([court.listed({ entitlements: 3 }), operator.listed()]);
    const time = { occurred: "2026-11-20T08:30:00Z" };
    const digest = Buffer.alloc(32).toString("base64url");
    const order = {
      id: "s",
      state: "placed",
      leaves: [digest],
      authority: "court",
      until: "2027-01-01T00:00:00Z",
    } as const;
    const sealed = court.event(1, { type: "seal", seal: order, time });
    const catalogue = operator.event(1, { type: "catalogue", catalogue: { version: "1", digest }, time });
    expect((await ledger.post(court.submission(1, [sealed]))).status).to.equal(201);
    expect((await ledger.post(operator.submission(1, [catalogue]))).status).to.equal(201);
  });

  it("tolerates a wrong clock, measures it and says so once", async () => {
    const bodies = [1, 2].map((seq) =>
      recorder.submission(seq, [recorder.event(seq)], { iat: NOW_SECONDS - 86_400 }),
    );
    for (const body of bodies) expect((await ledger.post(body)).status).to.equal(201);
    const warnings = ledger.logged.filter(({ msg }) => msg === "a recorder's clock is off");
    expect(warnings.map(({ source, skewSeconds }) => [source, skewSeconds])).to.deep.equal([
      [recorder.source, 86_400],
    ]);
    expect(await ledger.registry.metrics()).to.include("minhbach_clock_skew_seconds_sum 172800");
    expect((await ledger.store.submissionOfIndex(start))?.time).to.equal(NOW_SECONDS);
  });

  it("looks at the chain once for an unknown key, and takes it from there", async () => {
    const hardware = testRecorder("qn-police/new", testKey("ES256"));
    directory.set([]);
    directory.onRefresh([recorder.listed(), hardware.listed()]);
    const before = directory.refreshes();
    const bodies = [recorder, hardware].map((each) => each.submission(1, [each.event(1)]));
    const replies = await Promise.all(bodies.map(ledger.post));
    expect(replies.map(({ status }) => status)).to.deep.equal([201, 201]);
    expect(directory.refreshes() - before).to.equal(1);
    const stranger = testRecorder(recorder.source);
    for (let n = 0; n < 3; n++) {
      const reply = await ledger.post(stranger.submission(2, [stranger.event(2)]));
      expect(reply.json).to.include({ code: "unknown-key" });
    }
    expect(directory.refreshes() - before).to.equal(1);
  });

  it("stops taking a key at once when the directory says it was revoked", async () => {
    expect((await ledger.post(recorder.submission(1, [recorder.event(1)]))).status).to.equal(201);
    directory.set([recorder.listed({ revoked: true })]);
    const reply = await ledger.post(recorder.submission(2, [recorder.event(2)]));
    expect(reply.json).to.include({ status: 403, code: "revoked-key" });
  });

  it("answers equivocation with 409 after recording it in the ledger's own name", async () => {
    directory.set([recorder.listed(), ledgerRecorder.listed()]);
    await ledger.post(recorder.submission(1, [recorder.event(1)]));
    const body = recorder.submission(1, [recorder.event(1, accessFacets(2))]);
    const reply = await ledger.post(body);
    expect(reply).to.have.property("status", 409);
    expect(reply.json).to.include({ code: "equivocation", seq: 1 });
    expect((await ledger.store.submissionOfIndex(start + 1))?.source).to.equal(ledgerRecorder.source);
    expect(Buffer.from((await ledger.store.attachment(start + 1)) ?? []).toString()).to.equal(
      JSON.stringify(body),
    );
  });

  it("takes names as long as the schema allows", async () => {
    const facets = accessFacets(1);
    const exchange = { messageId: "m", client: "\u{1F3DB}".repeat(256), service: "s" };
    const event = recorder.event(1, { ...facets, exchange, "agent.id": "\u{1F46E}".repeat(128) });
    expect((await ledger.post(recorder.submission(1, [event]))).status).to.equal(201);
  });

  // The last one: it ends the threads.
  it("refuses what is under way when it is closed", async () => {
    const late = rejection(ledger.pool.verify(Buffer.from("{}")));
    await ledger.pool.close();
    expect(await late).to.have.property("code", "store-unavailable");
    expect(await rejection(ledger.pool.verify(Buffer.from("{}")))).to.have.property(
      "code",
      "store-unavailable",
    );
  });
});
