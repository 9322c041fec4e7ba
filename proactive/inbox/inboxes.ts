import type { PersonNumber } from "../exchange/message.ts";
import { openDisk, type Snapshot } from "./disk.ts";
import { InboxRefusal } from "./errors.ts";
import { listeners } from "./listeners.ts";
import type {
  CaseProgress,
  GivenAnswer,
  NewMessage,
  Preferences,
  ReceivedAnswer,
  ShownMessage,
} from "./message.ts";
import {
  answersTo,
  changesAfter,
  type InboxPage,
  lastAnswerTo,
  lastChange,
  type NumberedChange,
  pageOf,
  preferencesOf,
} from "./reading.ts";
import { places } from "./rows.ts";
import { type InboxId, sealing } from "./sealing.ts";
import { turns } from "./turns.ts";
import { inboxesOf, noSuchMessage, writeAnswer, writeCase, writeMessage, type Written } from "./writing.ts";

/** Everybody's inbox. What a function resolves with survives any crash, and whoever listens is told afterwards. */
export interface Inboxes {
  /** Whether the message is new. @throws InboxRefusal `other-message` */
  readonly write: (agency: string, message: NewMessage) => Promise<boolean>;
  /** @throws InboxRefusal `unknown-case` when nobody was written to about it yet */
  readonly showCase: (agency: string, caseId: string, progress: CaseProgress) => Promise<void>;
  /** @throws InboxRefusal when there is no such message, or it cannot be answered so */
  readonly answer: (person: PersonNumber, number: number, given: GivenAnswer) => Promise<ShownMessage>;
  readonly page: (
    person: PersonNumber,
    page: { readonly before?: number; readonly limit: number },
  ) => Promise<InboxPage>;
  /** What changed after a number; with `isBehind` when the inbox never had that many changes. */
  readonly changes: (
    person: PersonNumber,
    page: { readonly after: number; readonly limit: number },
  ) => Promise<{ readonly changes: readonly NumberedChange[]; readonly isBehind: boolean }>;
  /** @throws InboxRefusal `behind` after a number that was never given */
  readonly answersTo: (
    agency: string,
    page: { readonly after: number; readonly limit: number },
  ) => Promise<readonly ReceivedAnswer[]>;
  /** Undefined for whoever never said anything. */
  readonly preferences: (person: PersonNumber) => Promise<Preferences | undefined>;
  readonly setPreferences: (person: PersonNumber, preferences: Preferences) => Promise<void>;
  /** Calls back after each change of a person's inbox; returns what ends it. */
  readonly listen: (person: PersonNumber, listener: () => void) => () => void;
  /** Calls back after each answer to an agency; returns what ends it. */
  readonly listenForAnswers: (agency: string, listener: () => void) => () => void;
  /** How many listen to this inbox, and to all. */
  readonly listening: (person: PersonNumber) => { readonly here: number; readonly all: number };
  readonly close: () => Promise<void>;
}

export interface InboxesOptions {
  readonly directory: string;
  /** Keys of what is kept are made of it. */
  readonly secret: Uint8Array;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const BEHIND =
  "The service knows fewer answers: it was restored from a backup. Begin again after 0; what you know comes again.";

type Work<T> = (from: Snapshot) => Promise<Written<T>>;

/** @throws WrongSecretError for a folder of another secret; RangeError for one that is too short */
export async function openInboxes({ directory, secret, now }: InboxesOptions): Promise<Inboxes> {
  const seals = sealing(secret);
  const { inboxOf } = seals;
  const disk = await openDisk(directory, seals);
  const [readers, agencies] = [listeners(), listeners()];
  const inTurn = turns();

  /**
   * Writers of an agency go one by one, and of each inbox: turns are taken in one order, the agency's before inboxes' and these by name, so that nobody
   * waits in a circle. Whose a case is changes in its agency's turn alone.
   */
  async function inTurns<T>(
    agency: string,
    {
      find,
      work,
    }: { readonly find: (from: Snapshot) => Promise<readonly InboxId[]>; readonly work: Work<T> },
  ): Promise<T> {
    return await inTurn(`agency ${agency}`, async () => {
      const inboxes = await disk.read(find);
      const write = async (): Promise<T> => await keep(await disk.read(work));
      return await [...inboxes]
        .sort()
        .reduceRight<() => Promise<T>>(
          (rest, inbox) => async () => await inTurn(`inbox ${inbox}`, rest),
          write,
        )();
    });
  }

  async function keep<T>({ result, rows, inboxes, answered }: Written<T>): Promise<T> {
    if (rows.length > 0) await disk.write(rows);
    for (const inbox of inboxes) readers.tell(inbox);
    if (answered !== undefined) agencies.tell(answered);
    return result;
  }

  return {
    write: async (agency, message) => {
      const inbox = inboxOf(message.person);
      const place = { agency, caseId: message.caseId, inbox };
      return await inTurns(agency, {
        find: async (from) => await inboxesOf(from, place),
        work: async (from) => await writeMessage(from, disk, { agency, inbox, message, now: now() }),
      });
    },
    showCase: async (agency, caseId, progress) =>
      await inTurns(agency, {
        find: async (from) => {
          const holder = await from.get("holder", places.holder(agency, caseId));
          if (holder !== undefined) return [holder.inbox];
          throw new InboxRefusal("unknown-case", "Nobody was written to about this case: write first.");
        },
        work: async (from) => await writeCase(from, disk, { agency, caseId, progress }),
      }),
    answer: async (person, number, given) => {
      const inbox = inboxOf(person);
      const row = await disk.read(async (from) => await from.get("message", places.message(inbox, number)));
      if (row === undefined) throw noSuchMessage();
      const { agency } = row;
      return await inTurns(agency, {
        find: async () => [inbox],
        work: async (from) => await writeAnswer(from, disk, { inbox, number, given, now: now() }),
      });
    },
    page: async (person, page) =>
      await disk.read(async (from) => await pageOf(from, inboxOf(person), { ...page, now: now() })),
    changes: async (person, page) => {
      const inbox = inboxOf(person);
      return await disk.read(async (from) => ({
        changes: await changesAfter(from, inbox, { ...page, now: now() }),
        isBehind: page.after > (await lastChange(from, inbox)),
      }));
    },
    answersTo: async (agency, page) =>
      await disk.read(async (from) => {
        if (page.after > (await lastAnswerTo(from, agency))) throw new InboxRefusal("behind", BEHIND);
        return await answersTo(from, agency, page);
      }),
    preferences: async (person) =>
      await disk.read(async (from) => await preferencesOf(from, inboxOf(person))),
    setPreferences: async (person, preferences) => {
      const place = places.preferences(inboxOf(person));
      await disk.write([disk.put("preferences", place, preferences)]);
    },
    listen: (person, listener) => readers.listen(inboxOf(person), listener),
    listenForAnswers: (agency, listener) => agencies.listen(agency, listener),
    listening: (person) => ({ here: readers.count(inboxOf(person)), all: readers.total() }),
    close: async () => await disk.close(),
  };
}
