import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import path from "node:path";
import { toHex } from "../../protocol/bytes.ts";
import { type Deployed, type LedgerProcess, spawnLedger } from "./fixture.ts";

/** Starts one of several servers of a log: with derived data of its own, and the log's keys. The caller ends it. */
export async function spawnServer(
  system: Deployed,
  number: number,
  env: Record<string, string> = {},
): Promise<LedgerProcess> {
  const { checkpoint, receipt, vrf, ledger, desk, anchorer, pepper } = system.secrets;
  return await spawnLedger(system, {
    DATA_DIR: path.join(system.dataDir, `server-${number}`),
    TRUST_PROFILE: system.profileFile,
    ...{ CHECKPOINT_KEY: toHex(checkpoint), RECEIPT_KEY: toHex(receipt), VRF_KEY: toHex(vrf) },
    ...{ LEDGER_KEY: toHex(ledger), DESK_KEY: toHex(desk), ANCHORER_KEY: toHex(anchorer) },
    PEPPER: toHex(pepper),
    ...env,
  });
}

/** An address that stays, whichever port the server behind it has; who comes while there is none is turned away. */
export interface Door {
  readonly url: string;
  /** Where it leads to now. */
  leadsTo: string | undefined;
  readonly close: () => void;
}

export async function openDoor(): Promise<Door> {
  const sockets = new Set<Socket>();
  const server = createServer((caller) => {
    if (door.leadsTo === undefined) {
      caller.destroy();
      return;
    }
    const { hostname, port } = new URL(door.leadsTo);
    const behind = connect(Number(port), hostname);
    for (const [socket, other] of [
      [caller, behind],
      [behind, caller],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the door has no port");
  const door: Door = {
    url: `http://127.0.0.1:${address.port}`,
    leadsTo: undefined,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  return door;
}
