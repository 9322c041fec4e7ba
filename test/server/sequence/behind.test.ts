import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { makeReceipt, parseReceipt } from "../../../protocol/receipt.ts";
import { hasPostgres } from "../../../scripts/postgres.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import { openPostgresStore } from "../../../server/store/postgres-store.ts";
import { LedgerError } from "../../../server/errors.ts";
import type { Store } from "../../../server/store/store.ts";
import { skipBecause } from "../../skip-because.ts";
import { sharedDatabase } from "../../system/shared-postgres.ts";
import { LOG, testRecorder } from "../receive/recorder.ts";
import { rejection } from "../store/conformance.ts";
import { receiptKey, testLedger } from "./ledger.ts";

const recorder = testRecorder("qn-police/r1");
const other = testRecorder("qn-health/r1");
const events = Array.from({ length: 6 }, (_, at) => recorder.event(at + 1));
const others = Array.from({ length: 6 }, (_, at) => other.event(at + 1));
const batch = (first: number, last: number) => recorder.submission(first, events.slice(first - 1, last));
const otherBatch = (first: number, last: number) => other.submission(first, others.slice(first - 1, last));
const BEHIND = { code: "store-behind" };

/** What our log promised beyond any of these stores. */
const forgotten = makeReceipt(
  {
    ...{ log: LOG, src: recorder.source, first: 99, count: 1, root: new Uint8Array(32), index: 98 },
    ...{ time: 1, anchorBy: 2, indexBy: 3 },
  },
  receiptKey,
);

for (const kind of ["LevelDB", "PostgreSQL"] as const) {
  describe(`sequencer: records that are behind what was promised, in ${kind}`, function () {
    this.timeout(600_000);
    let folder: string;
    const opened: Store[] = [];

    before(function () {
      if (kind === "PostgreSQL" && !hasPostgres)
        skipBecause(this, "there is no PostgreSQL for this platform");
    });
    beforeEach(async () => {
      folder = await mkdtemp(path.join(tmpdir(), "minhbach-behind-"));
    });
    afterEach(async () => {
      for (const store of opened.splice(0)) await store.close();
      await rm(folder, { recursive: true, force: true });
    });

    /** New records, and how they are opened. */
    async function newRecords(): Promise<() => Promise<Store>> {
      const target =
        kind === "LevelDB" ? await mkdtemp(path.join(folder, "log-")) : (await sharedDatabase()).url;
      return async () => {
        const store =
          kind === "LevelDB"
            ? await openLevelStore({ path: target })
            : await openPostgresStore({ url: target });
        opened.push(store);
        return store;
      };
    }

    it("are refused after a start, until the operator takes the mark away", async () => {
      const open = await newRecords();
      const store = await open();
      const first = testLedger(store, [recorder]);
      await first.submit(batch(1, 2));
      expect(await rejection(first.sequencer.showReceipt(forgotten))).to.include(BEHIND);
      await store.close();

      const again = await open();
      const second = testLedger(again, [recorder]);
      await second.sequencer.look();
      expect(second.sequencer.state()).to.include({ kind: "halted" });
      expect(second.sequencer.requireOpen).to.throw(/receipt of ours was shown/);
      second.sequencer.open();
      expect(await rejection(second.submit(batch(3, 4)))).to.include(BEHIND);
      await again.setBehind(undefined);
      await again.close();

      const third = testLedger(await open(), [recorder]);
      await third.sequencer.look();
      expect((await third.submit(batch(3, 4))).created).to.equal(true);
    });

    it("are found so by their content, not by their size alone", async () => {
      const [mine, elses] = [await (await newRecords())(), await (await newRecords())()];
      let current = mine;
      /** A database that falls back to an older state while a server goes on, and takes as many other events. */
      const store = new Proxy(mine, { get: (_, name) => Reflect.get(current, name) as unknown });
      const ledger = testLedger(store, [recorder]);
      await ledger.submit(batch(1, 2));
      await testLedger(elses, [recorder, other]).submit(otherBatch(1, 2));
      const [{ size, commits }, theirs] = [await mine.head(), await elses.head()];
      expect({ size, commits }).to.deep.equal({ size: theirs.size, commits: theirs.commits });
      current = elses;
      expect(await rejection(ledger.submit(batch(1, 2)))).to.include(BEHIND);
      expect(ledger.sequencer.state()).to.include({ kind: "halted" });
      expect(await elses.behind()).to.match(/lost events/);
      expect((await elses.head()).size).to.equal(2);
    });

    it("are not taken for it where only others went on", async () => {
      const store = await (await newRecords())();
      const [one, two] = [testLedger(store, [recorder, other]), testLedger(store, [recorder, other])];
      for (const [first, last] of [
        [1, 1],
        [2, 2],
        [3, 5],
      ] as const) {
        expect((await one.submit(batch(first, last))).created).to.equal(true);
        expect((await two.submit(otherBatch(first, last))).created).to.equal(true);
      }
      expect([await store.behind(), one.sequencer.state().kind]).to.deep.equal([undefined, "open"]);
    });

    it("are marked later where they cannot be at once, and nothing is taken meanwhile", async () => {
      const inner = await (await newRecords())();
      let isAway = true;
      const setBehind: Store["setBehind"] = async (reason) => {
        if (isAway) throw new LedgerError("store-unavailable", "away");
        await inner.setBehind(reason);
      };
      const { sequencer, submit } = testLedger({ ...inner, setBehind }, [recorder]);
      expect(await rejection(sequencer.showReceipt(forgotten))).to.include(BEHIND);
      await sequencer.look();
      expect(await inner.behind()).to.equal(undefined);
      expect(await rejection(submit(batch(1, 1)))).to.include(BEHIND);
      isAway = false;
      await sequencer.look();
      expect(await inner.behind()).to.match(/receipt of ours/);
    });

    it("are marked by what the chain shows only if they are the log's", async () => {
      const store = await (await newRecords())();
      // No event says yet which log they are of: a server with another log's trust profile must not end this one.
      const early = testLedger(store, [recorder]);
      early.sequencer.halt("the chain has other events");
      await early.sequencer.look();
      expect(await store.behind()).to.equal(undefined);
      expect(early.sequencer.state()).to.include({ kind: "halted" });
      const { submit, sequencer } = testLedger(store, [recorder]);
      const [receipt = ""] = (await submit(batch(1, 1))).receipts;
      expect(parseReceipt(receipt).receipt.log).to.deep.equal(LOG);
      sequencer.halt("the chain has other events");
      await sequencer.look();
      expect(await store.behind()).to.equal("the chain has other events");
    });

    if (kind === "PostgreSQL")
      it("are refused by every server at once, whichever found it", async () => {
        const open = await newRecords();
        const [one, two, idle] = [await open(), await open(), await open()].map((store) =>
          testLedger(store, [recorder, other]),
        );
        if (one === undefined || two === undefined || idle === undefined) throw new Error("no ledgers");
        await one.submit(batch(1, 1));
        await two.submit(otherBatch(1, 1));
        expect(await rejection(one.sequencer.showReceipt(forgotten))).to.include(BEHIND);
        expect(await rejection(two.submit(otherBatch(2, 2)))).to.include(BEHIND);
        expect(two.sequencer.state()).to.include({ kind: "halted" });
        await idle.sequencer.look();
        expect(idle.sequencer.requireOpen).to.throw(/receipt of ours/);
        expect((await one.store.head()).size).to.equal(2);
      });
  });
}
