import pg from "pg";
import { LedgerError, shuttingDown } from "../errors.ts";

/** Values of a query: numbers, texts, bytes, and lists of the first two. */
export type Values = readonly (number | string | Uint8Array | readonly number[] | readonly string[])[];

export type Row = Readonly<Record<string, unknown>>;

/** Where queries go: any connection, or the one that holds a transaction. */
export interface Queries {
  /**
   * `answerMs`: for how long an answer is waited for, where that is not what the sessions have.
   * @throws LedgerError `store-unavailable` or `disk-full`
   */
  readonly rows: (sql: string, values?: Values, answerMs?: number) => Promise<readonly Row[]>;
}

/** The connections to one database. */
export interface Sessions extends Queries {
  /** A connection of its own; `release` gives it back, or throws it away where its state is not known. */
  readonly begin: (transaction: string) => Promise<Session>;
  readonly close: () => Promise<void>;
}

/** One connection in a transaction. After its end whatever it is asked rejects: the connection may be somebody else's by then. */
export interface Session extends Queries {
  /** Resolves when what was written is kept (COMMIT), or not (ROLLBACK, which may be asked for once more). */
  readonly end: (how: "COMMIT" | "ROLLBACK") => Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5_000;
/**
 * When the database's machine is gone, or the network, nobody says so, and the kernel goes on trying for a quarter of an hour. A query without an answer by then
 * fails, and its connection ends. Longer than the longest wait for a turn, and than a disk takes to write a group under load.
 */
const ANSWER_MS = 30_000;
/** A connection that is silent for so long is probed. */
const KEEP_ALIVE_MS = 5_000;
const DISK_FULL = "53100";
const SEND_AGAIN = "Send the same again later: what was stored after all is answered as known.";

/** Opens connections to `postgres://...` as they are needed. */
export function postgresSessions(url: string, maxConnections: number, answerMs = ANSWER_MS): Sessions {
  const pool = new pg.Pool({
    ...{ connectionString: url, max: maxConnections, connectionTimeoutMillis: CONNECT_TIMEOUT_MS },
    ...{ application_name: "minhbach", keepAlive: true, keepAliveInitialDelayMillis: KEEP_ALIVE_MS },
  });
  // A connection that breaks while nobody uses it is replaced by the next one that is needed.
  pool.on("error", () => undefined);
  let closed = false;
  /** What gives the connections in use back. */
  const inUse = new Set<(error: Error) => void>();

  async function asked(
    client: pg.Pool | pg.PoolClient,
    sql: string,
    values: Values = [],
    within = answerMs,
  ): Promise<readonly Row[]> {
    if (closed) throw shuttingDown();
    try {
      const query = { text: sql, values: values.map(parameter), query_timeout: within };
      const { rows, command } = await client.query<Row>(query);
      // PostgreSQL's answer to the COMMIT of what failed on the way is no error.
      if (sql === "COMMIT" && command !== "COMMIT") throw new Error("the transaction had failed");
      return rows;
    } catch (cause) {
      throw failure(cause);
    }
  }

  return {
    rows: async (sql, values, within) => await asked(pool, sql, values, within),
    begin: async (transaction) => {
      if (closed) throw shuttingDown();
      const client = await pool.connect().catch((cause: unknown) => {
        throw failure(cause);
      });
      let broken: Error | undefined;
      const note = (error: Error): void => void (broken = error);
      client.on("error", note);
      let ended = false;
      const release = (error = broken): void => {
        ended = true;
        if (!inUse.delete(release)) return;
        client.off("error", note);
        client.release(error);
      };
      inUse.add(release);
      const askHere: Queries["rows"] = async (sql, values, within) => {
        if (ended) throw closed ? shuttingDown() : transactionEnded();
        try {
          return await asked(client, sql, values, within);
        } catch (error) {
          // Whatever else it is asked would wait behind it for as long again.
          if (error instanceof LedgerError && isTimeout(error.cause)) release(error);
          // Which state the transaction is in, only the database knows: it ends with the connection.
          if (sql === "COMMIT" || sql === "ROLLBACK") broken ??= error instanceof Error ? error : undefined;
          throw error;
        }
      };
      let last: Promise<unknown> = Promise.resolve();
      // One connection answers one question at a time; the time for an answer does not run while others are answered.
      const rows: Queries["rows"] = async (...question) => {
        const answer = last.then(async () => await askHere(...question));
        last = answer.catch(() => undefined);
        return await answer;
      };
      try {
        await rows(transaction);
      } catch (error) {
        broken ??= error instanceof Error ? error : undefined;
        release();
        throw error;
      }
      return {
        rows,
        end: async (how) => {
          if (ended && how === "ROLLBACK") return;
          try {
            await rows(how);
          } finally {
            release();
          }
        },
      };
    },
    close: async () => {
      if (closed) return;
      closed = true;
      // Whatever is under way ends with its connection: nothing half done is kept.
      for (const release of inUse) release(shuttingDown());
      await pool.end();
    },
  };
}

/** Does the work in a transaction of the given kind, and keeps what it did if it did not throw. */
export async function inTransaction<T>(
  sessions: Sessions,
  transaction: string,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await sessions.begin(transaction);
  let result: T;
  try {
    result = await work(session);
  } catch (error) {
    await session.end("ROLLBACK").catch(() => undefined);
    throw error;
  }
  await session.end("COMMIT");
  return result;
}

/** Bytes go as they are, in binary. */
function parameter(value: Values[number]): unknown {
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

/** pg has no code for it. */
function isTimeout(cause: unknown): boolean {
  return cause instanceof Error && cause.message === "Query read timeout";
}

function failure(cause: unknown): unknown {
  if (cause instanceof LedgerError) return cause;
  if (cause instanceof pg.DatabaseError && cause.code === DISK_FULL)
    return new LedgerError("disk-full", `The database's disk is full. ${SEND_AGAIN}`, { cause });
  return new LedgerError("store-unavailable", `The database does not do its work now. ${SEND_AGAIN}`, {
    cause,
  });
}

function transactionEnded(): LedgerError {
  return new LedgerError("store-unavailable", "What was read or written together is at its end already.");
}

export function numberIn(row: Row, column: string): number {
  // A bigint comes as text.
  return Number(row[column]);
}

export function textIn(row: Row, column: string): string {
  return String(row[column]);
}

export function bytesIn(row: Row, column: string): Buffer {
  const value = row[column];
  if (!Buffer.isBuffer(value)) throw new LedgerError("store-unavailable", `The records lack ${column}.`);
  return value;
}
