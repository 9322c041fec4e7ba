import type { Logger } from "pino";
import { fromUtf8 } from "../../protocol/bytes.ts";
import { type ParsedEvent, parseEvent } from "../../protocol/event.ts";
import { TAG_BYTES } from "../../protocol/tag-kinds.ts";
import { LedgerError } from "../errors.ts";
import type { StoredEvent, StoreReader } from "../store/store.ts";
import type { DerivedDatabase, DerivedRow } from "./derived.ts";

/** An event that a register asked for, at its place in the log. */
export interface FollowedEvent {
  readonly index: number;
  readonly payload: StoredEvent["payload"];
  readonly tags: StoredEvent["tags"];
  /** Undefined when its key was erased: the tags alone tell what it was about. */
  readonly event: ParsedEvent | undefined;
}

/** A register that is derived from some of the log's events and kept in the derived database. */
export interface LogReader {
  /** What the ledger still reads, for the answer to whoever has to wait: "which events are sealed". */
  readonly subject: string;
  /** First bytes of the keys of its own tables. */
  readonly tables: readonly number[];
  /** Key of the row that says how far it has read, in a table of its own. */
  readonly progressTable: number;
  /** Kinds of the tags (protocol/tag-kinds.ts) that mark the events it opens. */
  readonly tagKinds: readonly number[];
  /** The rows that change by these events, in log order. Called for one page after the other, each after the rows of the one before are there. */
  readonly rowsAfter: (events: readonly FollowedEvent[]) => Promise<readonly DerivedRow[]>;
}

export interface LogFollower {
  /** Reads what the log has to say since the last time. Cheap when nothing is new. */
  update: () => Promise<void>;
  /**
   * Resolves when everything that was recorded at the time of asking is read, with the size of the log that was read.
   * @throws LedgerError `starting` while a long log is read again.
   */
  caughtUp: () => Promise<number>;
}

export type FollowLog = (reader: LogReader) => LogFollower;

export interface FollowLogOptions {
  readonly store: Pick<StoreReader, "head" | "indexTags" | "events">;
  readonly db: DerivedDatabase;
  readonly log: Logger;
}

interface Progress {
  readonly read: number;
  /** What of it the database knows. */
  readonly saved: number;
}

const READ_AT_ONCE = 1024;
/** What a reader waits for: some tenths of a second. */
const MAX_BACKLOG = 50_000;
const SIZE_BYTES = 6;

/** How registers follow the log: each opens the events it is about, and no others. */
export function followLog(options: FollowLogOptions): FollowLog {
  return (reader) => logFollower(options, reader);
}

function logFollower({ store, db, log }: FollowLogOptions, reader: LogReader): LogFollower {
  const progressKey = Buffer.of(reader.progressTable);
  const wanted = new Set(reader.tagKinds);
  /** How far the log was read; undefined before the first look at the database and after a failure. */
  let progress: Progress | undefined;
  let updating: Promise<void> | undefined;

  async function start(): Promise<Progress> {
    const saved = (await db.get(progressKey))?.readUIntBE(0, SIZE_BYTES) ?? 0;
    if (saved <= (await store.head()).size) return { read: saved, saved };
    // The records are an older copy: what was read of them beyond their end counts for nothing. First of all, so that a crash begins anew too.
    await db.write([{ key: progressKey, value: progressRow(0) }]);
    for (const table of reader.tables) {
      await db.clear({ gte: Buffer.of(table), lt: Buffer.of(table + 1) });
    }
    return { read: 0, saved: 0 };
  }

  async function eventsBetween(from: number, tags: readonly Uint8Array[]): Promise<FollowedEvent[]> {
    const indexes = tags.flatMap((list, at) => (isMarked(list, wanted) ? [from + at] : []));
    if (indexes.length === 0) return [];
    const stored = await store.events(indexes);
    return stored.flatMap((event, at) => {
      if (event === undefined) return [];
      const { payload, disclosures, tags: ofEvent } = event;
      const opened =
        disclosures === undefined ? undefined : parseEvent(`${fromUtf8(payload)}~${disclosures}`);
      return [{ index: indexes[at] ?? 0, payload, tags: ofEvent, event: opened }];
    });
  }

  /** What is there now. Under load there would always be more to read, and whoever waits for this would wait for ever. */
  async function readAll(): Promise<void> {
    let at = progress ?? (await start());
    const { size } = await store.head();
    for (;;) {
      const { read, saved } = at;
      const tags = read < size ? await store.indexTags(read, Math.min(size, read + READ_AT_ONCE)) : [];
      progress = at;
      if (tags.length === 0) return;
      const events = await eventsBetween(read, tags);
      const next = read + tags.length;
      // Nothing is written for a few events of no concern: to read their tags again costs less.
      const isDue = events.length > 0 || next - saved >= READ_AT_ONCE;
      if (isDue)
        await db.write([...(await reader.rowsAfter(events)), { key: progressKey, value: progressRow(next) }]);
      at = { read: next, saved: isDue ? next : saved };
    }
  }

  function update(): Promise<void> {
    updating ??= readAll()
      .catch((error: unknown) => {
        // Whether the last write was kept is unknown.
        progress = undefined;
        throw error;
      })
      .finally(() => (updating = undefined));
    return updating;
  }

  async function caughtUp(): Promise<number> {
    const { size } = await store.head();
    const read = (): number => progress?.read ?? 0;
    if (read() < size) {
      const work = update();
      if (size - read() > MAX_BACKLOG) {
        work.catch((error: unknown) =>
          log.error({ err: error, subject: reader.subject }, "the log could not be read"),
        );
        const message = `The ledger still reads ${reader.subject}. Ask again in a moment.`;
        throw new LedgerError("starting", message);
      }
      await work;
      // What was under way may have looked before the head that was asked for.
      if (read() < size) await update();
    }
    return read();
  }

  return { update, caughtUp };
}

function isMarked(tags: Uint8Array, wanted: ReadonlySet<number>): boolean {
  for (let at = 0; at < tags.length; at += TAG_BYTES) if (wanted.has(tags[at] ?? 0)) return true;
  return false;
}

function progressRow(read: number): Buffer {
  const row = Buffer.alloc(SIZE_BYTES);
  row.writeUIntBE(read, 0, SIZE_BYTES);
  return row;
}
