import type { Source } from "../../protocol/source.ts";
import { parseReceipt } from "../../protocol/receipt.ts";
import type { KeyDirectory } from "../receive/keys.ts";
import type { SourceState, StoredSubmission, StoreReader } from "../store/store.ts";
import type { Finding, SilentSourceFinding } from "./finding.ts";
import { missedAnchor, missedIndex } from "./promises.ts";
import { mayRecord, silentSource } from "./silence.ts";

/** What the findings that hold at this moment depend on. They are not stored, because they change by themselves. */
export interface PresentReading {
  readonly store: StoreReader;
  readonly keys: Pick<KeyDirectory, "keys">;
  readonly ownSource: Source;
  readonly isExempt: (source: Source) => boolean;
  readonly silenceSeconds: number;
}

const SOURCES_AT_ONCE = 1000;

/** Promises that are over and sources that are silent at `asOf` (Unix seconds). */
export async function presentFindings(reading: PresentReading, asOf: number): Promise<Finding[]> {
  const found: Finding[] = await overduePromises(reading, asOf);
  let page = await reading.store.sources({ limit: SOURCES_AT_ONCE });
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    for (const state of page) {
      const silent = await presentSilence(reading, state, asOf);
      if (silent !== undefined) found.push(silent);
    }
    page = await reading.store.sources({ after: last.source, limit: SOURCES_AT_ONCE });
  }
  return found;
}

/** The silence of this source, if it lasts too long at `asOf` and the source could send. */
export async function presentSilence(
  { store, keys, isExempt, silenceSeconds }: PresentReading,
  { source, next, lastTime }: SourceState,
  asOf: number,
): Promise<SilentSourceFinding | undefined> {
  const isSilent = asOf - lastTime > silenceSeconds && !isExempt(source);
  if (!isSilent || !mayRecord(keys.keys(), source, next)) return undefined;
  const last = await store.submissionHolding(source, next - 1);
  return last && silentSource(source, { last: heard(last) }, { asOf, limitSeconds: silenceSeconds });
}

function heard({ index, time }: StoredSubmission): { index: number; time: number } {
  return { index, time };
}

/**
 * The first submission without an anchor, and the first promised one without an anchored index, if their time is over. A later one that was
 * promised less is judged when an anchor comes.
 */
export async function overduePromises(
  { store, ownSource: operator }: Pick<PresentReading, "store" | "ownSource">,
  asOf: number,
): Promise<Finding[]> {
  const anchor = await store.lastAnchor();
  const unanchored = await store.submissionOfIndex(anchor?.size ?? 0);
  const unindexed = await firstWithIndexPromise(store, anchor?.indexSize ?? 0);
  return [
    unanchored && missedAnchor(unanchored, undefined, { asOf, operator }),
    unindexed && missedIndex(unindexed, undefined, { asOf, operator }),
  ].filter((finding) => finding !== undefined);
}

/** Submissions of before there was an index: looked at this many at once, not the whole past of a log that begins with it. */
const MOST_WITHOUT_PROMISE = 1000;

async function firstWithIndexPromise(
  store: StoreReader,
  from: number,
): Promise<StoredSubmission | undefined> {
  let at = from;
  for (let looked = 0; looked < MOST_WITHOUT_PROMISE; looked++) {
    const submission = await store.submissionOfIndex(at);
    if (submission === undefined) return undefined;
    if (parseReceipt(submission.receipt).receipt.indexBy !== 0) return submission;
    at = submission.index + submission.count;
  }
  return undefined;
}
