import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import pg from "pg";
import { parseSource } from "../../../protocol/source.ts";
import { type PostgresServer, startPostgres } from "../../../scripts/postgres.ts";
import { LeadLost, StoreConflict } from "../../../server/errors.ts";
import { openPostgresStore } from "../../../server/store/postgres-store.ts";
import type { IndexKeyRow, Store } from "../../../server/store/store.ts";
import { skipBecause } from "../../skip-because.ts";
import { anchor, durableHead, rejection, storeConformance } from "./conformance.ts";
import { EMPTY, groupAfter, madeSubmission } from "./groups.ts";

const A = parseSource("qn-police/r1");
const B = parseSource("qn-justice/r1");
/** Old pieces of the write-ahead log are removed, not used again with what they hold. */
const SETTINGS = ["wal_recycle=off", "min_wal_size=32MB", "wal_keep_size=0"];

describe("store: PostgreSQL", function () {
  this.timeout(60_000);
  let server: PostgresServer | undefined;

  before(async function () {
    const started = await startPostgres(SETTINGS);
    if (started === undefined) skipBecause(this, "there is no PostgreSQL for this platform");
    server = started;
  });
  after(async () => {
    await server?.stop();
  });

  function running(): PostgresServer {
    if (server === undefined) throw new Error("PostgreSQL was not started");
    return server;
  }

  storeConformance("PostgreSQL", async () => {
    const url = await running().newDatabase();
    const open = async (): Promise<Store> => {
      const store = await openPostgresStore({ url, headPollMs: 5, onListenerError: () => undefined });
      await store.campaign();
      return store;
    };
    return { open, destroy: async () => undefined };
  });

  describe("several processes", () => {
    let url: string;
    let stores: Store[];

    beforeEach(async () => {
      url = await running().newDatabase();
      stores = await Promise.all([1, 2, 3].map(async () => await openPostgresStore({ url, headPollMs: 5 })));
    });
    afterEach(async () => {
      for (const store of stores) await store.close();
    });

    it("make the tables once, whoever starts first", async () => {
      for (const store of stores) expect(await store.head()).to.deep.equal(EMPTY);
    });

    it("take turns: indexes have no gap and no number is given twice", async () => {
      const rounds = 15;
      await Promise.all(
        stores.map(async (store, at) => {
          const source = parseSource(`qn-police/r${at}`);
          for (let seq = 1; seq <= rounds; seq++)
            await store.turn(async (head) => {
              await store.commit(groupAfter(head, [madeSubmission(source, seq, 1, head.size)]), head.size);
            });
        }),
      );
      const [store] = stores;
      if (store === undefined) throw new Error("no store");
      expect((await store.head()).size).to.equal(3 * rounds);
      expect((await store.head()).commits).to.equal(3 * rounds);
      expect(await store.payloads(0, 100)).to.have.length(3 * rounds);
      for (const at of [0, 1, 2])
        expect((await store.source(parseSource(`qn-police/r${at}`)))?.next).to.equal(rounds + 1);
    });

    it("refuse a group that was made of an older head", async () => {
      const [one, two] = stores;
      if (one === undefined || two === undefined) throw new Error("no stores");
      await one.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 1, 0)]), 0);
      const stale = groupAfter(EMPTY, [madeSubmission(B, 1, 1, 0)]);
      expect(await rejection(two.commit(stale, 0))).to.be.instanceOf(StoreConflict);
      expect(await two.source(B)).to.equal(undefined);
    });

    it("hear of each other's commits", async () => {
      const [one, two] = stores;
      if (one === undefined || two === undefined) throw new Error("no stores");
      const heard = new Promise<number>((resolve) => two.onHead(({ size }) => resolve(size)));
      await one.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 2, 0)]), 0);
      expect(await heard).to.equal(2);
    });

    it("keep a person's key once, whoever computed it", async () => {
      const row = (n: number): IndexKeyRow => ({
        tag: new Uint8Array(33).fill(n),
        key: new Uint8Array(32).fill(n),
      });
      const lists = [
        [row(1), row(2), row(1)],
        [row(2), row(3)],
        [row(3), row(1), row(4)],
      ];
      await Promise.all(stores.map(async (store, at) => await store.addIndexKeys(lists[at] ?? [])));
      const rows = (await stores[0]?.indexKeys({ from: 0, limit: 99 })) ?? [];
      expect(rows.map(({ key }) => key[0] ?? 0).toSorted()).to.deep.equal([1, 2, 3, 4]);
      expect(await stores[0]?.indexKeys({ from: 3, limit: 99 })).to.have.length(1);
    });

    it("have one leader; when it leaves another leads, and what it still wrote is refused", async () => {
      const [one, two] = stores;
      if (one === undefined || two === undefined) throw new Error("no stores");
      await one.campaign();
      await two.campaign();
      expect([one.leads(), two.leads()]).to.deep.equal([true, false]);
      expect(await rejection(two.setAnchorIntent(Uint8Array.of(2)))).to.be.instanceOf(LeadLost);
      await one.setAnchorIntent(Uint8Array.of(1));
      // As after the first one was paused for longer than its lease.
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query("UPDATE lead SET until = '-infinity'");
      await client.end();
      const third = await openPostgresStore({ url });
      stores.push(third);
      await third.campaign();
      expect(third.leads()).to.be.true;
      const checkpoint = { size: 0, root: new Uint8Array(32), note: "note" };
      for (const late of [
        one.setAnchorIntent(Uint8Array.of(3)),
        one.recordAnchor(anchor(0, 5, 0)),
        one.publishCheckpoint(checkpoint),
      ])
        expect(await rejection(late)).to.be.instanceOf(LeadLost);
      expect(await third.anchorIntent()).to.deep.equal(Uint8Array.of(1));
      await third.publishCheckpoint(checkpoint);
      expect(await two.checkpoint()).to.deep.equal(checkpoint);
    });

    it("give the lead up when they close", async () => {
      const [one, two] = stores;
      if (one === undefined || two === undefined) throw new Error("no stores");
      await one.campaign();
      await one.close();
      await two.campaign();
      expect(two.leads()).to.be.true;
    });

    it("a turn that fails, or commits nothing, lets the next one come", async () => {
      const [one, two] = stores;
      if (one === undefined || two === undefined) throw new Error("no stores");
      expect(
        await rejection(one.turn(async () => await Promise.reject(new RangeError("on purpose")))),
      ).to.be.instanceOf(RangeError);
      await one.turn(async () => undefined);
      await two.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 1, 0)]), 0);
    });
  });

  it("keeps what it acknowledged when PostgreSQL is killed, and goes on when it is back", async () => {
    const store = await openPostgresStore({ url: await running().newDatabase() });
    await store.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 20, 0)]), 0);
    await running().kill();
    expect(await rejection(store.head())).to.have.property("code", "store-unavailable");
    await running().restart();
    const head = await durableHead(store);
    expect(head.size).to.equal(20);
    await store.commit(groupAfter(head, [madeSubmission(A, 21, 1, 20)]), 20);
    expect(await store.disclosures(20)).to.be.a("string");
    await store.close();
  });

  it("leaves the bytes of destroyed keys in none of PostgreSQL's files", async () => {
    const store = await openPostgresStore({ url: await running().newDatabase() });
    const made = madeSubmission(A, 1, 40, 0);
    await store.commit(groupAfter(EMPTY, [made]), 0);
    const [gone, kept] = [made.secrets[17], made.secrets[18]];
    if (gone === undefined || kept === undefined) throw new Error("no keys");
    expect(await filesWith(running().dataDir, gone)).not.to.deep.equal([]);
    await store.eraseKeys([17]);
    expect(await filesWith(running().dataDir, gone)).to.deep.equal([]);
    expect(await filesWith(running().dataDir, kept)).not.to.deep.equal([]);
    await store.close();
  });
});

/** The files below a folder that hold these bytes. */
async function filesWith(folder: string, bytes: Uint8Array): Promise<string[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: string[] = [];
  for (const file of files.filter((each) => each.isFile())) {
    const name = path.join(file.parentPath, file.name);
    const content = await readFile(name).catch(() => Buffer.alloc(0));
    if (content.includes(Buffer.from(bytes))) found.push(name);
  }
  return found;
}
