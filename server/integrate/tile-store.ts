import { HASH_BYTES } from "../../protocol/merkle.ts";
import { DERIVED_TABLES, type DerivedDatabase, type DerivedRow } from "./derived.ts";
import type { Extension, TilePlace } from "./edge.ts";
import { Pyramid } from "./pyramid.ts";

/** The tiles of the log, and where each leaf is. Derived: filled from the records by the integrator alone. */
export interface TileStore {
  /** How many leaves are integrated: what `save` wrote last. */
  size: () => Promise<number>;
  /** A full tile, or an unfinished one above level 0 as it was saved last. */
  tile: (place: TilePlace) => Promise<Pyramid | undefined>;
  /**
   * The index of the leaf whose hash begins like this one. Half a hash is kept: collisions take 2^64 work, and the caller
   * compares the whole.
   */
  leafIndex: (leafHash: Uint8Array) => Promise<number | undefined>;
  /** Stores, all or nothing, what adding these leaves to the tree changed. */
  save: (extension: Extension, leafHashes: Uint8Array) => Promise<void>;
  /** Forgets everything. */
  clear: () => Promise<void>;
}

const LEAF_KEY_BYTES = 16;
const NUMBER_BYTES = 6;

/** The tile store in the derived database. */
export function levelTileStore(db: DerivedDatabase): TileStore {
  const sizeKey = Buffer.of(DERIVED_TABLES.size);
  return {
    size: async () => (await db.get(sizeKey))?.readUIntBE(0, NUMBER_BYTES) ?? 0,
    tile: async (place) => {
      const stored = await db.get(tileKey(place));
      return stored && Pyramid.ofStored(stored);
    },
    leafIndex: async (leafHash) => (await db.get(leafKey(leafHash)))?.readUIntBE(0, NUMBER_BYTES),
    save: async ({ edge, tiles }, leafHashes) => {
      const rows: DerivedRow[] = tiles.map(({ tile, ...place }) => ({
        key: tileKey(place),
        value: Buffer.from(tile.stored()),
      }));
      let index = edge.size - leafHashes.length / HASH_BYTES;
      for (let at = 0; at < leafHashes.length; at += HASH_BYTES) {
        rows.push({ key: leafKey(leafHashes.subarray(at)), value: numberRow(index++) });
      }
      rows.push({ key: sizeKey, value: numberRow(edge.size) });
      await db.write(rows);
    },
    clear: async () => {
      await db.write([{ key: sizeKey, value: numberRow(0) }]);
      for (const table of [DERIVED_TABLES.tiles, DERIVED_TABLES.leaves]) {
        await db.clear({ gte: Buffer.of(table), lt: Buffer.of(table + 1) });
      }
    },
  };
}

function tileKey({ level, index }: TilePlace): Buffer {
  const key = Buffer.allocUnsafe(2 + NUMBER_BYTES);
  key.writeUInt8(DERIVED_TABLES.tiles, 0);
  key.writeUInt8(level, 1);
  key.writeUIntBE(index, 2, NUMBER_BYTES);
  return key;
}

function leafKey(leafHash: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(1 + LEAF_KEY_BYTES);
  key.writeUInt8(DERIVED_TABLES.leaves, 0);
  key.set(leafHash.subarray(0, LEAF_KEY_BYTES), 1);
  return key;
}

function numberRow(value: number): Buffer {
  const row = Buffer.allocUnsafe(NUMBER_BYTES);
  row.writeUIntBE(value, 0, NUMBER_BYTES);
  return row;
}
