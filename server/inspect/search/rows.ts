import { TERM_BYTES, type StoredTerm } from "./terms.ts";

/*
 * The rows of the search database, `DATA_DIR/search`. One unsynced batch per step holds all of it with the progress, so after a power failure there
 * is an earlier step, whole.
 *
 *   F                              format, log and key
 *   P                              progress, JSON
 *   c || u16 month || counted      how often (u48): see counts.ts
 *   p || term (17) || u48 index    log indexes of events with the term: this one, and the steps (varints) to those after it
 *   t || u48 index                 u48 receive time of the events from here on, u48 latest receive time up to here
 */

export const TABLES = { format: 0x46, progress: 0x50, counts: 0x63, postings: 0x70, times: 0x74 };

export const NUMBER_BYTES = 6;
/** The largest log index that a row can name. */
export const MAX_INDEX = 2 ** 48 - 1;

/** The key of the posting row of a term that begins with this index. */
export function postingKey(term: StoredTerm, index: number): Buffer {
  const key = Buffer.allocUnsafe(1 + TERM_BYTES + NUMBER_BYTES);
  key.writeUInt8(TABLES.postings, 0);
  key.write(term, 1, "latin1");
  key.writeUIntBE(Math.min(index, MAX_INDEX), 1 + TERM_BYTES, NUMBER_BYTES);
  return key;
}

/** The indexes of a posting row, ascending. */
export function postingsIn(key: Buffer, row: Buffer): number[] {
  let index = key.readUIntBE(1 + TERM_BYTES, NUMBER_BYTES);
  const indexes = [index];
  for (let at = 0; at < row.length;) {
    let step = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = row[at++] ?? 0;
      step += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    indexes.push((index += step));
  }
  return indexes;
}

/** Adds the step from one index to the next, both below 2^48, to the bytes of a row. */
export function addStep(bytes: number[], step: number): void {
  let rest = step;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
}

export function timeKey(index: number): Buffer {
  const key = Buffer.allocUnsafe(1 + NUMBER_BYTES);
  key.writeUInt8(TABLES.times, 0);
  key.writeUIntBE(Math.min(index, MAX_INDEX), 1, NUMBER_BYTES);
  return key;
}

/** From when on events were received so: see rows `t`. */
export interface TimeRow {
  readonly index: number;
  readonly time: number;
  readonly latest: number;
}

export function timeRow({ time, latest }: Omit<TimeRow, "index">): Buffer {
  const row = Buffer.allocUnsafe(2 * NUMBER_BYTES);
  row.writeUIntBE(time, 0, NUMBER_BYTES);
  row.writeUIntBE(latest, NUMBER_BYTES, NUMBER_BYTES);
  return row;
}

export function timeRowOf(key: Buffer, row: Buffer): TimeRow {
  return {
    index: key.readUIntBE(1, NUMBER_BYTES),
    time: row.readUIntBE(0, NUMBER_BYTES),
    latest: row.readUIntBE(NUMBER_BYTES, NUMBER_BYTES),
  };
}
