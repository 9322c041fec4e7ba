import type { Bytes } from "../../protocol/bytes.ts";
import type { Bundle } from "./store.ts";

/**
 * Events a row holds at most. A row per event would cost the writer 75,000 puts a second; a row per submission would make
 * the reader of one event fetch a thousand.
 */
const ROW_EVENTS = 64;

/** Cuts a bundle into rows of at most ROW_EVENTS entries: [offset of the row's first entry, the row]. */
export function* bundleRows(bundle: Bundle): Generator<readonly [number, Bytes]> {
  let rowStart = 0;
  let entry = 0;
  for (let at = 0; at < bundle.length;) {
    at += 2 + lengthAt(bundle, at);
    entry++;
    if (entry % ROW_EVENTS === 0 || at >= bundle.length) {
      yield [Math.floor((entry - 1) / ROW_EVENTS) * ROW_EVENTS, bundle.subarray(rowStart, at)];
      rowStart = at;
    }
  }
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

function lengthAt(bundle: Bundle, at: number): number {
  return ((bundle[at] ?? 0) << 8) | (bundle[at + 1] ?? 0);
}
