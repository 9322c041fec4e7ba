import type { Response } from "express";
import { encodeEntryBundle, parseTilePath, TILE_WIDTH } from "../../protocol/tile.ts";
import { LedgerError } from "../errors.ts";
import type { Route } from "../route.ts";
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
      handle: (_request, response) => {
        const note = integrator.checkpoint()?.note;
        if (note === undefined)
          throw new LedgerError("starting", "The log is catching up with its records; try again.");
        response.writeHead(200, {
          "content-type": "text/plain; charset=utf-8",
          "cache-control": FOR_A_MOMENT,
        });
        response.end(note);
      },
    },
    {
      name: "getEntries",
      method: "get",
      path: "/tile/entries/*path",
      handle: async (request, response) => {
        const { index, width } = parseTilePath(request.path.slice(1));
        const begin = index * TILE_WIDTH;
        requirePublished(begin + width, publishedSize());
        answerBytes(response, encodeEntryBundle(await store.payloads(begin, begin + width)));
      },
    },
    {
      name: "getTile",
      method: "get",
      path: "/tile/:level/*path",
      handle: async (request, response) => {
        const tile = parseTilePath(request.path.slice(1));
        if (tile.kind !== "tile") throw new LedgerError("not-found", "Ask for /tile/<level>/<number>.");
        const { level, index, width } = tile;
        requirePublished((index * TILE_WIDTH + width) * TILE_WIDTH ** level, publishedSize());
        answerBytes(response, await integrator.tree().tileHashes({ level, index }, width));
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

function answerBytes(response: Response, bytes: Uint8Array): void {
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": bytes.length,
    "cache-control": FOR_EVER,
  });
  response.end(bytes);
}
