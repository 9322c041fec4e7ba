/**
 * Makes the dumps of today's formats: `node test/server/store/dumping.ts`. Run once for a new format, and never again for one that was released.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Level } from "level";
import pg from "pg";
import { isMain } from "../../../scripts/is-main.ts";
import { startPostgres } from "../../../scripts/postgres.ts";
import { backupOf } from "../../../server/store/backup.ts";
import { openLevelStore } from "../../../server/store/level-store.ts";
import { openPostgresStore } from "../../../server/store/postgres-store.ts";
import { originOf } from "../../../server/store/transfer-parts.ts";
import { fillRichly, LOG_NAME } from "./rich-records.ts";

/** Today's formats. */
export const LEVEL_FORMAT = 3;
export const POSTGRES_FORMAT = 2;

/** Every row of a LevelDB store: hexadecimal key, base64 value. */
export type LevelDump = Readonly<Record<"log" | "register", readonly (readonly [string, string])[]>>;

/** The statements that made the tables, and every row: bytes as `base64:...`, all else as PostgreSQL writes it. */
export interface PostgresDump {
  readonly schema: readonly string[];
  readonly tables: readonly {
    readonly name: string;
    readonly columns: readonly string[];
    readonly rows: readonly (readonly (string | null)[])[];
  }[];
}

const DUMPS = path.join(import.meta.dirname, "dumps");
const MIGRATIONS = path.resolve(import.meta.dirname, "../../../server/store/postgres-migrations");
/** What truth is in; who leads and what ends by itself is not. */
const TABLES = [
  ...["head", "submissions", "sources", "payloads", "disclosures", "event_keys", "attachments"],
  ...["index_keys", "anchors", "checkpoint", "bindings", "records_format"],
];

async function write(name: string, content: string | Buffer): Promise<void> {
  const file = path.join(DUMPS, name);
  if (existsSync(file)) return;
  await writeFile(file, content);
}

async function dumpLevel(): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "minhbach-dumping-"));
  const store = await openLevelStore({ path: folder, minFreeBytes: 0 });
  await fillRichly(store);
  const files = { backup: [] as Buffer[], keys: [] as Buffer[] };
  const about = { log: LOG_NAME, time: 1_795_000_000, withKeys: true };
  for await (const { file, bytes } of backupOf(await originOf(store), about)) files[file].push(bytes);
  await write("backup-1.bin", Buffer.concat(files.backup));
  await write("event-keys-1.bin", Buffer.concat(files.keys));
  await store.close();
  const rows: Record<string, (readonly [string, string])[]> = {};
  for (const name of ["log", "register"]) {
    const db = new Level<Buffer, Buffer>(path.join(folder, name), {
      keyEncoding: "buffer",
      valueEncoding: "buffer",
    });
    rows[name] = (await db.iterator().all()).map(([key, value]) => [
      key.toString("hex"),
      value.toString("base64"),
    ]);
    await db.close();
  }
  await write(`level-${LEVEL_FORMAT}.json`, `${JSON.stringify(rows)}\n`);
  await rm(folder, { recursive: true });
}

async function dumpPostgres(): Promise<void> {
  const server = await startPostgres();
  if (server === undefined) throw new Error("there is no PostgreSQL for this platform");
  const url = await server.newDatabase();
  const store = await openPostgresStore({ url });
  await fillRichly(store);
  await store.close();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const migrations = (await readdir(MIGRATIONS)).toSorted();
  const scripts = await Promise.all(
    migrations.map(async (name) => await readFile(path.join(MIGRATIONS, name), "utf8")),
  );
  const schema = [
    ...scripts,
    "CREATE TABLE event_keys_0 PARTITION OF event_keys FOR VALUES FROM (0) TO (1048576)",
    await formatTable(client),
  ];
  const tables = [];
  for (const name of TABLES) {
    const { fields, rows } = await client.query<(Buffer | string | number | Date | null)[]>({
      text: `SELECT * FROM ${name}`,
      rowMode: "array",
    });
    tables.push({
      name,
      columns: fields.map((field) => field.name),
      rows: rows.map((row) => row.map(textOf)),
    });
  }
  await client.end();
  await server.stop();
  await write(`postgres-${POSTGRES_FORMAT}.json`, `${JSON.stringify({ schema, tables })}\n`);
}

async function formatTable(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string; type: string }>(
    "SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_name = 'records_format' ORDER BY ordinal_position",
  );
  return `CREATE TABLE records_format (${rows.map(({ name, type }) => `${name} ${type}`).join(", ")})`;
}

function textOf(value: Buffer | string | number | Date | null): string | null {
  if (value === null) return null;
  if (Buffer.isBuffer(value)) return `base64:${value.toString("base64")}`;
  return value instanceof Date ? value.toISOString() : String(value);
}

if (isMain(import.meta)) {
  await dumpLevel();
  await dumpPostgres();
}
