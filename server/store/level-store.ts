import { mkdir, statfs } from "node:fs/promises";
import { Level } from "level";
import { LedgerError, shuttingDown, StoreConflict } from "../errors.ts";
import { headFrom, levelReader, type Database } from "./level-reader.ts";
import {
  anchorRow,
  bundleEntries,
  bundleRows,
  headRow,
  rowKey,
  sourceRow,
  submissionRow,
  u64,
} from "./rows.ts";
import { sealAttachment } from "./sealing.ts";
import type { Group, Head, NewSubmission, Store } from "./store.ts";

/** Changes a database from the format before into its own; runs before anything else may read. */
export type Migration = (db: Database) => Promise<void>;

/** The n-th migration leads from format n to n + 1 (counting from 1), so the current format is their number plus one. */
const MIGRATIONS: readonly Migration[] = [];

export interface LevelStoreOptions {
  /** The database's folder; made when missing. */
  readonly path: string;
  /** Commits are refused (`disk-full`) below this much free space, so that the records stay readable. */
  readonly minFreeBytes?: number;
  readonly migrations?: readonly Migration[];
}

/** Twice the write buffer and a compaction: what LevelDB may still write after its log was accepted. */
const DEFAULT_MIN_FREE_BYTES = 256 * 1024 * 1024;

/** Full speed fills a fifth of the minimum between two checks. */
const FREE_SPACE_CHECK_MS = 1000;

const LEVEL_OPTIONS = {
  keyEncoding: "buffer",
  valueEncoding: "buffer",
  // Salted digests and ciphertext do not compress.
  compression: false,
  // A second or two of full load a buffer: fewer, longer sorted runs and less rewriting by compaction.
  writeBufferSize: 64 * 1024 * 1024,
  cacheSize: 64 * 1024 * 1024,
  maxFileSize: 8 * 1024 * 1024,
  blockSize: 16 * 1024,
} as const;

type Batch = ReturnType<typeof newBatch>;

function newBatch(db: Database) {
  return db.batch();
}

/**
 * Opens the LevelDB store, making or migrating it as needed.
 * @throws LedgerError `store-unavailable` when another process holds it or its format is newer than this program.
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  const { path, minFreeBytes = DEFAULT_MIN_FREE_BYTES, migrations = MIGRATIONS } = options;
  await mkdir(path, { recursive: true });
  const db: Database = new Level<Buffer, Buffer>(path, LEVEL_OPTIONS);
  const listeners = new Set<(head: Head) => void>();
  let closed = false;
  /** A write failed: LevelDB's log may end in half a record, which only opening it again cuts off. */
  let broken = false;
  let reopening: Promise<void> | undefined;
  let committing = false;
  let enoughUntil = 0;
  let head: Head = headFrom(undefined);

  async function open(): Promise<void> {
    try {
      await db.open();
      await migrate(db, migrations);
      head = headFrom(await db.get(rowKey("head")));
      broken = false;
    } catch (cause) {
      if (cause instanceof LedgerError) throw cause;
      const message =
        "The records cannot be opened: another process may hold them, or the disk fails. See the log.";
      throw new LedgerError("store-unavailable", message, { cause });
    }
  }

  async function reopen(): Promise<void> {
    reopening ??= db
      .close()
      .then(open)
      .finally(() => (reopening = undefined));
    await reopening;
  }

  async function database(): Promise<Database> {
    if (closed) throw shuttingDown();
    if (reopening !== undefined || db.status !== "open") await reopen();
    return db;
  }

  /** The database with nothing half-written in it, and `head` as it is on the disk. */
  async function repaired(): Promise<void> {
    await database();
    if (broken) await reopen();
  }

  /** One batch, synced. Whatever it rejects with, the batch may have been kept or lost. */
  async function write(fill: (batch: Batch) => void): Promise<void> {
    await repaired();
    const batch = newBatch(db);
    try {
      fill(batch);
      await batch.write({ sync: true });
    } catch (cause) {
      broken = true;
      throw writeFailure(cause);
    }
  }

  async function refuseWhenFull(): Promise<void> {
    if (performance.now() < enoughUntil) return;
    const { bavail, bsize } = await statfs(path);
    if (bavail * bsize < minFreeBytes) throw diskFull();
    enoughUntil = performance.now() + FREE_SPACE_CHECK_MS;
  }

  async function commit(group: Group, expectedSize: number): Promise<void> {
    if (committing) throw new StoreConflict(expectedSize, head.size);
    assertContiguous(group, expectedSize);
    committing = true;
    try {
      await refuseWhenFull();
      // A write that failed may have been kept: only now is the head known that must not be written over.
      await repaired();
      if (head.size !== expectedSize) throw new StoreConflict(expectedSize, head.size);
      await write((batch) => putGroup(batch, group));
      head = group.head;
    } finally {
      committing = false;
    }
    for (const listener of listeners) listener(group.head);
  }

  await open();
  const reader = levelReader(database);
  return {
    ...reader,
    commit,
    reload: async () => {
      await repaired();
      return head;
    },
    recordAnchor: async (anchor) => {
      await write((batch) =>
        batch
          .put(rowKey("anchors", anchor.size, anchor.indexSize), anchorRow(anchor))
          .del(rowKey("anchorIntent")),
      );
    },
    setAnchorIntent: async (intent) => {
      const key = rowKey("anchorIntent");
      await write((batch) => (intent === undefined ? batch.del(key) : batch.put(key, Buffer.from(intent))));
    },
    onHead: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    snapshot: async () => {
      const snapshot = (await database()).snapshot();
      return { ...levelReader(database, snapshot), close: async () => await snapshot.close() };
    },
    close: async () => {
      closed = true;
      await reopening?.catch(() => undefined);
      await db.close();
    },
  };
}

async function migrate(db: Database, migrations: readonly Migration[]): Promise<void> {
  const current = migrations.length + 1;
  const [stored] = await db.getMany([rowKey("format")]);
  const format = stored === undefined ? current : Number(stored.toString("latin1"));
  if (format > current) {
    const message = `The records have format ${format}, this program knows up to ${current}: run a newer version.`;
    throw new LedgerError("store-unavailable", message);
  }
  for (const [from, migration] of migrations.entries()) {
    if (from + 1 < format) continue;
    await migration(db);
    // Each step is durable before the next: a crash in between goes on from here.
    await db.put(rowKey("format"), Buffer.from(String(from + 2)), { sync: true });
  }
  if (stored === undefined) await db.put(rowKey("format"), Buffer.from(String(current)), { sync: true });
}

function assertContiguous(group: Group, expectedSize: number): void {
  let size = expectedSize;
  for (const submission of group.submissions) {
    if (submission.index !== size) throw new RangeError(`expected the submission of index ${size}`);
    size += submission.count;
  }
  if (group.head.size !== size || group.head.frontier.size !== size) {
    throw new RangeError(`the group ends at ${size}, its head says ${group.head.size}`);
  }
}

function putGroup(batch: Batch, group: Group): void {
  for (const submission of group.submissions) putSubmission(batch, submission);
  batch.put(rowKey("head"), headRow(group.head));
}

function putSubmission(batch: Batch, submission: NewSubmission): void {
  const { source, first, count, index, time, attachment } = submission;
  const { keys, sealed, payloads } = submission;
  for (const [table, bundle] of [
    ["eventKeys", keys],
    ["disclosures", sealed],
    ["payloads", payloads],
  ] as const) {
    for (const [offset, row] of bundleRows(bundle)) batch.put(rowKey(table, index + offset), asBuffer(row));
  }
  batch.put(rowKey("submissions", index), submissionRow(submission));
  batch.put(rowKey("sequences", source, first), u64(index));
  batch.put(rowKey("sources", source), sourceRow({ source, next: first + count, lastTime: time }));
  if (attachment === undefined) return;
  const [secrets] = bundleEntries(keys, 0, 1);
  if (secrets === undefined) throw new RangeError("an attachment needs an event");
  batch.put(rowKey("attachments", index), sealAttachment(secrets.subarray(0, 32), attachment.body));
  batch.put(rowKey("conflicts", attachment.conflict), u64(index));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const SEND_AGAIN = "Send the same again later: what was stored after all is answered as known.";

function writeFailure(cause: unknown): LedgerError {
  if (cause instanceof Error && /no space|ENOSPC|disk quota|file too large/i.test(cause.message))
    return diskFull(cause);
  return new LedgerError("store-unavailable", `The records cannot be written now. ${SEND_AGAIN}`, { cause });
}

function diskFull(cause?: unknown): LedgerError {
  return new LedgerError("disk-full", `The ledger's disk is full. ${SEND_AGAIN}`, { cause });
}
