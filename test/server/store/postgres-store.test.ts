import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import { parseSource } from "../../../protocol/source.ts";
import { type PostgresServer, startPostgres } from "../../../scripts/postgres.ts";
import { StoreConflict } from "../../../server/errors.ts";
import { openPostgresStore } from "../../../server/store/postgres-store.ts";
import type { Store } from "../../../server/store/store.ts";
import { skipBecause } from "../../skip-because.ts";
import { durableHead, rejection, storeConformance } from "./conformance.ts";
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
    const open = async (): Promise<Store> =>
      await openPostgresStore({ url, headPollMs: 5, onListenerError: () => undefined });
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
