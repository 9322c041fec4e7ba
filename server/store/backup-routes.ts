import { timingSafeEqual } from "node:crypto";
import type { Logger } from "pino";
import type { Clock } from "../clock.ts";
import { LedgerError } from "../errors.ts";
import type { Caller } from "../identity/caller.ts";
import type { Route, RouteRequest } from "../route.ts";
import { backupOf } from "./backup.ts";
import type { Store } from "./store.ts";
import { requireMovable } from "./transfer.ts";
import { originOf } from "./transfer-parts.ts";
import { TransferError } from "./transfer-error.ts";

export interface BackupRoutesOptions {
  readonly store: Pick<Store, "snapshot">;
  /** `chainId:registry:logId` */
  readonly logName: string;
  /** What only who may read this server's own files knows; without it no keys leave. */
  readonly machineToken: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The header in which whoever wants the keys too shows that they read the ledger's own files. */
export const MACHINE_TOKEN_HEADER = "x-minhbach-machine-token";

/** A hundred million events over a slow line; erasures wait for it. */
const MAX_MS = 6 * 60 * 60_000;
const FILES = { backup: 0, keys: 1 } as const;

/**
 * `GET /v1/backup`: the records as they are now, without the keys of their events, for the operator. With `keys=true` both files in one stream: before
 * every piece a byte (0 backup, 1 keys) and its length as an unsigned 32-bit big-endian number.
 */
export function backupRoutes(options: BackupRoutesOptions): Route[] {
  const { logName, machineToken, log } = options;
  let isUnderWay = false;

  async function* taken(withKeys: boolean, name: string): AsyncGenerator<Uint8Array> {
    if (isUnderWay)
      throw new LedgerError(
        "overloaded",
        "A backup is being taken already. Wait for its end, and ask again.",
      );
    isUnderWay = true;
    let bytes = 0;
    let isWhole = false;
    const snapshot = await options.store.snapshot().catch((error: unknown) => {
      isUnderWay = false;
      throw error;
    });
    try {
      await requireMovable(snapshot);
      const origin = await originOf(snapshot);
      const { size } = origin.head;
      log.warn({ caller: name, size, withKeys }, "a backup of the records is being taken");
      const time = Math.floor(options.clock.now() / 1000);
      for await (const chunk of backupOf(origin, { log: logName, time, withKeys })) {
        bytes += chunk.bytes.length;
        yield withKeys
          ? Buffer.concat([pieceHead(chunk.file, chunk.bytes.length), chunk.bytes])
          : chunk.bytes;
      }
      isWhole = true;
    } catch (error) {
      throw error instanceof TransferError ? new Error(error.message, { cause: error }) : error;
    } finally {
      isUnderWay = false;
      await snapshot.close();
      log.warn({ caller: name, bytes, isWhole, withKeys }, "a backup of the records has ended");
    }
  }

  return [
    {
      name: "getBackup",
      method: "get",
      path: "/v1/backup",
      handle: (request, caller) => {
        const withKeys = keysWanted(request, machineToken);
        return {
          type: "application/octet-stream",
          headers: { "content-disposition": 'attachment; filename="minhbach.backup"' },
          chunks: taken(withKeys, nameOf(caller)),
          maxMs: MAX_MS,
        };
      },
    },
  ];
}

function keysWanted(request: RouteRequest, machineToken: string): boolean {
  const wanted = request.query("keys");
  if (wanted === undefined && !request.queryNames.includes("keys")) return false;
  if (wanted !== "true") throw new LedgerError("bad-request", "The parameter keys is true, or is left out.");
  const shown = Buffer.from(request.header(MACHINE_TOKEN_HEADER) ?? "");
  const expected = Buffer.from(machineToken);
  if (expected.length > 0 && shown.length === expected.length && timingSafeEqual(shown, expected))
    return true;
  throw new LedgerError(
    "forbidden",
    "The keys of the events are given only to who can read the ledger's own files: run `npm run backup` with --data on its machine.",
  );
}

function pieceHead(file: keyof typeof FILES, length: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(FILES[file]);
  head.writeUInt32BE(length, 1);
  return head;
}

function nameOf(caller: Caller): string {
  return caller.role === "public" ? "public" : caller.name;
}
