import { Level } from "level";
import type { Day } from "../population/calendar.ts";
import { LEADS, type Notice, occasionId } from "./notice.ts";

export interface OutboxOptions {
  /** Of its own; one process at a time holds it. */
  readonly directory: string;
  /** Brings a notice to the lead agency; the same one again is the same one there. Rejects when it was not taken: then it is tried again. */
  readonly send: (notice: Notice) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** A notice was not taken; its lead agency is left alone for a while. */
  readonly onFailure?: (lead: string, error: unknown) => void;
}

/** Notices on their way to other agencies. None is lost, and none goes twice once it was taken. */
export interface NoticeOutbox {
  /** The first day that was not scanned; undefined before the first scan. */
  readonly scannedUntil: () => Day | undefined;
  /** Keeps notices, each occasion once for ever, together with how far the scan came. Resolves when they survive any crash. */
  readonly put: (notices: readonly Notice[], scannedUntil?: Day) => Promise<void>;
  /** Sends what is due. Resolves with when it is to be called again (milliseconds since 1970); undefined while nothing waits. */
  readonly sendDue: () => Promise<number | undefined>;
  /** How many notices wait. */
  readonly waiting: () => number;
  readonly close: () => Promise<void>;
}

/** What stands under an occasion's name. A notice that was taken is forgotten, but for its name. */
type Row = { readonly waiting: Notice } | { readonly taken: true };

type Put = { readonly type: "put"; readonly key: string; readonly value: Row | Day };

const SCANNED_UNTIL = "scanned-until";
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 3_600_000;

export async function openNoticeOutbox({
  directory,
  send,
  now,
  onFailure,
}: OutboxOptions): Promise<NoticeOutbox> {
  const db = new Level<string, Row | Day>(directory, { keyEncoding: "utf8", valueEncoding: "json" });
  await db.open();
  const waiting = new Map<string, Notice>();
  for await (const [key, row] of db.iterator({ gte: "notice:", lt: "notice;" }))
    if (typeof row === "object" && "waiting" in row) waiting.set(key, row.waiting);
  const [stored] = await db.getMany([SCANNED_UNTIL]);
  let scannedUntil = typeof stored === "string" ? stored : undefined;
  const pauses = new Map<string, Pause>();
  let turn: Promise<unknown> = Promise.resolve();
  let sending: Promise<number | undefined> | undefined;

  async function put(notices: readonly Notice[], until: Day | undefined): Promise<void> {
    const offered = new Map(notices.map((notice) => [keyOf(notice), notice]));
    const keys = [...offered.keys()];
    const known = await db.getMany(keys);
    const added = keys.filter((_, at) => known[at] === undefined);
    const rows = added.flatMap((key): Put[] => {
      const notice = offered.get(key);
      return notice === undefined ? [] : [{ type: "put", key, value: { waiting: notice } }];
    });
    if (until !== undefined) rows.push({ type: "put", key: SCANNED_UNTIL, value: until });
    if (rows.length === 0) return;
    await db.batch(rows, { sync: true });
    scannedUntil = until ?? scannedUntil;
    for (const key of added) {
      const notice = offered.get(key);
      if (notice !== undefined) waiting.set(key, notice);
    }
  }

  async function sendAll(): Promise<number | undefined> {
    for (const [key, notice] of waiting) {
      const lead = LEADS[notice.procedure] ?? "";
      const pause = pauses.get(lead);
      if (pause !== undefined && pause.until > now()) continue;
      try {
        await send(notice);
      } catch (error) {
        pauses.set(lead, longer(pause, now()));
        onFailure?.(lead, error);
        // To the end: one that the lead never takes holds up no other.
        waiting.delete(key);
        waiting.set(key, notice);
        continue;
      }
      pauses.delete(lead);
      // Dying here sends it once more, and the lead agency knows it.
      await db.batch([{ type: "put", key, value: { taken: true } }], { sync: true });
      waiting.delete(key);
    }
    if (waiting.size === 0) return undefined;
    // Without a pause something came while the last one was sent.
    return pauses.size === 0 ? now() : Math.min(...[...pauses.values()].map(({ until }) => until));
  }

  return {
    scannedUntil: () => scannedUntil,
    put: async (notices, until) => {
      // One after the other: two that see no row of an occasion would both put theirs.
      const mine = turn.then(async () => await put(notices, until));
      turn = mine.catch(() => undefined);
      await mine;
    },
    sendDue: async () => {
      sending ??= sendAll().finally(() => (sending = undefined));
      return await sending;
    },
    waiting: () => waiting.size,
    close: async () => {
      await sending?.catch(() => undefined);
      await turn;
      await db.close();
    },
  };
}

/** A lead agency is left alone until then, in milliseconds since 1970. */
interface Pause {
  readonly until: number;
  readonly lengthMs: number;
}

function longer(pause: Pause | undefined, now: number): Pause {
  const lengthMs = pause === undefined ? FIRST_PAUSE_MS : Math.min(pause.lengthMs * 2, LONGEST_PAUSE_MS);
  return { until: now + lengthMs, lengthMs };
}

function keyOf(notice: Notice): string {
  return `notice:${occasionId(notice)}`;
}
