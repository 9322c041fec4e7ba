import { open, rename, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { isObject, type Rpc } from "../../server/anchor/json-rpc.ts";

const unzip = promisify(gunzip);

/** How often a dump is tried again because the chain moved under it. */
const ATTEMPTS = 5;

/**
 * The chain's state and blocks as `anvil --load-state` takes them, and the block they end with; undefined when the chain
 * did not keep still. anvil dumps blocks first and accounts after them, so a block mined in between would leave accounts that
 * know of a block which the chain does not have. A block being mined shows: it is counted, or its transactions are in the pool still.
 */
export async function dumpState(rpc: Rpc): Promise<{ block: string; state: Uint8Array } | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const before = await rpc("eth_blockNumber", []);
    const dump = await rpc("anvil_dumpState", []);
    // In this order: a block is counted before its transactions leave the pool.
    const pool = await rpc("txpool_status", []);
    const after = await rpc("eth_blockNumber", []);
    const isQuiet = isObject(pool) && pool["pending"] === "0x0";
    if (!isQuiet || before !== after || typeof after !== "string") continue;
    if (typeof dump !== "string") throw new Error("anvil answered without a state");
    return { block: after, state: await unzip(Buffer.from(dump.slice(2), "hex")) };
  }
  return undefined;
}

/**
 * Replaces a file so that a crash leaves the old one or the new one, whole: written beside it, synced, renamed over it, and the folder
 * synced so that the rename survives too.
 */
export async function replaceFile(file: string, content: Uint8Array): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, "w", 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncFolder(path.dirname(file));
}

async function syncFolder(folder: string): Promise<void> {
  // Windows has no such thing and keeps renames by itself.
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
