import { bundleEntries, bundleOf } from "./bundle.ts";
import { PART_EVENTS, partName } from "./postgres-log.ts";
import { bytesIn, inTransaction, numberIn, type Session, type Sessions } from "./postgres-session.ts";
import { indexTagsOf } from "./rows.ts";

/*
 * How bytes get out of PostgreSQL. It never writes in place: the old version of a row stays in its page after the update, and in the write-ahead log. So
 * the rows are written anew without the keys; then the parts that hold them are copied to new files (VACUUM FULL) and the old ones removed; then the
 * write-ahead log is ended and a checkpoint lets go of what is before. What archives and replicas keep is out of reach, as backups are.
 */

const NOTHING = new Uint8Array();

/** Does what `Store.eraseKeys` promises. */
export async function eraseEventKeys(sessions: Sessions, indexes: readonly number[]): Promise<void> {
  if (indexes.length === 0) return;
  const sorted = [...new Set(indexes)].sort((a, b) => a - b);
  await inTransaction(sessions, "BEGIN", async (session) => {
    const [head] = await session.rows("SELECT size FROM head");
    const size = head === undefined ? 0 : numberIn(head, "size");
    for (const index of sorted)
      if (!Number.isSafeInteger(index) || index < 0 || index >= size)
        throw new RangeError(`the log has no event ${index}`);
    await rewrite(session, "event_keys", sorted, indexTagsOf);
    await rewrite(session, "disclosures", sorted, () => NOTHING);
    // Its name stays, so that it is not recorded again.
    await session.rows("UPDATE attachments SET sealed = '' WHERE index = ANY ($1::bigint[])", [sorted]);
  });
  const parts = new Set(sorted.map((index) => Math.floor(index / PART_EVENTS)));
  for (const part of parts) await sessions.rows(`VACUUM (FULL) ${partName(part)}`);
  await sessions.rows("VACUUM (FULL) attachments");
  await sessions.rows("SELECT pg_switch_wal()");
  await sessions.rows("CHECKPOINT");
}

async function rewrite(
  session: Session,
  table: "event_keys" | "disclosures",
  indexes: readonly number[],
  left: (entry: Uint8Array) => Uint8Array,
): Promise<void> {
  const found = await session.rows(
    `SELECT start, bundle FROM ${table} WHERE start = ANY (
       SELECT (SELECT max(start) FROM ${table} WHERE start <= w.index) FROM unnest($1::bigint[]) AS w (index))
       ORDER BY start FOR UPDATE`,
    [indexes],
  );
  const gone = new Set(indexes);
  for (const row of found) {
    const start = numberIn(row, "start");
    const entries = bundleEntries(bytesIn(row, "bundle"), 0, Infinity);
    const rest = bundleOf(entries.map((entry, at) => (gone.has(start + at) ? left(entry) : entry)));
    await session.rows(`UPDATE ${table} SET bundle = $2 WHERE start = $1`, [start, rest]);
  }
}
