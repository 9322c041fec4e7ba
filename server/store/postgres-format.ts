import path from "node:path";
import Postgrator from "postgrator";
import { LedgerError } from "../errors.ts";
import { inTransaction, type Sessions } from "./postgres-session.ts";

/** Of a large log's tables a later format may write every row. */
const MIGRATION_MS = 24 * 3_600_000;

const FOLDER = path.join(import.meta.dirname, "postgres-migrations");

/** Brings the tables to the current format. Of several processes that start at once, one does it. @throws LedgerError `store-unavailable` */
export async function migrateRecords(sessions: Sessions): Promise<void> {
  await inTransaction(sessions, "BEGIN", async (session) => {
    // Until the end of the transaction; the number is this program's own.
    await session.rows("SELECT pg_advisory_xact_lock(7021987)", [], MIGRATION_MS);
    const migrations = new Postgrator({
      ...{ migrationPattern: path.join(FOLDER, "*.sql"), driver: "pg", schemaTable: "records_format" },
      execQuery: async (sql) => ({ rows: [...(await session.rows(sql, [], MIGRATION_MS))] }),
      execSqlScript: async (sql) => {
        await session.rows(sql, [], MIGRATION_MS);
      },
    });
    const [stored, known] = [await migrations.getDatabaseVersion(), await migrations.getMaxVersion()];
    if (stored > known) {
      const message = `The records have format ${stored}, this program knows up to ${known}: run a newer version.`;
      throw new LedgerError("store-unavailable", message);
    }
    await migrations.migrate();
  });
}
