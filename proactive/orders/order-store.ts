import { Level } from "level";
import type { Facts } from "../registers/book.ts";
import type { StepOrder } from "./order.ts";

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
  /** `another`: under this key that agency ordered something else, or about somebody else. */
  readonly get: (from: string, order: StepOrder) => Promise<OrderProgress | "another" | undefined>;
  readonly put: (from: string, order: StepOrder, progress: OrderProgress) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens the store in a folder of its own; one process at a time holds it. */
export async function openOrderStore(directory: string): Promise<OrderStore> {
  const db = new Level<string, string>(directory, { keyEncoding: "utf8", valueEncoding: "utf8" });
  await db.open();
  return {
    get: async (from, order) => {
      const [row] = await db.getMany([rowKey(from, order)]);
      if (row === undefined) return undefined;
      const { of, progress } = rowIn(row);
      return of === nameOf(order) ? progress : "another";
    },
    put: async (from, order, progress) => {
      const row: Row = { of: nameOf(order), progress };
      await db.put(rowKey(from, order), JSON.stringify(row), { sync: true });
    },
    close: async () => await db.close(),
  };
}

/** Keys are the ordering agency's own: another one's of the same name is another order. */
function rowKey(from: string, { key }: StepOrder): string {
  return `order:${from} ${key}`;
}

/** What is ordered, and about whom. */
function nameOf({ procedure, step, subject }: StepOrder): string {
  return JSON.stringify([procedure, step, subject]);
}

interface Row {
  readonly of: string;
  readonly progress: OrderProgress;
}

/** Only this module writes the rows. */
function rowIn(text: string): Row {
  return JSON.parse(text) as Row;
}
