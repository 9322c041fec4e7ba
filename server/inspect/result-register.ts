import { fromBase64url } from "../../protocol/bytes.ts";
import { openFacets } from "../../protocol/event.ts";
import { isJsonObject } from "../../protocol/json.ts";
import type { Source } from "../../protocol/source.ts";
import { TAG_KINDS } from "../../protocol/tag-kinds.ts";
import type { DerivedDatabase, DerivedRow } from "../integrate/derived.ts";
import type { FollowedEvent, FollowLog } from "../integrate/log-follower.ts";
import type { StoreReader } from "../store/store.ts";
import type { InspectedCount } from "./rates.ts";
import { monthOf } from "./search/counts.ts";

/** What came of looking at an event that was drawn. */
export type ResultOutcome = "in-order" | "not-in-order";

/** A result as an `inspection` event of the desk says it. */
export interface SampleResult {
  /** Log index of the event that asked for the sample. */
  readonly sample: number;
  /** Leaf hash of the event that was looked at, base64url. */
  readonly leaf: string;
  readonly outcome: ResultOutcome;
  /** The agency that recorded it, and the procedure it names; empty where it names none. */
  readonly agency: string;
  readonly procedure: string;
  /** Where and when the result is recorded: log index, Unix seconds. */
  readonly index: number;
  readonly time: number;
}

/** What was found at an agency, for a procedure, in a month. */
export interface ResultCount extends InspectedCount {
  /** Months since January 1970, UTC, by when the result was recorded. */
  readonly month: number;
}

/** The results of samples. Derived from the records and kept in the derived database. */
export interface ResultRegister {
  update: () => Promise<void>;
  /** The result about each of these leaves (base64url) in this sample, the last one where there are several. @throws LedgerError `starting`; as `counts`. */
  ofSample: (sample: number, leaves: readonly string[]) => Promise<(SampleResult | undefined)[]>;
  /** The counts of a month, or of all. An event counts once, by the last result about it in any sample. */
  counts: (month?: number) => Promise<readonly ResultCount[]>;
}

export interface ResultRegisterOptions {
  readonly follow: FollowLog;
  readonly db: DerivedDatabase;
  readonly store: Pick<StoreReader, "submissionOfIndex">;
  /** What others record as an inspection is no result. */
  readonly desk: Source;
}

/** Letters of ours among the derived tables (integrate/derived.ts), and what the second byte of a key says. */
const RESULTS_TABLE = 0x69;
const PROGRESS_TABLE = 0x49;
const BY_SAMPLE = 0;
const BY_LEAF = 1;
const COUNTS = 2;
const NUMBER_BYTES = 6;
/** Months times agencies times procedures that are read at once. */
const COUNTS_AT_ONCE = 1000;

export function resultRegister({ follow, db, store, desk }: ResultRegisterOptions): ResultRegister {
  const { update, caughtUp } = follow({
    subject: "the results of inspections",
    tables: [RESULTS_TABLE],
    progressTable: PROGRESS_TABLE,
    // No erasure empties what the desk recorded of them (protocol/closing.ts), so an order takes nothing back.
    tagKinds: [TAG_KINDS.inspectionAct],
    rowsAfter: async (events) => {
      const rows = changedRows(db);
      for (const event of events) await add(event, rows);
      return rows.changed();
    },
  });

  async function add({ event, index }: FollowedEvent, rows: ChangedRows): Promise<void> {
    if (event === undefined || event.payload.src !== desk) return;
    const said = resultIn(openFacets(event));
    if (said === undefined) return;
    const { time } = (await store.submissionOfIndex(index)) ?? {};
    if (time === undefined) throw new Error(`the records lack the submission of event ${index}`);
    const result: SampleResult = { ...said, index, time };
    const before = await rows.get(leafKey(result.leaf));
    if (before !== undefined) await count(resultOf(before), -1, rows);
    await count(result, 1, rows);
    rows.put(leafKey(result.leaf), result);
    rows.put(sampleKey(result.sample, result.leaf), result);
  }

  async function count(result: SampleResult, by: 1 | -1, rows: ChangedRows): Promise<void> {
    const { agency, procedure } = result;
    const month = monthOf(result.time);
    const key = countKey(month, agency, procedure);
    const row = await rows.get(key);
    const { inspected, notInOrder } = row === undefined ? { inspected: 0, notInOrder: 0 } : countOf(row);
    const found = result.outcome === "not-in-order" ? by : 0;
    const after = { inspected: inspected + by, notInOrder: notInOrder + found };
    rows.put(key, { month, agency, procedure, ...after } satisfies ResultCount);
  }

  return {
    update,
    ofSample: async (sample, leaves) => {
      await caughtUp();
      const rows = await db.getMany(leaves.map((leaf) => sampleKey(sample, leaf)));
      return rows.map((row) => row && resultOf(row));
    },
    counts: async (month) => {
      await caughtUp();
      const counts: ResultCount[] = [];
      const lt = month === undefined ? Buffer.of(RESULTS_TABLE, COUNTS + 1) : monthKey(month + 1);
      for (let gte: Buffer | undefined = monthKey(month ?? 0); gte !== undefined;) {
        const page: ResultCount[] = (await db.values({ gte, lt, limit: COUNTS_AT_ONCE })).map(countOf);
        counts.push(...page);
        const last = page.length === COUNTS_AT_ONCE ? page.at(-1) : undefined;
        gte = last && Buffer.concat([countKey(last.month, last.agency, last.procedure), Buffer.of(0)]);
      }
      return counts.filter(({ inspected }) => inspected > 0);
    },
  };
}

/** What an inspection says of a drawn event; undefined when nothing. */
function resultIn({
  inspection,
  purpose,
}: {
  readonly inspection?: unknown;
  readonly purpose?: unknown;
}): Omit<SampleResult, "index" | "time"> | undefined {
  if (!isJsonObject(inspection) || inspection["state"] !== "inspected") return undefined;
  const { result, agencies } = inspection;
  if (!isJsonObject(result)) return undefined;
  const { sample, leaf, outcome } = result;
  const [agency = ""] = Array.isArray(agencies) ? (agencies as unknown[]) : [];
  const procedure = isJsonObject(purpose) ? purpose["procedure"] : "";
  if (typeof sample !== "number" || typeof leaf !== "string" || typeof agency !== "string") return undefined;
  if (outcome !== "in-order" && outcome !== "not-in-order") return undefined;
  return { sample, leaf, outcome, agency, procedure: typeof procedure === "string" ? procedure : "" };
}

/** Rows as they are after what was read so far, written or not. */
interface ChangedRows {
  get: (key: Buffer) => Promise<Buffer | undefined>;
  put: (key: Buffer, value: unknown) => void;
  changed: () => DerivedRow[];
}

function changedRows(db: DerivedDatabase): ChangedRows {
  const changed = new Map<string, { readonly key: Buffer; readonly value: Buffer }>();
  return {
    get: async (key) => changed.get(key.toString("latin1"))?.value ?? (await db.get(key)),
    put: (key, value) =>
      void changed.set(key.toString("latin1"), { key, value: Buffer.from(JSON.stringify(value)) }),
    changed: () => [...changed.values()],
  };
}

function sampleKey(sample: number, leaf: string): Buffer {
  const head = Buffer.alloc(2 + NUMBER_BYTES);
  head.writeUInt8(RESULTS_TABLE, 0);
  head.writeUInt8(BY_SAMPLE, 1);
  head.writeUIntBE(sample, 2, NUMBER_BYTES);
  return Buffer.concat([head, fromBase64url(leaf)]);
}

function leafKey(leaf: string): Buffer {
  return Buffer.concat([Buffer.of(RESULTS_TABLE, BY_LEAF), fromBase64url(leaf)]);
}

function monthKey(month: number): Buffer {
  const key = Buffer.of(RESULTS_TABLE, COUNTS, 0, 0);
  key.writeUInt16BE(month, 2);
  return key;
}

function countKey(month: number, agency: string, procedure: string): Buffer {
  return Buffer.concat([monthKey(month), Buffer.from(JSON.stringify([agency, procedure]))]);
}

/* The format of the derived database vouches for the rows. */

function resultOf(row: Buffer): SampleResult {
  return JSON.parse(row.toString()) as SampleResult;
}

function countOf(row: Buffer): ResultCount {
  return JSON.parse(row.toString()) as ResultCount;
}
