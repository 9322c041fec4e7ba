import { hash, randomBytes } from "node:crypto";
import { openFacets, type ParsedEvent } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { Source } from "../../protocol/source.ts";
import { TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { FollowedEvent, FollowLog } from "../integrate/log-follower.ts";

/** An order to erase, as one erasure event gives it. */
export interface ErasureOrder {
  /** Its place in the log. */
  readonly index: number;
  /** As ordered: an erasure of many events has several orders, `<id>/1`, `<id>/2` and so on. */
  readonly id: string;
  /** Code of the agency whose officer ordered it. */
  readonly authority: string;
  /** Events it names. */
  readonly events: number;
  /** Of these, those whose keys are gone from every file; */
  readonly destroyed: number;
  /** those that no erasure can empty (protocol/closing.ts), or that are in the log neither before the order nor at all; */
  readonly kept: number;
  /** and those that a seal keeps until it ends. The others wait for their turn. */
  readonly sealed: number;
  /** When nothing waited any more, Unix seconds. */
  readonly done?: number;
}

/** An event whose key was destroyed, as its source is told. */
export interface ErasedEvent {
  /** Its place in the list, from 1, in the order in which keys were destroyed. */
  readonly number: number;
  readonly source: Source;
  readonly seq: number;
  /** base64url of the 32 bytes. */
  readonly leaf: string;
  /** Log index of the order. */
  readonly order: number;
}

/** One order's events as far as they were dealt with. */
export interface Progress {
  readonly order: ErasureOrder;
  /** Those destroyed now. */
  readonly erased: readonly Omit<ErasedEvent, "number">[];
}

/** The log's erasures and what became of them. Derived from the records and kept in the derived database. */
export interface ErasureRegister {
  /** Reads what the log has to say since the last time. */
  update: () => Promise<void>;
  /** Resolves when everything recorded at the time of asking is read. @throws LedgerError `starting` behind a long log. */
  caughtUp: () => Promise<number>;
  /** Orders in log order from `from` on, of one authority when given; those of others that destroyed its events too. */
  orders: (page: { from: number; limit: number; agency?: string }) => Promise<ErasureOrder[]>;
  /** The orders of one erasure, by its authority and the id without its part. */
  ordersOf: (authority: string, id: string) => Promise<ErasureOrder[]>;
  /** The orders of erasures with this id, whoever gave them. */
  ordersNamed: (id: string) => Promise<ErasureOrder[]>;
  /** Orders that something waits for, in log order, from `from` on. */
  waiting: (page: { from: number; limit: number }) => Promise<ErasureOrder[]>;
  /** Of these leaf hashes (base64url) those whose keys are destroyed. */
  destroyed: (leaves: readonly string[]) => Promise<ReadonlySet<string>>;
  /** The erased events of a source, from the number after `after` on. Numbers count for this list alone: `list` changes when it was made anew. */
  ofSource: (
    source: Source,
    page: { after: number; limit: number },
  ) => Promise<{ readonly list: string; readonly events: ErasedEvent[] }>;
  /** Writes down what was done. One at a time. */
  record: (progress: readonly Progress[]) => Promise<void>;
}

const TABLE = 0x65;
const PROGRESS_TABLE = 0x45;
/** The tables within ours. */
const ROWS = {
  agencies: 0x61,
  ids: 0x69,
  list: 0x6c,
  numbers: 0x6e,
  orders: 0x6f,
  sources: 0x73,
  destroyed: 0x74,
  waiting: 0x77,
} as const;
const INDEX_BYTES = 6;
const MAX_PARTS = 10_000;

/** The id that the parts of an erasure have in common. */
function erasureIdOf(orderId: string): string {
  return orderId.replace(/\/[0-9]{1,9}$/, "");
}

/** The leaf hashes (base64url) that an erasure event names, each once. */
export function erasedLeaves(event: ParsedEvent): readonly string[] {
  const leaves = erasureIn(event)?.["leaves"];
  return Array.isArray(leaves) ? [...new Set(leaves.filter((leaf) => typeof leaf === "string"))] : [];
}

function erasureIn(event: ParsedEvent): { readonly [member: string]: unknown } | undefined {
  const { erasure } = openFacets(event);
  return isJsonObject(erasure) ? erasure : undefined;
}

export function erasureRegister({
  follow,
  db,
}: {
  readonly follow: FollowLog;
  readonly db: DerivedDatabase;
}): ErasureRegister {
  const { update, caughtUp } = follow({
    subject: "which events are erased",
    tables: [TABLE],
    progressTable: PROGRESS_TABLE,
    // The mark is newer than the tags of what is erased.
    tagKinds: [TAG_KINDS.erases, TAG_KINDS.erasureAct],
    rowsAfter: (events) => Promise.resolve(events.flatMap(orderOf).flatMap(newRows)),
  });

  async function ordersAt(range: { gte: Buffer; lt: Buffer; limit: number }): Promise<ErasureOrder[]> {
    const places = await db.values(range);
    const rows = await db.getMany(places.map((place) => rowKey(ROWS.orders, place)));
    return rows.flatMap((row) => (row === undefined ? [] : [orderOfRow(row)]));
  }

  async function listName(): Promise<string> {
    const key = rowKey(ROWS.list);
    const found = await db.get(key);
    if (found !== undefined) return found.toString();
    const made = randomBytes(9).toString("base64url");
    await db.write([{ key, value: Buffer.from(made) }]);
    return made;
  }

  async function record(progress: readonly Progress[]): Promise<void> {
    let next = ((await db.get(rowKey(ROWS.numbers)))?.readUIntBE(0, INDEX_BYTES) ?? 0) + 1;
    const rows: DerivedRow[] = [];
    for (const { order, erased } of progress) {
      const place = u48(order.index);
      rows.push({ key: rowKey(ROWS.orders, place), value: json(order) });
      if (order.done !== undefined) rows.push({ key: rowKey(ROWS.waiting, place), value: undefined });
      for (const event of erased) {
        const { source, leaf } = event;
        const numbered: ErasedEvent = { ...event, number: next };
        rows.push(
          { key: rowKey(ROWS.sources, name(source), u48(next)), value: json(numbered) },
          { key: rowKey(ROWS.destroyed, Buffer.from(leaf)), value: place },
          { key: rowKey(ROWS.agencies, name(source.split("/", 1)[0] ?? ""), place), value: place },
        );
        next++;
      }
    }
    await listName();
    await db.write([...rows, { key: rowKey(ROWS.numbers), value: u48(next - 1) }]);
  }

  return {
    update,
    caughtUp,
    orders: async ({ from, limit, agency }) => {
      if (agency !== undefined) {
        const key = name(agency);
        return await ordersAt({
          gte: rowKey(ROWS.agencies, key, u48(from)),
          lt: rowKey(ROWS.agencies, key, LAST),
          limit,
        });
      }
      const range = { gte: rowKey(ROWS.orders, u48(from)), lt: rowKey(ROWS.orders, LAST), limit };
      return (await db.values(range)).map((row) => orderOfRow(row));
    },
    ordersOf: async (authority, id) =>
      (await ordersNamed(id)).filter((order) => order.authority === authority),
    ordersNamed,
    waiting: async ({ from, limit }) =>
      await ordersAt({ gte: rowKey(ROWS.waiting, u48(from)), lt: rowKey(ROWS.waiting, LAST), limit }),
    destroyed: async (leaves) => {
      const rows = await db.getMany(leaves.map((leaf) => rowKey(ROWS.destroyed, Buffer.from(leaf))));
      return new Set(leaves.filter((_, at) => rows[at] !== undefined));
    },
    ofSource: async (source, { after, limit }) => {
      const key = name(source);
      const range = {
        gte: rowKey(ROWS.sources, key, u48(after + 1)),
        lt: rowKey(ROWS.sources, key, LAST),
        limit,
      };
      const events = (await db.values(range)).map((row) => JSON.parse(row.toString()) as ErasedEvent);
      return { list: await listName(), events };
    },
    record,
  };

  async function ordersNamed(id: string): Promise<ErasureOrder[]> {
    const key = idKey(id);
    return await ordersAt({ gte: rowKey(ROWS.ids, key), lt: rowKey(ROWS.ids, key, LAST), limit: MAX_PARTS });
  }
}

const LAST = Buffer.alloc(INDEX_BYTES + 1, 0xff);

/** The erasure event as an order; none when its key is gone, which nothing does to an erasure. */
function orderOf({ index, event }: FollowedEvent): ErasureOrder[] {
  const erasure = event && erasureIn(event);
  if (event === undefined || erasure === undefined) return [];
  const { id, authority } = erasure;
  if (typeof id !== "string" || typeof authority !== "string") return [];
  const events = erasedLeaves(event).length;
  return [{ index, id, authority, events, destroyed: 0, kept: 0, sealed: 0 }];
}

function newRows(order: ErasureOrder): DerivedRow[] {
  const place = u48(order.index);
  return [
    { key: rowKey(ROWS.orders, place), value: json(order) },
    { key: rowKey(ROWS.waiting, place), value: place },
    { key: rowKey(ROWS.ids, idKey(erasureIdOf(order.id)), place), value: place },
    { key: rowKey(ROWS.agencies, name(order.authority), place), value: place },
  ];
}

function rowKey(table: number, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([Buffer.of(TABLE, table), ...parts]);
}

/** Ends with a byte that no code has, so that none is another's prefix. An authority is text of any kind. */
function name(text: string): Buffer {
  return Buffer.concat([Buffer.from(text, "utf8"), Buffer.of(0)]);
}

function idKey(id: string): Buffer {
  return hash("sha256", id, "buffer");
}

function u48(value: number): Buffer {
  const bytes = Buffer.alloc(INDEX_BYTES);
  bytes.writeUIntBE(value, 0, INDEX_BYTES);
  return bytes;
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** The format of the derived database vouches for what its rows hold. */
function orderOfRow(row: Buffer): ErasureOrder {
  return JSON.parse(row.toString()) as ErasureOrder;
}
