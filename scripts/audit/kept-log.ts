import { HASH_BYTES, rootHash } from "../../protocol/merkle.ts";
import { equal } from "../../protocol/bytes.ts";
import { FormatError } from "../../protocol/errors.ts";
import type { StoreReader } from "../../server/store/store.ts";
import type { Database } from "../../server/store/level-reader.ts";
import { AuditFault } from "../../verifier/audit/fault.ts";
import type { PublishedLog } from "../../verifier/audit/published-log.ts";
import { type BuiltTile, requireSameTile } from "../../verifier/audit/tile-builder.ts";
import { TILE_WIDTH } from "../../protocol/tile.ts";

const ANCHORS_AT_ONCE = 1000;

/** The log on the disk, read as anybody reads a published one. */
export function keptLog(reader: StoreReader): Pick<PublishedLog, "entries" | "submission" | "anchors"> {
  return {
    entries: async ({ index, width }) =>
      await reader.payloads(index * TILE_WIDTH, index * TILE_WIDTH + width),
    submission: async (source, seq) => await readable(() => reader.submissionHolding(source, seq)),
    anchors: async (from) => await readable(() => reader.anchorsFrom({ from, limit: ANCHORS_AT_ONCE })),
  };
}

/** Damaged rows are of no known form, as a liar's answers are. */
async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof Error && cause.cause instanceof FormatError) throw cause.cause;
    throw cause;
  }
}

/** Rows of the derived database (server/integrate): its tables and the length of their numbers. */
const SIZE_TABLE = 0x53;
const LEAVES_TABLE = 0x6c;
const LEAF_KEY_BYTES = 16;
const TILES_TABLE = 0x74;
const NUMBER_BYTES = 6;

/** How many entries the derived database has tiles of. */
export async function integratedSize(derived: Database): Promise<number> {
  const [row] = await derived.getMany([Buffer.of(SIZE_TABLE)]);
  return row?.readUIntBE(0, NUMBER_BYTES) ?? 0;
}

/** Where the derived database has each of these leaves; it knows half of the hash. */
export async function keptLeafIndexes(
  derived: Database,
  leafHashes: readonly Uint8Array[],
): Promise<(number | undefined)[]> {
  const keys = leafHashes.map((hash) =>
    Buffer.concat([Buffer.of(LEAVES_TABLE), hash.subarray(0, LEAF_KEY_BYTES)]),
  );
  const rows: (Buffer | undefined)[] = await derived.getMany(keys);
  return rows.map((row) => row?.readUIntBE(0, NUMBER_BYTES));
}

/**
 * Compares the tiles of the derived database with those that follow from the entries. It may be behind the log, and the unfinished tile
 * of level 0 is nowhere but in the records.
 */
export function tileComparison(derived: Database, size: number): (tile: BuiltTile) => Promise<void> {
  return async (tile) => {
    const { level, index, width } = tile;
    if ((index * TILE_WIDTH + width) * TILE_WIDTH ** level > size) return;
    if (level === 0 && width < TILE_WIDTH) return;
    const key = Buffer.alloc(2 + NUMBER_BYTES);
    key.writeUInt8(TILES_TABLE, 0);
    key.writeUInt8(level, 1);
    key.writeUIntBE(index, 2, NUMBER_BYTES);
    const [row] = await derived.getMany([key]);
    // A full tile is kept with some of the nodes above it, which only save work.
    requireSameTile(tile, row?.subarray(0, TILE_WIDTH * HASH_BYTES));
    if (width === TILE_WIDTH && row !== undefined) requireSameNodes(tile, row);
  };
}

/** Behind its hashes a full tile has the roots of every 16 of them. */
const NODE_WIDTH = 16;

function requireSameNodes({ level, index, hashes }: BuiltTile, row: Uint8Array): void {
  const nodes = row.subarray(TILE_WIDTH * HASH_BYTES);
  for (let at = 0; at < TILE_WIDTH; at += NODE_WIDTH) {
    const offset = (at / NODE_WIDTH) * HASH_BYTES;
    if (equal(rootHash(hashes.slice(at, at + NODE_WIDTH)), nodes.subarray(offset, offset + HASH_BYTES)))
      continue;
    const first = (index * TILE_WIDTH + at) * TILE_WIDTH ** level;
    throw new AuditFault("tiles", first, `tile ${index} of level ${level} has a wrong node above it`);
  }
}
