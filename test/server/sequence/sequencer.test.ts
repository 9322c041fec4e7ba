import { expect } from "chai";
import { equal, fromBase64 } from "../../../protocol/bytes.ts";
import { parseEvent } from "../../../protocol/event.ts";
import type { Equivocation } from "../../../protocol/facet-values.ts";
import { parseCompactJws, verifyJws } from "../../../protocol/jws.ts";
import { leafHash, verifyInclusion } from "../../../protocol/merkle.ts";
import { makeReceipt, parseReceipt } from "../../../protocol/receipt.ts";
import { parseSubmissionPayload } from "../../../protocol/submission.ts";
import { LedgerError, StoreConflict } from "../../../server/errors.ts";
import type { Store } from "../../../server/store/store.ts";
import { LOG, NOW_SECONDS, testRecorder } from "../receive/recorder.ts";
import { rejection } from "../store/conformance.ts";
import { faultyStore } from "../store/faulty-store.ts";
import {
  ANCHOR_PROMISE_SECONDS,
  asText,
  expectHonoured,
  expectWholeLog,
  INDEX_PROMISE_SECONDS,
  ledgerRecorder,
  receiptKey,
  replacedReceiptKey,
  testLedger,
  withFolder,
} from "./ledger.ts";

const recorder = testRecorder("qn-police/r1");
const other = testRecorder("qn-health/r1");
const events = Array.from({ length: 12 }, (_, at) => recorder.event(at + 1));

/** The submission of the events `first .. last` of the recorder. */
const batch = (first: number, last: number) => recorder.submission(first, events.slice(first - 1, last));

describe("sequencer", () => {
  it("promises no index while the index does not go on", async () => {
    await onStore(async (store) => {
      let isIndexing = false;
      const { submit } = testLedger(store, [recorder], undefined, undefined, () => isIndexing);
      const indexBy = async (first: number) =>
        (await submit(batch(first, first))).receipts.map((text) => parseReceipt(text).receipt.indexBy);
      expect(await indexBy(1)).to.deep.equal([0]);
      isIndexing = true;
      expect(await indexBy(2)).to.deep.equal([NOW_SECONDS + INDEX_PROMISE_SECONDS]);
    });
  });

  it("gives consecutive indexes and a receipt that promises the anchor and the index", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder, other]);
      const first = await submit(batch(1, 3));
      const second = await submit(other.submission(1, [other.event(1)]));
      const third = await submit(batch(4, 5));
      expect([first, second, third].map(({ created }) => created)).to.deep.equal([true, true, true]);
      const receipt = await expectHonoured(store, third.receipts[0] ?? "", events.slice(3, 5));
      expect(receipt).to.deep.include({ src: recorder.source, first: 4, count: 2, index: 4, log: LOG });
      expect(receipt).to.deep.include({
        time: NOW_SECONDS,
        anchorBy: NOW_SECONDS + ANCHOR_PROMISE_SECONDS,
        indexBy: NOW_SECONDS + INDEX_PROMISE_SECONDS,
      });
      await expectWholeLog(store);
    });
  });

  it("answers known events with the stored receipts, also when batched anew", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder]);
      const first = await submit(batch(1, 3));
      const second = await submit(batch(4, 6));
      expect(await submit(batch(1, 3))).to.deep.equal({ receipts: first.receipts, created: false });
      expect(await submit(batch(2, 5))).to.deep.equal({
        receipts: [...first.receipts, ...second.receipts],
        created: false,
      });
      expect(await submit(batch(6, 6))).to.deep.equal({ receipts: second.receipts, created: false });
      expect((await store.head()).size).to.equal(6);
    });
  });

  it("refuses a gap with the next number", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder]);
      await submit(batch(1, 2));
      const error = await rejection(submit(batch(4, 5)));
      expect(error).to.deep.include({ code: "sequence-gap", members: { next: 3 } });
      expect((await store.head()).size).to.equal(2);
    });
  });

  it("refuses a partial overlap with the receipts for the known part", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder]);
      const { receipts } = await submit(batch(1, 2));
      const error = await rejection(submit(batch(2, 4)));
      expect(error).to.deep.include({ code: "partial-overlap", members: { receipts, next: 3 } });
      expect((await store.head()).size).to.equal(2);
    });
  });

  it("refuses new events of an agency that belongs in another log, and answers for those it holds", async () => {
    await onStore(async (store) => {
      const { sequencer, submit, verified } = testLedger(store, [recorder]);
      const moved = async (first: number, last: number) =>
        await sequencer.submit({ ...verified(batch(first, last)), elsewhere: 7 });
      const { receipts } = await submit(batch(1, 3));
      expect(await moved(1, 3)).to.deep.equal({ receipts, created: false });
      expect(await moved(2, 2)).to.deep.equal({ receipts, created: false });
      for (const [first, last] of [
        [4, 5],
        [9, 9],
      ] as const) {
        const error = await rejection(moved(first, last));
        expect(error).to.deep.include({
          code: "agency-of-another-log",
          members: { agency: "qn-police", logId: 7 },
        });
        expect(String(error)).to.contain("records in log 7");
      }
      // What is refused is no predecessor: the next that comes goes on from what is stored.
      const [refused, gap] = await Promise.all([rejection(moved(4, 5)), rejection(submit(batch(6, 6)))]);
      expect([refused, gap].map((error) => (error as LedgerError).code)).to.deep.equal([
        "agency-of-another-log",
        "sequence-gap",
      ]);
      expect((await store.head()).size).to.equal(3);
      expect((await submit(batch(4, 5))).created).to.equal(true);
    });
  });

  it("accepts what one source sends at once in any order", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder], { reorderMs: 60_000 });
      const outcomes = await Promise.all([batch(7, 7), batch(4, 6), batch(8, 12), batch(1, 3)].map(submit));
      expect(outcomes.map(({ created }) => created)).to.deep.equal([true, true, true, true]);
      await expectWholeLog(store);
    });
  });

  it("accepts a submission that overtook the one before it", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder, other], { reorderMs: 60_000 });
      const early = submit(batch(2, 3));
      await submit(other.submission(1, [other.event(1)]));
      await submit(batch(1, 1));
      expect((await early).created).to.equal(true);
    });
  });

  it("refuses one whose predecessor does not come in time", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder], { reorderMs: 1 });
      expect(await rejection(submit(batch(2, 3)))).to.deep.include({
        code: "sequence-gap",
        members: { next: 1 },
      });
    });
  });

  it("answers the same submission sent twice at once with the same receipt", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder, other]);
      // The first submission is a group of its own, so the two that follow are planned together.
      const before = submit(other.submission(1, [other.event(1)]));
      const [one, two] = await Promise.all([submit(batch(1, 3)), submit(batch(1, 3))]);
      await before;
      expect(one.receipts).to.deep.equal(two.receipts);
      expect([one.created, two.created]).to.have.members([true, false]);
      expect((await store.head()).size).to.equal(4);
    });
  });

  it("records equivocation as transferable proof before it refuses", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder]);
      await submit(batch(1, 3));
      const forged = recorder.submission(2, [events[1] ?? "", recorder.event(3), recorder.event(4)]);
      const error = await rejection(submit(forged));
      expect(error).to.deep.include({ code: "equivocation", members: { seq: 3 } });
      expect((await store.head()).size).to.equal(4);
      await expectWholeLog(store);

      const proof = await recordedProof(store, 3);
      expect(proof).to.deep.include({
        source: recorder.source,
        seq: 3,
        jws: forged.jws,
        storedIndex: 2,
        pathIndex: 1,
      });
      const jws = parseCompactJws(proof.jws, "submission+jws");
      const signed = parseSubmissionPayload(jws.payload);
      expect(verifyJws(jws, recorder)).to.equal(true);
      const leaf = leafHash(Buffer.from(proof.payload));
      const included = { index: proof.pathIndex, size: signed.count, leafHash: leaf, root: signed.root };
      expect(verifyInclusion({ ...included, proof: proof.path.map(fromBase64) })).to.equal(true);
      const [stored] = await store.payloads(proof.storedIndex, proof.storedIndex + 1);
      expect(equal(leaf, leafHash(stored ?? new Uint8Array()))).to.equal(false);
      expect(asText((await store.attachment(3)) ?? new Uint8Array())).to.equal(JSON.stringify(forged));
    });
  });

  it("records the same conflict once, however often and in whichever batch it is sent", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder]);
      await submit(batch(1, 3));
      const second = recorder.event(2);
      const again = [recorder.submission(2, [second]), recorder.submission(1, [events[0] ?? "", second])];
      const errors = await Promise.all(
        [...again, ...again].map(async (body) => await rejection(submit(body))),
      );
      for (const error of errors)
        expect(error).to.deep.include({ code: "equivocation", members: { seq: 2 } });
      expect((await store.head()).size).to.equal(4);
      await rejection(submit(recorder.submission(2, [recorder.event(2)])));
      expect((await store.source(ledgerRecorder.source))?.next).to.equal(3);
    });
  });

  it("tells an equivocation even when the rest of the batch is new", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder]);
      await submit(batch(1, 2));
      const error = await rejection(submit(recorder.submission(2, [recorder.event(2), recorder.event(3)])));
      expect(error).to.have.property("code", "equivocation");
      expect((await store.source(recorder.source))?.next).to.equal(3);
    });
  });

  it("goes on from what the store kept after a failed commit", async () => {
    for (const fault of ["kept", "lost"] as const) {
      await onStore(async (store) => {
        const faulty = faultyStore(store, (writes) => (writes === 1 ? fault : undefined));
        const { submit } = testLedger(faulty, [recorder]);
        await submit(batch(1, 2));
        expect(await rejection(submit(batch(3, 4)))).to.have.property("code", "store-unavailable");
        const again = await submit(batch(3, 4));
        expect(again.created).to.equal(fault === "lost");
        await expectHonoured(store, again.receipts[0] ?? "", events.slice(2, 4));
        await submit(batch(5, 6));
        await expectWholeLog(store);
      });
    }
  });

  it("refuses with 503 while the store cannot be read, and recovers", async () => {
    await onStore(async (store) => {
      let down = true;
      const turn: Store["turn"] = async (work) => {
        if (down) throw new LedgerError("store-unavailable", "down");
        await store.turn(work);
      };
      const { submit } = testLedger({ ...store, turn }, [recorder]);
      expect(await rejection(submit(batch(1, 1)))).to.have.property("code", "store-unavailable");
      down = false;
      expect((await submit(batch(1, 1))).created).to.equal(true);
    });
  });

  it("halts when the store comes back with less than was acknowledged", async () => {
    await onStore(async (store) => {
      const empty = await store.head();
      const faulty = faultyStore(store, (writes) => (writes === 1 ? "lost" : undefined));
      let turns = 0;
      const turn: Store["turn"] = async (work) => {
        await store.turn(async (head, records) => await work(turns++ < 2 ? head : empty, records));
      };
      const { sequencer, submit } = testLedger({ ...faulty, turn }, [recorder]);
      await submit(batch(1, 2));
      await rejection(submit(batch(3, 4)));
      expect(await rejection(submit(batch(3, 4)))).to.have.property("code", "store-behind");
      expect(sequencer.state().kind).to.equal("halted");
    });
  });

  it("refuses the group and goes on when a receipt cannot be signed", async () => {
    await onStore(async (store) => {
      let broken = true;
      const sign = (data: Uint8Array): Uint8Array => {
        if (broken) throw new Error("the key is away");
        return receiptKey.sign(data);
      };
      const { submit } = testLedger(store, [recorder], { reorderMs: 0 }, { ...receiptKey, sign });
      expect(await rejection(submit(batch(1, 2)))).to.have.property("message", "the key is away");
      broken = false;
      expect((await submit(batch(1, 2))).created).to.equal(true);
    });
  });

  it("builds the group again when somebody else extended the log", async () => {
    await onStore(async (store) => {
      let conflicts = 0;
      const commit: Store["commit"] = async (group, size) => {
        if (conflicts++ === 0) throw new StoreConflict(size, size + 1);
        await store.commit(group, size);
      };
      const { submit } = testLedger({ ...store, commit }, [recorder]);
      expect((await submit(batch(1, 2))).created).to.equal(true);
      await expectWholeLog(store);
    });
  });

  it("does not sequence before it was opened, nor after it was halted", async () => {
    await onStore(async (store) => {
      const { sequencer, submit } = testLedger(store, [recorder]);
      expect(sequencer.state()).to.deep.equal({ kind: "open" });
      sequencer.halt("it was restored from an older copy");
      expect(await rejection(submit(batch(1, 1)))).to.have.property("code", "store-behind");
      sequencer.open();
      expect(sequencer.state().kind).to.equal("halted");
      expect(sequencer.requireOpen, "nor does anybody else answer for it").to.throw(/restored from an older/);
      expect((await store.head()).size).to.equal(0);
    });
  });

  it("halts when shown a receipt of ours that the store does not honour", async () => {
    await onStore(async (store) => {
      const { sequencer, submit } = testLedger(store, [recorder]);
      const { receipts } = await submit(batch(1, 2));
      const [ours = ""] = receipts;
      await sequencer.showReceipt(ours);
      const { receipt } = parseReceipt(ours);
      const foreign = makeReceipt({ ...receipt, log: { ...LOG, logId: 2 }, first: 9 }, receiptKey);
      expect(await rejection(sequencer.showReceipt(foreign))).to.have.property("code", "wrong-receipt");
      const forged = makeReceipt({ ...receipt, first: 9 }, recorder);
      expect(await rejection(sequencer.showReceipt(forged))).to.have.property("code", "wrong-receipt");
      expect(sequencer.state().kind).to.equal("open");
      const forgotten = makeReceipt({ ...receipt, first: 3, index: 2 }, receiptKey);
      expect(await rejection(sequencer.showReceipt(forgotten))).to.have.property("code", "store-behind");
      expect(await rejection(submit(batch(3, 4)))).to.have.property("code", "store-behind");
    });
  });

  it("halts when a receipt of ours names other events than the store has at that place", async () => {
    await onStore(async (store) => {
      const { sequencer, submit } = testLedger(store, [recorder]);
      const [ours = ""] = (await submit(batch(1, 2))).receipts;
      const { receipt } = parseReceipt(ours);
      const rewritten = makeReceipt({ ...receipt, root: new Uint8Array(32) }, receiptKey);
      expect(await rejection(sequencer.showReceipt(rewritten))).to.have.property("code", "store-behind");
    });
  });

  it("knows a receipt by a key that was replaced since as its own", async () => {
    await onStore(async (store) => {
      const { sequencer, submit } = testLedger(store, [recorder]);
      const [ours = ""] = (await submit(batch(1, 2))).receipts;
      const { receipt } = parseReceipt(ours);
      const forgotten = makeReceipt({ ...receipt, first: 3, index: 2 }, replacedReceiptKey);
      expect(await rejection(sequencer.showReceipt(forgotten))).to.have.property("code", "store-behind");
    });
  });

  it("signs nothing while suspended, and goes on when it is opened again", async () => {
    await onStore(async (store) => {
      const { sequencer, submit } = testLedger(store, [recorder]);
      sequencer.suspend("another receipt key");
      expect(sequencer.state()).to.deep.equal({ kind: "suspended", reason: "another receipt key" });
      expect(await rejection(submit(batch(1, 2)))).to.have.property("code", "wrong-keys");
      sequencer.open();
      expect((await submit(batch(1, 2))).created).to.equal(true);
      sequencer.halt("behind");
      sequencer.suspend("another receipt key");
      sequencer.open();
      expect(sequencer.state().kind).to.equal("halted");
    });
  });

  it("refuses more than may wait, and serves them when sent again", async () => {
    await onStore(async (store) => {
      const { submit } = testLedger(store, [recorder], { maxWaiting: 2, reorderMs: 60_000 });
      const outcomes = await Promise.allSettled([batch(1, 1), batch(2, 2), batch(3, 3)].map(submit));
      const refused = outcomes.flatMap((outcome) =>
        outcome.status === "rejected" ? [outcome.reason as unknown] : [],
      );
      expect(refused).to.have.length(1);
      expect(refused[0]).to.have.property("code", "overloaded");
      expect((await submit(batch(3, 3))).created).to.equal(true);
    });
  });

  it("refuses what still waits when it is closed", async () => {
    await onStore(async (store) => {
      const { sequencer, submit } = testLedger(store, [recorder], { reorderMs: 60_000 });
      const early = rejection(submit(batch(5, 5)));
      const accepted = submit(batch(1, 1));
      await accepted;
      await sequencer.close();
      expect(await early).to.have.property("code", "store-unavailable");
      expect(await rejection(submit(batch(2, 2)))).to.have.property("code", "store-unavailable");
    });
  });
});

async function recordedProof(store: Store, index: number): Promise<Equivocation> {
  const [payload] = await store.payloads(index, index + 1);
  const disclosures = await store.disclosures(index);
  const event = parseEvent(`${asText(payload ?? new Uint8Array())}~${disclosures ?? ""}`);
  expect(event.type).to.equal("equivocation");
  const proof = event.disclosures.find(({ name }) => name === "equivocation")?.value;
  return proof as Equivocation;
}

async function onStore(use: (store: Store) => Promise<void>): Promise<void> {
  await withFolder(async (open) => {
    const store = await open();
    await use(store).finally(store.close);
  });
}
