import { LedgerError } from "../errors.ts";
import type { Queries, Row } from "./postgres-session.ts";
import type { StoreRisk } from "./store.ts";

/*
 * What of the database's set-up takes away from what the records promise. What loses a single server's commits is refused at the start; the rest is
 * reported for as long as it is so: a replica may come at any time, and a server that refuses to start while somebody copies the database helps nobody.
 */

/** Whether the database confirms before it wrote. One that does not know the settings is taken at its word. */
export const LOSES =
  "coalesce(current_setting('synchronous_commit', true) = 'off', false) OR coalesce(current_setting('fsync', true) = 'off', false)";

/** Refuses a database that acknowledges before it wrote. @throws LedgerError */
export async function requireDurable(queries: Queries): Promise<void> {
  const [row] = await queries.rows(`SELECT ${LOSES} AS loses`);
  if (row !== undefined) requireDurableRow(row);
}

/** The same by a row with the column `loses`. @throws LedgerError */
export function requireDurableRow(row: Row): void {
  if (row["loses"] !== true) return;
  const message =
    "The database confirms what it may still lose: set synchronous_commit and fsync to on, for the database and its user.";
  throw new LedgerError("store-unavailable", message);
}

/** Who may not see everything of the replicas sees that they are there: one whose name is hidden counts. `pg_basebackup` is one only while it copies. */
const QUESTION = `
  SELECT
    current_setting('synchronous_standby_names', true) AS standbys,
    current_setting('synchronous_commit', true) AS confirms,
    current_setting('wal_recycle', true) AS recycles,
    current_setting('full_page_writes', true) AS pages,
    current_setting('wal_keep_size', true) AS keeps,
    (SELECT count(*) FROM pg_stat_replication WHERE application_name IS DISTINCT FROM 'pg_basebackup') AS replicas,
    (SELECT count(*) FROM pg_stat_replication WHERE backend_xmin IS NOT NULL) AS holding,
    (SELECT count(*) FROM pg_replication_slots) AS slots,
    (SELECT count(*) FROM pg_prepared_xacts) AS prepared,
    has_function_privilege('pg_switch_wal()', 'EXECUTE') AND (
      (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR
      EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'pg_checkpoint' AND pg_has_role(oid, 'USAGE'))) AS may`;

/** See `Store.risks`. @throws LedgerError */
export async function postgresRisks(queries: Queries): Promise<readonly StoreRisk[]> {
  const [row] = await queries.rows(QUESTION);
  return row === undefined ? [] : risksIn(row);
}

/** What the answer means. Apart, because some of it cannot be set up in a test. */
export function risksIn(row: Row): readonly StoreRisk[] {
  const count = (column: string): number => Number(row[column] ?? 0);
  const setting = (column: string): string => {
    const value = row[column];
    return typeof value === "string" ? value : "";
  };
  const waits = setting("standbys") !== "" && !["local", "off"].includes(setting("confirms"));
  const keepsSome = !/^(0\D*)?$/.test(setting("keeps"));
  const risks: readonly (readonly [boolean, StoreRisk])[] = [
    [
      count("replicas") > 0 && !waits,
      {
        kind: "asynchronous-replica",
        message:
          "The database has a replica that commits do not wait for: if it takes over, acknowledged events are lost and their numbers given again. " +
          "Set synchronous_standby_names, and synchronous_commit to on, or never let the replica take over.",
      },
    ],
    [
      setting("pages") === "off",
      {
        kind: "torn-pages",
        message:
          "full_page_writes is off: a crash in the middle of writing a page may destroy what was confirmed, unless the file system writes pages whole. Set full_page_writes = on.",
      },
    ],
    [
      setting("recycles") === "on",
      {
        kind: "recycled-log",
        message:
          "wal_recycle is on: pieces of the write-ahead log are used again with what they hold, so destroyed keys stay in the files. Set wal_recycle = off.",
      },
    ],
    [
      keepsSome || count("slots") > 0,
      {
        kind: "kept-log",
        message:
          "The write-ahead log is kept for replicas (wal_keep_size, or a replication slot), and destroyed keys in it for as long.",
      },
    ],
    [
      count("holding") > 0 || count("prepared") > 0,
      {
        kind: "old-rows-kept",
        message:
          "A replica with hot_standby_feedback, or a prepared transaction, keeps old rows in the tables, and destroyed keys with them: use neither.",
      },
    ],
    [
      row["may"] !== true,
      {
        kind: "missing-rights",
        message:
          "The ledger's user may not end the write-ahead log, or not make a checkpoint, so erasures cannot be finished: " +
          "GRANT pg_checkpoint TO it, and GRANT EXECUTE ON FUNCTION pg_switch_wal() TO it.",
      },
    ],
  ];
  return risks.flatMap(([isSo, risk]) => (isSo ? [risk] : []));
}
