import type { Bytes } from "../../protocol/bytes.ts";
import { parseSource, type Source } from "../../protocol/source.ts";
import { parsingRecords } from "../errors.ts";
import {
  bundleEntries,
  type BundleRow,
  firstRowStart,
  likelyRowStarts,
  possibleRowStarts,
} from "./bundle.ts";
import { bytesIn, numberIn, type Queries, type Row, textIn } from "./postgres-session.ts";
import { eventKeyOf, frontierOf, indexTagsOf } from "./rows.ts";
import { openAttachment } from "./sealing.ts";
import { disclosuresIn, keptOf, packSealed } from "./stored-events.ts";
import type { Head, IndexKeyRow, SourceState, StoredAnchor, StoredSubmission, StoreReader } from "./store.ts";

const SUBMISSION = "index, source, first, count, time, jws, receipt";
const ANCHOR = "number, size, index_size, root, index_root, checkpoint, block, block_hash, transaction, time";

/** One kind of row of events. */
type EventTable = "payloads" | "disclosures" | "event_keys";

/** The reads of a PostgreSQL store, on whatever connection `queries` uses. */
export function postgresReader({ rows }: Queries): StoreReader {
  async function one<T>(sql: string, values: readonly (number | string | Bytes)[], read: (row: Row) => T) {
    const [row] = await rows(sql, values);
    return row && (await parsingRecords("a row", () => read(row)));
  }

  async function list<T>(
    sql: string,
    values: readonly (number | string)[],
    read: (row: Row) => T,
  ): Promise<T[]> {
    const found = await rows(sql, values);
    return await parsingRecords("a list", () => found.map(read));
  }

  /**
   * The entries at these indexes, by index. The rows are asked for by their starts, at first the likely ones: so PostgreSQL plans for, and looks into, the parts of
   * `event_keys` that hold them, however many others there are.
   */
  async function rowsHolding(
    table: EventTable,
    indexes: readonly number[],
  ): Promise<ReadonlyMap<number, Bytes>> {
    const places = new Set(indexes.filter((index) => Number.isSafeInteger(index) && index >= 0));
    const entries = new Map<number, Bytes>();
    for (const startsOf of [
      (left: readonly number[]) => [...new Set(left.flatMap(likelyRowStarts))],
      possibleRowStarts,
    ]) {
      const left = [...places].filter((index) => !entries.has(index));
      if (left.length === 0) break;
      const found = await rows(`SELECT start, bundle FROM ${table} WHERE start = ANY ($1::bigint[])`, [
        startsOf(left),
      ]);
      for (const row of found) {
        const start = numberIn(row, "start");
        for (const [at, entry] of bundleEntries(bytesIn(row, "bundle"), 0, Infinity).entries())
          if (places.has(start + at)) entries.set(start + at, entry);
      }
    }
    return entries;
  }

  async function entryOf(table: EventTable, index: number): Promise<Bytes | undefined> {
    return (await rowsHolding(table, [index])).get(index);
  }

  /** The entries of the events `from .. to - 1`. */
  async function entriesBetween(table: EventTable, from: number, to: number): Promise<Bytes[]> {
    if (from >= to) return [];
    const found = await rows(
      `SELECT start, bundle FROM ${table} WHERE start >= $1 AND start < $2 ORDER BY start`,
      [firstRowStart(from), to],
    );
    return found.flatMap((row) => {
      const start = numberIn(row, "start");
      return bundleEntries(bytesIn(row, "bundle"), Math.max(0, from - start), to - start);
    });
  }

  async function submissionsBetween(from: number, to: number): Promise<StoredSubmission[]> {
    return await list(
      `SELECT ${SUBMISSION} FROM submissions
         WHERE index < $2 AND index >= coalesce((SELECT max(index) FROM submissions WHERE index <= $1), $1) ORDER BY index`,
      [from, to],
      submissionIn,
    );
  }

  async function submissionOfIndex(index: number): Promise<StoredSubmission | undefined> {
    if (!Number.isSafeInteger(index)) return undefined;
    const found = await one(
      `SELECT ${SUBMISSION} FROM submissions WHERE index <= $1 ORDER BY index DESC LIMIT 1`,
      [index],
      submissionIn,
    );
    return found !== undefined && index < found.index + found.count ? found : undefined;
  }

  async function submissionHolding(source: Source, seq: number): Promise<StoredSubmission | undefined> {
    if (!Number.isSafeInteger(seq)) return undefined;
    const found = await one(
      `SELECT ${SUBMISSION} FROM submissions WHERE source = $1 AND first <= $2 ORDER BY first DESC LIMIT 1`,
      [source, seq],
      submissionIn,
    );
    return found !== undefined && seq < found.first + found.count ? found : undefined;
  }

  async function eventsAt(indexes: readonly number[]) {
    const [payloads, secrets, sealed] = await Promise.all([
      rowsHolding("payloads", indexes),
      rowsHolding("event_keys", indexes),
      rowsHolding("disclosures", indexes),
    ]);
    return indexes.map((index) => {
      const [payload, secret] = [payloads.get(index), secrets.get(index)];
      if (payload === undefined || secret === undefined) return undefined;
      return { payload, disclosures: disclosuresIn(secret, sealed.get(index)), tags: indexTagsOf(secret) };
    });
  }

  return {
    head: async () => (await one("SELECT size, commits, frontier FROM head", [], headIn)) ?? noHead(),
    sources: async ({ after, limit }) =>
      await list(
        "SELECT source, next, last_time FROM sources WHERE source > $1 ORDER BY source LIMIT $2",
        [after ?? "", limit],
        sourceIn,
      ),
    source: async (source) =>
      await one("SELECT source, next, last_time FROM sources WHERE source = $1", [source], sourceIn),
    submissionHolding,
    submissionOfIndex,
    submissionsOf: async (source, { from, limit }) => {
      const first = (await submissionHolding(source, from))?.first ?? from;
      return await list(
        `SELECT ${SUBMISSION} FROM submissions WHERE source = $1 AND first >= $2 ORDER BY first LIMIT $3`,
        [source, first, limit],
        submissionIn,
      );
    },
    payloads: async (from, to) => await entriesBetween("payloads", from, to),
    disclosures: async (index) => (await eventsAt([index]))[0]?.disclosures,
    events: eventsAt,
    sealedEvents: async (from, to) => {
      const [secrets, sealed, submissions] = await Promise.all([
        entriesBetween("event_keys", from, to),
        entriesBetween("disclosures", from, to),
        submissionsBetween(from, to),
      ]);
      // The log may have grown between the three.
      const count = Math.min(secrets.length, sealed.length);
      return packSealed(from, {
        submissions: count === 0 ? [] : submissions.filter(({ index }) => index < from + count),
        ...{ secrets: secrets.slice(0, count), sealed: sealed.slice(0, count) },
      });
    },
    eventKey: async (index) => eventKeyOf(await entryOf("event_keys", index)),
    eventWithSubmission: async (index) => {
      const [[event], submission] = await Promise.all([eventsAt([index]), submissionOfIndex(index)]);
      if (event === undefined || submission === undefined) return undefined;
      return { payload: event.payload, disclosures: event.disclosures, submission };
    },
    indexTags: async (from, to) => (await entriesBetween("event_keys", from, to)).map(indexTagsOf),
    indexKeys: async ({ from, limit }) =>
      await list(
        "SELECT tag, key FROM index_keys WHERE ordinal >= $1 ORDER BY ordinal LIMIT $2",
        [from, limit],
        (row): IndexKeyRow => ({ tag: bytesIn(row, "tag"), key: bytesIn(row, "key") }),
      ),
    attachment: async (index) => {
      const secret = eventKeyOf(await entryOf("event_keys", index));
      if (secret === undefined) return undefined;
      const sealed = await one("SELECT sealed FROM attachments WHERE index = $1", [index], (row) =>
        bytesIn(row, "sealed"),
      );
      return sealed && openAttachment(secret.key, sealed);
    },
    attachmentIndex: async (name) =>
      await one("SELECT index FROM attachments WHERE name = $1", [name], (row) => numberIn(row, "index")),
    anchors: async ({ after, limit }) =>
      await list(
        `SELECT ${ANCHOR} FROM anchors WHERE size > $1 ORDER BY size, index_size LIMIT $2`,
        [after, limit],
        anchorIn,
      ),
    anchorsFrom: async ({ from, limit }) =>
      await list(
        `SELECT ${ANCHOR} FROM anchors WHERE number >= $1 ORDER BY number LIMIT $2`,
        [from, limit],
        anchorIn,
      ),
    anchorCovering: async (index) =>
      await one(
        `SELECT ${ANCHOR} FROM anchors WHERE size > $1 ORDER BY size, index_size LIMIT 1`,
        [index],
        anchorIn,
      ),
    lastAnchor: async () =>
      await one(`SELECT ${ANCHOR} FROM anchors ORDER BY size DESC, index_size DESC LIMIT 1`, [], anchorIn),
    checkpoint: async () =>
      await one("SELECT size, root, note FROM checkpoint", [], (row) => ({
        ...{
          size: numberIn(row, "size"),
          root: new Uint8Array(bytesIn(row, "root")),
          note: textIn(row, "note"),
        },
      })),
    bound: async (name) => await boundTo(`bound ${name}`),
    anchorIntent: async () => await boundTo(ANCHOR_INTENT),
    behind: async () => await one(`SELECT value FROM bindings WHERE name = '${BEHIND}'`, [], behindIn),
    keptSubmissions,
    keptAttachment: async (index) =>
      await one("SELECT name, sealed FROM attachments WHERE index = $1", [index], (row) => ({
        name: bytesIn(row, "name"),
        sealed: bytesIn(row, "sealed"),
      })),
    bindings: async () =>
      await list(
        "SELECT substr(name, length('bound ') + 1) AS name, value FROM bindings WHERE name LIKE 'bound %' ORDER BY name",
        [],
        (row) => ({ name: textIn(row, "name"), value: new Uint8Array(bytesIn(row, "value")) }),
      ),
  };

  async function keptSubmissions({ from, events }: { from: number; events: number }) {
    const submissions = await submissionsBetween(from, from + events);
    const [first, last] = [submissions[0], submissions.at(-1)];
    if (first === undefined || last === undefined) return [];
    const range = [first.index, last.index + last.count] as const;
    const payloads = await wholeRows("payloads", ...range);
    const sealed = await wholeRows("disclosures", ...range);
    const keys = await wholeRows("event_keys", ...range);
    const attachments = await rows(
      "SELECT index, name FROM attachments WHERE index >= $1 AND index < $2",
      range,
    );
    const names = new Map(attachments.map((row) => [numberIn(row, "index"), bytesIn(row, "name")]));
    return keptOf(submissions, { payloads, sealed, keys, names });
  }

  /** The rows that begin at `from .. to - 1`. */
  async function wholeRows(table: EventTable, from: number, to: number): Promise<BundleRow[]> {
    return await list(
      `SELECT start, bundle FROM ${table} WHERE start >= $1 AND start < $2 ORDER BY start`,
      [from, to],
      (row) => ({ start: numberIn(row, "start"), bundle: bytesIn(row, "bundle") }),
    );
  }

  async function boundTo(name: string): Promise<Bytes | undefined> {
    return await one(
      "SELECT value FROM bindings WHERE name = $1",
      [name],
      (row) => new Uint8Array(bytesIn(row, "value")),
    );
  }
}

/** Where the anchor intent stands among the bindings, whose names begin with "bound ". */
export const ANCHOR_INTENT = "anchor intent";
/** Where it stands there why the records are behind what was promised. */
export const BEHIND = "behind";

function behindIn(row: Row): string {
  return bytesIn(row, "value").toString();
}

export function headIn(row: Row): Head {
  const size = numberIn(row, "size");
  return { size, commits: numberIn(row, "commits"), frontier: frontierOf(size, bytesIn(row, "frontier")) };
}

function noHead(): never {
  throw new RangeError("the records have no head");
}

function submissionIn(row: Row): StoredSubmission {
  return {
    source: parseSource(textIn(row, "source")),
    ...{ first: numberIn(row, "first"), count: numberIn(row, "count"), index: numberIn(row, "index") },
    ...{ time: numberIn(row, "time"), jws: textIn(row, "jws"), receipt: textIn(row, "receipt") },
  };
}

function sourceIn(row: Row): SourceState {
  const source = parseSource(textIn(row, "source"));
  return { source, next: numberIn(row, "next"), lastTime: numberIn(row, "last_time") };
}

function anchorIn(row: Row): StoredAnchor {
  return {
    ...{
      number: numberIn(row, "number"),
      size: numberIn(row, "size"),
      indexSize: numberIn(row, "index_size"),
    },
    ...{ root: new Uint8Array(bytesIn(row, "root")), indexRoot: new Uint8Array(bytesIn(row, "index_root")) },
    ...{ checkpoint: textIn(row, "checkpoint"), block: numberIn(row, "block"), time: numberIn(row, "time") },
    ...{ blockHash: textIn(row, "block_hash"), transaction: textIn(row, "transaction") },
  };
}
