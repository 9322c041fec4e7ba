import { expect } from "chai";
import { parseEvidence } from "../../protocol/evidence.ts";
import type { Recorder } from "../../recorder/index.ts";
import { accessEvent, eventually, flushed, premises, type Premises } from "./fixture.ts";

describe("recorder's evidence", () => {
  let here: Premises;
  beforeEach(async () => {
    here = await premises();
  });
  afterEach(() => here.close());

  const soundEvidence = { checkEvidence: async () => undefined };
  const record = async (recorder: Recorder, count: number) => {
    for (let at = 0; at < count; at++) await recorder.record(accessEvent(`m-${at}`));
    await flushed(recorder);
  };
  const isKept = (recorder: Recorder, through: number) =>
    eventually(() => recorder.status().evidenceThrough >= through, `the evidence through ${through} is kept`);

  it("is fetched once an anchor covers the event, opened with every disclosure, and kept instead of the event", async () => {
    const recorder = await here.open({ parts: soundEvidence, batchEvents: 4 });
    await record(recorder, 10);
    expect(await recorder.stateOf(1)).to.equal("receipted");
    here.ledger.anchoredSize = 7;
    await isKept(recorder, 7);
    expect(await recorder.stateOf(7)).to.equal("anchored");
    expect(await recorder.stateOf(8)).to.equal("receipted");
    const { event, proof } = parseEvidence((await recorder.evidenceOf(7)) ?? "");
    expect(event.payload.seq).to.equal(7);
    expect(event.disclosures).to.have.length(event.payload.sd.length);
    expect(proof.index).to.equal(6);
    await eventually(async () => (await recorder.eventOf(7)) === undefined, "the event is pruned");
    expect(await recorder.eventOf(8)).to.be.a("string");
    expect(await recorder.evidenceOf(8)).to.equal(undefined);
    here.ledger.anchoredSize = 10;
    await isKept(recorder, 10);
  });

  it("is fetched by the next run when this one ends before", async () => {
    const first = await here.open({ parts: soundEvidence });
    await record(first, 3);
    await first.close();
    here.ledger.anchoredSize = 3;
    const second = await here.open({ parts: soundEvidence });
    await isKept(second, 3);
    await second.close();
    const third = await here.open({ parts: soundEvidence });
    expect(await third.record(accessEvent("next"))).to.include({ seq: 4 });
    expect(await third.evidenceOf(2)).to.be.a("string");
  });

  it("is not kept when it proves nothing; the fault is told, and the event stays", async () => {
    let fault: string | undefined = "a Merkle path does not lead to its signed root";
    const recorder = await here.open({ parts: { checkEvidence: async () => fault } });
    await record(recorder, 2);
    here.ledger.anchoredSize = 2;
    await eventually(() => recorder.status().evidenceFault === fault, "the fault is told");
    expect(recorder.status().evidenceThrough).to.equal(0);
    expect(await recorder.eventOf(1)).to.be.a("string");
    fault = undefined;
    await isKept(recorder, 2);
    expect(recorder.status().evidenceFault).to.equal(undefined);
  });

  it("stands beside the events where everything is to be kept", async () => {
    const recorder = await here.open({ parts: soundEvidence, keep: "everything" });
    await record(recorder, 2);
    here.ledger.anchoredSize = 2;
    await isKept(recorder, 2);
    expect(await recorder.eventOf(1)).to.be.a("string");
  });

  it("is left to the ledger where only receipts are to be kept; then events go with their receipt", async () => {
    const recorder = await here.open({ parts: soundEvidence, keep: "receipts" });
    await record(recorder, 3);
    await eventually(async () => (await recorder.eventOf(3)) === undefined, "the events are pruned");
    expect(await recorder.receiptOf(2)).to.be.an("object");
    expect(recorder.status().evidenceThrough).to.equal(0);
    await recorder.close();
    const again = await here.open({ parts: soundEvidence, keep: "receipts" });
    expect(await again.record(accessEvent("next"))).to.include({ seq: 4 });
  });
});
