import type { Level } from "level";
import type { Bytes } from "../../protocol/bytes.ts";
import { emptyFrontier } from "../../protocol/frontier.ts";
import { LedgerError } from "../errors.ts";
import {
  anchorOf,
  bundleEntries,
  eventKeyOf,
  headOf,
  lastU64,
  rowKey,
  sourceOf,
  sourceOfKey,
  submissionOf,
  tableEnd,
  type IndexedTable,
} from "./rows.ts";
import { openAttachment, openDisclosures } from "./sealing.ts";
import type { Head, StoreReader, StoredAnchor, StoredSubmission } from "./store.ts";

export type Database = Level<Buffer, Buffer>;
export type DatabaseSnapshot = ReturnType<Database["snapshot"]>;

interface Range {
  readonly gte: Buffer;
  readonly lt?: Buffer;
  readonly lte?: Buffer;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** The reads of a LevelDB store, as of now or as of a snapshot. */
export function levelReader(database: () => Promise<Database>, snapshot?: DatabaseSnapshot): StoreReader {
  const at = snapshot === undefined ? {} : { snapshot };

  async function get(key: Buffer): Promise<Buffer | undefined> {
    return await read(async (db) => await db.get(key, at));
  }

  async function rows(range: Range): Promise<[Buffer, Buffer][]> {
    return await read(async (db) => await db.iterator({ ...range, ...at }).all());
  }

  async function read<T>(operation: (db: Database) => Promise<T>): Promise<T> {
    try {
      return await operation(await database());
    } catch (cause) {
      if (cause instanceof LedgerError) throw cause;
      throw new LedgerError("store-unavailable", "The records cannot be read now. Try again later.", {
        cause,
      });
    }
  }

  /** The row with the greatest number up to `index`: the only one that can hold it. */
  async function rowBefore(
    table: IndexedTable,
    index: number,
  ): Promise<{ start: number; row: Buffer } | undefined> {
    if (index < 0) return undefined;
    const [found] = await rows({ gte: rowKey(table), lte: rowKey(table, index), reverse: true, limit: 1 });
    return found && { start: lastU64(found[0]), row: found[1] };
  }

  async function eventKey(index: number): Promise<ReturnType<typeof eventKeyOf> | undefined> {
    const holder = await rowBefore("eventKeys", index);
    const [entry] = holder ? bundleEntries(holder.row, index - holder.start, index - holder.start + 1) : [];
    // An erased key leaves an empty entry.
    return entry === undefined || entry.length === 0 ? undefined : eventKeyOf(entry);
  }

  async function payloads(from: number, to: number): Promise<Bytes[]> {
    const holder = await rowBefore("payloads", from);
    if (holder === undefined || from >= to) return [];
    const found = await rows({ gte: rowKey("payloads", holder.start), lt: rowKey("payloads", to) });
    return found.flatMap(([key, row]) => {
      const start = lastU64(key);
      return bundleEntries(row, Math.max(0, from - start), to - start);
    });
  }

  async function submissionOfIndex(index: number): Promise<StoredSubmission | undefined> {
    const holder = await rowBefore("submissions", index);
    const submission = holder && submissionOf(holder.row);
    return submission && index < submission.index + submission.count ? submission : undefined;
  }

  async function submissionHolding(source: string, seq: number): Promise<StoredSubmission | undefined> {
    if (seq < 0) return undefined;
    const gte = rowKey("sequences", source);
    const [found] = await rows({ gte, lte: rowKey("sequences", source, seq), reverse: true, limit: 1 });
    const submission = found && (await submissionOfIndex(lastU64(found[1])));
    return submission && seq < submission.first + submission.count ? submission : undefined;
  }

  async function anchors(page: { after: number; limit: number }): Promise<StoredAnchor[]> {
    const range = { gte: rowKey("anchors", page.after + 1), lt: tableEnd("anchors"), limit: page.limit };
    return (await rows(range)).map(([, row]) => anchorOf(row));
  }

  return {
    head: async () => headFrom(await get(rowKey("head"))),
    sources: async ({ after, limit }) => {
      const gte =
        after === undefined ? rowKey("sources") : Buffer.concat([rowKey("sources", after), Buffer.of(0)]);
      const found = await rows({ gte, lt: tableEnd("sources"), limit });
      return found.map(([key, row]) => sourceOf(sourceOfKey(key), row));
    },
    source: async (source) => {
      const row = await get(rowKey("sources", source));
      return row && sourceOf(source, row);
    },
    submissionHolding,
    submissionOfIndex,
    submissionsOf: async (source, { from, limit }) => {
      const first = (await submissionHolding(source, from))?.first ?? from;
      const gte = rowKey("sequences", source, first);
      const found = await rows({ gte, lte: rowKey("sequences", source, Number.MAX_SAFE_INTEGER), limit });
      const submissions = await Promise.all(found.map(([, row]) => submissionOfIndex(lastU64(row))));
      return submissions.filter((submission) => submission !== undefined);
    },
    payloads,
    disclosures: async (index) => {
      const secret = await eventKey(index);
      const holder = secret && (await rowBefore("disclosures", index));
      const [sealed] = holder
        ? bundleEntries(holder.row, index - holder.start, index - holder.start + 1)
        : [];
      return secret && sealed && openDisclosures(secret.key, sealed);
    },
    eventKey,
    attachment: async (index) => {
      const secret = await eventKey(index);
      const sealed = secret && (await get(rowKey("attachments", index)));
      return secret && sealed && openAttachment(secret.key, sealed);
    },
    conflictIndex: async (conflict) => {
      const row = await get(rowKey("conflicts", conflict));
      return row && lastU64(row);
    },
    anchors,
    anchorCovering: async (index) => (await anchors({ after: index, limit: 1 }))[0],
    lastAnchor: async () => {
      const [found] = await rows({
        gte: rowKey("anchors"),
        lt: tableEnd("anchors"),
        reverse: true,
        limit: 1,
      });
      return found && anchorOf(found[1]);
    },
    anchorIntent: async () => {
      const row = await get(rowKey("anchorIntent"));
      return row && new Uint8Array(row);
    },
  };
}

/** The head a row holds; the empty log's when there is none yet. */
export function headFrom(row: Buffer | undefined): Head {
  return row === undefined ? { size: 0, commits: 0, frontier: emptyFrontier() } : headOf(row);
}
