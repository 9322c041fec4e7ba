import type { Bytes } from "../../protocol/bytes.ts";
import type { Bundle } from "./store.ts";

/**
 * Events a row holds at most: those of one submission between two multiples of it. A row per event would cost the writer 75,000 puts a second;
 * a row per submission would make the reader of one event fetch a thousand.
 */
const ROW_EVENTS = 16;

/** Cuts the bundle of the events from log index `index` on into rows: [log index of the row's first entry, the row]. */
export function* bundleRows(bundle: Bundle, index: number): Generator<readonly [number, Bytes]> {
  let [rowAt, rowIndex, next] = [0, index, index];
  for (let at = 0; at < bundle.length;) {
    at += 2 + lengthAt(bundle, at);
    next++;
    if (next % ROW_EVENTS === 0 || at >= bundle.length) {
      yield [rowIndex, bundle.subarray(rowAt, at)];
      [rowAt, rowIndex] = [at, next];
    }
  }
}

/** The row of an event begins there or later. */
export function firstRowStart(index: number): number {
  return index - (index % ROW_EVENTS);
}

/** Where the row of an event begins unless another submission begins in between: at the event itself, or at the multiple of ROW_EVENTS before it. */
export function likelyRowStarts(index: number): readonly [number, number] {
  return [index, firstRowStart(index)];
}

/** A row as it is stored: the log index of its first entry, and the bundle. */
export interface BundleRow {
  readonly start: number;
  readonly bundle: Bundle;
}

/** The bundle of each of these submissions, which follow each other, as do the rows. A row never goes beyond a submission. */
export function bundlesOf(
  rows: readonly BundleRow[],
  submissions: readonly { readonly index: number; readonly count: number }[],
): Bundle[] {
  let at = 0;
  return submissions.map(({ index, count }) => {
    const within: Bundle[] = [];
    for (let row = rows[at]; row !== undefined && row.start < index + count; row = rows[++at]) {
      within.push(row.bundle);
    }
    return Buffer.concat(within);
  });
}

/** Where the rows of events may begin, each once: at the event, or after the multiple of ROW_EVENTS before it. */
export function possibleRowStarts(indexes: Iterable<number>): number[] {
  const starts = new Set<number>();
  for (const index of indexes)
    for (let start = firstRowStart(index); start <= index; start++) starts.add(start);
  return [...starts];
}

/** The entries `from .. to - 1` of a bundle, as views; fewer when it ends before. */
export function bundleEntries(bundle: Bundle, from: number, to: number): Bytes[] {
  const entries: Bytes[] = [];
  let entry = 0;
  for (let at = 0; at < bundle.length && entry < to; entry++) {
    const length = lengthAt(bundle, at);
    if (entry >= from) entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

/** The bundle of these entries, each shorter than 65,536 bytes. */
export function bundleOf(entries: readonly Bytes[]): Buffer {
  return Buffer.concat(entries.flatMap((entry) => [Buffer.of(entry.length >> 8, entry.length & 255), entry]));
}

function lengthAt(bundle: Bundle, at: number): number {
  return ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0);
}
