import { cp, rm } from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import type { Deployed } from "./fixture.ts";

/** Copies all records aside, as an operator who keeps a copy of yesterday would. No server may run. */
export async function copyRecords(system: Deployed): Promise<void> {
  const { database } = system;
  if (database === undefined) await cp(recordsIn(system), `${recordsIn(system)}-copy`, { recursive: true });
  else {
    await administered(database, async (client, name) => {
      // Connections of a server that was killed may not have noticed yet.
      await client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [name]);
      await client.query(`CREATE DATABASE ${name}_copy TEMPLATE ${name}`);
    });
  }
}

/** Puts what `copyRecords` copied in the place of the records. No server may run. */
export async function restoreCopy(system: Deployed): Promise<void> {
  const { database } = system;
  if (database === undefined) {
    await rm(recordsIn(system), { recursive: true });
    await cp(`${recordsIn(system)}-copy`, recordsIn(system), { recursive: true });
  } else {
    await administered(database, async (client, name) => {
      await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${name}_copy`);
    });
  }
}

function recordsIn({ dataDir }: Deployed): string {
  return path.join(dataDir, "records");
}

/** Does the work from another database of the same server. */
async function administered(
  database: string,
  work: (client: pg.Client, name: string) => Promise<void>,
): Promise<void> {
  const url = new URL(database);
  const name = url.pathname.slice(1);
  url.pathname = "/postgres";
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await work(client, name);
  } finally {
    await client.end();
  }
}
