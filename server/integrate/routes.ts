import { encodeEntryBundle, parseTilePath, TILE_WIDTH } from "../../protocol/tile.ts";
import { LedgerError } from "../errors.ts";
import type { Answer, Route } from "../route.ts";
import type { StoreReader } from "../store/store.ts";
import type { Integrator } from "./integrator.ts";

/** A tile of a given width never changes, so caches may keep it for as long as they know how to (RFC 8246). */
const FOR_EVER = "public, max-age=31536000, immutable";
/** Shared caches may hold a checkpoint back for a moment only. */
const FOR_A_MOMENT = "public, max-age=1";

export interface LogRoutesOptions {
  readonly integrator: Pick<Integrator, "checkpoint" | "tree">;
  readonly store: Pick<StoreReader, "payloads">;
}

/** The log as C2SP tlog-tiles serves it: checkpoint, tiles and entry bundles, nothing beyond the published checkpoint. */
export function logRoutes({ integrator, store }: LogRoutesOptions): Route[] {
  function publishedSize(): number {
    return integrator.checkpoint()?.size ?? 0;
  }

  return [
    {
      name: "getCheckpoint",
      method: "get",
      path: "/checkpoint",
      handle: () => {
        const note = integrator.checkpoint()?.note;
        if (note === undefined)
          throw new LedgerError("starting", "The log is catching up with its records; try again.");
        return { type: "text/plain; charset=utf-8", body: note, headers: { "cache-control": FOR_A_MOMENT } };
      },
    },
    {
      name: "getEntries",
      method: "get",
      path: "/tile/entries/*path",
      handle: async (request) => {
        const { index, width } = parseTilePath(request.path.slice(1));
        const begin = index * TILE_WIDTH;
        requirePublished(begin + width, publishedSize());
        return bytes(encodeEntryBundle(await store.payloads(begin, begin + width)));
      },
    },
    {
      name: "getTile",
      method: "get",
      path: "/tile/:level/*path",
      handle: async (request) => {
        const tile = parseTilePath(request.path.slice(1));
        if (tile.kind !== "tile") throw new LedgerError("not-found", "Ask for /tile/<level>/<number>.");
        const { level, index, width } = tile;
        requirePublished((index * TILE_WIDTH + width) * TILE_WIDTH ** level, publishedSize());
        return bytes(await integrator.tree().tileHashes({ level, index }, width));
      },
    },
  ];
}

function requirePublished(leaves: number, size: number): void {
  if (leaves <= size) return;
  throw new LedgerError(
    "not-found",
    `The published checkpoint has ${size} events, and this needs ${leaves}.`,
  );
}

function bytes(body: Uint8Array): Answer {
  return { type: "application/octet-stream", body, headers: { "cache-control": FOR_EVER } };
}
