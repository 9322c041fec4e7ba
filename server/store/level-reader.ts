import type { Level } from "level";
import type { Bytes } from "../../protocol/bytes.ts";
import type { Source } from "../../protocol/source.ts";
import { LedgerError, parsingRecords } from "../errors.ts";
import { bundleEntries, likelyRowStarts } from "./bundle.ts";
import {
  anchorKeyAt,
  indexOfKey,
  isLogRow,
  logKey,
  nameOfKey,
  registerEnd,
  registerKey,
  sourceOfKey,
  type LogRow,
} from "./level-keys.ts";
import type { ReadsUnderWay } from "./level-reads.ts";
import {
  anchorOf,
  attachmentOf,
  eventKeyOf,
  indexKeyOf,
  indexTagsOf,
  isSubmissionRow,
  numberOf,
  sourceOf,
  submissionOf,
} from "./rows.ts";
import { openAttachment } from "./sealing.ts";
import { disclosuresIn, keptOf, packSealed } from "./stored-events.ts";
import type {
  Head,
  RecordedEvent,
  SealedEvents,
  StoredAnchor,
  StoredCheckpoint,
  StoredEvent,
  StoredSubmission,
  StoreReader,
} from "./store.ts";

export type Database = Level<Buffer, Buffer>;

/** The two databases of a store (see level-keys.ts). */
export interface Databases {
  readonly log: Database;
  readonly register: Database;
}

type Snapshot = ReturnType<Database["snapshot"]>;

/** What is read: the newest state, or both databases as they were at one head. */
export interface View {
  readonly databases: () => Promise<Databases>;
  /** Rows of the log from here on belong to a group that is not committed whole, or not in this view. */
  readonly head: () => Head;
  readonly checkpoint: () => StoredCheckpoint | undefined;
  readonly snapshots?: { readonly log: Snapshot; readonly register: Snapshot };
  /** Who erases waits for them. */
  readonly reads?: Pick<ReadsUnderWay, "during">;
}

/** Requests that run side by side when many events are read: LevelDB answers them in as many threads. */
const PARALLEL_READS = 4;

interface Range {
  readonly gte: Buffer;
  readonly lt?: Buffer;
  readonly lte?: Buffer;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** What an event is put together from, beside its row of keys. */
const OTHER_EVENT_ROWS = ["payloads", "disclosures", "submission"] as const;

/** Where the rows that hold an event begin, and its row of keys. */
interface EventRow {
  readonly start: number;
  readonly secrets: Buffer;
}

/** The reads of a LevelDB store. */
export function levelReader(view: View): StoreReader {
  const log = table("log", view);
  const register = table("register", view);

  /**
   * Where the rows begin that hold each event, the greatest row start up to its index, with the row of keys there. Nearly all are found at one of two
   * places; a search goes through every level of the database for each of the others.
   */
  async function rowsOf(indexes: readonly number[]): Promise<(EventRow | undefined)[]> {
    const places = indexes.map((index) =>
      index < 0 || index >= view.head().size ? [] : likelyRowStarts(index),
    );
    const rows = await log.getMany(places.flat().map((start) => logKey(start, "eventKeys")));
    let next = 0;
    const likely = places.map((starts, at): EventRow | undefined => {
      const found = rows.slice(next, (next += starts.length));
      const n = starts.findIndex((start, nth) => holdsEntry(found[nth], (indexes[at] ?? start) - start));
      const [start, secrets] = [starts[n], found[n]];
      return start === undefined || secrets === undefined ? undefined : { start, secrets };
    });
    const missed = indexes.filter((_, at) => likely[at] === undefined && places[at]?.length !== 0);
    if (missed.length === 0) return likely;
    // From before the head row of this very index down.
    const below = await log.keysBelow(missed.map((index) => logKey(index, "head")));
    const starts = below.map((key) => key && indexOfKey(key));
    const secrets = await log.getMany(starts.map((start) => logKey(start ?? 0, "eventKeys")));
    const searched = new Map(
      missed.map((index, at) => {
        const [start, row] = [starts[at], secrets[at]];
        return [index, start === undefined || row === undefined ? undefined : { start, secrets: row }];
      }),
    );
    return indexes.map((index, at) => likely[at] ?? searched.get(index));
  }

  async function rowOf(index: number): Promise<EventRow | undefined> {
    return (await rowsOf([index]))[0];
  }

  async function rowStart(index: number): Promise<number | undefined> {
    return (await rowOf(index))?.start;
  }

  async function eventsAt(indexes: readonly number[]): Promise<(StoredEvent | undefined)[]> {
    const found = await rowsOf(indexes);
    // Events that stand close together share their rows.
    const starts = [...new Set(found.flatMap((row) => (row === undefined ? [] : [row.start])))];
    const rows = await log.getMany(
      starts.flatMap((start) => [logKey(start, "payloads"), logKey(start, "disclosures")]),
    );
    const places = new Map(starts.map((start, at) => [start, 2 * at]));
    return indexes.map((index, at) => {
      const row = found[at];
      const place = row && places.get(row.start);
      if (row === undefined || place === undefined) return undefined;
      const entry = index - row.start;
      const [payload, secrets, sealed] = [rows[place], row.secrets, rows[place + 1]].map((bundle) =>
        entryOf(bundle, entry),
      );
      if (payload === undefined || secrets === undefined) return undefined;
      return { payload, disclosures: disclosuresIn(secrets, sealed), tags: indexTagsOf(secrets) };
    });
  }

  /** The entries of the events `from .. to - 1` in rows of this kind. */
  async function entriesBetween(kind: LogRow, from: number, to: number): Promise<Bytes[]> {
    const end = Math.min(to, view.head().size);
    const start = from < end ? await rowStart(from) : undefined;
    if (start === undefined) return [];
    const keys = await log.keys({ gte: logKey(start), lt: logKey(end) });
    const wanted = keys.filter((key) => isLogRow(key, kind));
    const rows = await log.getMany(wanted);
    return wanted.flatMap((key, at) => {
      const first = indexOfKey(key);
      return bundleEntries(rows[at] ?? Buffer.alloc(0), Math.max(0, from - first), end - first);
    });
  }

  /** One pass over the rows of the range: every row of the log is wanted but payloads, heads and attachments. */
  async function sealedEvents(from: number, to: number): Promise<SealedEvents> {
    const end = Math.min(to, view.head().size);
    const start = from < end ? await rowStart(from) : undefined;
    if (start === undefined) return packSealed(from, { submissions: [], secrets: [], sealed: [] });
    const secrets: Bytes[] = [];
    const sealed: Bytes[] = [];
    const submissions: StoredSubmission[] = [];
    for (const [key, row] of await log.rows({ gte: logKey(start), lt: logKey(end) })) {
      const first = indexOfKey(key);
      const place = [Math.max(0, from - first), end - first] as const;
      if (isLogRow(key, "eventKeys")) secrets.push(...bundleEntries(row, ...place));
      if (isLogRow(key, "disclosures")) sealed.push(...bundleEntries(row, ...place));
      if (!isLogRow(key, "submission") || (submissions.length > 0 && !isSubmissionRow(row))) continue;
      const submission = await submissionOfRow(row);
      if (submission !== undefined) submissions.push(submission);
    }
    return packSealed(from, { submissions, secrets, sealed });
  }

  async function submissionOfIndex(index: number): Promise<StoredSubmission | undefined> {
    const start = await rowStart(index);
    return start === undefined ? undefined : submissionOfRow(await log.get(logKey(start, "submission")));
  }

  async function submissionOfRow(row: Buffer | undefined): Promise<StoredSubmission | undefined> {
    const whole =
      row === undefined || isSubmissionRow(row) ? row : await log.get(logKey(numberOf(row), "submission"));
    return whole && (await parsingRecords("a submission", () => submissionOf(whole)));
  }

  /** One search for where the rows begin and one read of the others: a random event costs the disk what it must, once. */
  async function eventWithSubmission(index: number): Promise<RecordedEvent | undefined> {
    const row = await rowOf(index);
    if (row === undefined) return undefined;
    const [payloads, sealed, about] = await log.getMany(
      OTHER_EVENT_ROWS.map((kind) => logKey(row.start, kind)),
    );
    const entry = index - row.start;
    const payload = entryOf(payloads, entry);
    const submission = await submissionOfRow(about);
    if (payload === undefined || submission === undefined) return undefined;
    const disclosures = disclosuresIn(entryOf(row.secrets, entry), entryOf(sealed, entry));
    return { payload, disclosures, submission };
  }

  async function secretsOf(index: number): Promise<Bytes | undefined> {
    const row = await rowOf(index);
    return row && entryOf(row.secrets, index - row.start);
  }

  async function submissionHolding(source: Source, seq: number): Promise<StoredSubmission | undefined> {
    if (seq < 0) return undefined;
    const gte = registerKey("sequences", source);
    const [found] = await register.rows({
      gte,
      lte: registerKey("sequences", source, seq),
      reverse: true,
      limit: 1,
    });
    const submission = found && (await submissionOfIndex(numberOf(found[1])));
    return submission && seq < submission.first + submission.count ? submission : undefined;
  }

  async function anchors(page: { after: number; limit: number }): Promise<StoredAnchor[]> {
    const gte = registerKey("anchors", page.after + 1);
    const found = await register.rows({ gte, lt: registerEnd("anchors"), limit: page.limit });
    return found.map(([, row]) => anchorOf(row));
  }

  return {
    head: async () => {
      await view.databases();
      return view.head();
    },
    sources: async ({ after, limit }) => {
      const gte = after === undefined ? registerKey("sources") : registerKey("sources", after, Buffer.of(0));
      const found = await register.rows({ gte, lt: registerEnd("sources"), limit });
      return await parsingRecords("the sources", () =>
        found.map(([key, row]) => sourceOf(sourceOfKey(key), row)),
      );
    },
    source: async (source) => {
      const row = await register.get(registerKey("sources", source));
      return row && sourceOf(source, row);
    },
    eventWithSubmission,
    submissionHolding,
    submissionOfIndex,
    submissionsOf: async (source, { from, limit }) => {
      const first = (await submissionHolding(source, from))?.first ?? from;
      const gte = registerKey("sequences", source, first);
      const found = await register.rows({
        gte,
        lte: registerKey("sequences", source, Number.MAX_SAFE_INTEGER),
        limit,
      });
      const submissions = await Promise.all(
        found.map(async ([, row]) => await submissionOfIndex(numberOf(row))),
      );
      return submissions.filter((submission) => submission !== undefined);
    },
    payloads: async (from, to) => await entriesBetween("payloads", from, to),
    indexTags: async (from, to) => (await entriesBetween("eventKeys", from, to)).map(indexTagsOf),
    indexKeys: async ({ from, limit }) => {
      const found = await register.rows({
        gte: registerKey("indexKeys", from),
        lt: registerEnd("indexKeys"),
        limit,
      });
      return found.map(([, row]) => indexKeyOf(row));
    },
    events: async (indexes) => {
      const share = Math.ceil(indexes.length / PARALLEL_READS);
      const parts = Array.from({ length: PARALLEL_READS }, (_, n) =>
        indexes.slice(n * share, (n + 1) * share),
      ).filter((part) => part.length > 0);
      return (await Promise.all(parts.map(eventsAt))).flat();
    },
    sealedEvents,
    disclosures: async (index) => {
      const row = await rowOf(index);
      if (row === undefined) return undefined;
      const sealed = await log.get(logKey(row.start, "disclosures"));
      const entry = index - row.start;
      return disclosuresIn(entryOf(row.secrets, entry), entryOf(sealed, entry));
    },
    eventKey: async (index) => eventKeyOf(await secretsOf(index)),
    attachment: async (index) => {
      const secret = eventKeyOf(await secretsOf(index));
      const row = secret && (await log.get(logKey(index, "attachment")));
      return secret && row && openAttachment(secret.key, attachmentOf(row).sealed);
    },
    attachmentIndex: async (name) => {
      const row = await register.get(registerKey("attachments", name));
      return row && numberOf(row);
    },
    anchors,
    anchorsFrom: async ({ from, limit }) => {
      const gte = registerKey("anchorNumbers", from);
      const found = await register.rows({ gte, lt: registerEnd("anchorNumbers"), limit });
      const rows = await register.getMany(found.map(([, place]) => anchorKeyAt(place)));
      return rows.flatMap((row) => (row === undefined ? [] : [anchorOf(row)]));
    },
    anchorCovering: async (index) => (await anchors({ after: index, limit: 1 }))[0],
    lastAnchor: async () => {
      const range = { gte: registerKey("anchors"), lt: registerEnd("anchors"), reverse: true, limit: 1 };
      const [found] = await register.rows(range);
      return found && anchorOf(found[1]);
    },
    checkpoint: async () => {
      await view.databases();
      return view.checkpoint();
    },
    bound: async (name) => {
      const row = await register.get(registerKey("bindings", name));
      return row && new Uint8Array(row);
    },
    anchorIntent: async () => {
      const row = await register.get(registerKey("anchorIntent"));
      return row && new Uint8Array(row);
    },
    behind: async () => (await register.get(registerKey("behind")))?.toString(),
    keptSubmissions,
    keptAttachment: async (index) => {
      const row = await log.get(logKey(index, "attachment"));
      return row && attachmentOf(row);
    },
    bindings: async () => {
      const found = await register.rows({ gte: registerKey("bindings"), lt: registerEnd("bindings") });
      return found.map(([key, row]) => ({ name: nameOfKey(key), value: new Uint8Array(row) }));
    },
  };

  async function keptSubmissions({ from, events }: { from: number; events: number }) {
    const first = from < view.head().size ? await submissionOfIndex(from) : undefined;
    if (first === undefined) return [];
    const last = (await submissionOfIndex(Math.min(from + events, view.head().size) - 1)) ?? first;
    const keys = await log.keys({ gte: logKey(first.index), lt: logKey(last.index + last.count) });
    // Without what is kept beside events, which may be large.
    const wanted = keys.filter((key) => !isLogRow(key, "attachment"));
    const rows = await log.getMany(wanted);
    const of = (kind: LogRow) =>
      wanted.flatMap((key, at) => {
        const bundle = rows[at];
        return isLogRow(key, kind) && bundle !== undefined ? [{ start: indexOfKey(key), bundle }] : [];
      });
    const submissions = await parsingRecords("a submission", () =>
      of("submission").flatMap(({ bundle: row }) => (isSubmissionRow(row) ? [submissionOf(row)] : [])),
    );
    const names = new Map<number, Bytes>();
    for (const key of keys.filter((each) => isLogRow(each, "attachment"))) {
      const row = await log.get(key);
      if (row !== undefined) names.set(indexOfKey(key), new Uint8Array(attachmentOf(row).name));
    }
    const bundles = { payloads: of("payloads"), sealed: of("disclosures"), keys: of("eventKeys") };
    return keptOf(submissions, { ...bundles, names });
  }
}

function entryOf(bundle: Buffer | undefined, entry: number): Bytes | undefined {
  return bundle && bundleEntries(bundle, entry, entry + 1)[0];
}

function holdsEntry(row: Buffer | undefined, entry: number): boolean {
  return row !== undefined && bundleEntries(row, entry, entry + 1).length > 0;
}

/** Plain reads of one of the databases; whatever fails is `store-unavailable`. */
function table(name: keyof Databases, { databases, snapshots, reads }: View) {
  const at = snapshots === undefined ? {} : { snapshot: snapshots[name] };
  async function read<T>(operation: (db: Database) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => await operation((await databases())[name]);
    try {
      return await (reads === undefined ? run() : reads.during(run));
    } catch (cause) {
      if (cause instanceof LedgerError) throw cause;
      throw new LedgerError("store-unavailable", "The records cannot be read now. Try again later.", {
        cause,
      });
    }
  }
  const getMany = async (keys: Buffer[]): Promise<(Buffer | undefined)[]> =>
    await read(async (db) => await db.getMany(keys, at));
  return {
    get: async (key: Buffer) => (await getMany([key]))[0],
    getMany,
    /** For each bound the greatest key below it, by one iterator that seeks: an iterator for each would cost three times as much. */
    keysBelow: async (bounds: readonly Buffer[]) =>
      await read(async (db) => {
        if (bounds.length === 0) return [];
        const iterator = db.keys({ reverse: true, highWaterMarkBytes: 1, ...at });
        try {
          const keys: (Buffer | undefined)[] = [];
          for (const bound of bounds) {
            iterator.seek(bound);
            const key = await iterator.next();
            keys.push(key?.equals(bound) === true ? await iterator.next() : key);
          }
          return keys;
        } finally {
          await iterator.close();
        }
      }),
    keys: async (range: Range) => await read(async (db) => await db.keys({ ...range, ...at }).all()),
    rows: async (range: Range) => await read(async (db) => await db.iterator({ ...range, ...at }).all()),
  };
}
