import { Level } from "level";
import { numberIn, places, rowAt, type RowTypes } from "./rows.ts";
import type { Sealing } from "./sealing.ts";

/** The folder was sealed with another secret. */
export class WrongSecretError extends Error {
  override readonly name = "WrongSecretError";
}

/** A row to write, or to take away. */
export type Write =
  | { readonly type: "put"; readonly key: string; readonly value: Buffer }
  | { readonly type: "del"; readonly key: string };

/** Everything as it stood at one moment. */
export interface Snapshot {
  readonly get: <K extends keyof RowTypes>(kind: K, place: string) => Promise<RowTypes[K] | undefined>;
  readonly getMany: <K extends keyof RowTypes>(
    kind: K,
    places: readonly string[],
  ) => Promise<(RowTypes[K] | undefined)[]>;
  /** The rows between two places (both left out) by the number that ends their place. */
  readonly between: <K extends keyof RowTypes>(
    kind: K,
    range: Range,
  ) => Promise<{ readonly number: number; readonly row: RowTypes[K] }[]>;
}

export interface Range {
  readonly after: string;
  readonly before: string;
  readonly limit: number;
  /** The last first. */
  readonly reverse?: boolean;
}

/** What the service keeps, sealed. */
export interface Disk {
  /** Reads at one moment; nothing of it is held afterwards. */
  readonly read: <T>(reading: (snapshot: Snapshot) => Promise<T>) => Promise<T>;
  readonly put: <K extends keyof RowTypes>(kind: K, place: string, row: RowTypes[K]) => Write;
  /** All or nothing; resolves when it survives any crash. */
  readonly write: (rows: readonly Write[]) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens the store in a folder of its own; one process at a time holds it. @throws WrongSecretError */
export async function openDisk(directory: string, sealing: Sealing): Promise<Disk> {
  const db = new Level<string, Uint8Array>(directory, { keyEncoding: "utf8", valueEncoding: "view" });
  await db.open();
  try {
    await checkSecret(db, sealing);
  } catch (error) {
    await db.close();
    throw error;
  }
  return {
    read: async (reading) => {
      const snapshot = db.snapshot();
      try {
        return await reading(snapshotOf(db, snapshot, sealing));
      } finally {
        await snapshot.close();
      }
    },
    put: (_kind, place, row) => ({ type: "put", key: place, value: sealing.seal(place, row) }),
    write: async (rows) => await db.batch([...rows], { sync: true }),
    close: async () => await db.close(),
  };
}

function snapshotOf(
  db: Level<string, Uint8Array>,
  snapshot: ReturnType<typeof db.snapshot>,
  sealing: Sealing,
): Snapshot {
  async function getMany<K extends keyof RowTypes>(
    kind: K,
    wanted: readonly string[],
  ): Promise<(RowTypes[K] | undefined)[]> {
    const found = await db.getMany([...wanted], { snapshot });
    return wanted.map((place, at) => {
      const sealed = found[at];
      return sealed && rowAt(kind, sealing, { place, sealed });
    });
  }
  return {
    getMany,
    get: async (kind, place) => (await getMany(kind, [place]))[0],
    between: async (kind, { after, before, limit, reverse = false }) => {
      const rows = await db.iterator({ gt: after, lt: before, limit, reverse, snapshot }).all();
      return rows.map(([place, sealed]) => ({
        number: numberIn(place),
        row: rowAt(kind, sealing, { place, sealed }),
      }));
    },
  };
}

async function checkSecret(db: Level<string, Uint8Array>, sealing: Sealing): Promise<void> {
  const [sealed] = await db.getMany([places.secret]);
  if (sealed === undefined) {
    await db.put(places.secret, sealing.seal(places.secret, {}), { sync: true });
    return;
  }
  try {
    sealing.open(places.secret, sealed);
  } catch (cause) {
    throw new WrongSecretError("this folder was made with another INBOX_SECRET: set that one", { cause });
  }
}
