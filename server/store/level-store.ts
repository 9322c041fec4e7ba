import { mkdir, statfs } from "node:fs/promises";
import path from "node:path";
import { Level } from "level";
import { LedgerError, shuttingDown, StoreConflict } from "../errors.ts";
import { bundleEntries, bundleRows } from "./bundle.ts";
import { logKey, registerKey } from "./level-keys.ts";
import { levelReader, type Database, type Databases } from "./level-reader.ts";
import { followLog, lastHead, registerSubmission, type Batch } from "./level-register.ts";
import { anchorRow, attachmentRow, headOf, headRow, submissionRow, u64 } from "./rows.ts";
import { sealAttachment } from "./sealing.ts";
import type { Group, Head, NewSubmission, Store } from "./store.ts";

/** Changes the databases from the format before into its own; runs before anything else may read. */
export type Migration = (databases: Databases) => Promise<void>;

/** The n-th migration leads from format n to n + 1 (counting from 1), so the current format is their number plus one. */
const MIGRATIONS: readonly Migration[] = [];

export interface LevelStoreOptions {
  /** The databases' folder; made when missing. */
  readonly path: string;
  /** Commits are refused (`disk-full`) below this much free space, so that the records stay readable. */
  readonly minFreeBytes?: number;
  readonly migrations?: readonly Migration[];
}

/** Several times what LevelDB may still write after its journal was accepted. */
const DEFAULT_MIN_FREE_BYTES = 256 * 1024 * 1024;

/** Full speed fills a fifth of the minimum between two checks. */
const FREE_SPACE_CHECK_MS = 1000;

const LOG_OPTIONS = {
  keyEncoding: "buffer",
  valueEncoding: "buffer",
  // Salted digests and ciphertext do not compress.
  compression: false,
  // Half a second of full load a buffer, read again within a fraction of a second after a crash.
  writeBufferSize: 16 * 1024 * 1024,
  cacheSize: 64 * 1024 * 1024,
  maxFileSize: 16 * 1024 * 1024,
  blockSize: 16 * 1024,
} as const;

const REGISTER_OPTIONS = {
  keyEncoding: "buffer",
  valueEncoding: "buffer",
  cacheSize: 16 * 1024 * 1024,
} as const;

/**
 * Opens the LevelDB store, making or migrating it as needed.
 *
 * A commit is one synced batch of the log. The register follows at once, unsynced: what a crash takes from it is read again
 * from the log when the store is opened.
 * @throws LedgerError `store-unavailable` when another process holds it or its format is newer than this program.
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<Store> {
  const { path: folder, minFreeBytes = DEFAULT_MIN_FREE_BYTES, migrations = MIGRATIONS } = options;
  await mkdir(folder, { recursive: true });
  const log: Database = new Level<Buffer, Buffer>(path.join(folder, "log"), LOG_OPTIONS);
  const register: Database = new Level<Buffer, Buffer>(path.join(folder, "register"), REGISTER_OPTIONS);
  const both: Databases = { log, register };
  const listeners = new Set<(head: Head) => void>();
  let head: Head = headOf(undefined);
  let closed = false;
  /** A write failed: LevelDB's journal may end in half a record, which only opening it again cuts off. */
  let broken = false;
  let reopening: Promise<void> | undefined;
  let committing = false;
  let enoughUntil = 0;

  async function open(): Promise<void> {
    try {
      await log.open();
      await register.open();
      await migrate(both, migrations);
      await followLog(both);
      head = await lastHead(log);
      broken = false;
    } catch (cause) {
      // Nothing stays half open: the next attempt begins anew, here or in another process.
      await closeBoth().catch(() => undefined);
      if (cause instanceof LedgerError) throw cause;
      const message =
        "The records cannot be opened: another process may hold them, or the disk fails. See the log.";
      throw new LedgerError("store-unavailable", message, { cause });
    }
  }

  async function closeBoth(): Promise<void> {
    await log.close();
    await register.close();
  }

  async function reopen(): Promise<void> {
    reopening ??= closeBoth()
      .then(open)
      .finally(() => (reopening = undefined));
    await reopening;
  }

  async function databases(): Promise<Databases> {
    if (closed) throw shuttingDown();
    if (reopening !== undefined || log.status !== "open" || register.status !== "open") await reopen();
    return both;
  }

  /** The databases with nothing half-written in them, and `head` as it is on the disk. */
  async function repaired(): Promise<void> {
    await databases();
    if (broken) await reopen();
  }

  /** One batch. Whatever it rejects with, the batch may have been kept or lost. */
  async function write(db: Database, sync: boolean, fill: (batch: Batch) => void): Promise<void> {
    await repaired();
    const batch = db.batch();
    try {
      fill(batch);
      await batch.write({ sync });
    } catch (cause) {
      broken = true;
      throw writeFailure(cause);
    }
  }

  async function refuseWhenFull(): Promise<void> {
    if (performance.now() < enoughUntil) return;
    const { bavail, bsize } = await statfs(folder);
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
      // From here on the group is committed, whatever happens to the register.
      await write(log, true, (batch) => putGroup(batch, group));
      await write(register, false, (batch) => registerGroup(batch, group));
      head = group.head;
    } finally {
      committing = false;
    }
    for (const listener of listeners) listener(group.head);
  }

  await open();
  return {
    ...levelReader({ databases, head: () => head }),
    commit,
    reload: async () => {
      await repaired();
      return head;
    },
    recordAnchor: async (anchor) => {
      await write(register, true, (batch) =>
        batch
          .put(registerKey("anchors", anchor.size, anchor.indexSize), anchorRow(anchor))
          .del(registerKey("anchorIntent")),
      );
    },
    setAnchorIntent: async (intent) => {
      const key = registerKey("anchorIntent");
      await write(register, true, (batch) =>
        intent === undefined ? batch.del(key) : batch.put(key, Buffer.from(intent)),
      );
    },
    onHead: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    snapshot: async () => {
      await databases();
      // The register first: the log then holds at least what the register has followed.
      const snapshots = { register: register.snapshot(), log: log.snapshot() };
      const at = headOf((await register.getMany([registerKey("head")], { snapshot: snapshots.register }))[0]);
      return {
        ...levelReader({ databases, head: () => at, snapshots }),
        close: async () => {
          await snapshots.log.close();
          await snapshots.register.close();
        },
      };
    },
    close: async () => {
      closed = true;
      await reopening?.catch(() => undefined);
      await closeBoth();
    },
  };
}

async function migrate(databases: Databases, migrations: readonly Migration[]): Promise<void> {
  const { register } = databases;
  const current = migrations.length + 1;
  const [stored] = await register.getMany([registerKey("format")]);
  const format = stored === undefined ? current : Number(stored.toString("latin1"));
  if (format > current) {
    const message = `The records have format ${format}, this program knows up to ${current}: run a newer version.`;
    throw new LedgerError("store-unavailable", message);
  }
  for (const [from, migration] of migrations.entries()) {
    if (from + 1 < format) continue;
    await migration(databases);
    // Each step is durable before the next: a crash in between goes on from here.
    await register.put(registerKey("format"), Buffer.from(String(from + 2)), { sync: true });
  }
  if (stored === undefined) {
    await register.put(registerKey("format"), Buffer.from(String(current)), { sync: true });
  }
}

function assertContiguous(group: Group, expectedSize: number): void {
  let size = expectedSize;
  for (const submission of group.submissions) {
    if (submission.index !== size) throw new RangeError(`expected the submission of index ${size}`);
    size += submission.count;
  }
  if (group.head.size !== size || group.head.frontier.size !== size || size === expectedSize) {
    throw new RangeError(`the group ends at ${size}, its head says ${group.head.size}`);
  }
}

function putGroup(batch: Batch, group: Group): void {
  for (const submission of group.submissions) putSubmission(batch, submission);
  batch.put(logKey(group.head.size - 1, "head"), headRow(group.head));
}

function putSubmission(batch: Batch, submission: NewSubmission): void {
  const { index, keys, sealed, payloads, attachment } = submission;
  for (const [row, bundle] of [
    ["eventKeys", keys],
    ["disclosures", sealed],
    ["payloads", payloads],
  ] as const) {
    for (const [offset, bytes] of bundleRows(bundle)) batch.put(logKey(index + offset, row), asBuffer(bytes));
  }
  for (const [offset] of bundleRows(keys)) {
    batch.put(logKey(index + offset, "submission"), offset === 0 ? submissionRow(submission) : u64(index));
  }
  if (attachment === undefined) return;
  const [secrets] = bundleEntries(keys, 0, 1);
  if (secrets === undefined) throw new RangeError("an attachment needs an event");
  const sealedBody = sealAttachment(secrets.subarray(0, 32), attachment.body);
  batch.put(logKey(index, "attachment"), attachmentRow(attachment.conflict, sealedBody));
}

function registerGroup(batch: Batch, group: Group): void {
  for (const submission of group.submissions) {
    registerSubmission(batch, submission, submission.attachment?.conflict);
  }
  batch.put(registerKey("head"), headRow(group.head));
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const SEND_AGAIN = "Send the same again later: what was stored after all is answered as known.";

function writeFailure(cause: unknown): LedgerError {
  if (cause instanceof Error && /no space|ENOSPC|disk quota|file too large/i.test(cause.message)) {
    return diskFull(cause);
  }
  return new LedgerError("store-unavailable", `The records cannot be written now. ${SEND_AGAIN}`, { cause });
}

function diskFull(cause?: unknown): LedgerError {
  return new LedgerError("disk-full", `The ledger's disk is full. ${SEND_AGAIN}`, { cause });
}
