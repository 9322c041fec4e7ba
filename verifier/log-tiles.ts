import { fromUtf8 } from "../protocol/bytes.ts";
import { parseCheckpoint } from "../protocol/checkpoint.ts";
import { FormatError } from "../protocol/errors.ts";
import { HASH_BYTES, rootHash } from "../protocol/merkle.ts";
import { MAX_NOTE_LENGTH } from "../protocol/note.ts";
import type { TreeNode } from "../protocol/proof-nodes.ts";
import { TILE_WIDTH, tileOfNode, tilePath } from "../protocol/tile.ts";
import { type FetchResponse, readBody } from "./http-body.ts";

/** The part of the Fetch API that reading a log takes. */
export type FetchFile = (
  url: string,
  request: { readonly redirect: "error"; readonly signal: AbortSignal },
) => Promise<FetchResponse>;

/** Tiles of a log, from a ledger or a mirror that nobody has to trust: what they say is proven against the chain. */
export interface LogTiles {
  /** How messages call the source. */
  readonly name: string;
  /**
   * The hashes of nodes that are complete in the tree of the first `size` leaves, in the order asked for. Rejects with TilesError when
   * they cannot be had.
   */
  readNodes(nodes: readonly TreeNode[], size: number): Promise<readonly Uint8Array[]>;
}

/** The log cannot be read; the message names its source and says what to do. */
export class TilesError extends Error {
  override readonly name = "TilesError";
}

export interface LogTilesOptions {
  readonly fetch: FetchFile;
  /** How messages call the source. */
  readonly name: string;
  /** When to give up on one answer. */
  readonly timeoutSeconds?: number;
}

const DEFAULT_TIMEOUT_SECONDS = 15;
const OK = 200;

/** The tiles served below `url` as C2SP tlog-tiles says. Follows no redirect: only the named source is asked. */
export function logTiles(url: string, options: LogTilesOptions): LogTiles {
  const { fetch, name, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS } = options;
  const base = url.replace(/\/+$/, "");

  async function file(path: string, maxBytes: number): Promise<Uint8Array> {
    try {
      const signal = AbortSignal.timeout(timeoutSeconds * 1000);
      const response = await fetch(`${base}/${path}`, { redirect: "error", signal });
      if (response.status !== OK)
        throw new TilesError(`${name} answers with HTTP status ${response.status} for ${path}`);
      const bytes = await readBody(response, maxBytes);
      if (bytes === undefined) throw new TilesError(`${name} gives more for ${path} than there is`);
      return bytes;
    } catch (cause) {
      if (cause instanceof TilesError) throw cause;
      throw new TilesError(`${name} cannot be read; check its address and the network`, { cause });
    }
  }

  /** The size of the published tree, whose tiles are served. Its signature proves nothing here. */
  async function publishedSize(atLeast: number): Promise<number> {
    try {
      const { size } = parseCheckpoint(fromUtf8(await file("checkpoint", MAX_NOTE_LENGTH)));
      if (size >= atLeast) return size;
      throw new TilesError(`${name} publishes ${size} entries; ${atLeast} are anchored. Ask another mirror`);
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw new TilesError(`${name} publishes no checkpoint of a log: ${cause.message}`, { cause });
    }
  }

  return {
    name,
    async readNodes(nodes, size) {
      const published = await publishedSize(size);
      const tiles = new Map<string, Promise<Uint8Array>>();
      const tile = async (path: string, width: number): Promise<Uint8Array> => {
        const bytes = await file(path, TILE_WIDTH * HASH_BYTES);
        if (bytes.length === width * HASH_BYTES) return bytes;
        throw new TilesError(`${name} gives ${path} with a wrong length`);
      };
      const hashes: Uint8Array[] = [];
      for (const node of nodes) {
        const place = tileOfNode(node, published);
        const path = tilePath(place.tile);
        const bytes = await (tiles.get(path) ?? tile(path, place.tile.width));
        tiles.set(path, Promise.resolve(bytes));
        hashes.push(rootHash(hashesOf(bytes, place.begin, place.end)));
      }
      return hashes;
    },
  };
}

function hashesOf(tile: Uint8Array, begin: number, end: number): Uint8Array[] {
  return Array.from({ length: end - begin }, (_, at) =>
    tile.slice((begin + at) * HASH_BYTES, (begin + at + 1) * HASH_BYTES),
  );
}
