import { setTimeout as pause } from "node:timers/promises";
import { createHash } from "node:crypto";
import { isJsonObject } from "../../../protocol/json.ts";
import type { PublicKey } from "../../../protocol/jws.ts";
import type { Clock } from "../../clock.ts";
import type { DerivedDatabase, DerivedRow } from "../../integrate/derived.ts";
import type { SealedEvents, StoreReader } from "../../store/store.ts";
import type { UseFinding } from "../finding.ts";
import { Changes } from "./changes.ts";
import { erasedActs, tagsIn, useReading, type UseReadingParts } from "./from-uses.ts";
import type { HasErasedAct } from "./judge.ts";
import {
  exchangeKey,
  exchangeOf,
  type ExchangeRow,
  findingOf,
  findingsAfter,
  findingKey,
  shortTag,
  USES_PROGRESS_KEY,
  USES_RANGE,
  waitingBefore,
} from "./rows.ts";
import type { ReadingThread } from "./thread.ts";

export interface UseRegisterOptions {
  readonly store: Pick<StoreReader, "head" | "sealedEvents" | "submissionOfIndex" | "payloads" | "indexTags">;
  readonly db: DerivedDatabase;
  /** How many events have a place in the tiles: only these are read, so that an erasure finds what it names. */
  readonly published: () => number;
  readonly leafIndex: UseReadingParts["leafIndex"];
  readonly judge: UseReadingParts["judge"];
  readonly desk: UseReadingParts["desk"];
  readonly personTag: UseReadingParts["personTag"];
  readonly useAt: UseReadingParts["useAt"];
  readonly startThread: () => ReadingThread;
  /** Every key that a decision of this log may be signed with; undefined while the chain was not read. */
  readonly keys: () => readonly PublicKey[] | undefined;
  /** How long the reader's record may take to come after the provider's. */
  readonly graceSeconds: number;
  readonly clock: Clock;
  readonly onJudged?: UseReadingParts["onJudged"];
}

/** How far uses are judged. */
export interface UsesStatus {
  /** Events of the log that were read. */
  readonly size: number;
  /** Events recorded after them. */
  readonly lagEvents: number;
}

/** What is found about accesses and actions: derived from the records, in a thread beside the writer, and kept in the derived database. */
export interface UseRegister {
  /** Reads and judges what the log has to say since the last time, at a pace that leaves the writer its time. */
  update: () => Promise<void>;
  /** As `update` and in a hurry, for somebody who waits; returns at once when far behind. Resolves with how many events were read. */
  upToDate: () => Promise<number>;
  /** The findings after a cursor, in their order. */
  list: (page: { after?: string | undefined; limit: number }) => Promise<UseFinding[]>;
  /** The findings at these cursors. */
  at: (cursors: readonly string[]) => Promise<UseFinding[]>;
  /** Whether an act of somebody's consents cannot be read any more. */
  hasErasedAct: HasErasedAct;
  /** Indexes of the other records of an exchange that something was found about and that are judged by this one, the reader's: erased, it takes that back. */
  restingOn: (index: number) => Promise<readonly number[]>;
  /** What is known of the exchange that an event with this tag is a half of. */
  exchange: (tag: Uint8Array) => Promise<ExchangeRow>;
  status: () => Promise<UsesStatus>;
  /** Stops after the step under way. */
  close: () => Promise<void>;
}

/** Events opened at once: some tens of milliseconds of the thread, and a few of the main thread. */
const STEP_EVENTS = 512;
const STEP_WAITING = 100;
/** The most that is read while nobody waits: some thirty microseconds of the main thread an event, so a tenth of its time. */
const EVENTS_PER_SECOND = 3_000;
/** What takes about a second; nobody is kept waiting for more. */
const SOON_EVENTS = 20_000;

interface Progress {
  readonly terms: string;
  readonly index: number;
  /** Names the submission that holds the last event read; empty at the beginning. */
  readonly submission: string;
  /** As of when waiting records were looked for, Unix seconds. */
  readonly asOf: number;
}

export function useRegister(options: UseRegisterOptions): UseRegister {
  const { store, db, published, startThread, keys, graceSeconds, clock } = options;
  const terms = ["uses/3", graceSeconds, options.desk].join(" ");
  const { take, takeWaiting } = useReading(options);
  let thread: ReadingThread | undefined;
  let progress: Progress | undefined;
  let updating: Promise<void> | undefined;
  let hurry = false;
  let closed = false;

  async function begin(): Promise<Progress> {
    const stored = progressOf(await db.get(USES_PROGRESS_KEY));
    if (stored?.terms === terms && stored.submission === (await submissionName(stored.index))) return stored;
    // First of all, so that a crash in between begins anew too.
    await db.write([{ key: USES_PROGRESS_KEY, value: undefined }]);
    await db.clear(USES_RANGE);
    return { terms, index: 0, submission: "", asOf: 0 };
  }

  /** A receipt is signed over where and when the submission was stored. */
  async function submissionName(end: number): Promise<string | undefined> {
    if (end === 0) return "";
    const submission = await store.submissionOfIndex(end - 1);
    return submission && createHash("sha256").update(submission.receipt).digest("base64url");
  }

  async function derive(): Promise<void> {
    const known = keys();
    if (known === undefined) return;
    // Before the log is read to its end: what comes later is not missed by a moment that has passed already.
    const asOf = Math.floor(clock.now() / 1000);
    let at = progress ?? (await begin());
    progress = at;
    while (!closed) {
      const events = await store.sealedEvents(at.index, Math.min(at.index + STEP_EVENTS, published()));
      if (events.count === 0) break;
      const started = performance.now();
      at = await readStep(at, events, known);
      if (!hurry)
        await pause(Math.max(0, (1000 * events.count) / EVENTS_PER_SECOND - (performance.now() - started)));
    }
    // The log was read to its end.
    while (!closed) {
      const rows = await db.values({ ...waitingBefore(asOf - graceSeconds), limit: STEP_WAITING });
      if (rows.length === 0) return;
      const changes = new Changes(db);
      for (const row of rows) await takeWaiting(row, changes);
      at = await write({ ...at, ...(rows.length < STEP_WAITING && { asOf }) }, changes.rows());
      if (rows.length < STEP_WAITING) return;
    }
  }

  async function readStep(
    at: Progress,
    events: SealedEvents,
    known: readonly PublicKey[],
  ): Promise<Progress> {
    thread ??= startThread();
    const { keys: _keys, sealed: _sealed, ...places } = events;
    const read = await thread.read(events, known);
    const changes = new Changes(db);
    await take(places, read, changes);
    const index = at.index + events.count;
    const submission = (await submissionName(index)) ?? "";
    return await write({ ...at, index, submission }, changes.rows());
  }

  async function write(next: Progress, rows: readonly DerivedRow[]): Promise<Progress> {
    await db.write([...rows, { key: USES_PROGRESS_KEY, value: Buffer.from(JSON.stringify(next)) }]);
    return (progress = next);
  }

  function update(): Promise<void> {
    updating ??= derive()
      .catch(async (error: unknown) => {
        // Whether the last write was kept is unknown, and a thread that failed answers no more.
        progress = undefined;
        await thread?.close();
        thread = undefined;
        throw error;
      })
      .finally(() => (updating = undefined));
    return updating;
  }

  async function upToDate(): Promise<number> {
    const { size } = await store.head();
    const read = (): number => progress?.index ?? 0;
    // Just started, or begun anew after a failure: how far it had come is still written down.
    const known = progress ?? progressOf(await db.get(USES_PROGRESS_KEY));
    const behind = size - (known?.terms === terms ? known.index : 0);
    if (behind <= SOON_EVENTS && (behind > 0 || progress === undefined)) {
      hurry = true;
      try {
        await updating?.catch(() => undefined);
        await update();
      } finally {
        hurry = false;
      }
    }
    return read();
  }

  return {
    update,
    upToDate,
    list: async ({ after, limit }) =>
      (await db.values({ ...findingsAfter(after), limit })).map((row) => findingOf(row)),
    at: async (cursors) =>
      (await db.getMany(cursors.map(findingKey))).flatMap((row) =>
        row === undefined ? [] : [findingOf(row)],
      ),
    hasErasedAct: (person, asOf) => erasedActs(new Changes(db), options.personTag)(person, asOf),
    restingOn: async (index) => {
      const [tags = new Uint8Array()] = await store.indexTags(index, index + 1);
      const { exchange } = tagsIn(tags);
      if (exchange === undefined) return [];
      const { reader, others = [] } = exchangeOf(await db.get(exchangeKey(exchange.tag)));
      return reader === index ? others : [];
    },
    exchange: async (tag) => exchangeOf(await db.get(exchangeKey(shortTag(tag)))),
    status: async () => {
      const size = progress?.index ?? 0;
      return { size, lagEvents: (await store.head()).size - size };
    },
    close: async () => {
      closed = true;
      await updating?.catch(() => undefined);
      await thread?.close();
    },
  };
}

function progressOf(row: Buffer | undefined): Progress | undefined {
  const value: unknown = row === undefined ? undefined : JSON.parse(row.toString());
  return isProgress(value) ? value : undefined;
}

/** The format of the derived database vouches for the rest. */
function isProgress(value: unknown): value is Progress {
  return isJsonObject(value) && typeof value["terms"] === "string";
}
