import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Level } from "level";
import { isJsonObject } from "../../protocol/json.ts";
import { AuditInputError } from "./error.ts";

/** What an audit remembers on its own disk: how far it came, and what it has to know of every key of the index. */
export interface AuditState {
  readonly get: (key: string) => Promise<unknown>;
  readonly rows: StateRows;
  /** All or nothing: the values under their names, and rows. */
  readonly write: (
    values: Readonly<Record<string, object>>,
    rows: Iterable<readonly [Buffer, Buffer]>,
  ) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface StateRows {
  readonly getMany: (keys: readonly Buffer[]) => Promise<readonly (Buffer | undefined)[]>;
  /** The rows whose keys begin with this byte, in order. */
  readonly all: (prefix: number) => AsyncIterable<readonly [Buffer, Buffer]>;
}

const VALUES = "v";

/**
 * Opens the state of an audit of `about` (a log and the folder of its records do not change during an audit). Without a folder
 * it is kept in a temporary one, and forgotten at the end.
 * @throws AuditInputError when the folder holds something else.
 */
export async function openState(folder: string | undefined, about: string): Promise<AuditState> {
  const where = folder ?? (await mkdtemp(path.join(tmpdir(), "minhbach-audit-")));
  const db = new Level<Buffer, Buffer>(where, { keyEncoding: "buffer", valueEncoding: "buffer" });
  await db.open().catch((cause: unknown) => {
    throw new AuditInputError(`${where} cannot be used for the state of an audit.`, { cause });
  });
  const aboutKey = valueKey("about");
  const [known] = await db.getMany([aboutKey]);
  if (known === undefined) await db.put(aboutKey, Buffer.from(about));
  else if (known.toString() !== about) {
    await db.close();
    throw new AuditInputError(
      `${where} holds the state of another audit: remove it, or name another folder with --state.`,
    );
  }
  return {
    get: async (key) => {
      const [row] = await db.getMany([valueKey(key)]);
      const value: unknown = row && JSON.parse(row.toString());
      return isJsonObject(value) ? value : undefined;
    },
    rows: {
      getMany: async (keys) => await db.getMany([...keys]),
      all: (prefix) => db.iterator({ gte: Buffer.of(prefix), lt: Buffer.of(prefix + 1) }),
    },
    write: async (values, rows) => {
      const batch = db.batch();
      for (const [key, value] of rows) batch.put(key, value);
      for (const [name, value] of Object.entries(values))
        batch.put(valueKey(name), Buffer.from(JSON.stringify(value)));
      await batch.write();
    },
    close: async () => {
      await db.close();
      if (folder === undefined) await rm(where, { recursive: true });
    },
  };
}

function valueKey(name: string): Buffer {
  return Buffer.from(`${VALUES}${name}`);
}
