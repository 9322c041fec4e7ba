/**
 * Random samples that anybody can draw again. Who wants a sample first has the log record an `inspection` event that says from which entries how
 * many are to be drawn (`sample`: from, to, count). The hash of the block of the first anchor that covers this event is the seed: it did not exist when
 * the event was recorded, so nobody chose the sample with its outcome in view.
 *
 * The drawing: `key = SHA-256("minhbach/sample/v1" || seed || leaf hash of the event)`. Block `i` (from 0) is `SHA-256(key || u64 i)`; its four
 * 64-bit numbers (big-endian) are taken in turn. With `n = to - from`, a number of `2^64 - 2^64 mod n` or more is passed over, so that every entry
 * is as likely as any other; else the entry `from + number mod n` is drawn, unless it was drawn before, until there are `count`.
 */
import { sha256 } from "#sha256";
import { concat, utf8 } from "./bytes.ts";
import { isSize } from "./merkle.ts";

/** What is drawn: `count` of the log's entries `from .. to - 1`. */
export interface SampleRange {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

/** What a sample is drawn with. */
export interface SampleSeed {
  /** Hash of the block of the first anchor that covers the event which asked for the sample: 32 bytes. */
  readonly blockHash: Uint8Array;
  /** Leaf hash of that event, so that two samples asked for before the same block differ: 32 bytes. */
  readonly leafHash: Uint8Array;
}

/** Entries in a sample at most. */
export const MAX_SAMPLE = 10_000;

const DOMAIN = utf8("minhbach/sample/v1");
const NUMBER_BYTES = 8;
const NUMBERS = 1n << 64n;

/** Whether a sample can be drawn so. */
export function isSampleRange({ from, to, count }: SampleRange): boolean {
  return (
    isSize(from) && isSize(to) && isSize(count) && count >= 1 && count <= MAX_SAMPLE && count <= to - from
  );
}

/** The log indexes of a sample, in the order they are drawn. @throws RangeError for what `isSampleRange` refuses. */
export function drawSample(range: SampleRange, { blockHash, leafHash }: SampleSeed): number[] {
  if (!isSampleRange(range)) throw new RangeError("no such sample can be drawn");
  const { from, to, count } = range;
  const size = BigInt(to - from);
  const tooLarge = NUMBERS - (NUMBERS % size);
  const key = sha256(concat(DOMAIN, blockHash, leafHash));
  const drawn = new Set<number>();
  for (let block = 0; drawn.size < count; block++) {
    const numbers = new DataView(sha256(concat(key, u64(block))).slice().buffer);
    for (let at = 0; at < numbers.byteLength && drawn.size < count; at += NUMBER_BYTES) {
      const number = numbers.getBigUint64(at);
      if (number < tooLarge) drawn.add(from + Number(number % size));
    }
  }
  return [...drawn];
}

function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(NUMBER_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
