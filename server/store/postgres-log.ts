import { bundleEntries, bundleRows } from "./bundle.ts";
import type { Session } from "./postgres-session.ts";
import { sealAttachment } from "./sealing.ts";
import type { Bundle, Group, NewSubmission } from "./store.ts";

/** Events whose keys a part of `event_keys` holds: about 130 MB, which is written anew in a second when a key of it is destroyed. */
export const PART_EVENTS = 2 ** 20;

/** The rows of one kind: their bytes in one piece, cut there by the lengths. The numbers are those of four values that follow each other. */
const bundlesInto = (table: string, first: number): string =>
  `INSERT INTO ${table} SELECT start, substring($${first}::bytea FROM place FOR length)
     FROM unnest($${first + 1}::bigint[], $${first + 2}::int[], $${first + 3}::int[]) AS r (start, place, length)`;

/** One statement, so that whoever waits for the turn does not wait for ten answers. */
const INSERT_GROUP = `
  WITH of_payloads AS (${bundlesInto("payloads", 1)}),
    of_disclosures AS (${bundlesInto("disclosures", 5)}),
    of_keys AS (${bundlesInto("event_keys", 9)}),
    of_submissions AS (INSERT INTO submissions SELECT * FROM unnest
      ($13::bigint[], $14::text[], $15::bigint[], $16::int[], $17::bigint[], $18::text[], $19::text[])),
    of_sources AS (INSERT INTO sources SELECT * FROM unnest ($20::text[], $21::bigint[], $22::bigint[])
      ON CONFLICT (source) DO UPDATE SET next = excluded.next, last_time = excluded.last_time)
  UPDATE head SET size = $23, commits = $24, frontier = $25`;

/** Adds the rows of a group and moves the head, in the transaction that holds the head's row. */
export async function insertGroup(session: Session, group: Group, sizeBefore: number): Promise<void> {
  const { head, submissions } = group;
  await makeParts(session, sizeBefore, head.size);
  for (const submission of submissions) await insertAttachment(session, submission);
  const last = [...new Map(submissions.map((each) => [each.source as string, each])).values()];
  await session.rows(INSERT_GROUP, [
    ...bundlesOf(submissions, ({ payloads }) => payloads),
    ...bundlesOf(submissions, ({ sealed }) => sealed),
    ...bundlesOf(submissions, ({ keys }) => keys),
    ...[submissions.map(({ index }) => index), submissions.map(({ source }) => source as string)],
    ...[submissions.map(({ first }) => first), submissions.map(({ count }) => count)],
    ...[submissions.map(({ time }) => time), submissions.map(({ jws }) => jws)],
    ...[submissions.map(({ receipt }) => receipt), last.map(({ source }) => source as string)],
    ...[last.map(({ first, count }) => first + count), last.map(({ time }) => time)],
    ...[head.size, head.commits, Buffer.concat(head.frontier.nodes)],
  ]);
}

/** All bytes of one kind; and of each row its first index, its place in the bytes from 1, and its length. */
function bundlesOf(
  submissions: readonly NewSubmission[],
  bundleIn: (submission: NewSubmission) => Bundle,
): [Buffer, number[], number[], number[]] {
  const [starts, places, lengths]: [number[], number[], number[]] = [[], [], []];
  const pieces: Uint8Array[] = [];
  let place = 1;
  for (const submission of submissions) {
    for (const [start, bytes] of bundleRows(bundleIn(submission), submission.index)) {
      starts.push(start);
      places.push(place);
      lengths.push(bytes.length);
      pieces.push(bytes);
      place += bytes.length;
    }
  }
  return [Buffer.concat(pieces), starts, places, lengths];
}

async function insertAttachment(session: Session, submission: NewSubmission): Promise<void> {
  const { attachment, keptAttachment: kept, keys, index } = submission;
  if (kept !== undefined)
    await session.rows("INSERT INTO attachments VALUES ($1, $2, $3)", [index, kept.name, kept.sealed]);
  if (attachment === undefined) return;
  const [secrets] = bundleEntries(keys, 0, 1);
  if (secrets === undefined) throw new RangeError("an attachment needs an event");
  await session.rows("INSERT INTO attachments VALUES ($1, $2, $3)", [
    ...[index, attachment.name],
    sealAttachment(secrets.subarray(0, 32), attachment.body),
  ]);
}

/** The parts of `event_keys` that begin among the indexes `from .. to - 1`. */
async function makeParts(session: Session, from: number, to: number): Promise<void> {
  for (let part = Math.ceil(from / PART_EVENTS); part * PART_EVENTS < to; part++) {
    const [name, begin, end] = [partName(part), part * PART_EVENTS, (part + 1) * PART_EVENTS];
    // Not as PARTITION OF, which waits for whoever reads any part: for the whole of a backup.
    await session.rows(`CREATE TABLE ${name} (LIKE event_keys INCLUDING ALL)`);
    await session.rows(
      `ALTER TABLE event_keys ATTACH PARTITION ${name} FOR VALUES FROM (${begin}) TO (${end})`,
    );
  }
}

export function partName(part: number): string {
  return `event_keys_${part}`;
}
