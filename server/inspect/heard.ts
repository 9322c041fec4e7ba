import type { Source } from "../../protocol/source.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { StoredSubmission } from "../store/store.ts";

/** What was received of one source. */
export interface SourceRecord {
  /** Its submissions so far. */
  readonly submissions: number;
  /** First log index and receive time (Unix seconds) of the last of them. */
  readonly last: { readonly index: number; readonly time: number };
}

/** Remembers of each source when it was heard last. Derived, in the derived database; there are some thousands of sources at most. */
export interface SourceRecords {
  get: (source: Source) => Promise<SourceRecord | undefined>;
  /** The record after another submission, and the row by which it is remembered once it is written. */
  after: (
    record: SourceRecord | undefined,
    submission: StoredSubmission,
  ) => { readonly record: SourceRecord; readonly row: DerivedRow };
  /** Forgets everything. */
  clear: () => Promise<void>;
}

const HEARD_TABLE = 0x68;
const NUMBER_BYTES = 6;

export function sourceRecords(db: DerivedDatabase): SourceRecords {
  return {
    get: async (source) => {
      const row = await db.get(keyOf(source));
      return row && recordOf(row);
    },
    after: (before, { source, index, time }) => {
      const record = { submissions: (before?.submissions ?? 0) + 1, last: { index, time } };
      return { record, row: { key: keyOf(source), value: rowOf(record) } };
    },
    clear: () => db.clear({ gte: Buffer.of(HEARD_TABLE), lt: Buffer.of(HEARD_TABLE + 1) }),
  };
}

function keyOf(source: Source): Buffer {
  return Buffer.from(`${String.fromCharCode(HEARD_TABLE)}${source}`, "latin1");
}

function rowOf({ submissions, last }: SourceRecord): Buffer {
  const row = Buffer.allocUnsafe(3 * NUMBER_BYTES);
  for (const [at, number] of [submissions, last.index, last.time].entries())
    row.writeUIntBE(number, at * NUMBER_BYTES, NUMBER_BYTES);
  return row;
}

function recordOf(row: Buffer): SourceRecord {
  const at = (place: number): number => row.readUIntBE(place * NUMBER_BYTES, NUMBER_BYTES);
  return { submissions: at(0), last: { index: at(1), time: at(2) } };
}
