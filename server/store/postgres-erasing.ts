import { setTimeout as delay } from "node:timers/promises";
import { bundleEntries, bundleOf, possibleRowStarts } from "./bundle.ts";
import { PART_EVENTS, partName } from "./postgres-log.ts";
import { bytesIn, numberIn, type Session, type Sessions, textIn } from "./postgres-session.ts";
import { indexTagsOf } from "./rows.ts";

/*
 * How bytes get out of PostgreSQL. It never writes in place: the old version of a row stays in its page after the update, and in the write-ahead log. So
 * the rows are written anew without the keys; then, when nobody can see their old versions any more, the parts that hold them are copied to new files (VACUUM FULL) and the old ones removed; then the
 * write-ahead log is ended and a checkpoint lets go of what is before. What archives and replicas keep is out of reach, as backups are.
 */

const NOTHING = new Uint8Array();
/** Whoever reads or writes a table waits behind the VACUUM FULL that waits for it: never longer than this at a time. */
const LOCK_TIMEOUT_MS = 500;
const LOOK_MS = 50;
/** After that wait for nothing everybody who queued behind it comes first, and is longer free than held up. */
const RETRY_MS = 1_000;
/** Tables are copied and everything is flushed to the disk: minutes, where there is much. */
const REWRITE_MS = 30 * 60_000;
const LOCK_NOT_AVAILABLE = "55P03";

/** Does work in a transaction that is the leader's. @throws LeadLost */
type AsLeader = (work: (session: Session) => Promise<void>) => Promise<void>;

/**
 * Does what `Store.eraseKeys` promises. Who was paused in it and wakes when another leads either did not begin, or goes on copying tables: that harms nobody.
 */
export async function eraseEventKeys(
  sessions: Sessions,
  asLeader: AsLeader,
  indexes: readonly number[],
): Promise<void> {
  if (indexes.length === 0) return;
  const sorted = [...new Set(indexes)].sort((a, b) => a - b);
  const emptied: unknown[] = [];
  await asLeader(async (session) => {
    const [head] = await session.rows("SELECT size FROM head");
    const size = head === undefined ? 0 : numberIn(head, "size");
    for (const index of sorted)
      if (!Number.isSafeInteger(index) || index < 0 || index >= size)
        throw new RangeError(`the log has no event ${index}`);
    // A crash from here on leaves these rows: the leader then does all of it again.
    await session.rows("INSERT INTO destroying SELECT unnest($1::bigint[]) ON CONFLICT (index) DO NOTHING", [
      sorted,
    ]);
    await rewrite(session, "event_keys", sorted, indexTagsOf);
    await rewrite(session, "disclosures", sorted, () => NOTHING);
    // Its name stays, so that it is not recorded again.
    emptied.push(
      ...(await session.rows(
        "UPDATE attachments SET sealed = '' WHERE index = ANY ($1::bigint[]) RETURNING 1",
        [sorted],
      )),
    );
  });
  const parts = new Set(sorted.map((index) => Math.floor(index / PART_EVENTS)));
  await olderTransactionsEnded(sessions);
  for (const part of parts) await writeAnew(sessions, partName(part));
  if (emptied.length > 0) await writeAnew(sessions, "attachments");
  await sessions.rows("SELECT pg_switch_wal()");
  await sessions.rows("CHECKPOINT", [], REWRITE_MS);
  await sessions.rows("DELETE FROM destroying WHERE index = ANY ($1::bigint[])", [sorted]);
}

/** VACUUM FULL copies what an older transaction may still see, whatever table that one looked at: every snapshot, every commit, a backup. */
async function olderTransactionsEnded(sessions: Sessions): Promise<void> {
  const underWay = await sessions.rows(
    `SELECT virtualxid FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE locktype = 'virtualxid' AND mode = 'ExclusiveLock' AND datname = current_database() AND pid <> pg_backend_pid()`,
  );
  const older = underWay.map((row) => textIn(row, "virtualxid"));
  for (;;) {
    const [left] = await sessions.rows(
      "SELECT 1 FROM pg_locks WHERE locktype = 'virtualxid' AND mode = 'ExclusiveLock' AND virtualxid = ANY ($1::text[]) LIMIT 1",
      [older],
    );
    if (left === undefined) return;
    await delay(LOOK_MS);
  }
}

/** Copies a table's live rows to a new file, when a moment comes in which nobody uses it. */
async function writeAnew(sessions: Sessions, table: string): Promise<void> {
  for (;;) {
    const session = await sessions.begin(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    try {
      await session.rows(`VACUUM (FULL) ${table}`, [], REWRITE_MS);
      return;
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
    } finally {
      await session.rows("RESET lock_timeout").catch(() => undefined);
      await session.end("ROLLBACK").catch(() => undefined);
    }
    await delay(RETRY_MS);
  }
}

function isLockTimeout(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && "code" in cause && cause.code === LOCK_NOT_AVAILABLE;
}

async function rewrite(
  session: Session,
  table: "event_keys" | "disclosures",
  indexes: readonly number[],
  left: (entry: Uint8Array) => Uint8Array,
): Promise<void> {
  // By its possible places, so that PostgreSQL looks into the parts that hold them and no others.
  const found = await session.rows(
    `SELECT start, bundle FROM ${table} WHERE start = ANY ($1::bigint[]) ORDER BY start FOR UPDATE`,
    [possibleRowStarts(indexes)],
  );
  const gone = new Set(indexes);
  for (const row of found) {
    const start = numberIn(row, "start");
    const entries = bundleEntries(bytesIn(row, "bundle"), 0, Infinity);
    if (!entries.some((_, at) => gone.has(start + at))) continue;
    const rest = bundleOf(entries.map((entry, at) => (gone.has(start + at) ? left(entry) : entry)));
    await session.rows(`UPDATE ${table} SET bundle = $2 WHERE start = $1`, [start, rest]);
  }
}
