import { fromUtf8 } from "../../protocol/bytes.ts";
import { openFacets, type ParsedEvent, parseEvent } from "../../protocol/event.ts";
import type { Source } from "../../protocol/source.ts";
import { TAG_BYTES, TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { SourceRecord, SourceRecords } from "../inspect/heard.ts";
import type { Pair } from "../inspect/pairs.ts";
import type { Reconciliation, TaggedHalf } from "../inspect/reconciliation.ts";
import type { DerivedRow } from "../integrate/derived.ts";
import type { StoredSubmission, StoreReader } from "../store/store.ts";
import { equivocationIn } from "./equivocation.ts";
import { unmatchedExchange } from "./exchanges.ts";
import { cursorOf, type Finding } from "./finding.ts";
import { afterSubmission, type Progress, progressRow } from "./progress.ts";
import { silentSource } from "./silence.ts";
import type { FindingTable } from "./table.ts";

export interface LogReading {
  readonly store: StoreReader;
  readonly table: FindingTable;
  readonly reconciliation: Reconciliation;
  readonly sources: SourceRecords;
  /** The ledger's own source: it alone records equivocations. */
  readonly ownSource: Source;
  /** Sources whose silence means nothing: the ledger's own. */
  readonly isExempt: (source: Source) => boolean;
  readonly graceSeconds: number;
  readonly silenceSeconds: number;
}

/** Events taken in at once: a step takes a few milliseconds, and receiving goes on in between. */
const STEP_EVENTS = 1024;
/** Halves opened at once. */
const STEP_WAITING = 100;

/** Derives what the next events of the log have to say, and returns the progress after them: the same when there were none. */
export async function readLog(reading: LogReading, progress: Progress, asOf: number): Promise<Progress> {
  const { store, table, reconciliation } = reading;
  const submissions = await nextSubmissions(store, progress.index);
  const last = submissions.at(-1);
  if (last === undefined) return progress;
  const { found, rows } = await readSources(reading, submissions);
  const halves = await halvesOf(store, submissions);
  const step = await reconciliation.take(halves);
  const gone: string[] = [];
  for (const pair of step.pairs) {
    const { late, inTime } = await judged(reading, pair, asOf);
    if (late !== undefined) found.push(late);
    if (inTime !== undefined) gone.push(inTime);
  }
  const after = afterSubmission(progress, last);
  await table.write({ found, gone, rows: [...rows, ...step.rows, progressRow(after)] });
  return after;
}

/**
 * Derives which halves have waited too long at `asOf`, when the log was read to its end; returns whether there may be more.
 */
export async function readWaiting(reading: LogReading, asOf: number): Promise<boolean> {
  const { store, table, reconciliation, graceSeconds } = reading;
  const step = await reconciliation.waitingSince(asOf - graceSeconds, STEP_WAITING);
  if (step.pairs.length === 0) return false;
  const found: Finding[] = [];
  for (const pair of step.pairs) {
    const event = await eventAt(store, pair.first.index);
    const finding = unmatchedExchange(pair, event && openFacets(event), { asOf, graceSeconds });
    if (finding !== undefined) found.push(finding);
  }
  await table.write({ found, rows: step.rows });
  return step.pairs.length === STEP_WAITING;
}

async function nextSubmissions(store: StoreReader, index: number): Promise<StoredSubmission[]> {
  const { size } = await store.head();
  const submissions: StoredSubmission[] = [];
  for (let at = index; at < size && at < index + STEP_EVENTS;) {
    const submission = await store.submissionOfIndex(at);
    if (submission === undefined) break;
    submissions.push(submission);
    at = submission.index + submission.count;
  }
  return submissions;
}

/** The silences that these submissions ended, the equivocations they record, and when each source was heard last. */
async function readSources(
  { store, sources, ownSource, isExempt, silenceSeconds }: LogReading,
  submissions: readonly StoredSubmission[],
): Promise<{ found: Finding[]; rows: DerivedRow[] }> {
  const found: Finding[] = [];
  const heard = new Map<Source, { record: SourceRecord; row: DerivedRow }>();
  for (const submission of submissions) {
    const { source, index, time } = submission;
    const before = heard.get(source)?.record ?? (await sources.get(source));
    heard.set(source, sources.after(before, submission));
    if (before !== undefined && !isExempt(source)) {
      const gap = { last: before.last, next: { index, time } };
      const silence = silentSource(source, gap, { asOf: time, limitSeconds: silenceSeconds });
      if (silence !== undefined) found.push(silence);
    }
    if (source === ownSource) found.push(...(await equivocationsOf(store, submission)));
  }
  return { found, rows: [...heard.values()].map(({ row }) => row) };
}

async function equivocationsOf(
  store: StoreReader,
  { index, count, time }: StoredSubmission,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (let at = index; at < index + count; at++) {
    const event = await eventAt(store, at);
    const finding = event && equivocationIn(event, at, time);
    if (finding !== undefined) found.push(finding);
  }
  return found;
}

/**
 * What a pair that became complete comes to: a finding when the other half was late, else the cursor of the finding that may have been
 * derived while the half was in the log already and not read yet.
 */
async function judged(
  { store, graceSeconds }: LogReading,
  pair: Pair,
  asOf: number,
): Promise<{ late?: Finding; inTime?: string }> {
  if (pair.first.time + graceSeconds >= asOf) return {};
  const terms = { asOf: Math.max(asOf, pair.other?.time ?? 0), graceSeconds };
  const unopened = unmatchedExchange({ first: pair.first }, undefined, terms);
  if (unmatchedExchange(pair, undefined, terms) === undefined)
    return unopened === undefined ? {} : { inTime: cursorOf(unopened) };
  const event = await eventAt(store, pair.first.index);
  const late = unmatchedExchange(pair, event && openFacets(event), terms);
  return late === undefined ? {} : { late };
}

/** The halves among these events, in log order. */
async function halvesOf(store: StoreReader, submissions: readonly StoredSubmission[]): Promise<TaggedHalf[]> {
  const halves: TaggedHalf[] = [];
  const [first] = submissions;
  const last = submissions.at(-1);
  if (first === undefined || last === undefined) return halves;
  const tags = await store.indexTags(first.index, last.index + last.count);
  for (const { index, count, time } of submissions) {
    for (let at = index; at < index + count; at++) {
      const ofEvent = tags[at - first.index] ?? new Uint8Array();
      for (let place = 0; place < ofEvent.length; place += TAG_BYTES) {
        const side = sideOf(ofEvent[place]);
        if (side === undefined) continue;
        const tag = Buffer.from(ofEvent.subarray(place + 1, place + TAG_BYTES));
        halves.push({ tag, side, index: at, time });
      }
    }
  }
  return halves;
}

function sideOf(kind: number | undefined): TaggedHalf["side"] | undefined {
  if (kind === TAG_KINDS.clientHalf) return "client";
  return kind === TAG_KINDS.providerHalf ? "provider" : undefined;
}

/** The event with all its disclosures; undefined when its key was erased. */
async function eventAt(store: StoreReader, index: number): Promise<ParsedEvent | undefined> {
  const [payload] = await store.payloads(index, index + 1);
  const disclosures = await store.disclosures(index);
  if (payload === undefined || disclosures === undefined) return undefined;
  return parseEvent(`${fromUtf8(payload)}~${disclosures}`);
}
