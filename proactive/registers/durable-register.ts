import { createHash } from "node:crypto";
import { Level } from "level";
import type { Document } from "../population/documents.ts";
import { book, type Change } from "./book.ts";
import type { RegisterCode } from "./configurations.ts";
import type { Society } from "./facts.ts";
import { type Register, registerOn } from "./register.ts";

export interface RegisterPlace {
  /** Of its own; one process at a time holds it. */
  readonly directory: string;
  /** The same at every opening: the folder holds only what was told since, and is opened for no others. */
  readonly society: Society;
  readonly documents: readonly Document[];
}

export interface DurableRegister extends Register {
  /** Call it once. */
  readonly close: () => Promise<void>;
}

/** Keys of changes are numbers of so many digits. */
const NUMBER_DIGITS = 12;
const CHANGES = { gte: "0", lt: ":" };
const SOCIETY = "society";

/** A register that survives any crash: what it was told is on the disk before `hear`, `correct` and `enter` resolve, and is told again in that order at the next opening. */
export async function openRegister(
  code: RegisterCode,
  { directory, society, documents }: RegisterPlace,
): Promise<DurableRegister> {
  const db = new Level<string, Change>(directory, { keyEncoding: "utf8", valueEncoding: "json" });
  await db.open();
  await ensureSame(db, `${code} ${nameOf(society)}`).catch(async (error: unknown) => {
    await db.close();
    throw error;
  });
  const held = book(code, society, documents);
  let count = 0;
  for await (const change of db.values(CHANGES)) {
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

/** What was told of some people means nothing among others. @throws RangeError when the folder belongs to others */
async function ensureSame(db: Level<string, Change>, name: string): Promise<void> {
  const names = db.sublevel(SOCIETY, { valueEncoding: "utf8" });
  const [known] = await names.getMany([SOCIETY]);
  if (known === undefined) await names.batch([{ type: "put", key: SOCIETY, value: name }]);
  else if (known !== name)
    throw new RangeError(
      "the folder is of another register or of other people: give this one a folder of its own",
    );
}

function nameOf({ asOf, households }: Society): string {
  const hash = createHash("sha256").update(asOf);
  for (const { code, members } of households) hash.update(`${code} ${members.join(" ")}\n`);
  return hash.digest("base64url");
}
