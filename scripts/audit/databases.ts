import { existsSync } from "node:fs";
import path from "node:path";
import { Level } from "level";
import { postgresReader } from "../../server/store/postgres-reader.ts";
import { postgresSessions } from "../../server/store/postgres-session.ts";
import { headOf } from "../../server/store/rows.ts";
import { registerKey } from "../../server/store/level-keys.ts";
import { type Database, type Databases, levelReader } from "../../server/store/level-reader.ts";
import type { Head, StoreReader } from "../../server/store/store.ts";
import { AuditFault } from "../../verifier/audit/fault.ts";
import { AuditInputError } from "./error.ts";

/** What a ledger keeps on its disk, opened for reading alone. */
export interface KeptRecords {
  readonly reader: StoreReader;
  readonly head: Head;
  /** The databases that are made from the records; undefined where a copy leaves them out. */
  readonly derived: Database | undefined;
  readonly index: Database | undefined;
  readonly close: () => Promise<void>;
}

/** Everything that is read in it is of one moment, which stays until the audit ends, however long it takes. */
const SNAPSHOT =
  "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0; SELECT 1 FROM head";

/**
 * Opens records in PostgreSQL, as they are now: the ledger may go on. What a server made from them lies in its data folder, if it is stopped; other servers'
 * records grow on meanwhile without harm.
 * @throws AuditInputError when there are none, or a server holds the folder
 */
export async function openSharedRecords(database: string, dataDir: string): Promise<KeptRecords> {
  const sessions = postgresSessions(database, 1);
  const opened: Database[] = [];
  const close = async (): Promise<void> => {
    for (const db of opened) await db.close();
    await sessions.close();
  };
  try {
    const session = await sessions.begin(SNAPSHOT).catch((cause: unknown) => {
      throw new AuditInputError(
        "The records in PostgreSQL cannot be read: STORE is not their address, or the database is not there.",
        { cause },
      );
    });
    const reader = postgresReader(session);
    const derived = await openIfThere(dataDir, "derived", opened);
    const index = await openIfThere(dataDir, "index", opened);
    return { reader, head: await reader.head(), derived, index, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openIfThere(dataDir: string, name: string, opened: Database[]): Promise<Database | undefined> {
  if (!existsSync(path.join(dataDir, name, "CURRENT"))) return undefined;
  const db = await openForReading(path.join(dataDir, name));
  opened.push(db);
  return db;
}

/**
 * Opens the records of a server that is stopped, or a copy of them. LevelDB knows no reading alone: on opening it puts the end of its
 * journal into a table, which changes no row, and nothing here writes any.
 * @throws AuditInputError when there are none or a server holds them; AuditFault `records` when they are not whole.
 */
export async function openRecords(dataDir: string): Promise<KeptRecords> {
  const opened: Database[] = [];
  const open = async (name: string): Promise<Database> => {
    const db = await openForReading(path.join(dataDir, name));
    opened.push(db);
    return db;
  };
  const close = async (): Promise<void> => {
    for (const db of opened) await db.close();
  };
  try {
    const log = await open("records/log");
    const register = await open("records/register");
    const head = await headOfLog(log);
    await requireRegister(register, head);
    const databases = (): Promise<Databases> => Promise.resolve({ log, register });
    const reader = levelReader({ databases, head: () => head, checkpoint: () => undefined });
    return {
      reader,
      head,
      derived: await openIfThere(dataDir, "derived", opened),
      index: await openIfThere(dataDir, "index", opened),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openForReading(folder: string): Promise<Database> {
  if (!existsSync(path.join(folder, "CURRENT")))
    throw new AuditInputError(
      `There is no database in ${folder}: name the ledger's data folder with --data.`,
    );
  const db: Database = new Level<Buffer, Buffer>(folder, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    createIfMissing: false,
  });
  try {
    await db.open();
    return db;
  } catch (cause) {
    const isHeld =
      cause instanceof Error && cause.cause instanceof Error && /lock/i.test(cause.cause.message);
    const what = isHeld
      ? "is held by the running ledger: stop it, or audit a copy that was made while it was stopped"
      : "cannot be opened: it is damaged, or may not be read";
    throw new AuditInputError(`${folder} ${what}.`, { cause });
  }
}

/** The head is the last row of the log. */
async function headOfLog(log: Database): Promise<Head> {
  const [row] = await log.values({ reverse: true, limit: 1 }).all();
  const head = headOf(row);
  // An earlier end in the middle of a group leaves a row of another kind last, and its bytes as a head make no sense.
  if (row !== undefined && row.length !== 16 + 32 * bitsSet(head.size))
    throw new AuditFault("records", 0, "the log's last row is no head: its end is missing");
  return head;
}

/** The register follows the log: it knows no more, and what it knows less a server carries over when it starts. */
async function requireRegister(register: Database, head: Head): Promise<void> {
  const [row] = await register.getMany([registerKey("head")]);
  const { size } = headOf(row);
  if (size > head.size)
    throw new AuditFault("records", head.size, `the register knows ${size} entries, and the log ends here`);
  if (size < head.size)
    throw new AuditInputError(
      "The ledger ended in the middle of a write: start and stop it once, then audit.",
    );
}

function bitsSet(value: number): number {
  return value
    .toString(2)
    .split("")
    .filter((bit) => bit === "1").length;
}
