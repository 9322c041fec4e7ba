import { expect } from "chai";
import { parseSource } from "../../../protocol/source.ts";
import { RecordsBehind, StoreConflict } from "../../../server/errors.ts";
import { openDisclosures } from "../../../server/store/sealing.ts";
import type { Head, IndexKeyRow, Store, StoredAnchor, StoreReader } from "../../../server/store/store.ts";
import { bundle, EMPTY, groupAfter, madeSubmission, tagsOf, type MadeSubmission } from "./groups.ts";

/** One database that can be opened again after it was closed. */
export interface StoreFixture {
  open: () => Promise<Store>;
  destroy: () => Promise<void>;
}

const A = parseSource("qn-police/r1");
const B = parseSource("qn-police/r10");

/** What every backend of the store port must do. */
export function storeConformance(name: string, fixture: () => Promise<StoreFixture>): void {
  describe(`store: ${name}`, () => {
    let database: StoreFixture;
    let store: Store;

    beforeEach(async () => {
      database = await fixture();
      store = await database.open();
    });

    afterEach(async () => {
      await store.close();
      await database.destroy();
    });

    async function reopen(): Promise<void> {
      await store.close();
      store = await database.open();
    }

    async function commit(...submissions: MadeSubmission[]): Promise<Head> {
      const head = await store.head();
      const group = groupAfter(head, submissions);
      await store.commit(group, head.size);
      return group.head;
    }

    it("is empty at first", async () => {
      expect(await store.head()).to.deep.equal(EMPTY);
      expect(await store.sources({ limit: 10 })).to.deep.equal([]);
      expect(await store.source(A)).to.equal(undefined);
      expect(await store.submissionHolding(A, 1)).to.equal(undefined);
      expect(await store.submissionOfIndex(0)).to.equal(undefined);
      expect(await store.submissionsOf(A, { from: 1, limit: 5 })).to.deep.equal([]);
      expect(await store.payloads(0, 10)).to.deep.equal([]);
      expect(await store.disclosures(0)).to.equal(undefined);
      expect(await store.eventKey(0)).to.equal(undefined);
      expect(await store.eventWithSubmission(0)).to.equal(undefined);
      expect(await store.indexTags(0, 10)).to.deep.equal([]);
      expect(await store.events([0, 1])).to.deep.equal([undefined, undefined]);
      expect(await store.indexKeys({ from: 0, limit: 5 })).to.deep.equal([]);
      expect(await store.attachment(0)).to.equal(undefined);
      expect(await store.attachmentIndex(new Uint8Array(32))).to.equal(undefined);
      expect(await store.anchors({ after: 0, limit: 5 })).to.deep.equal([]);
      expect(await store.anchorCovering(0)).to.equal(undefined);
      expect(await store.lastAnchor()).to.equal(undefined);
      expect(await store.anchorIntent()).to.equal(undefined);
    });

    it("gives back what was committed, also after it was closed and opened", async () => {
      const first = madeSubmission(A, 1, 3, 0);
      const second = madeSubmission(B, 1, 1, 3);
      const third = madeSubmission(A, 4, 200, 4);
      const head = await commit(first, second);
      await commit(third);
      for (const open of [async () => undefined, reopen]) {
        await open();
        expect((await store.head()).size).to.equal(204);
        expect((await store.head()).commits).to.equal(head.commits + 1);
        for (const submission of [first, second, third]) await expectStored(store, submission);
      }
      expect(await store.head()).to.deep.equal(groupAfter(head, [third]).head);
    });

    it("reads many events at once, wherever they stand and in whatever order", async () => {
      const made = [
        madeSubmission(A, 1, 3, 0),
        madeSubmission(B, 1, 1, 3),
        madeSubmission(A, 4, 200, 4),
        madeSubmission(B, 2, 1, 204),
      ];
      for (const submission of made) await commit(submission);
      const seqs = made.flatMap(({ first, texts }) => texts.payloads.map((_, at) => first + at));
      const payloads = made.flatMap(({ texts }) => texts.payloads);
      const disclosures = made.flatMap(({ texts }) => texts.disclosures);
      const indexes = [204, 3, 0, 67, 68, 4, 203, 205, 2, 131, 132, -1, 1, 3];
      const found = await store.events(indexes);
      expect(found).to.have.length(indexes.length);
      for (const [at, index] of indexes.entries()) {
        const event = found[at];
        if (index < 0 || index > 204) {
          expect(event, `${index}`).to.equal(undefined);
          continue;
        }
        expect(Buffer.from(event?.payload ?? []).toString(), `${index}`).to.equal(payloads[index]);
        expect(event?.disclosures, `${index}`).to.equal(disclosures[index]);
        expect(Buffer.from(event?.tags ?? [])).to.deep.equal(Buffer.concat(tagsOf(seqs[index] ?? 0)));
      }
      expect(await store.events([])).to.deep.equal([]);
    });

    it("hands over events sealed, in one piece, that open with the keys beside them", async () => {
      const made = [madeSubmission(A, 1, 33, 0), madeSubmission(B, 1, 1, 33), madeSubmission(A, 34, 20, 34)];
      await commit(...made);
      await store.eraseKeys([40]);
      const disclosures = made.flatMap(({ texts }) => texts.disclosures);
      for (const [from, to] of [
        [0, 54],
        [5, 20],
        [32, 35],
        [39, 100],
        [54, 60],
      ] as const) {
        const given = await store.sealedEvents(from, to);
        const count = Math.min(to, 54) - from;
        expect(given).to.include({ from, count });
        const places = made.filter(({ index, count: events }) => index < to && index + events > from);
        expect(given.submissions).to.deep.equal(
          places.map(({ source, index, count: events, time }) => ({ source, index, count: events, time })),
        );
        expect(given.tagCounts.reduce((sum, each) => sum + each, 0) * 33).to.equal(given.tags.length);
        expect(Buffer.concat(await store.indexTags(from, to)).equals(given.tags)).to.be.true;
        let at = 0;
        for (let event = 0; event < count; event++) {
          const sealed = given.sealed.subarray(at, (at += given.sealedLengths[event] ?? 0));
          const key = given.keys.subarray(event * 32, event * 32 + 32);
          if (from + event === 40) {
            expect(sealed.length).to.equal(0);
            expect(key.every((byte) => byte === 0)).to.be.true;
          } else {
            expect(openDisclosures(key, sealed)).to.equal(disclosures[from + event]);
          }
        }
        expect(at).to.equal(given.sealed.length);
      }
    });

    it("finds submissions by any number or index they hold, and nothing beyond the end", async () => {
      await commit(madeSubmission(A, 1, 3, 0), madeSubmission(B, 1, 2, 3), madeSubmission(A, 4, 5, 5));
      const found = await Promise.all(
        [1, 3, 4, 8].map(async (seq) => (await store.submissionHolding(A, seq))?.first),
      );
      expect(found).to.deep.equal([1, 1, 4, 4]);
      expect(await store.submissionHolding(A, 9)).to.equal(undefined);
      expect(await store.submissionHolding(A, 0)).to.equal(undefined);
      expect((await store.submissionHolding(B, 2))?.index).to.equal(3);
      const starts = await Promise.all(
        [0, 2, 3, 4, 5, 9].map(async (at) => (await store.submissionOfIndex(at))?.index),
      );
      expect(starts).to.deep.equal([0, 0, 3, 3, 5, 5]);
      expect(await store.submissionOfIndex(10)).to.equal(undefined);
      expect(await store.submissionOfIndex(-1)).to.equal(undefined);
      expect(await store.eventWithSubmission(10)).to.equal(undefined);
    });

    it("reads payloads across rows and submissions, cut at the end of the log", async () => {
      const made = [
        madeSubmission(A, 1, 130, 0),
        madeSubmission(B, 1, 1, 130),
        madeSubmission(A, 131, 64, 131),
      ];
      await commit(...made);
      const texts = made.flatMap(({ texts }) => texts.payloads);
      const ranges = [
        [0, 195],
        [0, 1],
        [63, 65],
        [64, 128],
        [129, 132],
        [194, 195],
        [190, 500],
        [195, 196],
        [5, 5],
        [9, 3],
      ] as const;
      for (const [from, to] of ranges) {
        const read = (await store.payloads(from, to)).map((bytes) => Buffer.from(bytes).toString("latin1"));
        expect(read, `${from}..${to}`).to.deep.equal(texts.slice(from, Math.max(from, to)));
      }
    });

    it("finds every event wherever submissions of any size begin and end", async () => {
      const counts = [3, 1, 1, 40, 12, 4, 16, 1, 15, 33, 2, 2, 64, 5, 100, 1];
      const made: MadeSubmission[] = [];
      let index = 0;
      let first = 1;
      for (const count of counts) {
        made.push(madeSubmission(A, first, count, index));
        index += count;
        first += count;
      }
      await commit(...made);
      const payloads = made.flatMap(({ texts }) => texts.payloads);
      const disclosures = made.flatMap(({ texts }) => texts.disclosures);
      const indexes = [...payloads.keys(), index, -1].reverse();
      const events = await store.events(indexes);
      for (const [at, place] of indexes.entries()) {
        const event = events[at];
        const payload = event && Buffer.from(event.payload).toString("latin1");
        expect([payload, event?.disclosures], `event ${place}`).to.deep.equal([
          payloads[place],
          disclosures[place],
        ]);
        expect(await store.disclosures(place)).to.equal(disclosures[place]);
        const holding = made.find((each) => place >= each.index && place < each.index + each.count);
        expect((await store.submissionOfIndex(place))?.first).to.equal(holding?.first);
      }
    });

    it("reads the index tags of events across rows and submissions, of erased events too", async () => {
      const whole = madeSubmission(A, 1, 70, 0);
      // Event 70 has two tags, event 71 none; the key of both is erased.
      const erased = {
        ...madeSubmission(B, 2, 2, 70),
        keys: bundle([Buffer.concat(tagsOf(2)), Buffer.alloc(0)]),
      };
      await commit(whole, erased, madeSubmission(A, 71, 1, 72));
      const expected = [...Array.from({ length: 70 }, (_, at) => at + 1), 2, 3, 71].map((seq) =>
        Buffer.concat(tagsOf(seq)).toString("hex"),
      );
      for (const [from, to] of [
        [0, 73],
        [63, 65],
        [70, 72],
        [69, 500],
        [73, 80],
        [5, 5],
      ] as const) {
        const read = (await store.indexTags(from, to)).map((tags) => Buffer.from(tags).toString("hex"));
        expect(read, `${from}..${to}`).to.deep.equal(expected.slice(from, to));
      }
      expect(await store.eventKey(69))
        .to.have.property("tags")
        .with.length(1);
      expect(await store.eventKey(70)).to.equal(undefined);
      expect(await store.eventKey(71)).to.equal(undefined);
      expect(await store.disclosures(70)).to.equal(undefined);
      const [of70] = await store.events([70]);
      expect(of70?.disclosures).to.equal(undefined);
      expect(Buffer.from(of70?.tags ?? [])).to.deep.equal(Buffer.concat(tagsOf(2)));
    });

    it("keeps index keys in the order they came, whoever adds them at the same time", async () => {
      const rows = Array.from({ length: 300 }, (_, n) => indexKey(n));
      await store.addIndexKeys(rows.slice(0, 1));
      await Promise.all([
        store.addIndexKeys(rows.slice(1, 280)),
        store.addIndexKeys(rows.slice(280)),
        store.addIndexKeys([]),
      ]);
      for (const open of [async () => undefined, reopen]) {
        await open();
        expect(await readIndexKeys(store, 0, 500)).to.deep.equal(rows);
        expect(await readIndexKeys(store, 255, 3)).to.deep.equal(rows.slice(255, 258));
        expect(await readIndexKeys(store, 300, 3)).to.deep.equal([]);
      }
      await store.addIndexKeys(rows.slice(0, 1));
      expect(await readIndexKeys(store, 0, 300)).to.deep.equal(rows);
      expect(await store.lastAnchor()).to.equal(undefined);
    });

    it("lists sources and their submissions page by page", async () => {
      const names = ["qn-health/a", "qn-police/r1", "qn-police/r10", "qn-police/r2"];
      await commit(...names.map((source, at) => madeSubmission(source, 1, 1, at)));
      await commit(madeSubmission(A, 2, 5, 4), madeSubmission(A, 7, 1, 9));
      const firstPage = await store.sources({ limit: 3 });
      expect(firstPage.map(({ source }) => source)).to.deep.equal(names.slice(0, 3));
      expect(firstPage[1]).to.deep.equal({ source: A, next: 8, lastTime: 1_700_000_007 });
      const after = firstPage[1]?.source ?? A;
      expect((await store.sources({ after, limit: 3 })).map(({ source }) => source)).to.deep.equal(
        names.slice(2),
      );
      expect((await store.submissionsOf(A, { from: 4, limit: 9 })).map(({ first }) => first)).to.deep.equal([
        2, 7,
      ]);
      expect((await store.submissionsOf(A, { from: 1, limit: 2 })).map(({ first }) => first)).to.deep.equal([
        1, 2,
      ]);
      expect(await store.submissionsOf(A, { from: 8, limit: 2 })).to.deep.equal([]);
    });

    it("refuses a group built on another head, and changes nothing", async () => {
      const head = await commit(madeSubmission(A, 1, 2, 0));
      const stale = groupAfter(EMPTY, [madeSubmission(A, 3, 1, 0)]);
      expect(await rejection(store.commit(stale, 0))).to.be.instanceOf(StoreConflict);
      expect(await store.head()).to.deep.equal(head);
      expect((await store.source(A))?.next).to.equal(3);
    });

    it("lets exactly one of two concurrent commits win", async () => {
      const groups = [A, B].map((source) => groupAfter(EMPTY, [madeSubmission(source, 1, 1, 0)]));
      const outcomes = await Promise.allSettled(groups.map(async (group) => await store.commit(group, 0)));
      expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(["fulfilled", "rejected"]);
      expect((await store.head()).size).to.equal(1);
      expect(await store.sources({ limit: 5 })).to.have.length(1);
    });

    it("refuses a group with a gap or a wrong head", async () => {
      const gap = groupAfter(EMPTY, [madeSubmission(A, 1, 1, 1)]);
      expect(await rejection(store.commit(gap, 0))).to.be.instanceOf(RangeError);
      const group = groupAfter(EMPTY, [madeSubmission(A, 1, 1, 0)]);
      const wrong = { ...group, head: { ...group.head, size: 7 } };
      expect(await rejection(store.commit(wrong, 0))).to.be.instanceOf(RangeError);
      expect(await durableHead(store)).to.deep.equal(EMPTY);
    });

    it("keeps an attachment sealed with its event, and finds it by its name", async () => {
      const name = new Uint8Array(32).fill(7);
      const body = Buffer.alloc(300_000, "the whole body");
      await commit(madeSubmission(A, 1, 2, 0), {
        ...madeSubmission(B, 1, 1, 2),
        attachment: { name, body },
      });
      await reopen();
      expect(await store.attachmentIndex(name)).to.equal(2);
      expect(Buffer.from((await store.attachment(2)) ?? []).equals(body)).to.equal(true);
      expect(await store.attachment(0)).to.equal(undefined);
      expect(await store.disclosures(2)).to.equal("disclosure-1~decoy-1~");
    });

    it("keeps anchors in the order of their sizes, and forgets the intent with the anchor", async () => {
      const anchors = [anchor(0, 5, 0), anchor(1, 9, 0), anchor(2, 9, 5), anchor(3, 300, 9)];
      for (const each of anchors) {
        await store.setAnchorIntent(Buffer.from(`intent ${each.number}`));
        expect(Buffer.from((await store.anchorIntent()) ?? []).toString()).to.equal(`intent ${each.number}`);
        await store.recordAnchor(each);
        expect(await store.anchorIntent()).to.equal(undefined);
      }
      await reopen();
      expect(await store.anchors({ after: 0, limit: 10 })).to.deep.equal(anchors);
      expect(await store.anchors({ after: 5, limit: 2 })).to.deep.equal(anchors.slice(1, 3));
      expect(await store.anchorsFrom({ from: 0, limit: 10 })).to.deep.equal(anchors);
      expect(await store.anchorsFrom({ from: 1, limit: 1 })).to.deep.equal(anchors.slice(1, 2));
      expect(await store.anchorsFrom({ from: 2, limit: 9 })).to.deep.equal(anchors.slice(2));
      expect(await store.anchorsFrom({ from: 4, limit: 9 })).to.deep.equal([]);
      expect(await store.lastAnchor()).to.deep.equal(anchors[3]);
      const covering = await Promise.all(
        [0, 4, 5, 8, 9, 299, 300].map(async (i) => (await store.anchorCovering(i))?.number),
      );
      expect(covering).to.deep.equal([0, 0, 1, 1, 3, 3, undefined]);
    });

    it("replaces an anchor that stands in another block now", async () => {
      await store.recordAnchor(anchor(0, 5, 0));
      await store.recordAnchor({ ...anchor(0, 5, 0), block: 99 });
      expect((await store.anchors({ after: 0, limit: 10 })).map(({ block }) => block)).to.deep.equal([99]);
      expect((await store.anchorsFrom({ from: 0, limit: 9 })).map(({ block }) => block)).to.deep.equal([99]);
      await store.setAnchorIntent(Buffer.from("intent"));
      await store.setAnchorIntent(undefined);
      expect(await store.anchorIntent()).to.equal(undefined);
    });

    it("erases the keys and disclosures of events for good, and keeps all else of them", async () => {
      const name = new Uint8Array(32).fill(9);
      const made = [
        madeSubmission(A, 1, 40, 0),
        { ...madeSubmission(B, 1, 1, 40), attachment: { name, body: Buffer.from("the whole of it") } },
        madeSubmission(A, 41, 3, 41),
      ];
      await commit(...made);
      const tags = await store.indexTags(0, 50);
      const erased = [43, 0, 17, 40, 17];
      await store.eraseKeys(erased);
      await store.eraseKeys(erased.slice(1, 3));
      await store.eraseKeys([]);
      const payloads = made.flatMap(({ texts }) => texts.payloads);
      const disclosures = made.flatMap(({ texts }) => texts.disclosures);
      for (const open of [async () => undefined, reopen]) {
        await open();
        expect((await store.head()).size).to.equal(44);
        expect(await store.indexTags(0, 50)).to.deep.equal(tags);
        expect((await store.payloads(0, 50)).map((bytes) => Buffer.from(bytes).toString())).to.deep.equal(
          payloads,
        );
        const events = await store.events(payloads.map((_, index) => index));
        for (const [index, event] of events.entries()) {
          const kept = erased.includes(index) ? undefined : disclosures[index];
          expect(event?.disclosures, `${index}`).to.equal(kept);
          expect(Buffer.from(event?.tags ?? [])).to.deep.equal(Buffer.from(tags[index] ?? []));
          expect(await store.disclosures(index)).to.equal(kept);
          expect((await store.eventKey(index)) === undefined, `${index}`).to.equal(kept === undefined);
          expect((await store.eventWithSubmission(index))?.disclosures).to.equal(kept);
        }
        expect(await store.attachment(40)).to.equal(undefined);
        expect(await store.attachmentIndex(name)).to.equal(40);
        expect((await store.submissionHolding(A, 41))?.index).to.equal(41);
      }
      await commit(madeSubmission(B, 2, 1, 44));
      expect(await store.disclosures(44)).to.be.a("string");
    });

    it("erases nothing of events that the log does not have", async () => {
      await commit(madeSubmission(A, 1, 2, 0));
      for (const index of [2, -1, 0.5])
        expect(await rejection(store.eraseKeys([0, index]))).to.be.instanceOf(RangeError);
      expect(await store.disclosures(0)).to.be.a("string");
    });

    it("erases beside commits", async () => {
      await commit(madeSubmission(A, 1, 20, 0));
      const erasing = store.eraseKeys([3, 19]);
      for (let seq = 1; seq <= 20; seq++) await commit(madeSubmission(B, seq, 1, 19 + seq));
      await erasing;
      const found = await store.events(Array.from({ length: 40 }, (_, index) => index));
      const gone = found.flatMap((event, index) => (event?.disclosures === undefined ? [index] : []));
      expect(gone).to.deep.equal([3, 19]);
    });

    it("shows the newest published checkpoint", async () => {
      expect(await store.checkpoint()).to.equal(undefined);
      for (const size of [0, 3, 3, 9]) {
        const checkpoint = { size, root: new Uint8Array(32).fill(size), note: `of size ${size}` };
        await store.publishCheckpoint(checkpoint);
        expect(await store.checkpoint()).to.deep.equal(checkpoint);
      }
    });

    it("keeps what it is bound to, by name, until it is bound anew", async () => {
      expect(await store.bound("pepper")).to.equal(undefined);
      await store.bind("pepper", Uint8Array.of(1, 2));
      await store.bind("pepper2", Uint8Array.of(3));
      await reopen();
      expect(await store.bound("pepper")).to.deep.equal(Uint8Array.of(1, 2));
      expect(await store.bound("pepper2")).to.deep.equal(Uint8Array.of(3));
      await store.bind("pepper", Uint8Array.of(4));
      expect(await store.bound("pepper")).to.deep.equal(Uint8Array.of(4));
      expect(await store.bound("vrf")).to.equal(undefined);
      const snapshot = await store.snapshot();
      await store.bind("pepper", Uint8Array.of(5));
      expect(await snapshot.bound("pepper")).to.deep.equal(Uint8Array.of(4));
      await snapshot.close();
    });

    it("takes nothing while it is marked as behind, also when it is opened again, and shows what it has", async () => {
      await commit(madeSubmission(A, 1, 2, 0));
      expect(await store.behind()).to.equal(undefined);
      await store.setBehind("a receipt was shown");
      const group = groupAfter(await store.head(), [madeSubmission(A, 3, 1, 2)]);
      for (const open of [async () => undefined, reopen]) {
        await open();
        let worked = false;
        const turn = store.turn(async () => {
          worked = true;
          await Promise.resolve();
        });
        expect(await rejection(turn)).to.include({ code: "store-behind", reason: "a receipt was shown" });
        expect(worked).to.equal(false);
        expect(await rejection(store.commit(group, 2))).to.be.instanceOf(RecordsBehind);
        expect(await store.behind()).to.equal("a receipt was shown");
        expect((await store.head()).size).to.equal(2);
        expect(await store.disclosures(1)).to.be.a("string");
        // What is copied and backed up.
        expect(await store.bindings()).to.deep.equal([]);
      }
      await store.setBehind(undefined);
      expect(await store.behind()).to.equal(undefined);
      await reopen();
      await store.commit(group, 2);
      expect((await store.head()).size).to.equal(3);
    });

    it("tells listeners every new head in order, until they leave", async () => {
      const heads: number[] = [];
      const leave = store.onHead(({ size }) => heads.push(size));
      await commit(madeSubmission(A, 1, 2, 0));
      await commit(madeSubmission(A, 3, 3, 2));
      leave();
      await commit(madeSubmission(A, 6, 1, 5));
      expect(heads).to.deep.equal([2, 5]);
    });

    it("commits and tells the others whatever a listener throws", async () => {
      const sizes: number[] = [];
      store.onHead(() => {
        throw new Error("on purpose");
      });
      store.onHead(({ size }) => sizes.push(size));
      await commit(madeSubmission(A, 1, 2, 0));
      await commit(madeSubmission(A, 3, 1, 2));
      expect(sizes).to.deep.equal([2, 3]);
    });

    it("shows a snapshot as it was", async () => {
      const head = await commit(madeSubmission(A, 1, 2, 0));
      const snapshot = await store.snapshot();
      await commit(madeSubmission(A, 3, 2, 2), madeSubmission(B, 1, 1, 4));
      await store.recordAnchor(anchor(0, 5, 0));
      expect(await snapshot.head()).to.deep.equal(head);
      expect((await snapshot.source(A))?.next).to.equal(3);
      expect(await snapshot.source(B)).to.equal(undefined);
      expect(await snapshot.payloads(0, 10)).to.have.length(2);
      expect(await snapshot.submissionOfIndex(3)).to.equal(undefined);
      expect(await snapshot.lastAnchor()).to.equal(undefined);
      await snapshot.close();
      expect((await store.head()).size).to.equal(5);
    });

    it("refuses reads and writes once closed", async () => {
      await store.close();
      expect(await rejection(store.head())).to.have.property("code", "store-unavailable");
      const group = groupAfter(EMPTY, [madeSubmission(A, 1, 1, 0)]);
      expect(await rejection(store.commit(group, 0))).to.have.property("code", "store-unavailable");
    });
  });
}

async function expectStored(store: Store, made: MadeSubmission): Promise<void> {
  const { source, first, count, index, time, jws, receipt } = made;
  const stored = { source, first, count, index, time, jws, receipt };
  expect(await store.submissionHolding(source, first + count - 1)).to.deep.equal(stored);
  expect(await store.submissionOfIndex(index)).to.deep.equal(stored);
  for (let at = 0; at < count; at++) {
    expect(await store.disclosures(index + at)).to.equal(made.texts.disclosures[at]);
    const event = await store.eventWithSubmission(index + at);
    expect(event && { ...event, payload: Buffer.from(event.payload).toString("latin1") }).to.deep.equal({
      payload: made.texts.payloads[at],
      disclosures: made.texts.disclosures[at],
      submission: stored,
    });
    const secrets = await store.eventKey(index + at);
    expect(Buffer.from(secrets?.key ?? [])).to.deep.equal(Buffer.from(made.secrets[at] ?? []));
    const tags = secrets?.tags.map(({ kind, tag }) => Buffer.concat([Buffer.of(kind), tag]));
    expect(tags).to.deep.equal(tagsOf(first + at));
  }
  const payloads = (await store.payloads(index, index + count)).map((bytes) =>
    Buffer.from(bytes).toString("latin1"),
  );
  expect(payloads).to.deep.equal(made.texts.payloads);
}

export function anchor(number: number, size: number, indexSize: number): StoredAnchor {
  return {
    number,
    size,
    root: new Uint8Array(32).fill(size % 256),
    indexSize,
    indexRoot: new Uint8Array(32).fill(indexSize),
    checkpoint: `minhbach/1/0xab/1\n${size}\nroot=\n\n— minhbach/1/0xab/1 signature\n`,
    block: 100 + number,
    blockHash: `0x${"b".repeat(64)}`,
    transaction: `0x${"c".repeat(64)}`,
    time: 1_700_000_000 + number,
  };
}

function indexKey(n: number): IndexKeyRow {
  const tag = new Uint8Array(33);
  new DataView(tag.buffer).setUint32(1, n);
  return { tag, key: new Uint8Array(32).fill(n % 256) };
}

async function readIndexKeys(store: StoreReader, from: number, limit: number): Promise<IndexKeyRow[]> {
  const rows = await store.indexKeys({ from, limit });
  return rows.map(({ tag, key }) => ({ tag: new Uint8Array(tag), key: new Uint8Array(key) }));
}

/** The head as the next turn gets it: what is durable after all. */
export async function durableHead(store: Store): Promise<Head> {
  let durable = EMPTY;
  await store.turn((head) => {
    durable = head;
    return Promise.resolve();
  });
  return durable;
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}
