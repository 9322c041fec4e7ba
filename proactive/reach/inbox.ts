import { Level } from "level";
import type { Text } from "../rules/rule.ts";
import type { Channel } from "./channel.ts";

/** One message in somebody's inbox. */
export interface InboxEntry {
  /** Its place in the inbox, from 1. */
  readonly number: number;
  readonly key: string;
  readonly caseId: string;
  readonly procedure: string;
  readonly text: Text;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** People's own pages: messages that wait there, and whoever has the page open hears of a new one at once. */
export interface Inboxes {
  /** Puts a message in; the same key again is the same entry. */
  readonly put: (inbox: string, message: Omit<InboxEntry, "number" | "at">) => Promise<InboxEntry>;
  /** Entries after a number, in order. */
  readonly list: (
    inbox: string,
    page: { readonly after: number; readonly limit: number },
  ) => Promise<readonly InboxEntry[]>;
  /** Calls the listener for every entry from now on; returns the function that ends it. */
  readonly listen: (inbox: string, listener: (entry: InboxEntry) => void) => () => void;
  readonly close: () => Promise<void>;
}

const NUMBER_DIGITS = 9;

/** @param now milliseconds since 1970 */
export async function openInboxes(directory: string, now: () => number): Promise<Inboxes> {
  const db = new Level<string, string>(directory, { keyEncoding: "utf8", valueEncoding: "utf8" });
  await db.open();
  const listeners = new Map<string, Set<(entry: InboxEntry) => void>>();
  let putting: Promise<unknown> = Promise.resolve();

  async function put(inbox: string, message: Omit<InboxEntry, "number" | "at">): Promise<InboxEntry> {
    const keyRow = `key:${inbox}:${message.key}`;
    const [known] = await db.getMany([keyRow]);
    if (known !== undefined) return entryOf(known);
    const [last] = await db.keys({ ...rangeOf(inbox, 0), reverse: true, limit: 1 }).all();
    const number = last === undefined ? 1 : Number(last.slice(-NUMBER_DIGITS)) + 1;
    const entry: InboxEntry = { ...message, number, at: now() };
    const value = JSON.stringify(entry);
    await db.batch(
      [
        { type: "put", key: entryKey(inbox, number), value },
        { type: "put", key: keyRow, value },
      ],
      { sync: true },
    );
    for (const listener of listeners.get(inbox) ?? []) listener(entry);
    return entry;
  }

  return {
    put: async (inbox, message) => {
      const turn = putting.then(async () => await put(inbox, message));
      putting = turn.catch(() => undefined);
      return await turn;
    },
    list: async (inbox, { after, limit }) =>
      (await db.values({ ...rangeOf(inbox, after), limit }).all()).map(entryOf),
    listen: (inbox, listener) => {
      const all = listeners.get(inbox) ?? new Set();
      listeners.set(inbox, all.add(listener));
      return () => {
        all.delete(listener);
        if (all.size === 0) listeners.delete(inbox);
      };
    },
    close: async () => await db.close(),
  };
}

/** The inbox as a channel: it wakes nobody, and the same key is one entry. */
export function inboxChannel({ put }: Pick<Inboxes, "put">): Channel {
  return {
    ...{ name: "inbox", disturbs: false, isIdempotent: true, reaches: () => true },
    send: async ({ inbox }, { key, caseId, procedure, text }) => {
      await put(inbox, { key, caseId, procedure, text });
      return "delivered";
    },
  };
}

function entryKey(inbox: string, number: number): string {
  return `entry:${inbox}:${String(number).padStart(NUMBER_DIGITS, "0")}`;
}

function rangeOf(inbox: string, after: number): { readonly gt: string; readonly lt: string } {
  return { gt: entryKey(inbox, after), lt: `entry:${inbox};` };
}

/** Only this module writes the rows. */
function entryOf(row: string): InboxEntry {
  return JSON.parse(row) as InboxEntry;
}
