import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../clock.ts";
import { LedgerError, RecordsBehind, shuttingDown, StoreConflict } from "../errors.ts";
import type { Expiring } from "./expiring.ts";
import { assertContiguous, headListeners } from "./group.ts";
import { eraseEventKeys } from "./postgres-erasing.ts";
import { postgresExpiring } from "./postgres-expiring.ts";
import { migrateRecords } from "./postgres-format.ts";
import { postgresLead } from "./postgres-lead.ts";
import { insertGroup } from "./postgres-log.ts";
import { ANCHOR_INTENT, BEHIND, headIn, postgresReader } from "./postgres-reader.ts";
import { LOSES, postgresRisks, requireDurable, requireDurableRow } from "./postgres-risks.ts";
import {
  bytesIn,
  inTransaction,
  numberIn,
  postgresSessions,
  type Queries,
  type Session,
} from "./postgres-session.ts";
import { indexKeyRow } from "./rows.ts";
import type { Group, Head, IndexKeyRow, Store, StoredAnchor, TurnWork } from "./store.ts";

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`; the database is the log's own. */
  readonly url: string;
  /** How often to look whether another process committed, in milliseconds. */
  readonly headPollMs?: number;
  /** For how long an answer of the database is waited for, in milliseconds; see postgres-session.ts. */
  readonly answerMs?: number;
  /** Connections to the database at most; each costs it a process. More than WRITE_CONNECTIONS. */
  readonly connections?: number;
  /** For how long a snapshot may be asked nothing, in milliseconds, before the database ends it: it holds back erasure, and cleaning up. */
  readonly snapshotIdleMs?: number;
  /** What a listener of `onHead` threw. A warning of the process by default. */
  readonly onListenerError?: (error: unknown) => void;
}

/** The records, and beside them what ends by itself, for all servers of the log. */
export interface PostgresStore extends Store {
  readonly expiring: (clock: Clock) => Expiring;
}

/** A reader of another process's event waits as long; the question costs the database next to nothing. */
const DEFAULT_HEAD_POLL_MS = 50;

/** Apart from those that read, so that no load of readers keeps a turn, or the renewal of a lease, waiting. */
const WRITE_CONNECTIONS = 6;
/** See DATABASE_CONNECTIONS (config.ts). */
const DEFAULT_CONNECTIONS = 16;
/** Somebody who reads a page at a time and does something with it comes back much sooner. */
const DEFAULT_SNAPSHOT_IDLE_MS = 60_000;
/** A write that has no answer by then has lost its database. */
const CLOSE_MS = 10_000;
/**
 * For how long a transaction that writes may stand still before the database ends it: a server that is paused in it, or whose machine is gone, holds up all
 * others. Less than LEAD_SECONDS, and than a sender waits.
 */
const PAUSE_MS = 4_000;

/**
 * Opens the PostgreSQL store, making or migrating its tables as needed. Any number of processes may have it open: whoever commits locks the row of the
 * head, so indexes stay contiguous, and a commit is acknowledged when PostgreSQL made it durable (`synchronous_commit` must be on, as it is by default).
 * @throws LedgerError `store-unavailable` when the database cannot be reached, or its tables are newer than this program.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { url, headPollMs = DEFAULT_HEAD_POLL_MS } = options;
  const { connections = DEFAULT_CONNECTIONS, snapshotIdleMs = DEFAULT_SNAPSHOT_IDLE_MS } = options;
  /** How a transaction that writes begins. */
  const write = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = ${PAUSE_MS}`;
  /** How one begins that is alone with the head. */
  const writeHead = `${write}; SELECT 1 FROM head FOR UPDATE`;
  /** Everything that is read in it is of one moment, which PostgreSQL takes at the first question. */
  const snapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = ${snapshotIdleMs}; SELECT 1 FROM head`;
  const readers = postgresSessions(url, connections - WRITE_CONNECTIONS, options.answerMs);
  const writers = postgresSessions(url, WRITE_CONNECTIONS, options.answerMs);
  const listeners = headListeners(options.onListenerError);
  const reader = postgresReader(readers);
  const lead = postgresLead(writers);
  /** Size of the newest head that listeners were told. */
  let told = 0;
  let closed = false;
  let inTurn = false;
  /** The transaction of the turn under way, which holds the head's row, and the log's size in it. */
  let turn: { readonly session: Session; readonly size: number } | undefined;
  let polling: NodeJS.Timeout | undefined;
  /** Writes without an answer yet. */
  const writing = new Set<Promise<unknown>>();

  /** Does a write, which `close` then waits for. */
  async function written<T>(write: () => Promise<T>): Promise<T> {
    if (closed) throw shuttingDown();
    const under = write();
    writing.add(under);
    try {
      return await under;
    } finally {
      writing.delete(under);
    }
  }

  function tell(head: Head): void {
    if (head.size <= told) return;
    told = head.size;
    listeners.tell(head);
  }

  function pollHead(): void {
    if (closed || listeners.isEmpty() || polling !== undefined) return;
    polling = setTimeout(() => {
      // While the database is away nothing is new.
      void reader
        .head()
        .then(tell, () => undefined)
        .finally(() => {
          polling = undefined;
          pollHead();
        });
    }, headPollMs);
    polling.unref();
  }

  /** In a transaction that holds it: what waited for it shows here. Each time it is looked whether the database still keeps what it confirms. */
  async function lockedHead(session: Session): Promise<Head> {
    const [row] = await session.rows(
      `SELECT size, commits, frontier, ${LOSES} AS loses, (SELECT value FROM bindings WHERE name = '${BEHIND}') AS behind FROM head`,
    );
    if (row === undefined) throw new LedgerError("store-unavailable", "The records have no head.");
    if (row["behind"] !== null) throw new RecordsBehind(bytesIn(row, "behind").toString());
    requireDurableRow(row);
    return headIn(row);
  }

  async function commit(group: Group, expectedSize: number): Promise<void> {
    assertContiguous(group, expectedSize);
    const insert = async (session: Session, size: number): Promise<void> => {
      if (size !== expectedSize) throw new StoreConflict(expectedSize, size);
      await insertGroup(session, group, expectedSize);
    };
    const ours = turn;
    turn = undefined;
    await written(async () => {
      if (ours === undefined)
        await inTransaction(writers, writeHead, async (session) =>
          insert(session, (await lockedHead(session)).size),
        );
      else await inTurnOf(ours.session, async (session) => insert(session, ours.size));
    });
    tell(group.head);
  }

  async function inTurnOf(session: Session, insert: (session: Session) => Promise<void>): Promise<void> {
    try {
      await insert(session);
    } catch (error) {
      await session.end("ROLLBACK").catch(() => undefined);
      throw error;
    }
    await session.end("COMMIT");
  }

  async function takeTurn(work: TurnWork): Promise<void> {
    if (inTurn) throw new Error("one turn at a time");
    inTurn = true;
    try {
      const session = await writers.begin(writeHead);
      await inSession(session, work);
    } finally {
      inTurn = false;
    }
  }

  async function inSession(session: Session, work: TurnWork): Promise<void> {
    let ours: typeof turn;
    try {
      const head = await lockedHead(session);
      ours = turn = { session, size: head.size };
      await work(head, postgresReader(session));
    } finally {
      // Committed or not: a commit takes the turn with it.
      if (turn === ours) {
        turn = undefined;
        await session.end("ROLLBACK").catch(() => undefined);
      }
    }
  }

  /** A transaction of its own that writes. */
  async function inWrite<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return await written(async () => await inTransaction(writers, write, work));
  }

  async function addIndexKeys(rows: readonly IndexKeyRow[]): Promise<void> {
    const packed = rows.map(indexKeyRow);
    if (packed.length === 0) return;
    await inWrite(async (session) => {
      // Whoever adds rows waits for its predecessors: ordinals have no gaps.
      await session.rows("SELECT 1 FROM bindings WHERE name = 'index keys' FOR UPDATE");
      const [last] = await session.rows("SELECT coalesce(max(ordinal) + 1, 0) AS next FROM index_keys");
      await session.rows(
        `INSERT INTO index_keys SELECT $1::bigint + row_number() OVER (ORDER BY n) - 1, tag, key FROM (
           SELECT DISTINCT ON (tag) n, tag, key FROM (
             SELECT n, substring($2::bytea FROM n * 65 + 1 FOR 33) AS tag, substring($2::bytea FROM n * 65 + 34 FOR 32) AS key
               FROM generate_series(0, $3::int - 1) AS n) AS given
           WHERE NOT EXISTS (SELECT 1 FROM index_keys AS there WHERE there.tag = given.tag) ORDER BY tag, n) AS fresh`,
        [last === undefined ? 0 : numberIn(last, "next"), Buffer.concat(packed), packed.length],
      );
    });
  }

  async function remember(queries: Queries, name: string, value: Uint8Array): Promise<void> {
    await queries.rows(
      "INSERT INTO bindings VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      [name, value],
    );
  }

  async function asLeader(work: (session: Session) => Promise<void>): Promise<void> {
    await inWrite(async (session) => {
      await lead.require(session);
      await work(session);
    });
  }

  /** The key is looked at first: a row of `destroying` is there as soon as the key is not. */
  async function destroyed(indexes: readonly number[]): Promise<ReadonlySet<number>> {
    if (indexes.length === 0) return new Set();
    const gone: number[] = [];
    for (const [at, event] of (await reader.events(indexes)).entries()) {
      const index = indexes[at];
      if (index !== undefined && event !== undefined && event.disclosures === undefined) gone.push(index);
    }
    const left = await readers.rows("SELECT index FROM destroying WHERE index = ANY ($1::bigint[])", [gone]);
    const unfinished = new Set(left.map((row) => numberIn(row, "index")));
    return new Set(gone.filter((index) => !unfinished.has(index)));
  }

  async function bindFirst(name: string, value: Uint8Array): Promise<Uint8Array> {
    await inWrite(async (session) => {
      await session.rows("INSERT INTO bindings VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", [
        `bound ${name}`,
        value,
      ]);
    });
    return (await reader.bound(name)) ?? value;
  }

  try {
    await migrateRecords(writers);
    await requireDurable(writers);
  } catch (error) {
    await Promise.all([readers.close(), writers.close()]);
    throw error;
  }
  return {
    ...reader,
    commit,
    turn: takeTurn,
    campaign: lead.campaign,
    leads: lead.leads,
    publishCheckpoint: async ({ size, root, note }) => {
      await asLeader(async (session) => {
        const [published] = await session.rows(
          `INSERT INTO checkpoint VALUES (1, $1, $2, $3) ON CONFLICT (id) DO UPDATE
             SET size = excluded.size, root = excluded.root, note = excluded.note WHERE checkpoint.size <= excluded.size
             RETURNING size`,
          [size, root, note],
        );
        // The leader before saw more of the log than this server has yet.
        if (published === undefined)
          throw new LedgerError("store-unavailable", "A checkpoint of a longer log is published already.");
      });
    },
    recordAnchor: async (anchor) => {
      await asLeader(async (session) => {
        await putAnchor(session, anchor);
        await session.rows("DELETE FROM bindings WHERE name = $1", [ANCHOR_INTENT]);
      });
    },
    addAnchors: async (anchors) => {
      await asLeader(async (session) => {
        for (const anchor of anchors) await putAnchor(session, anchor);
      });
    },
    addIndexKeys,
    eraseKeys: async (indexes) => await eraseEventKeys(writers, asLeader, indexes),
    destroyed,
    bind: async (name, value) =>
      await inWrite(async (session) => await remember(session, `bound ${name}`, value)),
    bindFirst,
    setBehind: async (reason) => {
      await written(async () =>
        // Behind the commits under way, before any other.
        inTransaction(writers, writeHead, async (session) => {
          if (reason !== undefined) await remember(session, BEHIND, Buffer.from(reason));
          else await session.rows("DELETE FROM bindings WHERE name = $1", [BEHIND]);
        }),
      );
    },
    setAnchorIntent: async (intent) => {
      await asLeader(async (session) => {
        if (intent !== undefined) await remember(session, ANCHOR_INTENT, intent);
        else await session.rows("DELETE FROM bindings WHERE name = $1", [ANCHOR_INTENT]);
      });
    },
    onHead: (listener) => {
      const leave = listeners.add(listener);
      pollHead();
      return leave;
    },
    snapshot: async () => {
      const session = await readers.begin(snapshot);
      return {
        ...postgresReader(session),
        // One that the database ended already has nothing to end.
        close: async () => await session.end("ROLLBACK").catch(() => undefined),
      };
    },
    risks: async () => await postgresRisks(readers),
    expiring: (clock) => postgresExpiring(readers, clock),
    close: async () => {
      closed = true;
      clearTimeout(polling);
      await Promise.race([Promise.allSettled(writing), delay(CLOSE_MS, undefined, { ref: false })]);
      await lead.close();
      await Promise.all([readers.close(), writers.close()]);
    },
  };
}

/** In the place of the one with the same size and index size. */
async function putAnchor(session: Session, anchor: StoredAnchor): Promise<void> {
  const { number, size, indexSize, root, indexRoot, checkpoint, block, blockHash, transaction, time } =
    anchor;
  await session.rows("DELETE FROM anchors WHERE size = $1 AND index_size = $2", [size, indexSize]);
  await session.rows(
    `INSERT INTO anchors (number, size, index_size, root, index_root, checkpoint, block, block_hash, transaction, time)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [number, size, indexSize, root, indexRoot, checkpoint, block, blockHash, transaction, time],
  );
}
