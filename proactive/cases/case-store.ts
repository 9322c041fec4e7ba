import { Level } from "level";
import type { Case } from "./case.ts";

/** The cases of one agency, durable: what `put` resolved survives any crash. */
export interface CaseStore {
  get: (id: string) => Promise<Case | undefined>;
  /** Adds a case unless its occasion has one already; whether it was added. */
  add: (added: Case) => Promise<boolean>;
  put: (changed: Case) => Promise<void>;
  /** Ids of the cases that may go on by themselves, in the order they were noticed. */
  unfinished: () => Promise<readonly string[]>;
  /** All cases, the latest first, a page at a time. */
  list: (page: { readonly limit: number; readonly before?: string }) => Promise<readonly Case[]>;
  close: () => Promise<void>;
}

type Row =
  | { readonly type: "put"; readonly key: string; readonly value: string }
  | { readonly type: "del"; readonly key: string };

/** Opens the store in a folder of its own; one process at a time holds it. */
export async function openCaseStore(directory: string): Promise<CaseStore> {
  const db = new Level<string, string>(directory, { keyEncoding: "utf8", valueEncoding: "utf8" });
  await db.open();
  let adding: Promise<unknown> = Promise.resolve();

  const write = async (rows: Row[]): Promise<void> => await db.batch(rows, { sync: true });

  async function add(added: Case): Promise<boolean> {
    const occasion = occasionKey(added);
    const [taken] = await db.getMany([occasion]);
    if (taken !== undefined) return false;
    await write([{ type: "put", key: occasion, value: added.id }, ...rowsOf(added)]);
    return true;
  }

  return {
    get: async (id) => {
      const [row] = await db.getMany([caseKey(id)]);
      return row === undefined ? undefined : caseOf(row);
    },
    add: async (added) => {
      // One after the other: two that see no case of an occasion would both add theirs.
      const turn = adding.then(async () => await add(added));
      adding = turn.catch(() => undefined);
      return await turn;
    },
    put: async (changed) => await write(rowsOf(changed)),
    unfinished: async () => await db.values({ gte: "open:", lt: "open;" }).all(),
    list: async ({ limit, before }) => {
      const range = { gte: "case:", lt: before === undefined ? "case;" : caseKey(before) };
      return (await db.values({ ...range, reverse: true, limit }).all()).map(caseOf);
    },
    close: async () => await db.close(),
  };
}

function rowsOf(each: Case): Row[] {
  const open = `open:${each.id}`;
  const isOver = each.stage.at === "closed";
  return [
    { type: "put", key: caseKey(each.id), value: JSON.stringify(each) },
    isOver ? { type: "del", key: open } : { type: "put", key: open, value: each.id },
  ];
}

function caseKey(id: string): string {
  return `case:${id}`;
}

function occasionKey({ procedure, occasion }: Case): string {
  return `occasion:${procedure}:${occasion.key}`;
}

/** Only this module writes the rows. */
function caseOf(row: string): Case {
  return JSON.parse(row) as Case;
}
