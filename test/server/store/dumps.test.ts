import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import { Level } from "level";
import pg from "pg";
import { type PostgresServer, startPostgres } from "../../../scripts/postgres.ts";
import { checkBackup } from "../../../server/store/backup-reading.ts";
import { MIGRATIONS } from "../../../server/store/level-format.ts";
import { registerKey } from "../../../server/store/level-keys.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import { openPostgresStore } from "../../../server/store/postgres-store.ts";
import type { Store } from "../../../server/store/store.ts";
import { compareRecords, transferRecords } from "../../../server/store/transfer.ts";
import { originOf } from "../../../server/store/transfer-parts.ts";
import { skipBecause } from "../../skip-because.ts";
import { rejection } from "./conformance.ts";
import { LEVEL_FORMAT, type LevelDump, POSTGRES_FORMAT, type PostgresDump } from "./dumping.ts";

const DUMPS = path.join(import.meta.dirname, "dumps");

/*
 * Records as ledgers of each format wrote them, which every later program opens. They are never made again: `node test/server/store/dumping.ts` makes that of
 * a new format, once.
 */
describe("records of every format", function () {
  this.timeout(600_000);
  let folder: string;
  let server: PostgresServer | undefined;
  const opened: Store[] = [];

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "minhbach-dumps-"));
    server = await startPostgres();
  });
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });
  after(async () => {
    await server?.stop();
    await rm(folder, { recursive: true });
  });

  async function dump(name: string): Promise<unknown> {
    return JSON.parse(await readFile(path.join(DUMPS, name), "utf8"));
  }

  async function filledLevel(name: string, rows: LevelDump): Promise<string> {
    const directory = path.join(folder, name);
    for (const database of ["log", "register"] as const) {
      const db = new Level<Buffer, Buffer>(path.join(directory, database), {
        keyEncoding: "buffer",
        valueEncoding: "buffer",
      });
      await db.open();
      await db.batch(
        rows[database].map(([key, value]) => ({
          type: "put" as const,
          key: Buffer.from(key, "hex"),
          value: Buffer.from(value, "base64"),
        })),
      );
      await db.close();
    }
    return directory;
  }

  async function openLevel(directory: string): Promise<Store> {
    const store = await openLevelStore({ path: directory, minFreeBytes: 0 });
    opened.push(store);
    return store;
  }

  /** Everything is there, follows from the payloads, and can be moved on. */
  async function expectWhole(store: Store): Promise<void> {
    const origin = await originOf(store);
    expect(origin.head.size).to.be.greaterThan(0);
    const limit = 99;
    expect(await store.anchorsFrom({ from: 0, limit })).to.deep.equal(
      await store.anchors({ after: 0, limit }),
    );
    const copy = await openLevel(await mkdtemp(path.join(folder, "copy-")));
    const { events } = await transferRecords(origin, copy);
    expect(events).to.equal(origin.head.size);
    await compareRecords(origin, copy);
  }

  it("has a dump of today's formats, so that tomorrow's programs open them", async () => {
    expect(LEVEL_FORMAT).to.equal(MIGRATIONS.length + 1);
    const names = await readdir(DUMPS);
    expect(names).to.include(`level-${LEVEL_FORMAT}.json`);
    expect(names).to.include(`postgres-${POSTGRES_FORMAT}.json`);
    const migrations = await readdir(path.resolve(DUMPS, "../../../../server/store/postgres-migrations"));
    expect(migrations).to.have.length(POSTGRES_FORMAT);
    expect(names).to.include("backup-1.bin");
  });

  it("opens LevelDB of every format, and refuses a newer one", async () => {
    const [second, third] = (await Promise.all([dump("format-2.json"), dump("level-3.json")])) as LevelDump[];
    const dumps = { first: third && ofFirstFormat(third), second, third };
    for (const [name, rows] of Object.entries(dumps)) {
      const directory = await filledLevel(name, rows ?? expect.fail(`no ${name} dump`));
      const store = await openLevel(directory);
      await expectWhole(store);
      await store.close();
      const register = new Level<Buffer, Buffer>(path.join(directory, "register"), {
        keyEncoding: "buffer",
        valueEncoding: "buffer",
      });
      await register.put(registerKey("format"), Buffer.from(String(LEVEL_FORMAT + 1)));
      await register.close();
      const error = await rejection(openLevelStore({ path: directory, minFreeBytes: 0 }));
      expect(error).to.include({ code: "store-unavailable" });
      expect(String(error)).to.contain("run a newer version");
    }
  });

  it("opens PostgreSQL of every format, and refuses a newer one", async function () {
    if (server === undefined) skipBecause(this, "there is no PostgreSQL for this platform");
    const second = (await dump("postgres-2.json")) as PostgresDump;
    for (const rows of [ofFirstTables(second), second]) {
      const url = await server.newDatabase();
      await fillPostgres(url, rows);
      const store = await openPostgresStore({ url });
      opened.push(store);
      await expectWhole(store);
      await store.close();
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query("INSERT INTO records_format (version, name) VALUES ($1, 'of tomorrow')", [
        POSTGRES_FORMAT + 1,
      ]);
      await client.end();
      const error = await rejection(openPostgresStore({ url }));
      expect(error).to.include({ code: "store-unavailable" });
      expect(String(error)).to.contain("run a newer version");
    }
  });

  it("reads backups of every format", async () => {
    const backup = await readFile(path.join(DUMPS, "backup-1.bin"));
    const keys = await readFile(path.join(DUMPS, "event-keys-1.bin"));
    const { count } = await checkBackup(bytesOf(backup), bytesOf(keys));
    expect(count.events).to.equal(60);
    expect(count.eventsWithoutKey).to.equal(4);
  });
});

/** The second format has the anchors' numbers in rows of their own; the third marks events of rare types, of which there are none here. */
function ofFirstFormat({ log, register }: LevelDump): LevelDump {
  const numbers = registerKey("anchorNumbers").toString("hex");
  const format = registerKey("format").toString("hex");
  const kept = register.filter(([key]) => !key.startsWith(numbers) && key !== format);
  return { log, register: [...kept, [format, Buffer.from("1").toString("base64")]] };
}

/** The second brought tables for what is no record. */
function ofFirstTables({ schema, tables }: PostgresDump): PostgresDump {
  return {
    schema: schema.filter((sql) => !sql.includes("CREATE TABLE destroying")),
    tables: tables.map((table) => {
      const version = table.columns.indexOf("version");
      if (table.name !== "records_format") return table;
      return { ...table, rows: table.rows.filter((row) => Number(row[version]) < 2) };
    }),
  };
}

function bytesOf(bytes: Buffer) {
  return async function* () {
    yield await Promise.resolve(bytes);
  };
}

/** Makes the tables as they were and puts the rows in; the program that opens them brings them to today's format. */
async function fillPostgres(url: string, { schema, tables }: PostgresDump): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const sql of schema) await client.query(sql);
  for (const { name, columns, rows } of tables) {
    await client.query(`DELETE FROM ${name}`);
    const places = columns.map((_, at) => `$${at + 1}`).join(", ");
    for (const row of rows)
      await client.query(`INSERT INTO ${name} (${columns.join(", ")}) VALUES (${places})`, row.map(valueOf));
  }
  await client.end();
}

function valueOf(value: string | null): string | Buffer | null {
  return value?.startsWith("base64:") === true ? Buffer.from(value.slice(7), "base64") : value;
}
