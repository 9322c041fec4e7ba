import { mkdir, statfs } from "node:fs/promises";
import path from "node:path";
import { Level } from "level";
import { LedgerError, RecordsBehind, shuttingDown, StoreConflict } from "../errors.ts";
import { assertContiguous, headListeners } from "./group.ts";
import { eraseEvents } from "./level-erasing.ts";
import { MIGRATIONS, migrate, type Migration } from "./level-format.ts";
import { ordinalOfKey, registerEnd, registerKey } from "./level-keys.ts";
import { putGroup } from "./level-log.ts";
import { levelReader, type Database, type Databases } from "./level-reader.ts";
import { readsUnderWay } from "./level-reads.ts";
import { followLog, lastHead, registerGroup, type Batch } from "./level-register.ts";
import { anchorPlace, anchorRow, headOf, indexKeyRow } from "./rows.ts";
import type { Group, Head, IndexKeyRow, Store, StoredAnchor, StoredCheckpoint } from "./store.ts";

export interface LevelStoreOptions {
  /** The databases' folder; made when missing. */
  readonly path: string;
  /** Commits are refused (`disk-full`) below this much free space, so that the records stay readable. */
  readonly minFreeBytes?: number;
  readonly migrations?: readonly Migration[];
  /** What a listener of `onHead` threw. A warning of the process by default. */
  readonly onListenerError?: (error: unknown) => void;
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
  const listeners = headListeners(options.onListenerError);
  let head: Head = headOf(undefined);
  /** See Store.setBehind. */
  let behind: string | undefined;
  let closed = false;
  /** A write failed: LevelDB's journal may end in half a record, which only opening it again cuts off. */
  let broken = false;
  let reopening: Promise<void> | undefined;
  let committing = false;
  let enoughUntil = 0;
  let addingIndexKeys: Promise<void> = Promise.resolve();
  let erasing: Promise<void> = Promise.resolve();
  /** Nobody else reads these records, and who starts again publishes anew. */
  let published: StoredCheckpoint | undefined;
  const reads = readsUnderWay();

  async function open(): Promise<void> {
    try {
      await log.open();
      await register.open();
      await migrate(both, migrations);
      await followLog(both);
      head = await lastHead(log);
      const [mark] = await register.getMany([registerKey("behind")]);
      behind = mark?.toString();
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

  function requireNotBehind(): void {
    if (behind !== undefined) throw new RecordsBehind(behind);
  }

  async function commit(group: Group, expectedSize: number): Promise<void> {
    if (committing) throw new StoreConflict(expectedSize, head.size);
    assertContiguous(group, expectedSize);
    committing = true;
    try {
      await refuseWhenFull();
      // A write that failed may have been kept: only now is the head known that must not be written over.
      await repaired();
      requireNotBehind();
      if (head.size !== expectedSize) throw new StoreConflict(expectedSize, head.size);
      // From here on the group is committed, whatever happens to the register.
      await write(log, true, (batch) => putGroup(batch, group));
      await write(register, false, (batch) => registerGroup(batch, group));
      head = group.head;
    } finally {
      committing = false;
    }
    listeners.tell(group.head);
  }

  /** Where the next row goes is read anew each time: a write that failed may have been kept. */
  async function addIndexKeys(rows: readonly IndexKeyRow[]): Promise<void> {
    await repaired();
    const range = { gte: registerKey("indexKeys"), lt: registerEnd("indexKeys") };
    const [last] = await register.keys({ ...range, reverse: true, limit: 1 }).all();
    const next = last === undefined ? 0 : ordinalOfKey(last) + 1;
    await write(register, true, (batch) => {
      for (const [at, row] of rows.entries())
        batch.put(registerKey("indexKeys", next + at), indexKeyRow(row));
    });
  }

  async function eraseKeys(indexes: readonly number[]): Promise<void> {
    await repaired();
    for (const index of indexes) {
      if (!Number.isSafeInteger(index) || index < 0 || index >= head.size)
        throw new RangeError(`the log has no event ${index}`);
    }
    const mayGoOn = async (): Promise<void> => {
      await databases();
      await refuseWhenFull();
    };
    const toLog = async (fill: (batch: Batch) => void): Promise<void> => await write(log, true, fill);
    try {
      await eraseEvents({ log, reads, write: toLog, mayGoOn }, indexes);
    } catch (cause) {
      if (cause instanceof LedgerError) throw cause;
      const message = "The disclosures cannot be destroyed now. It is tried again.";
      throw new LedgerError("store-unavailable", message, { cause });
    }
  }

  await open();
  const reader = levelReader({ databases, head: () => head, checkpoint: () => published, reads });
  return {
    ...reader,
    commit,
    turn: async (work) => {
      await repaired();
      requireNotBehind();
      await work(head, reader);
    },
    campaign: async () => {
      await databases();
    },
    // One process has the store open, so it leads.
    leads: () => !closed,
    publishCheckpoint: async (checkpoint) => {
      await databases();
      published = checkpoint;
    },
    recordAnchor: async (anchor) => {
      await write(register, true, (batch) => {
        putAnchor(batch, anchor);
        batch.del(registerKey("anchorIntent"));
      });
    },
    addAnchors: async (anchors) => {
      await refuseWhenFull();
      await write(register, true, (batch) => {
        for (const anchor of anchors) putAnchor(batch, anchor);
      });
    },
    addIndexKeys: async (rows) => {
      await refuseWhenFull();
      // One after the other, whatever became of the one before.
      addingIndexKeys = addingIndexKeys.catch(() => undefined).then(async () => await addIndexKeys(rows));
      await addingIndexKeys;
    },
    eraseKeys: async (indexes) => {
      erasing = erasing.catch(() => undefined).then(async () => await eraseKeys(indexes));
      await erasing;
    },
    destroyed: () => Promise.resolve(new Set()),
    bindFirst: async (name, value) => {
      const key = registerKey("bindings", name);
      await repaired();
      const [bound] = await register.getMany([key]);
      if (bound !== undefined) return new Uint8Array(bound);
      await write(register, true, (batch) => batch.put(key, Buffer.from(value)));
      return value;
    },
    bind: async (name, value) => {
      await write(register, true, (batch) => batch.put(registerKey("bindings", name), Buffer.from(value)));
    },
    setBehind: async (reason) => {
      const key = registerKey("behind");
      // Before it is durable: whoever marks them must not see another commit.
      behind = reason ?? behind;
      await write(register, true, (batch) =>
        reason === undefined ? batch.del(key) : batch.put(key, Buffer.from(reason)),
      );
      behind = reason;
    },
    setAnchorIntent: async (intent) => {
      const key = registerKey("anchorIntent");
      await write(register, true, (batch) =>
        intent === undefined ? batch.del(key) : batch.put(key, Buffer.from(intent)),
      );
    },
    onHead: listeners.add,
    snapshot: async () => {
      await databases();
      // The register first: the log then holds at least what the register has followed.
      const snapshots = { register: register.snapshot(), log: log.snapshot() };
      const end = reads.begin();
      const at = headOf((await register.getMany([registerKey("head")], { snapshot: snapshots.register }))[0]);
      return {
        ...levelReader({ databases, head: () => at, checkpoint: () => published, snapshots }),
        close: async () => {
          await snapshots.log.close();
          await snapshots.register.close();
          end();
        },
      };
    },
    risks: () => Promise.resolve([]),
    close: async () => {
      closed = true;
      await reopening?.catch(() => undefined);
      await closeBoth();
    },
  };
}

function putAnchor(batch: Batch, anchor: StoredAnchor): void {
  batch
    .put(registerKey("anchors", anchor.size, anchor.indexSize), anchorRow(anchor))
    .put(registerKey("anchorNumbers", anchor.number), anchorPlace(anchor));
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
