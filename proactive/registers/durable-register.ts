import { Level } from "level";
import type { Document } from "../population/documents.ts";
import { book, type Change } from "./book.ts";
import type { RegisterCode } from "./configurations.ts";
import type { Society } from "./facts.ts";
import { type Register, registerOn } from "./register.ts";

export interface RegisterPlace {
  /** Of its own; one process at a time holds it. */
  readonly directory: string;
  /** The same at every opening: the folder holds only what was told since. */
  readonly society: Society;
  readonly documents: readonly Document[];
}

export interface DurableRegister extends Register {
  /** Call it once. */
  readonly close: () => Promise<void>;
}

const NUMBER_DIGITS = 12;

/** A register that survives any crash: what it was told is on the disk before `hear`, `correct` and `enter` resolve, and is told again in that order at the next opening. */
export async function openRegister(
  code: RegisterCode,
  { directory, society, documents }: RegisterPlace,
): Promise<DurableRegister> {
  const db = new Level<string, Change>(directory, { keyEncoding: "utf8", valueEncoding: "json" });
  await db.open();
  const held = book(code, society, documents);
  let count = 0;
  for await (const change of db.values()) {
    held.apply(change);
    count += 1;
  }

  async function keep(change: Change): Promise<void> {
    const key = String(count).padStart(NUMBER_DIGITS, "0");
    await db.batch([{ type: "put", key, value: change }], { sync: true });
    count += 1;
  }

  return { ...registerOn(held, keep), close: async () => await db.close() };
}
