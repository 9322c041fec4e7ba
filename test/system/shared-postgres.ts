/**
 * One throw-away PostgreSQL for a whole run of mocha, whichever of its processes a test runs in: mocha loads this file (.mocharc.json), its main process
 * starts the server when the first test asks for a database, and ends it when the last test is over.
 */
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { type PostgresServer, startPostgres } from "../../scripts/postgres.ts";

/** Where the main process gives out databases. Inherited by the processes that mocha starts. */
const ADDRESS = "MINHBACH_TEST_DATABASES";
/** Or the write-ahead log would be used again with what it held (docs/decisions/0032). */
const SETTINGS = ["wal_recycle=off"];

let databases: Server | undefined;
let postgres: Promise<PostgresServer | undefined> | undefined;

/** Called by mocha once, before all tests. */
export async function mochaGlobalSetup(): Promise<void> {
  databases = createServer((_, response) => {
    newDatabase().then(
      (found) => response.end(JSON.stringify(found)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  databases.listen(0, "127.0.0.1");
  await once(databases, "listening");
  const address = databases.address();
  if (address === null || typeof address === "string") throw new Error("no port to give out databases on");
  process.env[ADDRESS] = `http://127.0.0.1:${address.port}`;
}

/** Called by mocha once, after all tests. */
export async function mochaGlobalTeardown(): Promise<void> {
  databases?.close();
  databases?.closeAllConnections();
  await (await postgres)?.stop();
}

async function newDatabase(): Promise<SharedDatabase> {
  postgres ??= startPostgres(SETTINGS);
  const server = await postgres;
  if (server === undefined) throw new Error("there is no PostgreSQL for this platform");
  return { url: await server.newDatabase(), files: server.dataDir };
}

/** A new, empty database of the server that all tests share. */
export interface SharedDatabase {
  /** `postgres://...` */
  readonly url: string;
  /** The folder with all that the server keeps, other databases included. */
  readonly files: string;
}

/** Asks the main process for one. */
export async function sharedDatabase(): Promise<SharedDatabase> {
  const response = await fetch(process.env[ADDRESS] ?? "", { method: "POST" });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as SharedDatabase;
}
