import { Level } from "level";
import type { Facts } from "../registers/book.ts";

/** How far an order came. Whoever finds one half done goes on from there. */
export type OrderProgress =
  /** Decided, with what is to be entered and what the register held before; perhaps entered already. */
  | {
      readonly state: "entering" | "done" | "undoing";
      readonly enters: Facts;
      readonly before: Facts;
      readonly consent?: string;
    }
  | { readonly state: "refusing" | "refused"; readonly reason: string }
  | { readonly state: "undone" };

/** The orders that one agency was given, durable: what `put` resolved survives any crash. */
export interface OrderStore {
  readonly get: (from: string, key: string) => Promise<OrderProgress | undefined>;
  readonly put: (from: string, key: string, progress: OrderProgress) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens the store in a folder of its own; one process at a time holds it. */
export async function openOrderStore(directory: string): Promise<OrderStore> {
  const db = new Level<string, string>(directory, { keyEncoding: "utf8", valueEncoding: "utf8" });
  await db.open();
  return {
    get: async (from, key) => {
      const [row] = await db.getMany([rowKey(from, key)]);
      return row === undefined ? undefined : progressOf(row);
    },
    put: async (from, key, progress) =>
      await db.put(rowKey(from, key), JSON.stringify(progress), { sync: true }),
    close: async () => await db.close(),
  };
}

/** Keys are the ordering agency's own: another one's of the same name is another order. */
function rowKey(from: string, key: string): string {
  return `order:${from} ${key}`;
}

/** Only this module writes the rows. */
function progressOf(row: string): OrderProgress {
  return JSON.parse(row) as OrderProgress;
}
