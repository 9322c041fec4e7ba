import { hash } from "node:crypto";
import { type Answerable, answerFault, type AnswerFault, isOver, isSameAnswer } from "./answering.ts";
import type { Disk, Snapshot, Write } from "./disk.ts";
import { InboxRefusal } from "./errors.ts";
import type { CaseProgress, GivenAnswer, NewMessage, ShownMessage } from "./message.ts";
import { lastAnswerTo, shownMessage } from "./reading.ts";
import { type CaseRow, type ChangedThing, type MessageRow, places } from "./rows.ts";
import type { InboxId } from "./sealing.ts";

/** What is written in one go, and who hears of it. */
export interface Written<T> {
  readonly result: T;
  readonly rows: readonly Write[];
  /** Inboxes that changed. */
  readonly inboxes: readonly InboxId[];
  /** The agency that was answered. */
  readonly answered?: string;
}

/** Names a case. */
interface CasePlace {
  readonly agency: string;
  readonly caseId: string;
}

type Unnumbered<T> = Omit<T, "change">;
type Put = Pick<Disk, "put">;

/** Numbers what changes in one inbox; each thing stands among the changes once, at its last. */
interface InboxChanges {
  readonly newMessage: (row: Unnumbered<MessageRow>) => number;
  readonly message: (number: number, before: MessageRow, after: Unnumbered<MessageRow>) => void;
  readonly case: (place: CasePlace, before: CaseRow | undefined, after: Unnumbered<CaseRow>) => void;
  readonly rows: () => readonly Write[];
}

async function changesIn(from: Snapshot, inbox: InboxId, { put }: Put): Promise<InboxChanges> {
  const known = await from.get("counters", places.counters(inbox));
  let { messages, changes } = known ?? { messages: 0, changes: 0 };
  const rows: Write[] = [];

  function numbered(thing: ChangedThing, before: { readonly change: number } | undefined): number {
    changes += 1;
    if (before !== undefined) rows.push({ type: "del", key: places.change(inbox, before.change) });
    rows.push(put("change", places.change(inbox, changes), thing));
    return changes;
  }

  function keepMessage(number: number, before: MessageRow | undefined, after: Unnumbered<MessageRow>): void {
    const change = numbered({ message: number }, before);
    rows.push(put("message", places.message(inbox, number), { ...after, change }));
  }

  return {
    newMessage: (row) => {
      messages += 1;
      keepMessage(messages, undefined, row);
      return messages;
    },
    message: keepMessage,
    case: ({ agency, caseId }, before, after) => {
      const change = numbered({ case: { agency, caseId } }, before);
      rows.push(put("case", places.case(inbox, { agency, caseId }), { ...after, change }));
    },
    rows: () => [...rows, put("counters", places.counters(inbox), { messages, changes })],
  };
}

/** Which inboxes a new message changes: its own, and the one that had the case. Their turns are to be taken before it is written. */
export async function inboxesOf(
  from: Snapshot,
  { agency, caseId, inbox }: CasePlace & { readonly inbox: InboxId },
): Promise<readonly InboxId[]> {
  const holder = await from.get("holder", places.holder(agency, caseId));
  return holder === undefined || holder.inbox === inbox ? [inbox] : [inbox, holder.inbox];
}

/**
 * A message in its inbox, unless it is there under this key. The message before it about the same case cannot be answered any more,
 * and where that was somebody else's, neither is the case theirs.
 * @throws InboxRefusal `other-message`
 */
export async function writeMessage(
  from: Snapshot,
  disk: Put,
  {
    agency,
    inbox,
    message,
    now,
  }: {
    readonly agency: string;
    readonly inbox: InboxId;
    readonly message: NewMessage;
    readonly now: number;
  },
): Promise<Written<boolean>> {
  const { key, caseId, procedure, text, answers, until } = message;
  const says = hash("sha256", JSON.stringify([inbox, caseId, procedure, text, answers]), "base64url");
  const known = await from.get("key", places.key(agency, key));
  if (known !== undefined) {
    if (known.says !== says)
      throw new InboxRefusal("other-message", "This key stands for another message: take a new key.");
    return { result: false, rows: [], inboxes: [] };
  }
  const changes = await changesIn(from, inbox, disk);
  const holder = await from.get("holder", places.holder(agency, caseId));
  const isMoved = holder !== undefined && holder.inbox !== inbox;
  const earlier = isMoved ? await changesIn(from, holder.inbox, disk) : changes;
  if (holder !== undefined) {
    const before = await from.get("message", places.message(holder.inbox, holder.message));
    if (before !== undefined) earlier.message(holder.message, before, before);
  }
  if (isMoved) {
    const before = await from.get("case", places.case(holder.inbox, { agency, caseId }));
    earlier.case({ agency, caseId }, before, { procedure: holder.procedure });
  }
  const row = { agency, key, caseId, procedure, text, answers, at: now };
  const number = changes.newMessage({ ...row, ...(until !== undefined && { until }) });
  return {
    result: true,
    rows: [
      ...(isMoved ? earlier.rows() : []),
      ...changes.rows(),
      disk.put("key", places.key(agency, key), { inbox, message: number, says }),
      disk.put("holder", places.holder(agency, caseId), { inbox, message: number, procedure }),
    ],
    inboxes: isMoved ? [inbox, holder.inbox] : [inbox],
  };
}

/** A case as it stands now, for whoever was last written to about it; nothing where a later state is shown. */
export async function writeCase(
  from: Snapshot,
  disk: Put,
  { agency, caseId, progress }: CasePlace & { readonly progress: CaseProgress },
): Promise<Written<undefined>> {
  const nothing = { result: undefined, rows: [], inboxes: [] };
  const holder = await from.get("holder", places.holder(agency, caseId));
  if (holder === undefined) return nothing;
  const { inbox } = holder;
  const before = await from.get("case", places.case(inbox, { agency, caseId }));
  const shown = before?.progress;
  if (shown !== undefined && (shown.at > progress.at || JSON.stringify(shown) === JSON.stringify(progress)))
    return nothing;
  const changes = await changesIn(from, inbox, disk);
  changes.case({ agency, caseId }, before, { procedure: holder.procedure, progress });
  // What can be answered ends, or begins again, with the case.
  if (isOver(progress.state) !== (shown !== undefined && isOver(shown.state))) {
    const message = await from.get("message", places.message(inbox, holder.message));
    if (message !== undefined) changes.message(holder.message, message, message);
  }
  return { result: undefined, rows: changes.rows(), inboxes: [inbox] };
}

const FAULTS: Readonly<Record<AnswerFault, string>> = {
  superseded: "The agency has written again about this: answer that message, or ask the agency.",
  "case-over": "This case is over: nothing more can be answered. Ask the agency.",
  "too-late": "The time to answer is over: apply in the usual way, or ask the agency.",
  "not-offered": "This message does not offer this answer.",
  "already-answered": "This was answered already, and the agency acts on it. Ask the agency to change it.",
};

/**
 * An answer: in the message, and in its agency's feed. The same again is the same.
 * @throws InboxRefusal `no-such-message`, or why it cannot be given
 */
export async function writeAnswer(
  from: Snapshot,
  disk: Put,
  {
    inbox,
    number,
    given,
    now,
  }: {
    readonly inbox: InboxId;
    readonly number: number;
    readonly given: GivenAnswer;
    readonly now: number;
  },
): Promise<Written<ShownMessage>> {
  const row = await from.get("message", places.message(inbox, number));
  if (row === undefined) throw noSuchMessage();
  const { agency, caseId, procedure, key } = row;
  const holder = await from.get("holder", places.holder(agency, caseId));
  const caseRow = await from.get("case", places.case(inbox, { agency, caseId }));
  const isLatest = holder?.inbox === inbox && holder.message === number;
  if (row.given !== undefined && isSameAnswer(row.given, given)) {
    return { result: shownMessage({ number, row }, { isLatest, caseRow, now }), rows: [], inboxes: [] };
  }
  const message: Answerable = { ...row, isLatest, caseState: caseRow?.progress?.state };
  const fault = answerFault(message, given.answer, now);
  if (fault !== undefined) throw new InboxRefusal(fault, FAULTS[fault]);
  const changes = await changesIn(from, inbox, disk);
  const answered = { ...row, given: { ...given, at: now } };
  changes.message(number, row, answered);
  const place = places.answer(agency, (await lastAnswerTo(from, agency)) + 1);
  return {
    result: shownMessage({ number, row: answered }, { isLatest, caseRow, now }),
    rows: [...changes.rows(), disk.put("answer", place, { caseId, procedure, key, at: now, ...given })],
    inboxes: [inbox],
    answered: agency,
  };
}

export function noSuchMessage(): InboxRefusal {
  return new InboxRefusal("no-such-message", "There is no message of this number in your inbox.");
}
