import { openAnswers } from "./answering.ts";
import type { Snapshot } from "./disk.ts";
import type { Change, Preferences, ReceivedAnswer, ShownCase, ShownMessage } from "./message.ts";
import { type CaseRow, type ChangedThing, type MessageRow, places } from "./rows.ts";
import type { InboxId } from "./sealing.ts";

/** A page of somebody's inbox, the newest message first. */
export interface InboxPage {
  readonly messages: readonly ShownMessage[];
  /** The cases that these are about, as far as the person may still see them. */
  readonly cases: readonly ShownCase[];
  /** The inbox's last change that is in here: the stream goes on from it. */
  readonly changes: number;
  /** Whether older messages follow. */
  readonly more: boolean;
}

export interface NumberedChange {
  readonly number: number;
  readonly change: Change;
}

interface NumberedMessage {
  readonly number: number;
  readonly row: MessageRow;
}

/** More than any inbox has: numbers are twelve digits. */
const END = 999_999_999_999;

/** @param now milliseconds since 1970 */
export async function pageOf(
  from: Snapshot,
  inbox: InboxId,
  { before = END, limit, now }: { readonly before?: number; readonly limit: number; readonly now: number },
): Promise<InboxPage> {
  const rows = await from.between("message", {
    ...{ after: places.message(inbox, 0), before: places.message(inbox, before) },
    ...{ limit: limit + 1, reverse: true },
  });
  const shown = rows.slice(0, limit);
  const things = new Map(shown.map(({ row }) => [idOf(row), row]));
  const cases = await casesOf(from, inbox, [...things.values()]);
  return {
    messages: await shownMessages(from, inbox, { rows: shown, now }),
    cases: cases.flatMap((each) => (each !== undefined && "state" in each ? [each] : [])),
    changes: await lastChange(from, inbox),
    more: rows.length > limit,
  };
}

export async function lastChange(from: Snapshot, inbox: InboxId): Promise<number> {
  return (await from.get("counters", places.counters(inbox)))?.changes ?? 0;
}

/** The changes after a number, in order, each thing once and as it is now. */
export async function changesAfter(
  from: Snapshot,
  inbox: InboxId,
  { after, limit, now }: { readonly after: number; readonly limit: number; readonly now: number },
): Promise<readonly NumberedChange[]> {
  const range = { after: places.change(inbox, after), before: places.change(inbox, END), limit };
  const changed = await from.between("change", range);
  const numbers = changed.flatMap(({ row }) => ("message" in row ? [row.message] : []));
  const rows = await from.getMany(
    "message",
    numbers.map((number) => places.message(inbox, number)),
  );
  const found = numbers.flatMap((number, at) => {
    const row = rows[at];
    return row === undefined ? [] : [{ number, row }];
  });
  const messages = new Map(
    (await shownMessages(from, inbox, { rows: found, now })).map((message) => [message.number, message]),
  );
  const things = changed.flatMap(({ row }) => ("case" in row ? [row.case] : []));
  const cases = new Map(
    (await casesOf(from, inbox, things)).flatMap((each) =>
      each === undefined ? [] : [[idOf(each), each] as const],
    ),
  );
  return changed.flatMap(({ number, row }) => {
    const change = changeOf(row, { messages, cases });
    return change === undefined ? [] : [{ number, change }];
  });
}

function changeOf(
  row: ChangedThing,
  found: {
    readonly messages: ReadonlyMap<number, ShownMessage>;
    readonly cases: ReadonlyMap<string, ShownCase | Pick<ShownCase, "agency" | "caseId">>;
  },
): Change | undefined {
  if ("message" in row) {
    const message = found.messages.get(row.message);
    return message && { kind: "message", message };
  }
  const shown = found.cases.get(idOf(row.case));
  if (shown === undefined) return undefined;
  return "state" in shown ? { kind: "case", case: shown } : { kind: "gone", gone: shown };
}

function idOf({ agency, caseId }: Pick<ShownCase, "agency" | "caseId">): string {
  return `${agency} ${caseId}`;
}

/** Messages as their reader sees them. */
async function shownMessages(
  from: Snapshot,
  inbox: InboxId,
  { rows, now }: { readonly rows: readonly NumberedMessage[]; readonly now: number },
): Promise<readonly ShownMessage[]> {
  const holders = await from.getMany(
    "holder",
    rows.map(({ row }) => places.holder(row.agency, row.caseId)),
  );
  const cases = await from.getMany(
    "case",
    rows.map(({ row }) => places.case(inbox, row)),
  );
  return rows.map(({ number, row }, at) => {
    const holder = holders[at];
    const isLatest = holder?.inbox === inbox && holder.message === number;
    return shownMessage({ number, row }, { isLatest, caseRow: cases[at], now });
  });
}

export function shownMessage(
  { number, row }: NumberedMessage,
  {
    isLatest,
    caseRow,
    now,
  }: { readonly isLatest: boolean; readonly caseRow: CaseRow | undefined; readonly now: number },
): ShownMessage {
  const { agency, caseId, procedure, text, at, until, given } = row;
  return {
    ...{ number, agency, caseId, procedure, text, at },
    answers: openAnswers({ ...row, isLatest, caseState: caseRow?.progress?.state }, now),
    ...(until !== undefined && { until }),
    ...(given !== undefined && { given }),
  };
}

/** Each case as this inbox shows it; without its state where it is another person's now; undefined where nothing was shown yet. */
async function casesOf(
  from: Snapshot,
  inbox: InboxId,
  cases: readonly Pick<ShownCase, "agency" | "caseId">[],
): Promise<readonly (ShownCase | Pick<ShownCase, "agency" | "caseId"> | undefined)[]> {
  const rows = await from.getMany(
    "case",
    cases.map((each) => places.case(inbox, each)),
  );
  return cases.map(({ agency, caseId }, at) => {
    const row = rows[at];
    if (row === undefined) return undefined;
    const { procedure, progress } = row;
    return progress === undefined ? { agency, caseId } : { agency, caseId, procedure, ...progress };
  });
}

/** An agency's answers after a number, in order. */
export async function answersTo(
  from: Snapshot,
  agency: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly ReceivedAnswer[]> {
  const range = { after: places.answer(agency, after), before: places.answer(agency, END), limit };
  return (await from.between("answer", range)).map(({ number, row }) => ({ number, ...row }));
}

/** The number of an agency's last answer; 0 when there is none. */
export async function lastAnswerTo(from: Snapshot, agency: string): Promise<number> {
  const range = { after: places.answer(agency, 0), before: places.answer(agency, END) };
  const [last] = await from.between("answer", { ...range, limit: 1, reverse: true });
  return last?.number ?? 0;
}

export async function preferencesOf(from: Snapshot, inbox: InboxId): Promise<Preferences | undefined> {
  return await from.get("preferences", places.preferences(inbox));
}
