import { createHash } from "node:crypto";
import { appendAll, type Frontier, frontierRoot } from "../../protocol/frontier.ts";
import { entryCommitment } from "../../protocol/index-tree.ts";
import type { IndexSecrets } from "./secrets.ts";

/** What the audit knows of one key of the index. */
export interface Slot {
  /** The key in the tree: 32 bytes. */
  readonly key: Uint8Array;
  /** Whether the key was computed from the id, or only taken from the records because every event so far is erased. */
  readonly isProven: boolean;
  /** The tree of the key's events. */
  readonly frontier: Frontier;
  /** A running hash over the log indexes of the events. */
  readonly places: Uint8Array;
}

const HASH_BYTES = 32;
const SLOTS_TABLE = 0x73;

export function newSlot(key: Uint8Array, isProven: boolean): Slot {
  return { key, isProven, frontier: { size: 0, nodes: [] }, places: new Uint8Array(HASH_BYTES) };
}

/** The slot after another event. */
export function withEvent(slot: Slot, index: number, leafHash: Uint8Array): Slot {
  const place = Buffer.alloc(8);
  place.writeBigUInt64BE(BigInt(index));
  const places = new Uint8Array(createHash("sha256").update(slot.places).update(place).digest());
  return { ...slot, frontier: appendAll(slot.frontier, [leafHash]), places };
}

/** What the key's leaf in the tree commits to. */
export function commitmentOf({ key, frontier }: Slot, secrets: IndexSecrets): Uint8Array {
  const blinding = secrets.blinding(key, frontier.size);
  return entryCommitment({ count: frontier.size, treeRoot: frontierRoot(frontier), blinding });
}

export function slotKey(tag: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(SLOTS_TABLE), tag]);
}

export const SLOTS_PREFIX = SLOTS_TABLE;

export function slotRow({ key, isProven, frontier, places }: Slot): Buffer {
  const head = Buffer.alloc(9);
  head.writeUInt8(isProven ? 1 : 0, 0);
  head.writeBigUInt64BE(BigInt(frontier.size), 1);
  return Buffer.concat([head, key, places, ...frontier.nodes]);
}

export function slotOf(row: Buffer): Slot {
  const size = Number(row.readBigUInt64BE(1));
  const hashes: Uint8Array[] = [];
  for (let at = 9; at < row.length; at += HASH_BYTES)
    hashes.push(new Uint8Array(row.subarray(at, at + HASH_BYTES)));
  const [key = new Uint8Array(), places = new Uint8Array(), ...nodes] = hashes;
  return { key, isProven: row[0] === 1, frontier: { size, nodes }, places };
}
