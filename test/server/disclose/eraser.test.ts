import { randomBytes } from "node:crypto";
import { expect } from "chai";
import { toBase64url } from "../../../protocol/bytes.ts";
import type { Facets } from "../../../protocol/facet-values.ts";
import { leafHash } from "../../../protocol/merkle.ts";
import { parseSource } from "../../../protocol/source.ts";
import { closureRegister } from "../../../server/disclose/closure-register.ts";
import { eraser, type Eraser, type EraserOptions } from "../../../server/disclose/eraser.ts";
import { erasureRegister, type ErasureRegister } from "../../../server/disclose/erasures.ts";
import { followLog } from "../../../server/integrate/log-follower.ts";
import { createLog } from "../../../server/log.ts";
import { access, type RecordedLog, recordedLog } from "../prove/recorded-log.ts";

const time = { occurred: "2026-11-22T08:00:00Z" };
const START = Date.parse("2026-11-22T00:00:00Z");
const POLICE = parseSource("qn-police/r1");

describe("server/disclose/eraser", () => {
  let log: RecordedLog;
  let now: number;

  beforeEach(async () => {
    log = await recordedLog();
    now = START;
  });
  afterEach(async () => {
    await log.close();
  });

  /** What `npm start` makes of the same databases after a restart. */
  function parts(changes: Partial<EraserOptions> = {}): { erasures: ErasureRegister; eraser: Eraser } {
    const { store, derived: db, tree } = log;
    const logger = createLog({ logLevel: "silent" });
    const follow = followLog({ store, db, log: logger });
    const clock = { now: () => now };
    const erasures = erasureRegister({ follow, db });
    const made = eraser({
      ...{ store, erasures, clock, log: logger, readers: [] },
      closures: closureRegister({ follow, db, clock, log: logger }),
      leafIndex: async (leaf) => await tree().leafIndex(leaf),
      ...changes,
    });
    return { erasures, eraser: made };
  }

  async function leafAt(index: number): Promise<string> {
    const [payload] = await log.store.payloads(index, index + 1);
    return toBase64url(leafHash(payload ?? new Uint8Array()));
  }

  async function leavesAt(indexes: readonly number[]): Promise<string[]> {
    return await Promise.all(indexes.map(leafAt));
  }

  async function erase(id: string, leaves: readonly string[]): Promise<number> {
    const erasure = { id, leaves: [...leaves], authority: "qn-police", reason: "ordered" };
    return await log.append("minhbach/desk", [{ type: "erasure", erasure, time }]);
  }

  async function seal(until: string, ...indexes: number[]): Promise<void> {
    const leaves = await leavesAt(indexes);
    const facets: Facets = {
      type: "seal",
      seal: { id: "s", state: "placed", leaves, authority: "court", until },
      time,
    };
    await log.append("qn-police/r1", [facets]);
  }

  async function anchorAll(): Promise<void> {
    const { size } = await log.store.head();
    await log.anchor(size, { indexSize: size });
  }

  async function gone(): Promise<number[]> {
    const { size } = await log.store.head();
    const events = await log.store.events(Array.from({ length: size }, (_, index) => index));
    return events.flatMap((event, index) => (event?.disclosures === undefined ? [index] : []));
  }

  it("destroys what an erasure names once an anchored index covers it, and says so", async () => {
    await log.append("qn-police/r1", [access("a"), access("b"), access("c")]);
    const order = await erase("e-1/1", await leavesAt([0, 2]));
    const { erasures, eraser } = parts();
    await eraser.run();
    expect(await gone()).to.deep.equal([]);
    expect(eraser.status()).to.include({ waiting: 1, sealed: 0, destroyed: 0 });
    // The anchor covers the order, its index does not.
    await log.anchor(4, { indexSize: 3 });
    await eraser.run();
    expect(await gone()).to.deep.equal([]);
    now = 5000_000;
    expect(eraser.status().oldestSeconds).to.equal(4000);
    await anchorAll();
    await eraser.run();
    expect(await gone()).to.deep.equal([0, 2]);
    expect(eraser.status()).to.deep.equal({ waiting: 0, sealed: 0, destroyed: 2, oldestSeconds: 0 });
    const done = {
      ...{ index: order, id: "e-1/1", authority: "qn-police", events: 2, destroyed: 2, kept: 0, sealed: 0 },
      done: 5000,
    };
    expect(await erasures.orders({ from: 0, limit: 9 })).to.deep.equal([done]);
    expect(await erasures.orders({ from: 0, limit: 9, agency: "qn-police" })).to.deep.equal([done]);
    expect(await erasures.orders({ from: 0, limit: 9, agency: "qn-tax" })).to.deep.equal([]);
    expect(await erasures.ordersOf("qn-police", "e-1")).to.deep.equal([done]);
    expect(await erasures.ordersOf("qn-tax", "e-1")).to.deep.equal([]);
    expect(await erasures.waiting({ from: 0, limit: 9 })).to.deep.equal([]);
    const { events, list } = await erasures.ofSource(POLICE, { after: 0, limit: 9 });
    expect(events.map(({ seq, number }) => [number, seq])).to.deep.equal([
      [1, 1],
      [2, 3],
    ]);
    const next = await erasures.ofSource(POLICE, { after: 1, limit: 9 });
    expect(next).to.deep.equal({ list, events: events.slice(1) });
  });

  it("never empties the machine's events, orders, looks of the watchers, or what came after the order", async () => {
    await log.append("minhbach/ledger", [
      { type: "heartbeat", heartbeat: {}, time },
      { type: "catalogue", catalogue: { version: "1", digest: toBase64url(randomBytes(32)) }, time },
    ]);
    const look = { ...access("look"), purpose: { procedure: "minhbach:inspection" } };
    await log.append("minhbach/desk", [look]);
    // Whoever is not the desk does not watch anybody.
    await log.append("qn-police/r1", [look, access("a")]);
    await seal("2026-11-23T00:00:00Z", 4);
    const first = await erase("first", await leavesAt([0]));
    await erase("all", [...(await leavesAt([0, 1, 2, 3, 5, first])), toBase64url(randomBytes(32))]);
    await anchorAll();
    const { erasures, eraser } = parts();
    await eraser.run();
    expect(await gone()).to.deep.equal([3]);
    const [, order] = await erasures.orders({ from: 0, limit: 9 });
    expect(order).to.include({ events: 7, destroyed: 1, kept: 6, done: START / 1000 });
  });

  it("keeps what a seal holds until it ends, and destroys the rest at once", async () => {
    await log.append("qn-police/r1", [access("a"), access("b"), access("c")]);
    await seal("2026-11-23T00:00:00Z", 1);
    await erase("e", await leavesAt([0, 1]));
    await erase("f", await leavesAt([2]));
    await anchorAll();
    const { erasures, eraser } = parts();
    await eraser.run();
    expect(await gone()).to.deep.equal([0, 2]);
    expect(eraser.status()).to.include({ waiting: 0, sealed: 1, destroyed: 2, oldestSeconds: 0 });
    expect(await erasures.waiting({ from: 0, limit: 9 })).to.have.length(1);
    await eraser.run();
    expect(eraser.status()).to.include({ waiting: 0, sealed: 1, destroyed: 2 });
    now = Date.parse("2026-11-23T00:00:01Z");
    await eraser.run();
    expect(await gone()).to.deep.equal([0, 1, 2]);
    expect(eraser.status()).to.include({ waiting: 0, sealed: 0, destroyed: 3 });
  });

  it("waits for whoever still has to read an event", async () => {
    await log.append("qn-police/r1", [access("a")]);
    const order = await erase("e", await leavesAt([0]));
    await anchorAll();
    let read = order;
    const { eraser } = parts({ readers: [async () => await Promise.resolve(read)] });
    await eraser.run();
    expect(await gone()).to.deep.equal([]);
    // What does not go on is seen to wait.
    expect(eraser.status().oldestSeconds).to.be.greaterThan(0);
    read++;
    await eraser.run();
    expect(await gone()).to.deep.equal([0]);
  });

  it("is not held up by an event that cannot be opened: that one waits", async () => {
    await log.append("qn-police/r1", [access("a"), access("b"), access("c")]);
    await erase("e", await leavesAt([0, 1]));
    await erase("f", await leavesAt([2]));
    await anchorAll();
    let isDamaged = true;
    const store = {
      ...log.store,
      events: async (indexes: readonly number[]) => {
        if (isDamaged && indexes.includes(0)) throw new Error("unable to authenticate data");
        return await log.store.events(indexes);
      },
    };
    const { erasures, eraser } = parts({ store });
    await eraser.run();
    expect(await gone()).to.deep.equal([1, 2]);
    expect(eraser.status()).to.include({ waiting: 1, destroyed: 2 });
    const [order] = await erasures.waiting({ from: 0, limit: 9 });
    expect(order).to.include({ id: "e", events: 2, destroyed: 1, kept: 0, sealed: 0 });
    isDamaged = false;
    await eraser.run();
    expect(await gone()).to.deep.equal([0, 1, 2]);
    expect(eraser.status()).to.include({ waiting: 0, destroyed: 3 });
  });

  it("does again what it does not know to be done, wherever it was ended, and once only where it knows", async () => {
    await log.append("qn-police/r1", [access("a"), access("b")]);
    await erase("e", await leavesAt([0]));
    await anchorAll();
    const erased: (readonly number[])[] = [];
    const store = {
      ...log.store,
      eraseKeys: async (indexes: readonly number[]) => {
        erased.push(indexes);
        await log.store.eraseKeys(indexes);
        if (erased.length === 1) throw new Error("ended after the keys were destroyed");
      },
    };
    const ended = parts({ store });
    expect(await ended.eraser.run().catch((error: unknown) => error)).to.be.instanceOf(Error);
    expect(await gone()).to.deep.equal([0]);
    expect(await ended.erasures.waiting({ from: 0, limit: 9 })).to.have.length(1);
    const again = parts({ store });
    await again.eraser.run();
    expect(erased).to.deep.equal([[0], [0]]);
    await again.eraser.run();
    await parts({ store }).eraser.run();
    expect(erased.filter((indexes) => indexes.length > 0)).to.have.length(2);
    expect(await again.erasures.orders({ from: 0, limit: 9 }))
      .to.have.property("0")
      .that.includes({
        destroyed: 1,
        kept: 0,
      });
    expect((await again.erasures.ofSource(POLICE, { after: 0, limit: 9 })).events).to.have.length(1);
  });

  it("makes its list anew from the records, under another name", async () => {
    await log.append("qn-police/r1", [access("a"), access("b")]);
    await erase("e", await leavesAt([0, 1]));
    await anchorAll();
    const first = parts();
    await first.eraser.run();
    const before = await first.erasures.ofSource(POLICE, { after: 0, limit: 9 });
    await log.derived.clear({ gte: Buffer.from("E"), lt: Buffer.from("F") });
    await log.derived.clear({ gte: Buffer.from("e"), lt: Buffer.from("f") });
    const second = parts();
    await second.eraser.run();
    const after = await second.erasures.ofSource(POLICE, { after: 0, limit: 9 });
    expect(after.events).to.deep.equal(before.events);
    expect(after.list).to.not.equal(before.list);
  });
});
