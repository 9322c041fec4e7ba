import { fromUtf8, toBase64url } from "../../../protocol/bytes.ts";
import { payloadLeafHash } from "../../../protocol/event.ts";
import type { Source } from "../../../protocol/source.ts";
import { TAG_BYTES, TAG_KINDS } from "../../../protocol/tag-kinds.ts";
import type { SealedEvents, StoreReader } from "../../store/store.ts";
import { cursorOf } from "../finding.ts";
import type { Changes } from "./changes.ts";
import type { HasErasedAct, Judge, Place } from "./judge.ts";
import type { ReadEvent } from "./messages.ts";
import {
  actKey,
  actOf,
  actRow,
  actsPrefix,
  cursorsOf,
  exchangeKey,
  exchangeOf,
  type ExchangeRow,
  exchangeRow,
  findingKey,
  findingOf,
  findingRow,
  personKey,
  personPrefix,
  type ShortTag,
  shortTag,
  waitingKey,
  waitingOf,
  waitingRow,
} from "./rows.ts";
import { findingFor, isPaired, isRepeated, withReader } from "./rule.ts";
import type { Person, RecordedUse } from "./use.ts";

export interface UseReadingParts {
  readonly store: Pick<StoreReader, "payloads" | "indexTags" | "submissionOfIndex">;
  readonly judge: Judge;
  /** Whose consent acts alone permit anything. */
  readonly desk: Source;
  /** The keyed hash that stands for a person: 32 bytes. */
  readonly personTag: (person: Person) => Uint8Array;
  /** Opens one event again: undefined when it is erased or no use. */
  readonly useAt: (index: number) => Promise<RecordedUse | undefined>;
  /** The log index of a leaf; undefined when there is none. */
  readonly leafIndex: (leafHash: Uint8Array) => Promise<number | undefined>;
  /** Told of every event that is a use, for counting. */
  readonly onJudged?: ((answer: JudgedAs) => void) | undefined;
}

/** The reader's record, and what else is known of its exchange. */
type ReaderAt = Place & { readonly read: RecordedUse; readonly row: ExchangeRow };

/** What a record comes to beside the reader's: what of it was found there already is not found again. */
type Beside = Awaited<ReturnType<Judge>> & { readonly known: Awaited<ReturnType<Judge>>["faults"] };

export type JudgedAs = "allowed" | "finding" | "not-judged" | "erased";

/** An event at its place, with its tags. */
interface ReadAt extends Place {
  readonly source: Source;
  readonly read: ReadEvent;
  readonly tags: Tags;
}

interface Tags {
  readonly people: readonly ShortTag[];
  /** Of an exchange's half. */
  readonly exchange?: { readonly isReader: boolean; readonly tag: ShortTag };
  readonly isConsentAct: boolean;
  /** Leaf hashes that it orders to be erased. */
  readonly erases: readonly Uint8Array[];
}

/** Records of one exchange beyond these are somebody's repetition, or a message's id used again and again: each is judged by what it says alone. */
const MAX_OTHERS = 8;
/** Findings about one person's consents that an erasure takes back at once. */
const MAX_PERSON_FINDINGS = 10_000;
const CONSENT_KINDS = /^[0-9]{12}:consent-[a-z]+:([0-9]+)$/;

/**
 * What the next events come to: findings about the uses among them, and what has to be remembered of exchanges.
 *
 * An exchange that both sides recorded is one use. It is judged by the reader's record (the client's half) at its place in the log: only the reader
 * knows its purpose, its case and its decision. The other half is judged at that place too, by what it says, and by the reader's record where it says
 * nothing; what was found about the reader's record is not found again. A provider's record without a reader's is judged alone when the reader had
 * its time (`takeWaiting`), and anew if the reader's comes after all. Further records under the same message id are uses at places of their own.
 *
 * What is erased is judged no more: an erasure takes back what was found about an event, with an exchange's reader's record what was found about its
 * others, and with a consent act of the desk what was found about this person's consents after it; what is known then is judged
 * again. So the findings are the same whether they were derived before the erasure or after it, unless an exchange has more than `MAX_OTHERS` wrong records.
 */
export function useReading(parts: UseReadingParts) {
  const { store, judge, desk, personTag, useAt, leafIndex, onJudged = () => undefined } = parts;

  /** The rows that change by these events. */
  async function take(
    events: Omit<SealedEvents, "keys" | "sealed">,
    read: readonly ReadEvent[],
    changes: Changes,
  ): Promise<void> {
    for (const event of placed(events, read)) await takeOne(event, changes);
  }

  async function takeOne(event: ReadAt, changes: Changes): Promise<void> {
    const { read, tags, index } = event;
    for (const leaf of tags.erases) {
      const erased = await leafIndex(leaf);
      // An order is about what is in the log before it.
      if (erased !== undefined && erased < index) await erase(erased, changes);
    }
    if (read === "erased" && tags.isConsentAct && event.source === desk)
      await forgetConsent(index, tags.people, changes);
    if (read === "other") return;
    if (read === "erased") onJudged("erased");
    if (tags.exchange !== undefined) await takeHalf(event, tags.exchange, changes);
    else if (read !== "erased") await note(event, await judged(read, event, changes), changes);
  }

  async function takeHalf(
    { index, time, read, tags }: Omit<ReadAt, "source">,
    { isReader, tag }: NonNullable<Tags["exchange"]>,
    changes: Changes,
  ): Promise<void> {
    const key = exchangeKey(tag);
    const known = exchangeOf(await changes.get(key));
    const row: ExchangeRow = isReader ? { reader: index, ...known } : { provider: index, ...known };
    const put = (next: ExchangeRow): void => changes.set(key, exchangeRow(next));
    if (isReader && row.reader === index) {
      await takeReader({ index, time, read, tags }, { row, put }, changes);
      return;
    }
    put(row);
    if (read === "erased" || read === "other") return;
    const isOwn = isReader && !read.imported;
    if (row.erased === true && row.ordered !== true && !isOwn) return;
    const others = (row.others ?? []).filter((other) => other !== index);
    const isFull = others.length >= MAX_OTHERS;
    const isAlone = isOwn || row.ordered === true || (isFull && row.reader === undefined);
    if (isAlone) {
      await note({ index, time, tags }, await judged(read, { index, time }, changes), changes);
      return;
    }
    if (row.reader === undefined) {
      changes.set(waitingKey({ time, index }), waitingRow({ time, index, tag }));
      put({ ...row, others: [...others, index] });
      return;
    }
    const reader = { ...(await placeOf(row.reader)), read: await useAt(row.reader) };
    if (reader.read === undefined) return;
    const place = { index, time, tags };
    const judgement = await besideReader(
      { index, time, read },
      { ...reader, read: reader.read, row },
      changes,
    );
    if (judgement.faults.length + judgement.known.length === 0) return;
    if (!isFull) put({ ...row, others: [...others, index] });
    // What nobody remembers cannot be taken back with the reader's record: it stands by what it says alone.
    if (!isFull) await note(place, judgement, changes);
    else if (judgement.faults.length > 0)
      await note(place, await judged(read, { index, time }, changes), changes);
  }

  async function takeReader(
    { index, time, read, tags }: Omit<ReadAt, "source">,
    { row, put }: { readonly row: ExchangeRow; readonly put: (next: ExchangeRow) => void },
    changes: Changes,
  ): Promise<void> {
    if (read === "erased" || read === "other") {
      for (const other of row.others ?? []) await forget(other, changes);
      put({ ...row, erased: true, others: [] });
      return;
    }
    await note({ index, time, tags }, await judged(read, { index, time }, changes), changes);
    const others = await judgeOthers(row.others ?? [], { index, time, read, row }, changes);
    put({ ...row, others });
  }

  /** Judges the other records of an exchange by the reader's, and returns those in which something is wrong. */
  async function judgeOthers(
    indexes: readonly number[],
    reader: ReaderAt,
    changes: Changes,
  ): Promise<number[]> {
    const kept: number[] = [];
    for (const index of indexes) {
      const place = await placeOf(index);
      await forget(index, changes);
      const read = await useAt(index);
      if (read === undefined) continue;
      const judgement = await besideReader({ ...place, read }, reader, changes);
      await note({ ...place, tags: await tagsAt(index) }, judgement, changes);
      if (judgement.faults.length + judgement.known.length > 0) kept.push(index);
    }
    return kept;
  }

  /** Judges another record of an exchange by the reader's. */
  async function besideReader(
    { read, ...other }: Place & { readonly read: RecordedUse },
    reader: ReaderAt,
    changes: Changes,
  ): Promise<Beside> {
    const { decision: _decision, ...undecided } = reader.read;
    const isSame = isPaired(read, other.index, { ...reader.row, time: reader.time });
    const judgement = isSame
      ? await judged(withReader(read, reader.read), reader, changes)
      : await judged(withReader(read, undecided), other, changes);
    const kinds = new Set<string>();
    for (const cursor of isSame || isRepeated(read, reader.read)
      ? cursorsOf(reader.index, reader.time)
      : []) {
      const row = await changes.get(findingKey(cursor));
      if (row !== undefined) kinds.add(findingOf(row).kind);
    }
    const known = judgement.faults.filter(({ kind }) => kinds.has(kind));
    const faults = judgement.faults.filter(({ kind }) => !kinds.has(kind));
    return { ...judgement, faults, known };
  }

  async function judged(use: RecordedUse, place: Place, changes: Changes): ReturnType<Judge> {
    const judgement = await judge(use, place, erasedActs(changes, personTag));
    const { faults, basis } = judgement;
    onJudged(faults.length > 0 ? "finding" : basis === undefined ? "not-judged" : "allowed");
    return judgement;
  }

  async function note(
    { index, time, tags }: Place & { readonly tags: Tags },
    { faults, catalogue, known = [] }: Awaited<ReturnType<Judge>> & Partial<Beside>,
    changes: Changes,
  ): Promise<void> {
    // What is found elsewhere is looked for here too, once that person's consents are not known any more.
    for (const { kind } of known)
      noteConsent(tags, cursorOf({ id: `${kind}:${index}`, since: time }), changes);
    if (faults.length === 0 || catalogue === undefined) return;
    const [payload] = await store.payloads(index, index + 1);
    if (payload === undefined) throw new Error(`the records lack the payload of event ${index}`);
    const leaf = toBase64url(payloadLeafHash(fromUtf8(payload)));
    for (const fault of faults) {
      const finding = findingFor(fault, { index, time, leaf, catalogue });
      const cursor = cursorOf(finding);
      changes.set(findingKey(cursor), findingRow(finding));
      noteConsent(tags, cursor, changes);
    }
  }

  function noteConsent({ people }: Tags, cursor: string, changes: Changes): void {
    if (!CONSENT_KINDS.test(cursor)) return;
    for (const person of people) changes.set(personKey(person, cursor), Buffer.from(cursor));
  }

  /** Takes back what was found about an event, and what follows from its being erased. */
  async function erase(index: number, changes: Changes): Promise<void> {
    const tags = await tagsAt(index);
    const { source } = (await store.submissionOfIndex(index)) ?? {};
    if (tags.isConsentAct && source === desk) await forgetConsent(index, tags.people, changes);
    await forget(index, changes);
    if (tags.exchange === undefined) return;
    const key = exchangeKey(tags.exchange.tag);
    const row = exchangeOf(await changes.get(key));
    const others = (row.others ?? []).filter((other) => other !== index);
    if (row.reader === index) {
      for (const other of others) await forget(other, changes);
      changes.set(key, exchangeRow({ ...row, erased: true, ordered: true, others: [] }));
    } else if (row.others?.includes(index) === true) {
      changes.set(key, exchangeRow({ ...row, others }));
    }
  }

  /** Takes back what was found about one event, or that it waits. */
  async function forget(index: number, changes: Changes): Promise<void> {
    const { time } = await placeOf(index);
    const { people } = await tagsAt(index);
    for (const cursor of cursorsOf(index, time)) {
      if ((await changes.get(findingKey(cursor))) !== undefined) changes.set(findingKey(cursor), undefined);
      if (!CONSENT_KINDS.test(cursor)) continue;
      for (const person of people) changes.set(personKey(person, cursor), undefined);
    }
    changes.set(waitingKey({ time, index }), undefined);
  }

  /** Whether something permitted what was found is not known any more, for all that came after the act. */
  async function forgetConsent(act: number, people: readonly ShortTag[], changes: Changes): Promise<void> {
    for (const person of people) changes.set(actKey(person, act), actRow(act));
    const changed = new Set<number>();
    for (const person of people) {
      const keyOf = (value: Buffer): Buffer => personKey(person, value.toString());
      for (const value of await changes.beginning(personPrefix(person), {
        keyOf,
        limit: MAX_PERSON_FINDINGS,
      })) {
        const cursor = value.toString();
        const index = Number(CONSENT_KINDS.exec(cursor)?.[1]);
        if (!(index > act)) continue;
        changes.set(findingKey(cursor), undefined);
        for (const each of (await tagsAt(index)).people) changes.set(personKey(each, cursor), undefined);
        changed.add(index);
      }
    }
    for (const index of changed) await judgeAgain(index, changes);
  }

  /**
   * Judges an event by what is known now: another person's consents, or the reader's place in the log, may leave it wrong. With a reader's record the
   * others of its exchange too: theirs may have been left out because the same was found there.
   */
  async function judgeAgain(index: number, changes: Changes): Promise<void> {
    const tags = await tagsAt(index);
    const key = tags.exchange && exchangeKey(tags.exchange.tag);
    const row = key === undefined ? {} : exchangeOf(await changes.get(key));
    const { reader, others = [] } = row;
    const isOther = reader !== undefined && others.includes(index);
    const place = await placeOf(index);
    // What cannot be read is about to be taken back by the order to erase it, and with a reader's record all that rests on it.
    const read = await useAt(index);
    if (!isOther && read !== undefined)
      await note({ ...place, tags }, await judged(read, place, changes), changes);
    if (key === undefined || reader === undefined || (reader !== index && !isOther)) return;
    const readersRead = reader === index ? read : await useAt(reader);
    if (readersRead === undefined) return;
    const at = { ...(await placeOf(reader)), read: readersRead, row };
    changes.set(key, exchangeRow({ ...row, others: await judgeOthers(others, at, changes) }));
  }

  /** Judges a provider's record whose reader recorded nothing in time. It is judged anew if the reader's comes after all. */
  async function takeWaiting(row: Buffer, changes: Changes): Promise<void> {
    const { index, time } = waitingOf(row);
    changes.set(waitingKey({ time, index }), undefined);
    const read = await useAt(index);
    const judgement = read === undefined ? undefined : await judged(read, { index, time }, changes);
    if (judgement !== undefined) await note({ index, time, tags: await tagsAt(index) }, judgement, changes);
  }

  async function placeOf(index: number): Promise<Place> {
    const submission = await store.submissionOfIndex(index);
    if (submission === undefined) throw new Error(`the records lack the submission of event ${index}`);
    return { index, time: submission.time };
  }

  async function tagsAt(index: number): Promise<Tags> {
    const [tags] = await store.indexTags(index, index + 1);
    return tagsIn(tags ?? new Uint8Array());
  }

  return { take, takeWaiting };
}

/** By the rows as they will be, whether an act of somebody's consents cannot be read. */
export function erasedActs(changes: Changes, personTag: UseReadingParts["personTag"]): HasErasedAct {
  return async (person, { below }) => {
    const tag = shortTag(personTag(person));
    const keyOf = (value: Buffer): Buffer => actKey(tag, actOf(value));
    // The first is enough: they are in log order.
    const [first] = await changes.beginning(actsPrefix(tag), { keyOf, limit: 1 });
    return first !== undefined && actOf(first) < below;
  };
}

function* placed(
  { from, submissions, tags, tagCounts }: Omit<SealedEvents, "keys" | "sealed">,
  read: readonly ReadEvent[],
): Generator<ReadAt> {
  let [submission, tagsAt] = [0, 0];
  for (const [at, each] of read.entries()) {
    const index = from + at;
    while (index >= (submissions[submission + 1]?.index ?? Infinity)) submission++;
    const { time, source } = submissions[submission] ?? {};
    if (time === undefined || source === undefined) throw new Error("events came without their submissions");
    const tagsEnd = tagsAt + (tagCounts[at] ?? 0) * TAG_BYTES;
    yield { index, time, source, read: each, tags: tagsIn(tags.subarray(tagsAt, tagsEnd)) };
    tagsAt = tagsEnd;
  }
}

/** What the tags of an event say to those who judge uses. */
export function tagsIn(tags: Uint8Array): Tags {
  const people: ShortTag[] = [];
  const erases: Uint8Array[] = [];
  let exchange: Tags["exchange"];
  let isConsentAct = false;
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    const kind = tags[at];
    const bytes = tags.subarray(at + 1, at + TAG_BYTES);
    if (kind === TAG_KINDS.person) people.push(shortTag(bytes));
    if (kind === TAG_KINDS.erases) erases.push(bytes);
    if (kind === TAG_KINDS.consentAct) isConsentAct = true;
    if (kind === TAG_KINDS.clientHalf || kind === TAG_KINDS.providerHalf)
      exchange = { isReader: kind === TAG_KINDS.clientHalf, tag: shortTag(bytes) };
  }
  return { people, erases, isConsentAct, ...(exchange && { exchange }) };
}
