import { RecorderError } from "./errors.ts";
import type { Timing } from "./timing.ts";

/** A record of another system, ready to be made an event. */
export interface ImportRecord {
  /** Where it stands, for people: `record 12 (line 340)`. */
  place: string;
  /** The event and its idempotency key, or undefined when the mapping leaves it out. Throws for a record that can't be used. */
  read: () => ImportedEvent | undefined;
}

export interface ImportedEvent {
  event: object;
  /** The same for the same record whenever and from whichever file it is imported. */
  key: string;
}

/** Where imported events go: a recorder in this process or one that runs as a service. */
export type ImportSink = (event: object, idempotencyKey: string) => Promise<{ created: boolean }>;

export interface ImportFailure {
  place: string;
  message: string;
}

export interface ImportSummary {
  /** Records read. */
  read: number;
  /** Events recorded by this run. */
  recorded: number;
  /** Imported before. */
  known: number;
  /** Left out by the mapping. */
  ignored: number;
  /** Of the recorded and known ones, those without a data subject: good for reconciliation only. */
  withoutSubject: number;
  failed: number;
  /** The first failures, at most 1,000. */
  failures: ImportFailure[];
}

/** Records under way at once: enough to fill the fsyncs. */
const WINDOW = 256;
/** A file that is wrong throughout is understood long before this. */
const MAX_LISTED_FAILURES = 1_000;
/** How long to leave a full spool to the ledger before trying again. */
const FULL_PAUSE_MS = 1_000;

/**
 * Records everything that can be recorded. A bad record is listed and the rest goes on; a full spool is waited for; importing
 * again records nothing twice, so an interrupted import is simply run again. Rejects with what makes going on useless
 * (`bad-import`, `stopped`, `spool-failed`, `closed`).
 */
export async function importRecords(
  records: AsyncIterable<ImportRecord>,
  sink: ImportSink,
  timing: Timing,
  signal: AbortSignal,
): Promise<ImportSummary> {
  const summary: ImportSummary = {
    read: 0,
    recorded: 0,
    known: 0,
    ignored: 0,
    withoutSubject: 0,
    failed: 0,
    failures: [],
  };
  const underWay = new Set<Promise<void>>();
  let fatal: Error | undefined;
  for await (const record of records) {
    if (signal.aborted || fatal !== undefined) break;
    summary.read += 1;
    const task = importOne(record, sink, summary, timing, signal)
      .catch((error: unknown) => {
        fatal ??= error instanceof Error ? error : new Error("an import failed", { cause: error });
      })
      .finally(() => underWay.delete(task));
    underWay.add(task);
    if (underWay.size >= WINDOW) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (fatal !== undefined) throw fatal;
  return summary;
}

async function importOne(
  record: ImportRecord,
  sink: ImportSink,
  summary: ImportSummary,
  timing: Timing,
  signal: AbortSignal,
): Promise<void> {
  try {
    const imported = record.read();
    if (imported === undefined) {
      summary.ignored += 1;
      return;
    }
    const { created } = await recordPatiently(imported, sink, timing, signal);
    summary[created ? "recorded" : "known"] += 1;
    if (!("subject" in imported.event)) summary.withoutSubject += 1;
  } catch (error) {
    if (!isAboutThisRecord(error)) throw error;
    summary.failed += 1;
    if (summary.failures.length < MAX_LISTED_FAILURES) {
      summary.failures.push({ place: record.place, message: error.message });
    }
  }
}

async function recordPatiently(
  { event, key }: ImportedEvent,
  sink: ImportSink,
  timing: Timing,
  signal: AbortSignal,
): Promise<{ created: boolean }> {
  for (;;) {
    try {
      return await sink(event, key);
    } catch (error) {
      if (!(error instanceof RecorderError) || error.code !== "spool-full" || signal.aborted) throw error;
      await timing.sleep(FULL_PAUSE_MS, signal);
    }
  }
}

function isAboutThisRecord(error: unknown): error is RecorderError {
  return error instanceof RecorderError && (error.code === "invalid-event" || error.code === "bad-record");
}
