import { Level } from "level";
import { type Case, dueAt } from "./case.ts";

/** A page of the cases, the latest noticed first. */
export interface CasePage {
  readonly limit: number;
  /** The id of the last case of the page before. */
  readonly before?: string;
  /** Only those that are an officer's. */
  readonly atOfficer?: true;
}

/** The cases of one agency, durable: what `put` resolved survives any crash. */
export interface CaseStore {
  get: (id: string) => Promise<Case | undefined>;
  /** Adds a case unless its occasion has one already; whether it was added. */
  add: (added: Case) => Promise<boolean>;
  put: (changed: Case) => Promise<void>;
  /** Ids of the cases that may go on by themselves at a moment (milliseconds since 1970), the one that waits for longest in front. */
  due: (now: number, limit: number) => Promise<readonly string[]>;
  /** When the next case may go on by itself, milliseconds since 1970; undefined when all rest. */
  nextDue: () => Promise<number | undefined>;
  list: (page: CasePage) => Promise<readonly Case[]>;
  close: () => Promise<void>;
}

type Row =
  | { readonly type: "put"; readonly key: string; readonly value: string }
  | { readonly type: "del"; readonly key: string };

/** Digits of a moment in milliseconds, so that moments sort as texts. */
const MOMENT_DIGITS = 15;

/** Opens the store in a folder of its own; one process at a time holds it. */
export async function openCaseStore(directory: string): Promise<CaseStore> {
  const db = new Level<string, string>(directory, { keyEncoding: "utf8", valueEncoding: "utf8" });
  await db.open();
  let writing: Promise<unknown> = Promise.resolve();

  /** One after the other: two that see no case of an occasion would both add theirs, and two changes of one would leave both their places. */
  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = writing.then(work);
    writing = turn.catch(() => undefined);
    return await turn;
  }

  async function get(id: string): Promise<Case | undefined> {
    const [row] = await db.getMany([caseKey(id)]);
    return row === undefined ? undefined : caseOf(row);
  }

  async function write(rows: Row[]): Promise<void> {
    await db.batch(rows, { sync: true });
  }

  return {
    get,
    add: async (added) =>
      await inTurn(async () => {
        const occasion = occasionKey(added);
        const [taken] = await db.getMany([occasion]);
        if (taken !== undefined) return false;
        const { id } = added;
        await write([
          { type: "put", key: occasion, value: id },
          { type: "put", key: noticedKey(added), value: id },
          ...changedRows(added, undefined),
        ]);
        return true;
      }),
    put: async (changed) =>
      await inTurn(async () => await write(changedRows(changed, await get(changed.id)))),
    due: async (now, limit) => await db.values({ gte: "due:", lte: `due:${moment(now)};`, limit }).all(),
    nextDue: async () => {
      const [first] = await db.keys({ gte: "due:", lt: "due;", limit: 1 }).all();
      return first === undefined
        ? undefined
        : Number(first.slice("due:".length, "due:".length + MOMENT_DIGITS));
    },
    list: async ({ limit, before, atOfficer }) => {
      const last = before === undefined ? undefined : await get(before);
      if (before !== undefined && last === undefined) return [];
      const [table, keyOf] = atOfficer
        ? (["officer", officerKey] as const)
        : (["noticed", noticedKey] as const);
      const range = { gte: `${table}:`, lt: last === undefined ? `${table};` : keyOf(last) };
      const ids = await db.values({ ...range, reverse: true, limit }).all();
      // No case is ever taken out.
      return (await db.getMany(ids.map(caseKey))).map(caseOf);
    },
    close: async () => await db.close(),
  };
}

/** The case, and its places among those that are due and those that are an officer's. */
function changedRows(changed: Case, before: Case | undefined): Row[] {
  const placesBefore = before === undefined ? [] : placesOf(before);
  const places = placesOf(changed);
  return [
    { type: "put", key: caseKey(changed.id), value: JSON.stringify(changed) },
    ...placesBefore.filter((key) => !places.includes(key)).map((key): Row => ({ type: "del", key })),
    ...places.map((key): Row => ({ type: "put", key, value: changed.id })),
  ];
}

function placesOf(each: Case): string[] {
  const due = dueAt(each);
  return [
    ...(due === undefined ? [] : [`due:${moment(due)}:${each.id}`]),
    ...(each.stage.at === "officer" ? [officerKey(each)] : []),
  ];
}

function moment(ms: number): string {
  return String(Math.max(0, Math.ceil(ms))).padStart(MOMENT_DIGITS, "0");
}

function caseKey(id: string): string {
  return `case:${id}`;
}

function noticedKey({ noticedAt, id }: Case): string {
  return `noticed:${moment(noticedAt)}:${id}`;
}

function officerKey({ noticedAt, id }: Case): string {
  return `officer:${moment(noticedAt)}:${id}`;
}

function occasionKey({ procedure, occasion }: Case): string {
  return `occasion:${procedure}:${occasion.key}`;
}

/** Only this module writes the rows. */
function caseOf(row: string): Case {
  return JSON.parse(row) as Case;
}
