import { expect } from "chai";
import { openFacets, parseEvent } from "../../protocol/event.ts";
import { RecorderError, type Recorder } from "../../recorder/index.ts";
import { accessEvent, eventually, flushed, premises, SOURCE, type Premises } from "./fixture.ts";
import type { Fault } from "./ledger-stub.ts";

describe("recorder", () => {
  let here: Premises;
  beforeEach(async () => {
    here = await premises();
  });
  afterEach(() => here.close());

  const messageIds = () =>
    here.ledger
      .eventsOf(SOURCE)
      .map(({ exchange }) =>
        exchange !== null && typeof exchange === "object" && "messageId" in exchange
          ? exchange.messageId
          : undefined,
      );
  const ids = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `m-${from + at}`);
  const recordAll = (recorder: Recorder, names: readonly string[]) =>
    Promise.all(names.map((id) => recorder.record(accessEvent(id))));

  it("numbers events from 1, delivers them in order and keeps their receipts", async () => {
    const recorder = await here.open();
    const recorded = await recordAll(recorder, ids(25));
    expect(recorded.map(({ seq }) => seq)).to.deep.equal(Array.from({ length: 25 }, (_, at) => at + 1));
    expect(recorded[0]).to.deep.equal({ source: SOURCE, seq: 1, created: true });
    await flushed(recorder);
    expect(messageIds()).to.deep.equal(ids(25));
    const receipt = await recorder.receiptOf(7);
    expect(receipt).to.include({ index: receipt?.index, anchorBy: 1_790_000_600 });
    expect((receipt?.first ?? 0) <= 7 && 7 < (receipt?.first ?? 0) + (receipt?.count ?? 0)).to.equal(true);
    expect(await recorder.stateOf(25)).to.equal("receipted");
    expect(await recorder.stateOf(26)).to.equal(undefined);
  });

  it("splits the agent so that the official's id and role can be shown apart", async () => {
    const recorder = await here.open();
    await recorder.record(accessEvent("m"));
    await flushed(recorder);
    expect(here.ledger.eventsOf(SOURCE)[0]).to.include({
      "agent.id": "qn-justice:1042",
      "agent.role": "civil-status officer",
    });
  });

  it("refuses an event that breaks a rule, names the facet, and spools nothing", async () => {
    const recorder = await here.open();
    const wrong = { ...accessEvent("m"), data: { action: "X", personalData: ["identity"] } };
    const error = await recorder.recordAll([accessEvent("a"), wrong]).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(RecorderError);
    expect(error).to.include({ code: "invalid-event", facet: "data.action", position: 1 });
    expect(String(error)).to.contain("C, R, U, D, E");
    expect(recorder.status().nextSeq).to.equal(1);
  });

  it("records events handed in together in one write, or none of them", async () => {
    const recorder = await here.open();
    const huge = {
      ...accessEvent("m"),
      explanation: { vi: "ạ".repeat(2000), en: "a".repeat(2000) },
      purpose: { procedure: "P", description: "ạ".repeat(500) },
    };
    const tooMuch = {
      ...huge,
      outcome: { code: "success", detail: "ạ".repeat(256) },
      decision: `a.${"b".repeat(4000)}.c`,
    };
    const error = await recorder.recordAll([accessEvent("a"), tooMuch]).catch((thrown: unknown) => thrown);
    expect(error).to.include({ code: "invalid-event" });
    expect(recorder.status().nextSeq).to.equal(1);
    const recorded = await recorder.recordAll(ids(600).map(accessEvent));
    expect(recorded.map(({ seq }) => seq)).to.deep.equal(Array.from({ length: 600 }, (_, at) => at + 1));
  });

  it("records once under an idempotency key, at the same time and after a restart", async () => {
    const first = await here.open();
    const options = { idempotencyKey: "his-77" };
    const [a, b] = await Promise.all([
      first.record(accessEvent("m"), options),
      first.record(accessEvent("m"), options),
    ]);
    expect([a, b].map(({ seq, created }) => `${seq} ${created}`)).to.have.members(["1 true", "1 false"]);
    await first.close();
    const second = await here.open();
    expect(await second.record(accessEvent("m"), options)).to.deep.equal({
      source: SOURCE,
      seq: 1,
      created: false,
    });
    await flushed(second);
    expect(messageIds()).to.deep.equal(["m"]);
  });

  describe("when the ledger fails", () => {
    const faults: Fault[] = ["unavailable", "cut-before", "cut-after", "foreign-400", "forged-receipt"];
    for (const fault of faults) {
      it(`goes on after ${fault}: nothing lost, nothing doubled, the same bytes sent again`, async () => {
        let isFailing = true;
        here.ledger.faultOf = () => (isFailing ? fault : undefined);
        const recorder = await here.open();
        await recordAll(recorder, ids(5));
        await eventually(() => here.ledger.bodies.length > 0, "the ledger was asked");
        await recordAll(recorder, ids(5, 5));
        const { length } = here.ledger.bodies;
        await eventually(() => here.ledger.bodies.length > length + 1, "the ledger was asked again");
        isFailing = false;
        await flushed(recorder);
        expect(messageIds()).to.deep.equal(ids(10));
        expect(new Set(here.ledger.bodies.slice(0, length + 2))).to.have.length(1);
      });
    }

    it("sends the stored bytes again after a restart, although the first answer never came", async () => {
      here.ledger.faultOf = () => "hang-after";
      const first = await here.open();
      await recordAll(first, ids(4));
      await eventually(() => here.ledger.bodies.length === 1, "the submission arrived");
      await first.close();
      here.ledger.faultOf = () => undefined;
      const second = await here.open();
      await flushed(second);
      expect(here.ledger.bodies).to.have.length(2);
      expect(here.ledger.bodies[1]).to.equal(here.ledger.bodies[0]);
      expect(messageIds()).to.deep.equal(ids(4));
    });

    it("takes events while the ledger is away, and says so", async () => {
      const recorder = await here.open({ ledgerUrl: "http://127.0.0.1:9" });
      await recordAll(recorder, ids(3));
      await eventually(() => recorder.status().sending.state === "outage", "the outage is seen");
      expect(recorder.status()).to.include({ backlogEvents: 3, full: false });
      await recorder.close();
      const back = await here.open();
      await flushed(back);
      expect(messageIds()).to.deep.equal(ids(3));
    });

    it("believes no receipt while the chain is away, and takes it when it is back", async () => {
      here.ledger.chainIsUp = false;
      const recorder = await here.open();
      await recorder.record(accessEvent("m-0"));
      await eventually(() => recorder.status().sending.code === "bad-receipt", "the receipt is not believed");
      expect(recorder.status().receiptedThrough).to.equal(0);
      here.ledger.chainIsUp = true;
      await flushed(recorder);
      expect(messageIds()).to.deep.equal(["m-0"]);
    });

    it("waits, and makes no tombstones, while its key is refused", async () => {
      here.ledger.refuseAll = { status: 403, code: "unknown-key" };
      const recorder = await here.open();
      await recordAll(recorder, ids(3));
      await eventually(() => recorder.status().sending.state === "blocked", "the refusal is seen");
      expect(recorder.status().sending).to.include({ code: "unknown-key", tombstones: 0 });
      here.ledger.refuseAll = undefined;
      await flushed(recorder);
      expect(messageIds()).to.deep.equal(ids(3));
    });

    it("shows its receipt to a ledger that lost events, and sends nothing until it has them again", async () => {
      const recorder = await here.open({ batchEvents: 2 });
      await recordAll(recorder, ids(4));
      await flushed(recorder);
      here.ledger.forget(SOURCE, 1);
      await recorder.record(accessEvent("m-4"));
      await eventually(() => recorder.status().sending.code === "ledger-behind", "the loss is seen");
      expect(recorder.status().sending.state).to.equal("blocked");
    });
  });

  describe("when the ledger refuses an event", () => {
    it("finds it among the others, puts a tombstone at its number and keeps it aside", async () => {
      here.ledger.refusalOf = ({ payload, type }) =>
        payload.seq === 37 && type !== "tombstone" ? "schema-violation" : undefined;
      here.ledger.faultOf = () => "unavailable";
      const recorder = await here.open();
      await recordAll(recorder, ids(60));
      here.ledger.faultOf = () => undefined;
      await flushed(recorder);
      const events = here.ledger.eventsOf(SOURCE);
      expect(events).to.have.length(60);
      expect(events[36]).to.deep.equal({
        type: "tombstone",
        tombstone: { reason: "schema-violation", type: "access" },
      });
      expect(events.filter(({ type }) => type === "tombstone")).to.have.length(1);
      const [refused] = await recorder.refusedEvents(10);
      expect(refused?.seq).to.equal(37);
      expect(refused?.record).to.include({ code: "schema-violation" });
      expect(recorder.status().sending).to.include({ state: "sending", tombstones: 1 });
      expect(recorder.status().backlogBytes).to.equal(0);
    });

    it("stops when one event after the other is refused, for then the fault is elsewhere", async () => {
      here.ledger.refusalOf = ({ type }) => (type === "tombstone" ? undefined : "schema-violation");
      const recorder = await here.open();
      await recordAll(recorder, ids(20));
      await eventually(() => recorder.status().sending.state === "stopped", "it stops");
      expect(recorder.status().sending).to.include({ code: "too-many-refusals", tombstones: 10 });
      expect(here.ledger.eventsOf(SOURCE)).to.have.length(10);
      await recorder.close();
      here.ledger.refusalOf = () => undefined;
      const again = await here.open();
      expect(again.status().sending.state).to.equal("stopped");
      expect(await again.record(accessEvent("m-20"))).to.include({ seq: 21 });
      await again.resume();
      await flushed(again);
      expect(messageIds().slice(10)).to.deep.equal(ids(11, 10));
    });

    it("counts refusals anew once other events got through", async () => {
      const isBad = (seq: number) => seq % 2 === 1;
      here.ledger.refusalOf = ({ payload, type }) =>
        type !== "tombstone" && isBad(payload.seq) ? "schema-violation" : undefined;
      const recorder = await here.open();
      await recordAll(recorder, ids(30));
      await flushed(recorder);
      expect(recorder.status().sending).to.include({ state: "sending", tombstones: 15 });
    });

    it("stops at once, and keeps the event, when even its tombstone is refused", async () => {
      here.ledger.refusalOf = () => "schema-violation";
      const recorder = await here.open();
      await recordAll(recorder, ids(3));
      await eventually(() => recorder.status().sending.state === "stopped", "it stops");
      expect(recorder.status().sending).to.include({ code: "too-many-refusals", tombstones: 1 });
      const [refused] = await recorder.refusedEvents(10);
      const { type } = openFacets(parseEvent(refused?.record.event ?? ""));
      expect(type).to.equal("access");
    });

    it("makes no tombstone at a number the ledger holds", async () => {
      const recorder = await here.open();
      let asked = 0;
      here.ledger.faultOf = () => (asked++ === 0 ? "cut-after" : undefined);
      here.ledger.refusalOf = () => (asked > 1 ? "schema-violation" : undefined);
      await recorder.record(accessEvent("m-0"));
      await eventually(() => recorder.status().sending.state === "stopped", "it stops");
      expect(recorder.status().sending.code).to.equal("refused-but-held");
      expect(messageIds()).to.deep.equal(["m-0"]);
    });
  });

  describe("when its spool is full", () => {
    it("refuses by number of events, and takes them again once the ledger has received some", async () => {
      here.ledger.faultOf = () => "unavailable";
      const recorder = await here.open({ limits: { events: 3 } });
      await recordAll(recorder, ids(3));
      const error = await recorder.record(accessEvent("m-3")).catch((thrown: unknown) => thrown);
      expect(error).to.include({ code: "spool-full" });
      expect(recorder.status()).to.include({ full: true, nextSeq: 4 });
      here.ledger.faultOf = () => undefined;
      await flushed(recorder);
      expect(await recorder.record(accessEvent("m-3"))).to.include({ seq: 4 });
    });

    it("refuses by bytes, counted anew after a restart", async () => {
      here.ledger.faultOf = () => "unavailable";
      const first = await here.open();
      await first.record(accessEvent("m-0"));
      await first.record(accessEvent("m-1"));
      const { backlogBytes } = first.status();
      expect(backlogBytes).to.be.greaterThan(2000);
      await first.close();
      const again = await here.open({ limits: { bytes: backlogBytes } });
      expect(again.status()).to.include({ backlogBytes, full: true });
      expect(await again.record(accessEvent("m-2")).catch((thrown: unknown) => thrown)).to.include({
        code: "spool-full",
      });
    });
  });
});
