import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { SeenEvent, Showing } from "../disclose/showing.ts";
import type { Caller } from "../identity/caller.ts";
import type { StoredEvent, StoreReader } from "../store/store.ts";
import type { FindingsBoard, ShownFinding } from "./board.ts";
import type { Judge, Place } from "./uses/judge.ts";
import type { UseRegister } from "./uses/register.ts";
import { isPaired, type Judgement, type Unjudged, type UseBasis, withReader } from "./uses/rule.ts";
import type { RecordedUse } from "./uses/use.ts";
import type { ReadUse } from "./uses/use-reader.ts";

/** Whether something that stands in the log was allowed. */
export interface UseAnswer {
  readonly index: number;
  readonly answer: "allowed" | "finding" | "not-judged";
  /** On what it rests, when it was allowed; whether it rests on the decision that it cites. */
  readonly basis?: UseBasis;
  readonly byDecision?: true;
  /** Why nothing is said. */
  readonly reason?: NotJudged;
  /** Version of the catalogue by which it was judged. */
  readonly catalogue?: string;
  readonly findings: readonly Pick<ShownFinding, "id" | "kind" | "state" | "since">[];
}

export type NotJudged =
  | Unjudged
  /** There is no such event, or it is none of the caller's. */
  | "unknown"
  /** It is neither an access nor an action. */
  | "no-use"
  | "erased"
  | "sealed"
  /** The ledger has not come so far. */
  | "not-yet"
  /** Only the answering side has recorded it, and the other still has time to. */
  | "waiting"
  /** What the reader recorded of it was erased. */
  | "reader-erased";

export interface UseAnswersOptions {
  readonly store: Pick<StoreReader, "events" | "submissionOfIndex">;
  readonly showing: Pick<Showing, "viewerOf" | "show">;
  readonly board: Pick<FindingsBoard, "about">;
  readonly uses: Pick<UseRegister, "upToDate" | "exchange" | "hasErasedAct">;
  readonly readUse: ReadUse;
  readonly judge: Judge;
  readonly graceSeconds: number;
  /** Unix seconds. */
  readonly now: () => number;
}

/** Answers, for each event that the caller may see something of, whether it was allowed. */
export type UseAnswers = (caller: Caller, indexes: readonly number[]) => Promise<UseAnswer[]>;

/** What a log index stands for, as far as this caller is concerned. */
interface Seen {
  readonly index: number;
  readonly event?: StoredEvent;
  readonly seen?: SeenEvent;
}

export function useAnswers(options: UseAnswersOptions): UseAnswers {
  const { store, showing, board, uses, readUse, judge, graceSeconds, now } = options;

  async function seenBy(caller: Caller, indexes: readonly number[]): Promise<Seen[]> {
    const viewer = await showing.viewerOf(caller, "findings");
    const events = await store.events(indexes);
    const found = indexes.flatMap((index, at) => {
      const event = events[at];
      return event === undefined ? [] : [{ index, event }];
    });
    const shown = await showing.show(
      viewer,
      found.map(({ index, event }) => ({ ...event, index })),
    );
    const seen = new Map(found.map((each, at) => [each.index, { ...each, seen: shown[at] }]));
    return indexes.map((index) => {
      const { event, seen: what } = seen.get(index) ?? {};
      return { index, ...(event && { event }), ...(what && { seen: what }) };
    });
  }

  async function answer({ index, event, seen }: Seen, size: number): Promise<UseAnswer> {
    const nothing = (reason: NotJudged): UseAnswer => ({ index, answer: "not-judged", reason, findings: [] });
    if (event === undefined || seen === undefined) return nothing("unknown");
    if (seen.erased || seen.closure?.kind === "erasure") return nothing("erased");
    if (seen.closure !== undefined) return nothing("sealed");
    if (!showsAnything(seen)) return nothing("unknown");
    const use = readUse(event);
    if (use === undefined) return nothing("no-use");
    if (index >= size) return nothing("not-yet");
    const place = await placeOf(index);
    const findings = await board.about([place]);
    const judgement = await judgedWithOthers(use, event, place);
    if (typeof judgement === "string")
      return findings.length > 0 ? found(index, findings) : nothing(judgement);
    const { catalogue, byDecision, basis, unjudged } = judgement;
    const by = { ...(catalogue !== undefined && { catalogue }), ...(byDecision && { byDecision }) };
    if (findings.length > 0) return { ...found(index, findings), ...by };
    // Found about the reader's record of the same exchange, and not again about this one.
    if (judgement.faults.length > 0) return { ...found(index, await foundOfReader(event)), ...by };
    if (basis === undefined) return { ...nothing(unjudged ?? "imported"), ...by };
    return { index, answer: "allowed", basis, ...by, findings: [] };
  }

  /** As the register judges it: together with the reader's record of the same exchange. */
  async function judgedWithOthers(
    use: RecordedUse,
    event: StoredEvent,
    place: Place,
  ): Promise<Judgement | NotJudged> {
    const tag = halfTag(event);
    if (tag === undefined) return await judge(use, place, uses.hasErasedAct);
    const row = await uses.exchange(tag);
    const { reader, erased } = row;
    const isReaders = use.side === "client" && !use.imported;
    if (reader === undefined && place.time + graceSeconds >= now()) return "waiting";
    if (reader === undefined || reader === place.index || isReaders)
      return await judge(use, place, uses.hasErasedAct);
    const [of] = erased === true ? [] : await store.events([reader]);
    const readers = of && readUse(of);
    if (readers === undefined) return "reader-erased";
    const { decision: _decision, ...undecided } = readers;
    const at = await placeOf(reader);
    return isPaired(use, place.index, { ...row, time: at.time })
      ? await judge(withReader(use, readers), at, uses.hasErasedAct)
      : await judge(withReader(use, undecided), place, uses.hasErasedAct);
  }

  async function foundOfReader(event: StoredEvent): Promise<readonly ShownFinding[]> {
    const tag = halfTag(event);
    const { reader } = tag === undefined ? {} : await uses.exchange(tag);
    return reader === undefined ? [] : await board.about([await placeOf(reader)]);
  }

  async function placeOf(index: number): Promise<Place> {
    const { time } = (await store.submissionOfIndex(index)) ?? {};
    if (time === undefined) throw new Error(`the records lack the submission of event ${index}`);
    return { index, time };
  }

  return async (caller, indexes) => {
    const size = await uses.upToDate();
    const answers: UseAnswer[] = [];
    for (const seen of await seenBy(caller, indexes)) answers.push(await answer(seen, size));
    return answers;
  };
}

function found(index: number, findings: readonly ShownFinding[]): UseAnswer {
  return {
    index,
    answer: "finding",
    findings: findings.map(({ id, kind, state, since }) => ({ id, kind, state, since })),
  };
}

function showsAnything({ text }: SeenEvent): boolean {
  return text.indexOf("~") < text.length - 1;
}

function halfTag({ tags }: StoredEvent): Uint8Array | undefined {
  for (let at = 0; at < tags.length; at += TAG_BYTES) {
    if (tags[at] === TAG_KINDS.clientHalf || tags[at] === TAG_KINDS.providerHalf)
      return tags.subarray(at + 1, at + TAG_BYTES);
  }
  return undefined;
}
