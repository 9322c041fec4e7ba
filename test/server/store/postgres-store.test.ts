import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "chai";
import pg from "pg";
import { parseSource } from "../../../protocol/source.ts";
import { type PostgresServer, startPostgres } from "../../../scripts/postgres.ts";
import { LeadLost, StoreConflict } from "../../../server/errors.ts";
import { PART_EVENTS } from "../../../server/store/postgres-log.ts";
import { postgresSessions } from "../../../server/store/postgres-session.ts";
import { openPostgresStore } from "../../../server/store/postgres-store.ts";
import type { Head, IndexKeyRow, Store } from "../../../server/store/store.ts";
import { skipBecause } from "../../skip-because.ts";
import { anchor, durableHead, rejection, storeConformance } from "./conformance.ts";
import { EMPTY, groupAfter, madeSubmission } from "./groups.ts";

const A = parseSource("qn-police/r1");
const B = parseSource("qn-justice/r1");
/** Old pieces of the write-ahead log are removed, not used again with what they hold. */
const SETTINGS = ["wal_recycle=off", "min_wal_size=32MB", "wal_keep_size=0"];

describe("store: PostgreSQL", function () {
  this.timeout(600_000);
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

    /** A store that alone may lead from now on: all others are as if they were paused for longer than a lease. */
    async function openSuccessor(): Promise<Store> {
      const store = await openPostgresStore({ url: `${url}?application_name=successor` });
      stores.push(store);
      await query(
        url,
        `BEGIN; LOCK TABLE lead; UPDATE lead SET until = '-infinity';
         CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
         CREATE TRIGGER paused BEFORE UPDATE ON lead FOR EACH ROW
           WHEN (current_setting('application_name') <> 'successor') EXECUTE FUNCTION nothing();
         COMMIT`,
      );
      return store;
    }

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
      const third = await openSuccessor();
      await third.campaign();
      expect(third.leads()).to.be.true;
      const checkpoint = { size: 0, root: new Uint8Array(32), note: "note" };
      const late = [
        one.setAnchorIntent(Uint8Array.of(3)),
        one.recordAnchor(anchor(0, 5, 0)),
        one.publishCheckpoint(checkpoint),
      ];
      for (const each of await Promise.all(late.map(rejection))) expect(each).to.be.instanceOf(LeadLost);
      expect(await third.anchorIntent()).to.deep.equal(Uint8Array.of(1));
      await third.publishCheckpoint(checkpoint);
      expect(await two.checkpoint()).to.deep.equal(checkpoint);
      await third.publishCheckpoint({ ...checkpoint, size: 7 });
      expect(await rejection(third.publishCheckpoint({ ...checkpoint, size: 6 }))).to.have.property(
        "code",
        "store-unavailable",
      );
      expect((await two.checkpoint())?.size).to.equal(7);
    });

    it("give the lead up when they close", async () => {
      const [one, two] = stores;
      if (one === undefined || two === undefined) throw new Error("no stores");
      await one.campaign();
      await one.close();
      await two.campaign();
      expect(two.leads()).to.be.true;
    });

    it("take the lead from one whose lease was given before the database's clock was set back", async () => {
      const [one] = stores;
      await query(url, "UPDATE lead SET holder = 'gone', until = now() + interval '1 hour'");
      await one?.campaign();
      expect(one?.leads()).to.be.true;
    });

    it("have one that destroys keys: what a leader of before still tries is refused", async () => {
      const [one] = stores;
      if (one === undefined) throw new Error("no store");
      await one.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 3, 0)]), 0);
      await one.campaign();
      const two = await openSuccessor();
      expect(await rejection(two.eraseKeys([0]))).to.be.instanceOf(LeadLost);
      await two.campaign();
      expect(two.leads()).to.be.true;
      expect(await rejection(one.eraseKeys([1]))).to.be.instanceOf(LeadLost);
      expect(await two.eventKey(1)).not.to.equal(undefined);
      await two.eraseKeys([2]);
      expect(await one.eventKey(2)).to.equal(undefined);
    });

    it("know what was destroyed to the end, and leave the rest to who leads next", async () => {
      const [one, two] = stores;
      if (one === undefined || two === undefined) throw new Error("no stores");
      await one.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 40, 0)]), 0);
      await one.campaign();
      await one.eraseKeys([3]);
      // Held up before the bytes are out of the files, and ended there.
      const reading = await two.snapshot();
      await reading.eventKey(0);
      const held = rejection(one.eraseKeys([5, 20]));
      await goneFrom(two, 20);
      await one.close();
      expect(await held).to.have.property("code");
      await reading.close();
      expect(await two.destroyed([3, 4, 5, 20])).to.deep.equal(new Set([3]));
      await two.campaign();
      await two.eraseKeys([5, 20]);
      expect(await two.destroyed([3, 4, 5, 20])).to.deep.equal(new Set([3, 5, 20]));
    });

    it("destroy keys while commits begin new parts of them", async () => {
      const [one, two] = stores;
      if (one === undefined || two === undefined) throw new Error("no stores");
      await one.campaign();
      await one.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 40, 0)]), 0);
      let seq = 1;
      for (let part = 1; part <= 6; part++) {
        // As if the log had grown up to there.
        const head = await logOfSize(url, part * PART_EVENTS - 1);
        const made = madeSubmission(B, seq, 3, head.size);
        seq += 3;
        await Promise.all([
          one.eraseKeys([part, 20 + part]),
          two.commit(groupAfter(head, [made]), head.size),
        ]);
        expect(await one.eventKey(head.size + 2)).not.to.equal(undefined);
      }
      expect(await two.destroyed([1, 6, 26])).to.deep.equal(new Set([1, 6, 26]));
    });

    it("read a part of the keys while another part is written anew", async () => {
      const [one, two] = stores;
      if (one === undefined || two === undefined) throw new Error("no stores");
      await one.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 40, 0)]), 0);
      const head = await logOfSize(url, PART_EVENTS);
      await one.commit(groupAfter(head, [madeSubmission(B, 1, 40, head.size)]), head.size);
      const writing = new pg.Client({ connectionString: url });
      await writing.connect();
      await writing.query("BEGIN; LOCK TABLE event_keys_0 IN ACCESS EXCLUSIVE MODE");
      // None of these may wait for it.
      expect(await two.eventKey(head.size + 17)).not.to.equal(undefined);
      expect(await two.events([head.size, head.size + 39])).not.to.include(undefined);
      expect(await two.indexTags(head.size, head.size + 40)).to.have.length(40);
      await writing.end();
      expect(await two.eventKey(39)).not.to.equal(undefined);
    });

    it("are bound to one value, whoever is first", async () => {
      const values = await Promise.all(
        stores.map(async (store, at) => await store.bindFirst("pepper", Uint8Array.of(at))),
      );
      const [first] = values;
      for (const value of values) expect(value).to.deep.equal(first);
      expect(await stores[2]?.bound("pepper")).to.deep.equal(first);
    });

    it("end when the commits under way are kept, and take no others", async () => {
      const [one, two] = stores;
      if (one === undefined || two === undefined) throw new Error("no stores");
      // Another server holds the head for a moment, so that the commit is still under way when its store is closed.
      let closing = Promise.resolve();
      let committing = Promise.resolve();
      await two.turn(async () => {
        committing = one.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 2, 0)]), 0);
        closing = one.close();
        await Promise.resolve();
      });
      await committing;
      await closing;
      expect((await two.head()).size).to.equal(2);
      const late = one.commit(groupAfter(await two.head(), [madeSubmission(A, 3, 1, 2)]), 2);
      expect(await rejection(late)).to.have.property("code", "store-unavailable");
    });

    it("do not wait for one that stands still in its turn, and what it commits later is refused", async () => {
      const [, two] = stores;
      const paused = await openPostgresStore({ url });
      stores.push(paused);
      if (two === undefined) throw new Error("no store");
      const late = paused.turn(async (head) => {
        await two.commit(groupAfter(EMPTY, [madeSubmission(B, 1, 1, 0)]), 0);
        await paused.commit(groupAfter(head, [madeSubmission(A, 1, 1, 0)]), 0);
      });
      expect(await rejection(late)).to.have.property("code", "store-unavailable");
      expect((await two.head()).size).to.equal(1);
      expect(await two.source(A)).to.equal(undefined);
      // And it takes its next turn.
      await paused.turn(async (head) => {
        await paused.commit(groupAfter(head, [madeSubmission(A, 1, 1, 1)]), 1);
      });
    });

    it("commit while a backup reads everything, also when a new part of the keys begins", async () => {
      const [one, two] = stores;
      if (one === undefined || two === undefined) throw new Error("no stores");
      const backup = await two.snapshot();
      await backup.eventKey(0);
      await one.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 1, 0)]), 0);
      await backup.close();
      expect(await two.eventKey(0)).not.to.equal(undefined);
    });

    it("tell a listener what was committed before it came", async () => {
      const [one, two] = stores;
      await one?.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 2, 0)]), 0);
      expect(await new Promise<number>((resolve) => two?.onHead(({ size }) => resolve(size)))).to.equal(2);
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

  it("destroys keys only when no snapshot can see them any more, whatever it looked at", async () => {
    // The snapshot ends when it is closed, however long the files are looked through.
    const store = await openPostgresStore({
      url: await running().newDatabase(),
      snapshotIdleMs: 600_000,
    });
    const made = madeSubmission(A, 1, 40, 0);
    await store.campaign();
    await store.commit(groupAfter(EMPTY, [made]), 0);
    const [gone] = made.secrets;
    if (gone === undefined) throw new Error("no key");
    const snapshot = await store.snapshot();
    let isDone = false;
    const erasing = store.eraseKeys([0]).then(() => (isDone = true));
    await Promise.race([erasing, goneFrom(store, 0)]);
    // Longer than it would take.
    for (let round = 0; round < 5; round++) await filesWith(running().dataDir, gone);
    expect(isDone).to.be.false;
    expect(Buffer.from((await snapshot.eventKey(0))?.key ?? []).equals(Buffer.from(gone))).to.be.true;
    await snapshot.close();
    await erasing;
    expect(await filesWith(running().dataDir, gone)).to.deep.equal([]);
    await store.close();
  });

  it("lets everybody else go on while keys are to be destroyed that somebody reads", async () => {
    const store = await openPostgresStore({ url: await running().newDatabase() });
    await store.campaign();
    await store.commit(groupAfter(EMPTY, [madeSubmission(A, 1, 4, 0)]), 0);
    let reading = await store.snapshot();
    await reading.eventKey(0);
    const erasing = store.eraseKeys([0]);
    // One after the other, so that there is always one that began before the last try.
    for (let seq = 1; seq <= 4; seq++) {
      const next = await store.snapshot();
      await next.eventKey(0);
      await store.commit(groupAfter(await store.head(), [madeSubmission(B, seq, 1, 3 + seq)]), 3 + seq);
      await reading.close();
      reading = next;
    }
    await reading.close();
    await erasing;
    expect(await store.eventKey(0)).to.equal(undefined);
    expect(await store.eventKey(7)).not.to.equal(undefined);
    await store.close();
  });

  it("refuses a database that confirms what it may lose", async () => {
    const url = await running().newDatabase();
    await query(url, `ALTER DATABASE ${path.basename(new URL(url).pathname)} SET synchronous_commit = off`);
    expect(await rejection(openPostgresStore({ url }))).to.have.property("code", "store-unavailable");
  });

  it("commits nothing while the database confirms what it may lose, also if that came later", async () => {
    const url = await running().newDatabase();
    const store = await openPostgresStore({ url });
    const isRefused = async (): Promise<boolean> =>
      ((await rejection(store.turn(() => Promise.resolve()))) as { code?: string } | undefined)?.code ===
      "store-unavailable";
    try {
      expect(await isRefused()).to.equal(false);
      await query(url, "ALTER SYSTEM SET synchronous_commit = off");
      await query(url, "SELECT pg_reload_conf()");
      // The server tells its processes when it comes to it.
      while (!(await isRefused()));
      const group = groupAfter(EMPTY, [madeSubmission(A, 1, 1, 0)]);
      expect(await rejection(store.commit(group, 0))).to.match(/synchronous_commit/);
      await query(url, "ALTER SYSTEM RESET synchronous_commit");
      await query(url, "SELECT pg_reload_conf()");
      while (await isRefused());
      await store.commit(group, 0);
      expect((await store.head()).size).to.equal(1);
    } finally {
      await query(url, "ALTER SYSTEM RESET synchronous_commit");
      await query(url, "SELECT pg_reload_conf()");
      await store.close();
    }
  });

  it("asks nothing of a connection that was given back, and takes no rollback for a commit", async () => {
    const url = await running().newDatabase();
    const sessions = postgresSessions(url, 1);
    const failed = await sessions.begin("BEGIN");
    await rejection(failed.rows("SELECT 1 / 0"));
    expect(await rejection(failed.end("COMMIT"))).to.have.property("code", "store-unavailable");
    const ended = await sessions.begin("BEGIN");
    await ended.end("ROLLBACK");
    const other = await sessions.begin("BEGIN");
    await ended.end("ROLLBACK");
    const late = [ended.rows("SELECT 1"), ended.end("COMMIT")];
    for (const each of await Promise.all(late.map(rejection)))
      expect(each).to.have.property("code", "store-unavailable");
    await other.rows("CREATE TABLE kept (n int)");
    await other.end("COMMIT");
    expect(await sessions.rows("SELECT n FROM kept")).to.deep.equal([]);
    await sessions.close();
  });

  it("leaves the bytes of destroyed keys in none of PostgreSQL's files", async () => {
    const store = await openPostgresStore({ url: await running().newDatabase() });
    const made = madeSubmission(A, 1, 40, 0);
    await store.campaign();
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

async function goneFrom(store: Store, index: number): Promise<void> {
  while ((await store.eventKey(index)) !== undefined);
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(sql).finally(async () => await client.end());
}

/** Makes the log as long, without events; its tree is of made-up hashes. */
async function logOfSize(url: string, size: number): Promise<Head> {
  const nodes = [...size.toString(2)]
    .filter((bit) => bit === "1")
    .map((_, at) => new Uint8Array(32).fill(at));
  await query(url, `UPDATE head SET size = ${size}, frontier = '\\x${Buffer.concat(nodes).toString("hex")}'`);
  return { size, commits: 1, frontier: { size, nodes } };
}

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
